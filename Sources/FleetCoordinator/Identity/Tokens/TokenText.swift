// SPDX-License-Identifier: Apache-2.0
import Manifests

/// The text of an API token: `flotilla_pat_`, 256 random bits in base 62, and six digits of a checksum, so that secret scanners know one when
/// they see it and a mistyped one costs no look-up.
enum TokenText {
    static let prefix = "flotilla_pat_"
    private static let secretDigits = 43
    private static let checksumDigits = 6
    private static let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)

    static func new() -> String {
        let secret = base62(Random.bytes(32), digits: secretDigits)
        return prefix + secret + checksum(secret)
    }

    /// Whether it is formed like one, its checksum included.
    static func isOne(_ text: String) -> Bool {
        guard text.utf8.count == prefix.utf8.count + secretDigits + checksumDigits, text.hasPrefix(prefix) else { return false }
        let rest = text.dropFirst(prefix.count)
        guard rest.utf8.allSatisfy({ alphabet.contains($0) }) else { return false }
        return checksum(String(rest.prefix(secretDigits))) == rest.suffix(checksumDigits)
    }

    static func digest(_ token: String) -> Digest { Digest.sha256(token) }

    private static func checksum(_ secret: String) -> String {
        let sum = crc32(Array(secret.utf8))
        return base62([24, 16, 8, 0].map { UInt8(truncatingIfNeeded: sum >> $0) }, digits: checksumDigits)
    }

    /// The number that the bytes are, the most significant first, in so many digits.
    private static func base62(_ bytes: [UInt8], digits: Int) -> String {
        var number = bytes
        var text: [UInt8] = []
        for _ in 0..<digits {
            var rest = 0
            for index in number.indices {
                let value = rest << 8 | Int(number[index])
                number[index] = UInt8(value / 62)
                rest = value % 62
            }
            text.append(alphabet[rest])
        }
        return String(decoding: text.reversed(), as: UTF8.self)
    }

    /// CRC-32 as in IEEE 802.3, which the tokens of other services use for this too.
    static func crc32(_ bytes: [UInt8]) -> UInt32 {
        var sum = ~UInt32(0)
        for byte in bytes {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum >> 1 ^ (sum & 1 == 1 ? 0xEDB8_8320 : 0) }
        }
        return ~sum
    }
}
