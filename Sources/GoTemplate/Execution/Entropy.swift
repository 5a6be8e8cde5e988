// SPDX-License-Identifier: Apache-2.0

/// Where templates get what is different each time: the clock and random bytes.
package struct Entropy: Sendable {
    /// Nanoseconds since 1970, UTC.
    package let now: @Sendable () -> (seconds: Int64, nanoseconds: Int32)
    /// As many random bytes, fit for keys.
    package let randomBytes: @Sendable (_ count: Int) -> [UInt8]

    package init(
        now: @escaping @Sendable () -> (seconds: Int64, nanoseconds: Int32), randomBytes: @escaping @Sendable (_ count: Int) -> [UInt8]
    ) {
        self.now = now
        self.randomBytes = randomBytes
    }
}
