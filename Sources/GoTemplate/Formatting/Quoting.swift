// SPDX-License-Identifier: Apache-2.0

/// Go's string and character literals (`strconv.Quote`, `strconv.Unquote`).
enum Quoting {
    static func quote(_ text: String) -> String {
        var bytes: [UInt8] = []
        append(Array(text.utf8), to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends the literal; with `asciiOnly` everything else is escaped.
    static func append(_ text: [UInt8], to bytes: inout [UInt8], quote: UInt8 = UInt8(ascii: "\""), asciiOnly: Bool = false) {
        bytes.append(quote)
        text.withUnsafeBufferPointer { buffer in
            var index = 0
            while index < buffer.count {
                let byte = buffer[index]
                if byte < 0x80 {
                    appendASCII(byte, to: &bytes, quote: quote)
                    index += 1
                    continue
                }
                let (scalar, width) = UTF8Bytes.decode(buffer, index)
                if width == 1 {
                    bytes.append(contentsOf: "\\x".utf8)
                    appendHex(UInt32(byte), digits: 2, to: &bytes)
                } else if !asciiOnly, Characters.isPrintable(scalar) {
                    bytes.append(contentsOf: buffer[index..<index + width])
                } else {
                    appendEscape(scalar, to: &bytes)
                }
                index += width
            }
        }
        bytes.append(quote)
    }

    private static func appendASCII(_ byte: UInt8, to bytes: inout [UInt8], quote: UInt8) {
        switch byte {
        case quote, UInt8(ascii: "\\"): bytes.append(contentsOf: [UInt8(ascii: "\\"), byte])
        case 0x20...0x7E: bytes.append(byte)
        case 0x07: bytes.append(contentsOf: "\\a".utf8)
        case 0x08: bytes.append(contentsOf: "\\b".utf8)
        case 0x0C: bytes.append(contentsOf: "\\f".utf8)
        case 0x0A: bytes.append(contentsOf: "\\n".utf8)
        case 0x0D: bytes.append(contentsOf: "\\r".utf8)
        case 0x09: bytes.append(contentsOf: "\\t".utf8)
        case 0x0B: bytes.append(contentsOf: "\\v".utf8)
        default:
            bytes.append(contentsOf: "\\x".utf8)
            appendHex(UInt32(byte), digits: 2, to: &bytes)
        }
    }

    private static func appendEscape(_ scalar: Unicode.Scalar, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: scalar.value < 0x10000 ? "\\u".utf8 : "\\U".utf8)
        appendHex(scalar.value, digits: scalar.value < 0x10000 ? 4 : 8, to: &bytes)
    }

    static func appendHex(_ number: UInt32, digits: Int, to bytes: inout [UInt8]) {
        for digit in (0..<digits).reversed() { bytes.append(lowercaseHex[Int(number >> (4 * UInt32(digit)) & 15)]) }
    }

    static let lowercaseHex = Array("0123456789abcdef".utf8)

    /// A character literal, as `%q` prints one.
    static func quoteCharacter(_ scalar: Unicode.Scalar, asciiOnly: Bool) -> [UInt8] {
        var bytes: [UInt8] = []
        append(Array(String(scalar).utf8), to: &bytes, quote: UInt8(ascii: "'"), asciiOnly: asciiOnly)
        return bytes
    }

    // MARK: Reading

    /// The bytes that a literal with its quotes stands for; `nil` where it is malformed.
    static func unquote(_ literal: String) -> [UInt8]? {
        let bytes = Array(literal.utf8)
        guard let quote = bytes.first, bytes.count >= 2, bytes.last == quote else { return nil }
        let body = bytes[1..<bytes.count - 1]
        if quote == UInt8(ascii: "`") { return body.filter { $0 != UInt8(ascii: "\r") } }
        guard quote == UInt8(ascii: "\"") else { return nil }
        var result: [UInt8] = []
        result.reserveCapacity(body.count)
        var rest = body
        while let byte = rest.first {
            if byte == UInt8(ascii: "\n") || byte == quote { return nil }
            guard let unit = unit(&rest, quote: quote) else { return nil }
            switch unit {
            case .byte(let byte): result.append(byte)
            case .scalar(let scalar): result.append(contentsOf: String(scalar).utf8)
            }
        }
        return result
    }

    /// The character of a literal in single quotes; `nil` where it is malformed.
    static func character(_ literal: String) -> Unicode.Scalar? {
        var rest = Array(literal.utf8)[1...]
        guard let first = rest.first, first != UInt8(ascii: "'") else { return nil }
        if first >= 0x80 || first != UInt8(ascii: "\\") {
            let scalars = String(decoding: rest, as: UTF8.self).unicodeScalars
            return scalars.count == 2 ? scalars.first : nil
        }
        guard let unit = unit(&rest, quote: UInt8(ascii: "'")), rest.elementsEqual([UInt8(ascii: "'")]) else { return nil }
        switch unit {
        case .byte(let byte): return Unicode.Scalar(byte)
        case .scalar(let scalar): return scalar
        }
    }

    private enum Unit {
        case byte(UInt8)
        case scalar(Unicode.Scalar)
    }

    private static func unit(_ rest: inout ArraySlice<UInt8>, quote: UInt8) -> Unit? {
        guard let first = rest.popFirst() else { return nil }
        guard first == UInt8(ascii: "\\") else { return .byte(first) }
        guard let escape = rest.popFirst() else { return nil }
        switch escape {
        case UInt8(ascii: "a"): return .byte(7)
        case UInt8(ascii: "b"): return .byte(8)
        case UInt8(ascii: "f"): return .byte(12)
        case UInt8(ascii: "n"): return .byte(10)
        case UInt8(ascii: "r"): return .byte(13)
        case UInt8(ascii: "t"): return .byte(9)
        case UInt8(ascii: "v"): return .byte(11)
        case UInt8(ascii: "\\"): return .byte(escape)
        case UInt8(ascii: "'"), UInt8(ascii: "\""): return escape == quote ? .byte(escape) : nil
        case UInt8(ascii: "x"): return number(&rest, digits: 2, radix: 16).map { .byte(UInt8($0)) }
        case UInt8(ascii: "u"): return number(&rest, digits: 4, radix: 16).flatMap(Unicode.Scalar.init).map { .scalar($0) }
        case UInt8(ascii: "U"): return number(&rest, digits: 8, radix: 16).flatMap(Unicode.Scalar.init).map { .scalar($0) }
        case UInt8(ascii: "0")...UInt8(ascii: "7"):
            guard let rest = number(&rest, digits: 2, radix: 8) else { return nil }
            let code = UInt32(escape - UInt8(ascii: "0")) * 64 + rest
            return code < 256 ? .byte(UInt8(code)) : nil
        default: return nil
        }
    }

    private static func number(_ rest: inout ArraySlice<UInt8>, digits: Int, radix: Int) -> UInt32? {
        guard rest.count >= digits else { return nil }
        let text = String(decoding: rest.prefix(digits), as: UTF8.self)
        rest = rest.dropFirst(digits)
        guard text.utf8.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }) else { return nil }
        return UInt32(text, radix: radix)
    }
}
