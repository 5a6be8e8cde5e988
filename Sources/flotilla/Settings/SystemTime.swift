// SPDX-License-Identifier: Apache-2.0
import Glibc
import Manifests

/// The system's clock.
enum SystemTime {
    static var now: Timestamp {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Timestamp(seconds: Int64(now.tv_sec))
    }
}
