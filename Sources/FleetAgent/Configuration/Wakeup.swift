// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Lets one task wait until something has happened since it last looked. Wake-ups before the wait are not lost; several count as one.
final class Wakeup: Sendable {
    private struct State {
        var isPending = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    func wake() {
        let waiter = state.withLock { state in
            defer { state.waiter = nil }
            if state.waiter == nil { state.isPending = true }
            return state.waiter
        }
        waiter?.resume()
    }

    /// Returns after a `wake`, or when the task is cancelled. Only one task waits at a time.
    func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let ready = state.withLock { state in
                    if state.isPending || Task.isCancelled {
                        state.isPending = false
                        return true
                    }
                    state.waiter = continuation
                    return false
                }
                if ready { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                defer { state.waiter = nil }
                return state.waiter
            }
            waiter?.resume()
        }
    }

    /// Returns after a `wake`, after `duration` (`nil`: never), or when the task is cancelled.
    /// - Returns: whether it was no matter of time.
    @discardableResult func wait(atMost duration: Duration?, _ clock: AgentClock) async -> Bool {
        guard let duration else {
            await wait()
            return true
        }
        guard duration > .zero else { return false }
        return await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                await self.wait()
                return true
            }
            group.addTask {
                try? await clock.sleep(duration)
                return false
            }
            let first = await group.next() ?? false
            group.cancelAll()
            return first
        }
    }
}
