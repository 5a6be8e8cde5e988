// SPDX-License-Identifier: Apache-2.0

/// Reads JSON as Go's encoding/json does, with its messages; numbers are `float64`.
struct GoJSONReader {
    private let bytes: [UInt8]
    private var index = 0
    private var depth = 0

    static func read(_ bytes: [UInt8]) throws(TemplateFailure) -> Datum {
        var reader = GoJSONReader(bytes: bytes)
        let value = try reader.value()
        reader.skipSpace()
        if reader.index < bytes.count { throw reader.invalid("after top-level value") }
        return value
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private mutating func skipSpace() {
        while index < bytes.count, Lexer.isSpace(bytes[index]) { index += 1 }
    }

    private func invalid(_ context: String) -> TemplateFailure {
        guard index < bytes.count else { return TemplateFailure("unexpected end of JSON input") }
        let byte = bytes[index]
        let shown =
            switch byte {
            case UInt8(ascii: "'"): "'\\''"
            case UInt8(ascii: "\""): "'\"'"
            default: "'" + Quoting.quote(String(Unicode.Scalar(byte))).dropFirst().dropLast() + "'"
            }
        return TemplateFailure("invalid character \(shown) \(context)")
    }

    private mutating func value() throws(TemplateFailure) -> Datum {
        skipSpace()
        guard index < bytes.count else { throw invalid("") }
        switch bytes[index] {
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "\""): return .text(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw invalid("looking for beginning of value")
        }
    }

    private mutating func enter() throws(TemplateFailure) {
        depth += 1
        if depth > Nesting.most { throw TemplateFailure("exceeded max depth") }
    }

    private mutating func object() throws(TemplateFailure) -> Datum {
        try enter()
        defer { depth -= 1 }
        index += 1
        let map = Dictionary()
        skipSpace()
        if index < bytes.count, bytes[index] == UInt8(ascii: "}") {
            index += 1
            return .map(map)
        }
        while true {
            skipSpace()
            guard index < bytes.count, bytes[index] == UInt8(ascii: "\"") else {
                throw invalid("looking for beginning of object key string")
            }
            let key = UTF8Bytes.repaired(try string())
            skipSpace()
            guard index < bytes.count, bytes[index] == UInt8(ascii: ":") else { throw invalid("after object key") }
            index += 1
            map[key] = try value()
            skipSpace()
            guard index < bytes.count else { throw invalid("") }
            if bytes[index] == UInt8(ascii: ",") {
                index += 1
            } else if bytes[index] == UInt8(ascii: "}") {
                index += 1
                return .map(map)
            } else {
                throw invalid("after object key:value pair")
            }
        }
    }

    private mutating func array() throws(TemplateFailure) -> Datum {
        try enter()
        defer { depth -= 1 }
        index += 1
        var items: [Datum] = []
        skipSpace()
        if index < bytes.count, bytes[index] == UInt8(ascii: "]") {
            index += 1
            return .list(items)
        }
        while true {
            items.append(try value())
            skipSpace()
            guard index < bytes.count else { throw invalid("") }
            if bytes[index] == UInt8(ascii: ",") {
                index += 1
            } else if bytes[index] == UInt8(ascii: "]") {
                index += 1
                return .list(items)
            } else {
                throw invalid("after array element")
            }
        }
    }

    private mutating func literal(_ word: String, _ value: Datum) throws(TemplateFailure) -> Datum {
        for byte in word.utf8 {
            guard index < bytes.count, bytes[index] == byte else {
                throw invalid("in literal \(word) (expecting '\(Character(Unicode.Scalar(byte)))')")
            }
            index += 1
        }
        return value
    }

    private var isDigit: Bool { index < bytes.count && bytes[index] >= UInt8(ascii: "0") && bytes[index] <= UInt8(ascii: "9") }

    private mutating func number() throws(TemplateFailure) -> Datum {
        let start = index
        if bytes[index] == UInt8(ascii: "-") { index += 1 }
        guard isDigit else { throw invalid("in numeric literal") }
        if bytes[index] == UInt8(ascii: "0") { index += 1 } else { while isDigit { index += 1 } }
        if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
            index += 1
            guard isDigit else { throw invalid("after decimal point in numeric literal") }
            while isDigit { index += 1 }
        }
        if index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") {
            index += 1
            if index < bytes.count, bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-") { index += 1 }
            guard isDigit else { throw invalid("in exponent of numeric literal") }
            while isDigit { index += 1 }
        }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        guard let number = Double(text), number.isFinite else {
            throw TemplateFailure("json: cannot unmarshal number \(text) into Go value of type float64")
        }
        return .float(number)
    }

    private mutating func string() throws(TemplateFailure) -> [UInt8] {
        index += 1
        var result: [UInt8] = []
        while true {
            guard index < bytes.count else { throw invalid("") }
            let byte = bytes[index]
            switch byte {
            case UInt8(ascii: "\""):
                index += 1
                return Array(UTF8Bytes.repaired(result).utf8)
            case UInt8(ascii: "\\"): try escape(&result)
            case 0..<0x20: throw invalid("in string literal")
            default:
                result.append(byte)
                index += 1
            }
        }
    }

    private mutating func escape(_ result: inout [UInt8]) throws(TemplateFailure) {
        index += 1
        guard index < bytes.count else { throw invalid("") }
        switch bytes[index] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): result.append(bytes[index])
        case UInt8(ascii: "b"): result.append(0x08)
        case UInt8(ascii: "f"): result.append(0x0C)
        case UInt8(ascii: "n"): result.append(0x0A)
        case UInt8(ascii: "r"): result.append(0x0D)
        case UInt8(ascii: "t"): result.append(0x09)
        case UInt8(ascii: "u"):
            index += 1
            var code = try hex()
            if code & 0xFC00 == 0xD800, index + 1 < bytes.count, bytes[index] == UInt8(ascii: "\\"), bytes[index + 1] == UInt8(ascii: "u") {
                let mark = index
                index += 2
                let low = try hex()
                if low & 0xFC00 == 0xDC00 { code = 0x10000 + (code & 0x3FF) << 10 + (low & 0x3FF) } else { index = mark }
            }
            result.append(contentsOf: String(Unicode.Scalar(code) ?? "\u{FFFD}").utf8)
            return
        default: throw invalid("in string escape code")
        }
        index += 1
    }

    private mutating func hex() throws(TemplateFailure) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard index < bytes.count, let digit = Character(Unicode.Scalar(bytes[index])).hexDigitValue, bytes[index] < 0x80 else {
                throw invalid("in \\u hexadecimal character escape")
            }
            code = code << 4 | UInt32(digit)
            index += 1
        }
        return code
    }
}
