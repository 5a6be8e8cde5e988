// SPDX-License-Identifier: Apache-2.0
import Manifests
import Synchronization

@testable import FleetAgent

/// A clock that goes faster than others, and whose display can be set.
///
/// It waits for whoever goes by it: while a busy machine lets nobody look at it, hardly any time passes.
final class TestClock: Sendable {
    private struct State {
        /// Exactly: many short looks must not lose what a timestamp cannot show.
        var passed = Duration.zero
        var looked = ContinuousClock.now
        var offset = Duration.zero
    }

    private let state = Mutex(State())
    private let pace: Int
    /// Who sleeps looks as often as this.
    private static let look = Duration.milliseconds(20)
    /// The most that passes from one look to the next.
    private static let lookMax = Duration.milliseconds(60)

    init(pace: Int = 1) { self.pace = pace }

    /// Sets what the clock shows, forwards or backwards.
    func step(by duration: Duration) { state.withLock { $0.offset += duration } }

    private func read() -> (now: Timestamp, offset: Duration) {
        state.withLock { state in
            let looked = ContinuousClock.now
            state.passed += min(looked - state.looked, Self.lookMax) * pace
            state.looked = looked
            return (Timestamp(seconds: 1_790_000_000) + state.passed, state.offset)
        }
    }

    private func sleep(_ duration: Duration) async throws {
        let end = read().now + duration
        while true {
            let rest = end - read().now
            guard rest > .zero else { return }
            try await Task.sleep(for: min(rest / pace, Self.look))
        }
    }

    var clock: AgentClock {
        AgentClock(
            now: { self.read().now },
            wall: {
                let (now, offset) = self.read()
                return now + offset
            }, sleep: { try await self.sleep($0) })
    }
}
