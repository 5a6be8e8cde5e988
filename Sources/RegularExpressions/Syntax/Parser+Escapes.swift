// SPDX-License-Identifier: Apache-2.0

extension Parser {
    /// Parses an escape that stands for one code point.
    mutating func parseEscape() throws(RegularExpressionError) -> UInt32 {
        let start = reader.position
        reader.position += 1
        guard let scalar = try reader.next() else { throw RegularExpressionError(.trailingBackslash, "") }
        let value: UInt32? =
            switch Unicode.Scalar(scalar) {
            case "a": 0x07
            case "t": 0x09
            case "n": 0x0A
            case "v": 0x0B
            case "f": 0x0C
            case "r": 0x0D
            case "x": try parseHexadecimal()
            case "0": parseOctal(first: 0)
            // One digit alone would be a back reference.
            case "1", "2", "3", "4", "5", "6", "7": octalDigit() == nil ? nil : parseOctal(first: scalar - 0x30)
            default:
                // Punctuation stands for itself; letters and digits are kept for meanings to come.
                scalar < 0x80 && (scalar == 0x5F || !NamedSets.word.contains(scalar)) ? scalar : nil
            }
        guard let value else {
            throw RegularExpressionError(.invalidEscape, reader.text(from: start, to: reader.position))
        }
        return value
    }

    private func octalDigit() -> UInt32? {
        guard let byte = reader.peek(), (0x30...0x37).contains(byte) else { return nil }
        return UInt32(byte) - 0x30
    }

    /// Parses up to two more octal digits.
    private mutating func parseOctal(first: UInt32) -> UInt32 {
        var value = first
        for _ in 0..<2 {
            guard let digit = octalDigit() else { break }
            value = value * 8 + digit
            reader.position += 1
        }
        return value
    }

    /// Parses `10FFFF` in braces, or two digits; nil, with the reader behind the first mistake, for anything else.
    private mutating func parseHexadecimal() throws(RegularExpressionError) -> UInt32? {
        guard let first = try reader.next() else { return nil }
        guard first == UInt32(UInt8(ascii: "{")) else {
            let second = try reader.next()
            guard let high = hexadecimalDigit(first), let low = second.flatMap(hexadecimalDigit) else { return nil }
            return high * 16 + low
        }
        var value: UInt32 = 0
        var isEmpty = true
        while let next = try reader.next() {
            if next == UInt32(UInt8(ascii: "}")) { return isEmpty ? nil : value }
            guard let digit = hexadecimalDigit(next) else { return nil }
            value = value * 16 + digit
            guard value <= ScalarSet.last else { return nil }
            isEmpty = false
        }
        return nil
    }

    private func hexadecimalDigit(_ scalar: UInt32) -> UInt32? {
        switch scalar {
        case 0x30...0x39: scalar - 0x30
        case 0x41...0x46: scalar - 0x41 + 10
        case 0x61...0x66: scalar - 0x61 + 10
        default: nil
        }
    }
}
