// SPDX-License-Identifier: Apache-2.0

/// Base 64 and base 32 with the standard alphabets and padding (RFC 4648), with Go's messages.
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let alphabet32 = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8)

    static func encode(_ bytes: [UInt8]) -> [UInt8] { encode(bytes, alphabet, bits: 6, group: 4) }
    static func encode32(_ bytes: [UInt8]) -> [UInt8] { encode(bytes, alphabet32, bits: 5, group: 8) }
    static func decode(_ text: [UInt8]) throws(TemplateFailure) -> [UInt8] { try decode(text, alphabet, bits: 6, group: 4, name: "base64") }
    static func decode32(_ text: [UInt8]) throws(TemplateFailure) -> [UInt8] {
        try decode(text, alphabet32, bits: 5, group: 8, name: "base32")
    }

    private static func encode(_ bytes: [UInt8], _ alphabet: [UInt8], bits: Int, group: Int) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count * 8 / bits + group)
        var buffer: UInt32 = 0
        var count = 0
        for byte in bytes {
            buffer = buffer << 8 | UInt32(byte)
            count += 8
            while count >= bits {
                count -= bits
                text.append(alphabet[Int(buffer >> UInt32(count)) & ((1 << bits) - 1)])
            }
        }
        if count > 0 { text.append(alphabet[Int(buffer << UInt32(bits - count)) & ((1 << bits) - 1)]) }
        while text.count % group != 0 { text.append(UInt8(ascii: "=")) }
        return text
    }

    private static func decode(
        _ text: [UInt8], _ alphabet: [UInt8], bits: Int, group: Int, name: String
    ) throws(TemplateFailure) -> [UInt8] {
        func failure(_ index: Int) -> TemplateFailure { TemplateFailure("illegal \(name) data at input byte \(index)") }
        var values = [UInt8](repeating: 255, count: 256)
        for (value, byte) in alphabet.enumerated() { values[Int(byte)] = UInt8(value) }
        var result: [UInt8] = []
        var digits: [UInt8] = []
        var index = 0
        func isBreak(_ byte: UInt8) -> Bool { byte == 0x0A || byte == 0x0D }
        func flush(_ result: inout [UInt8]) {
            var buffer: UInt64 = 0
            for digit in digits { buffer = buffer << UInt64(bits) | UInt64(digit) }
            let count = digits.count * bits / 8
            buffer >>= UInt64(digits.count * bits - count * 8)
            for place in (0..<count).reversed() { result.append(UInt8(truncatingIfNeeded: buffer >> UInt64(place * 8))) }
        }
        while index < text.count {
            let byte = text[index]
            if isBreak(byte) {
                index += 1
                continue
            }
            if byte == UInt8(ascii: "=") {
                let isPossible = group == 4 ? digits.count >= 2 : [2, 4, 5, 7].contains(digits.count)
                guard isPossible else { throw failure(index) }
                var missing = group - digits.count
                while index < text.count, missing > 0 {
                    if !isBreak(text[index]) {
                        guard text[index] == UInt8(ascii: "=") else { throw failure(index) }
                        missing -= 1
                    }
                    index += 1
                }
                guard missing == 0 else { throw failure(text.count) }
                while index < text.count, isBreak(text[index]) { index += 1 }
                guard index == text.count else { throw failure(index) }
                flush(&result)
                return result
            }
            let value = values[Int(byte)]
            guard value != 255 else { throw failure(index) }
            digits.append(value)
            index += 1
            if digits.count == group {
                flush(&result)
                digits.removeAll(keepingCapacity: true)
            }
        }
        guard digits.isEmpty else { throw failure(text.count - digits.count) }
        return result
    }
}
