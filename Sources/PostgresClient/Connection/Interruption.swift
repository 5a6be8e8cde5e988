// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// The wish of a caller that its statements stop; set from any thread, seen by the connection's thread.
final class Interruption: Sendable {
    private struct State {
        var isCancelled = false
        var wakeUp: WakeUp?
    }
    private let state = Mutex(State())

    var isCancelled: Bool { state.withLock { $0.isCancelled } }

    /// Never blocks: it runs on the canceller's thread.
    func cancel() {
        state.withLock { state in
            state.isCancelled = true
            state.wakeUp?.signal()
        }
    }

    /// From here on `cancel` wakes the thread that polls `wakeUp`.
    func attach(_ wakeUp: WakeUp) {
        state.withLock { state in
            wakeUp.drain()
            state.wakeUp = wakeUp
            if state.isCancelled { wakeUp.signal() }
        }
    }

    func detach() { state.withLock { $0.wakeUp = nil } }
}
