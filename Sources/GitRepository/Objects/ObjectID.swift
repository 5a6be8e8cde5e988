// SPDX-License-Identifier: Apache-2.0
internal import CGit2
internal import Crypto

/// The SHA-1 name of a Git object.
package struct ObjectID: Hashable, Sendable, Comparable, CustomStringConvertible {
    // Twenty bytes, big-endian, in three words: no allocation, and comparison in byte order.
    private let high: UInt64
    private let middle: UInt64
    private let low: UInt32

    package static let byteCount = 20

    /// The id with these 20 bytes; `nil` for any other count.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        var words: (UInt64, UInt64, UInt32) = (0, 0, 0)
        for (index, byte) in bytes.enumerated() {
            switch index {
            case 0..<8: words.0 = words.0 << 8 | UInt64(byte)
            case 8..<16: words.1 = words.1 << 8 | UInt64(byte)
            default: words.2 = words.2 << 8 | UInt32(byte)
            }
        }
        (high, middle, low) = words
    }

    /// Reads 40 hexadecimal digits, nothing else.
    package init?(hex: some StringProtocol) {
        let digits = Array(hex.utf8)
        guard digits.count == 2 * Self.byteCount else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.byteCount)
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let upper = Self.nibble(digits[index]), let lower = Self.nibble(digits[index + 1]) else { return nil }
            bytes.append(upper << 4 | lower)
        }
        self.init(bytes: bytes)
    }

    package var bytes: [UInt8] {
        (0..<Self.byteCount).map { index in
            switch index {
            case 0..<8: UInt8(truncatingIfNeeded: high >> UInt64(56 - 8 * index))
            case 8..<16: UInt8(truncatingIfNeeded: middle >> UInt64(120 - 8 * index))
            default: UInt8(truncatingIfNeeded: low >> UInt32(152 - 8 * index))
            }
        }
    }

    /// 40 lower-case hexadecimal digits.
    package var hex: String {
        String(unsafeUninitializedCapacity: 2 * Self.byteCount) { buffer in
            var index = 0
            func append(_ word: UInt64, digits: Int) {
                for position in (0..<digits).reversed() {
                    let digit = UInt8(truncatingIfNeeded: word >> UInt64(4 * position)) & 15
                    buffer[index] = digit + (digit < 10 ? UInt8(ascii: "0") : UInt8(ascii: "a") - 10)
                    index += 1
                }
            }
            append(high, digits: 16)
            append(middle, digits: 16)
            append(UInt64(low), digits: 8)
            return index
        }
    }

    /// The first seven digits, for people.
    package var short: String { String(hex.prefix(7)) }

    package var description: String { hex }

    package static func < (left: ObjectID, right: ObjectID) -> Bool {
        (left.high, left.middle, left.low) < (right.high, right.middle, right.low)
    }

    /// The id that Git gives to these contents: `type` is `commit`, `tree`, `blob` or `tag`.
    package static func of(_ contents: [UInt8], type: String) -> ObjectID {
        var hash = Insecure.SHA1()
        hash.update(data: Array("\(type) \(contents.count)\0".utf8))
        hash.update(data: contents)
        let digest = Array(hash.finalize())
        guard let id = ObjectID(bytes: digest) else { preconditionFailure("SHA-1 has 20 bytes") }
        return id
    }

    private static func nibble(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 48...57: digit - 48
        case 97...102: digit - 87
        case 65...70: digit - 55
        default: nil
        }
    }
}

extension ObjectID {
    init(_ id: git_oid) {
        let bytes = withUnsafeBytes(of: id) { Array($0.prefix(Self.byteCount)) }
        guard let made = ObjectID(bytes: bytes) else { preconditionFailure("git_oid has 20 bytes") }
        self = made
    }

    var oid: git_oid {
        var result = git_oid()
        withUnsafeMutableBytes(of: &result) { $0.copyBytes(from: bytes) }
        return result
    }

    /// `nil` for the id of zeros, which stands for "there is none".
    static func present(_ id: git_oid) -> ObjectID? {
        let made = ObjectID(id)
        return made.high == 0 && made.middle == 0 && made.low == 0 ? nil : made
    }
}
