// SPDX-License-Identifier: Apache-2.0
import Glibc
package import Manifests

/// The time, and waiting for it.
package struct AgentClock: Sendable {
    package var now: @Sendable () -> Timestamp
    /// Ends early, with an error, when the task is cancelled.
    package var sleep: @Sendable (Duration) async throws -> Void

    package init(now: @escaping @Sendable () -> Timestamp, sleep: @escaping @Sendable (Duration) async throws -> Void) {
        self.now = now
        self.sleep = sleep
    }

    package static let system = AgentClock(
        now: {
            var time = timespec()
            clock_gettime(CLOCK_REALTIME, &time)
            return Timestamp(milliseconds: Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000)
        }, sleep: { try await Task.sleep(for: $0) })
}
