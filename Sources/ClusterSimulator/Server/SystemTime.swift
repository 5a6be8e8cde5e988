// SPDX-License-Identifier: Apache-2.0

package import Manifests

#if canImport(Glibc)
    import Glibc
#endif

/// The system's clock, at the edge: everything below is handed the time.
package enum SystemTime {
    package static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000)
    }
}
