// SPDX-License-Identifier: Apache-2.0

/// Hexadecimal digits, as `bytea` values travel.
enum Hex {
    private static let digits = Array("0123456789abcdef".utf8)

    /// The digits' values; 255 for what is no digit.
    private static let values: [UInt8] = (0..<256).map { byte in
        switch UInt8(byte) {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt8(byte) - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt8(byte) - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt8(byte) - UInt8(ascii: "A") + 10
        default: 255
        }
    }

    static func value(of digit: UInt8) -> UInt8? {
        let value = values[Int(digit)]
        return value == 255 ? nil : value
    }

    static func append(_ bytes: [UInt8], to output: inout [UInt8]) {
        digits.withUnsafeBufferPointer { digits in
            for byte in bytes {
                output.append(digits[Int(byte >> 4)])
                output.append(digits[Int(byte & 15)])
            }
        }
    }

    /// The bytes that `text` spells; `nil` when it has another character or an odd length.
    static func bytes(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        guard text.count % 2 == 0 else { return nil }
        var wrong: UInt8 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: text.count / 2) { output, count in
            values.withUnsafeBufferPointer { values in
                for index in 0..<text.count / 2 {
                    let high = values[Int(text[2 * index])]
                    let low = values[Int(text[2 * index + 1])]
                    // Only 255 has its upper bits set.
                    wrong |= (high | low) & 0xf0
                    output[index] = high << 4 | low
                }
            }
            count = text.count / 2
        }
        return wrong == 0 ? bytes : nil
    }
}
