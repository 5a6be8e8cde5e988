// SPDX-License-Identifier: Apache-2.0
import GoTemplate

extension Entropy {
    /// A fixed point in time, and the system's random bytes.
    static let test = Entropy(now: { (1_700_000_000, 0) }, randomBytes: { count in (0..<count).map { _ in UInt8.random(in: 0...255) } })
}
