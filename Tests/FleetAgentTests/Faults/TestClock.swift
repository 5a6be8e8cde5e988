// SPDX-License-Identifier: Apache-2.0
import Manifests
import Synchronization

@testable import FleetAgent

/// A clock that goes faster than others, and whose display can be set.
final class TestClock: Sendable {
    private let offset = Mutex(Duration.zero)
    private let start = ContinuousClock.now
    private let pace: Int

    init(pace: Int = 1) { self.pace = pace }

    /// Sets what the clock shows, forwards or backwards.
    func step(by duration: Duration) { offset.withLock { $0 += duration } }

    var clock: AgentClock {
        let (start, pace) = (start, pace)
        let now: @Sendable () -> Timestamp = { Timestamp(seconds: 1_790_000_000) + (ContinuousClock.now - start) * pace }
        return AgentClock(
            now: now, wall: { now() + self.offset.withLock { $0 } }, sleep: { try await Task.sleep(for: $0 / pace) })
    }
}
