// SPDX-License-Identifier: Apache-2.0

/// Base64 (RFC 4648 §4) as kustomize writes it: what is longer than a line is broken into lines of 70, each ended by a line break.
enum FoldedBase64 {
    private static let lineLength = 70
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func encode(_ bytes: [UInt8]) -> String {
        let digits = plain(bytes)
        guard digits.count >= lineLength else { return String(decoding: digits, as: UTF8.self) }
        var folded: [UInt8] = []
        folded.reserveCapacity(digits.count + digits.count / lineLength + 1)
        for start in stride(from: 0, to: digits.count, by: lineLength) {
            folded += digits[start..<min(start + lineLength, digits.count)]
            folded.append(UInt8(ascii: "\n"))
        }
        return String(decoding: folded, as: UTF8.self)
    }

    /// Without line breaks.
    static func plain(_ bytes: [UInt8]) -> [UInt8] {
        var digits: [UInt8] = []
        digits.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let second = start + 1 < bytes.count ? bytes[start + 1] : 0
            let third = start + 2 < bytes.count ? bytes[start + 2] : 0
            let group = Int(bytes[start]) << 16 | Int(second) << 8 | Int(third)
            digits.append(alphabet[group >> 18])
            digits.append(alphabet[group >> 12 & 63])
            digits.append(start + 1 < bytes.count ? alphabet[group >> 6 & 63] : UInt8(ascii: "="))
            digits.append(start + 2 < bytes.count ? alphabet[group & 63] : UInt8(ascii: "="))
        }
        return digits
    }
}
