// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// The agent's own keys, once they are known: nothing is read back from disk, compared or sent before.
final class Keyring: Sendable {
    private struct State {
        var keys: AgentKeys?
        var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
        var next = 0
    }

    private let state = Mutex(State())

    /// `nil` until they are known.
    var keys: AgentKeys? { state.withLock { $0.keys } }

    func use(_ keys: AgentKeys) {
        let waiting = state.withLock { state in
            state.keys = keys
            defer { state.waiting = [:] }
            return state.waiting.values.map { $0 }
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Returns when the keys are known, or when the task is cancelled.
    func wait() async {
        let number = state.withLock { state in
            state.next += 1
            return state.next
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    if state.keys != nil || Task.isCancelled { return true }
                    state.waiting[number] = continuation
                    return false
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: number) }?.resume()
        }
    }
}
