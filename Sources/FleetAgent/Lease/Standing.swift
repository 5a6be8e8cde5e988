// SPDX-License-Identifier: Apache-2.0
import Manifests
import Synchronization

/// Whether this agent acts, as its elector last knew; looked at by everything that acts.
final class Standing: Sendable {
    struct State: Sendable, Hashable {
        /// Until when it may act, by the steady clock; `nil` when it may not.
        var actsUntil: Timestamp?
        var term: Int64 = 0
        /// The term before, as the Lease had it; `nil` without one.
        var termBefore: Int64?
        /// Who holds the Lease; empty for nobody.
        var holder = ""
        /// Whether the Lease could be looked at.
        var isKnown = false
        /// Why it cannot be held, where that is so; for people.
        var problem = ""
    }

    private let state: Mutex<State>
    let changed = Wakeup()

    init(_ state: State = State()) { self.state = Mutex(state) }

    /// An agent that acts without a Lease, for ever.
    static var always: Standing { Standing(State(actsUntil: .distantFuture, isKnown: true)) }

    var now: State { state.withLock { $0 } }

    func set(_ new: State) {
        let isNews = state.withLock { state in
            defer { state = new }
            return state != new
        }
        if isNews { changed.wake() }
    }

    /// Whether it may act at this time, by the steady clock.
    func mayAct(at time: Timestamp) -> Bool { state.withLock { state in state.actsUntil.map { time < $0 } ?? false } }
}
