// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Bytes that may be in use at once, lent in the order in which they are asked for.
package final class ByteBudget: Sendable {
    private struct State {
        var free: Int
        var waiting: [(bytes: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    package let total: Int
    private let state: Mutex<State>

    package init(bytes: Int) {
        total = max(1, bytes)
        state = Mutex(State(free: max(1, bytes)))
    }

    /// Waits for so many bytes; more than there are at all means all of them.
    package func acquire(_ bytes: Int) async -> Lease {
        let bytes = min(max(1, bytes), total)
        await withCheckedContinuation { continuation in
            let granted = state.withLock { state in
                guard state.waiting.isEmpty, state.free >= bytes else {
                    state.waiting.append((bytes, continuation))
                    return false
                }
                state.free -= bytes
                return true
            }
            if granted { continuation.resume() }
        }
        return Lease(self, bytes)
    }

    /// Takes more without waiting: whoever waits while holding could wait for somebody who waits for them.
    private func takeAtOnce(_ bytes: Int) -> Bool {
        state.withLock { state in
            guard state.waiting.isEmpty, state.free >= bytes else { return false }
            state.free -= bytes
            return true
        }
    }

    private func giveBack(_ bytes: Int) {
        let granted = state.withLock { state in
            state.free += bytes
            var granted: [CheckedContinuation<Void, Never>] = []
            while let next = state.waiting.first, next.bytes <= state.free {
                state.free -= next.bytes
                granted.append(next.continuation)
                state.waiting.removeFirst()
            }
            return granted
        }
        for continuation in granted { continuation.resume() }
    }

    /// Bytes that were lent, until they are given back.
    package final class Lease: Sendable {
        private let budget: ByteBudget
        private let held: Mutex<Int>

        fileprivate init(_ budget: ByteBudget, _ bytes: Int) {
            self.budget = budget
            held = Mutex(bytes)
        }

        /// Whether so many bytes in all are covered, after taking more where there are any. Whoever holds everything is always covered.
        package func covers(_ bytes: Int) -> Bool {
            held.withLock { held in
                guard bytes > held, held < budget.total else { return true }
                let more = min(bytes, budget.total) - held
                guard budget.takeAtOnce(more) else { return false }
                held += more
                return true
            }
        }

        package func release() {
            let bytes = held.withLock { held in
                defer { held = 0 }
                return held
            }
            if bytes > 0 { budget.giveBack(bytes) }
        }
    }
}
