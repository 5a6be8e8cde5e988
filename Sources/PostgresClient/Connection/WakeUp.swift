// SPDX-License-Identifier: Apache-2.0
import CPostgres
import Glibc

/// An `eventfd` that ends another thread's `poll`.
final class WakeUp: Sendable {
    let descriptor: Int32

    init() {
        descriptor = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        // Out of descriptors: no socket could be opened either.
        precondition(descriptor >= 0, "no eventfd: \(String(cString: strerror(errno)))")
    }

    deinit { close(descriptor) }

    func signal() {
        var one: UInt64 = 1
        _ = write(descriptor, &one, 8)
    }

    func drain() {
        var count: UInt64 = 0
        _ = read(descriptor, &count, 8)
    }

    /// Blocks until signalled or until `timeout` has passed; says whether it was signalled. Does not drain.
    func wait(atMost timeout: Duration) -> Bool {
        let deadline = ContinuousClock.now + timeout
        while true {
            var handle = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let ready = poll(&handle, 1, deadline.pollMilliseconds)
            if ready > 0 { return true }
            if ready == 0 && ContinuousClock.now >= deadline { return false }
        }
    }
}

extension ContinuousClock.Instant {
    /// The time until this instant as `poll` wants it: rounded up, never negative, at most a minute.
    var pollMilliseconds: Int32 {
        let left = ContinuousClock.now.duration(to: self)
        guard left > .zero else { return 0 }
        guard left < .seconds(60) else { return 60_000 }
        let (seconds, attoseconds) = left.components
        return Int32(seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}
