// SPDX-License-Identifier: Apache-2.0
import Crypto

/// A SHA-256 digest; ordered by its bytes.
package struct Digest: Sendable, Hashable {
    // Four big-endian words instead of an array: no allocation, and their order is the bytes' order.
    private let first: UInt64
    private let second: UInt64
    private let third: UInt64
    private let fourth: UInt64

    /// - Parameter bytes: exactly 32; otherwise the result is `nil`.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 32 else { return nil }
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        for (index, byte) in bytes.enumerated() {
            switch index / 8 {
            case 0: words.0 = words.0 << 8 | UInt64(byte)
            case 1: words.1 = words.1 << 8 | UInt64(byte)
            case 2: words.2 = words.2 << 8 | UInt64(byte)
            default: words.3 = words.3 << 8 | UInt64(byte)
            }
        }
        (first, second, third, fourth) = words
    }

    /// Reads `sha256:` and 64 lower-case hexadecimal digits: the one notation that `description` writes.
    package init?(_ text: String) {
        guard text.hasPrefix("sha256:") else { return nil }
        self.init(hex: text.dropFirst(7))
    }

    /// Reads 64 lower-case hexadecimal digits.
    package init?(hex: some StringProtocol) {
        let digits = Array(hex.utf8)
        guard digits.count == 64 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(32)
        for index in stride(from: 0, to: 64, by: 2) {
            guard !(0x41...0x46).contains(digits[index]), !(0x41...0x46).contains(digits[index + 1]),
                let high = hexDigit(digits[index]), let low = hexDigit(digits[index + 1])
            else { return nil }
            bytes.append(high << 4 | low)
        }
        self.init(bytes: bytes)
    }

    private init(_ digest: SHA256Digest) {
        (first, second, third, fourth) = digest.withUnsafeBytes { buffer in
            (
                UInt64(bigEndian: buffer.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
                UInt64(bigEndian: buffer.loadUnaligned(fromByteOffset: 8, as: UInt64.self)),
                UInt64(bigEndian: buffer.loadUnaligned(fromByteOffset: 16, as: UInt64.self)),
                UInt64(bigEndian: buffer.loadUnaligned(fromByteOffset: 24, as: UInt64.self))
            )
        }
    }

    package static func sha256(_ bytes: [UInt8]) -> Digest {
        bytes.withUnsafeBytes { buffer in
            var hash = SHA256()
            hash.update(bufferPointer: buffer)
            return Digest(hash.finalize())
        }
    }

    package static func sha256(_ bytes: ArraySlice<UInt8>) -> Digest {
        bytes.withUnsafeBytes { buffer in
            var hash = SHA256()
            hash.update(bufferPointer: buffer)
            return Digest(hash.finalize())
        }
    }

    /// The digest of the text's UTF-8.
    package static func sha256(_ text: String) -> Digest { sha256(Array(text.utf8)) }

    /// All 32 bytes.
    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(32)
        append(to: &bytes)
        return bytes
    }

    /// Adds all 32 bytes to others: without an array of its own for each of many digests.
    package func append(to bytes: inout [UInt8]) {
        func append(_ word: UInt64) {
            withUnsafeBytes(of: word.bigEndian) { bytes.append(contentsOf: $0) }
        }
        append(first)
        append(second)
        append(third)
        append(fourth)
    }

    /// 64 lower-case hexadecimal digits.
    package var hex: String {
        String(unsafeUninitializedCapacity: 64) { buffer in
            var index = 0
            for word in [first, second, third, fourth] {
                for shift in stride(from: 60, through: 0, by: -4) {
                    buffer[index] = hexDigits[Int(word >> UInt64(shift) & 15)]
                    index += 1
                }
            }
            return 64
        }
    }
}

extension Digest: CustomStringConvertible {
    /// `sha256:` and the digits.
    package var description: String { "sha256:\(hex)" }
}

extension Digest: Comparable {
    package static func < (left: Digest, right: Digest) -> Bool {
        (left.first, left.second, left.third, left.fourth) < (right.first, right.second, right.third, right.fourth)
    }
}
