// SPDX-License-Identifier: Apache-2.0
import Glibc
package import Manifests

/// The time, and waiting for it.
package struct AgentClock: Sendable {
    /// The time by which everything is paced and measured: it looks like a time of day and goes on evenly, also while the machine
    /// sleeps, whatever is done to the machine's clock meanwhile. Only differences of it mean anything.
    package var now: @Sendable () -> Timestamp
    /// What the machine's clock says: for what people and other machines read, never to wait by, as it may be set at any time.
    package var wall: @Sendable () -> Timestamp
    /// Ends early, with an error, when the task is cancelled.
    package var sleep: @Sendable (Duration) async throws -> Void

    /// - Parameter wall: the same as `now` where it is left out.
    package init(
        now: @escaping @Sendable () -> Timestamp, wall: (@Sendable () -> Timestamp)? = nil,
        sleep: @escaping @Sendable (Duration) async throws -> Void
    ) {
        self.now = now
        self.wall = wall ?? now
        self.sleep = sleep
    }

    package static let system = AgentClock(
        now: { start.wall + (read(CLOCK_BOOTTIME) - start.sinceBoot) }, wall: { read(CLOCK_REALTIME) },
        sleep: { try await Task.sleep(for: $0) })

    /// What has to be added to a time of `now` to show it: how far the machine's clock has been set since the program began.
    package var offset: Duration { wall() - now() }

    private static let start = (wall: read(CLOCK_REALTIME), sinceBoot: read(CLOCK_BOOTTIME))

    private static func read(_ clock: clockid_t) -> Timestamp {
        var time = timespec()
        clock_gettime(clock, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000)
    }
}
