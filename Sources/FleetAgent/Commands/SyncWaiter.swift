// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Synchronization

/// Waits for the end of a sync that somebody asked for.
final class SyncWaiter: Sendable {
    struct Settled: Sendable, Hashable {
        var phase: ApplicationReport.Phase
        var message: String
        var sent: Int
        var generation: Generation
    }

    private enum State {
        case pending
        case waiting(CheckedContinuation<Settled?, Never>)
        case settled(Settled?)
    }

    private let state = Mutex(State.pending)

    /// The first one counts.
    func settle(_ settled: Settled?) {
        let continuation: CheckedContinuation<Settled?, Never>? = state.withLock { state in
            switch state {
            case .settled: return nil
            case .pending:
                state = .settled(settled)
                return nil
            case .waiting(let continuation):
                state = .settled(settled)
                return continuation
            }
        }
        continuation?.resume(returning: settled)
    }

    /// `nil` when the task is cancelled.
    func wait() async -> Settled? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let known: Settled?? = state.withLock { state in
                    if case .settled(let settled) = state { return .some(settled) }
                    state = .waiting(continuation)
                    return nil
                }
                if let known { continuation.resume(returning: known) }
            }
        } onCancel: {
            settle(nil)
        }
    }
}
