// SPDX-License-Identifier: Apache-2.0
import Glibc
package import Manifests

/// Where the shell takes the time from; decisions get it as a value.
package struct WallTime: Sendable {
    private let read: @Sendable () -> Timestamp

    package init(_ read: @escaping @Sendable () -> Timestamp) { self.read = read }

    package var now: Timestamp { read() }

    package static let system = WallTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000)
    }
}
