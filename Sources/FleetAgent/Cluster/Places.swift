// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Bounds how much runs at once: each connection and each object on its way costs memory, whoever's it is.
///
/// Where the API server asks to slow down there are half as many places, and one more for each round that went well.
final class Places: Sendable {
    private struct State {
        var limit: Int
        var used = 0
        var waiting: [CheckedContinuation<Void, Never>] = []
        /// Answers since the limit last changed that were as they should be.
        var good = 0
        /// So many more of what was on its way when the limit was lowered: they say nothing new.
        var stale = 0

        /// Those who may go now.
        mutating func admit() -> [CheckedContinuation<Void, Never>] {
            var admitted: [CheckedContinuation<Void, Never>] = []
            while used < limit, !waiting.isEmpty {
                used += 1
                admitted.append(waiting.removeFirst())
            }
            return admitted
        }
    }

    private let state: Mutex<State>
    private let most: Int
    /// Fewer there never are.
    private let least: Int

    init(_ count: Int, least: Int = 2) {
        most = max(1, count)
        self.least = min(max(1, least), most)
        state = Mutex(State(limit: most))
    }

    /// How much may run at once now.
    var limit: Int { state.withLock { $0.limit } }

    /// Runs `body` when there is a place, first come first served.
    func take<Result, Failure: Error>(_ body: () async throws(Failure) -> Result) async throws(Failure) -> Result {
        await withCheckedContinuation { continuation in
            let admitted = state.withLock { state in
                state.waiting.append(continuation)
                return state.admit()
            }
            for continuation in admitted { continuation.resume() }
        }
        defer { free() }
        return try await body()
    }

    private func free() {
        let admitted = state.withLock { state in
            state.used -= 1
            if state.stale > 0 { state.stale -= 1 }
            return state.admit()
        }
        for continuation in admitted { continuation.resume() }
    }

    /// Notes that the server asked to slow down.
    func slowDown() {
        state.withLock { state in
            state.good = 0
            guard state.stale == 0 else { return }
            state.limit = max(least, state.limit / 2)
            state.stale = state.used
        }
    }

    /// Notes that all went well.
    func wentWell() {
        state.withLock { state in
            guard state.limit < most else { return }
            state.good += 1
            guard state.good >= state.limit else { return }
            state.good = 0
            state.limit += 1
        }
    }
}
