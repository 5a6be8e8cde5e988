// SPDX-License-Identifier: Apache-2.0

/// Lays values out as go-yaml v2 does: block style, two spaces, lists level with their key, folded after column 80.
struct YAMLWriter {
    var bytes: [UInt8] = []
    private var lineStart = 0
    /// How much deeper than its key a list stands.
    private let listIndent: Int
    private let widthBest: Int

    init(layout: YAML.Layout = .kubernetes) {
        listIndent = layout == .pretty ? 2 : 0
        widthBest = layout == .pretty ? .max : 80
    }

    /// A longer key is no "simple key" to YAML 1.1 readers and takes the `?` form.
    private static let simpleKeyBytesMax = 128

    mutating func writeDocument(_ value: Value) {
        lineStart = bytes.count
        write(value, indent: 0)
        breakLine()
    }

    private var column: Int { bytes.count - lineStart }

    private mutating func breakLine() {
        bytes.append(UInt8(ascii: "\n"))
        lineStart = bytes.count
    }

    private mutating func breakLine(indent: Int) {
        breakLine()
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: indent))
    }

    /// Writes at the current place; a map's or list's further lines begin at `indent`, a scalar's two columns deeper.
    private mutating func write(_ value: Value, indent: Int) {
        switch value {
        case .null: append("null")
        case .bool(let flag): append(flag ? "true" : "false")
        case .int(let number): append(String(number))
        case .decimal(let number): append(number.goText)
        case .string(let text): write(string: text, indent: indent + 2, isKey: false)
        case .list(let items):
            if items.isEmpty { return append("[]") }
            for (index, item) in items.enumerated() {
                if index > 0 { breakLine(indent: indent) }
                append("- ")
                switch item {
                case .map, .list: write(item, indent: indent + 2)
                case .null, .bool, .int, .decimal, .string: write(item, indent: indent)
                }
            }
        case .map(let map):
            if map.isEmpty { return append("{}") }
            for (index, entry) in map.entries.enumerated() {
                if index > 0 { breakLine(indent: indent) }
                writeMember(entry, indent: indent)
            }
        }
    }

    private mutating func writeMember(_ entry: Map.Entry, indent: Int) {
        let key = entry.key
        if key.utf8.count > Self.simpleKeyBytesMax || key.utf8.contains(where: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }) {
            append("? ")
            write(string: key, indent: indent + 2, isKey: false)
            breakLine(indent: indent)
        } else {
            write(string: key, indent: indent, isKey: true)
        }
        append(":")
        switch entry.value {
        case .map(let map) where !map.isEmpty:
            breakLine(indent: indent + 2)
            write(entry.value, indent: indent + 2)
        case .list(let items) where !items.isEmpty:
            breakLine(indent: indent + listIndent)
            write(entry.value, indent: indent + listIndent)
        case .null, .bool, .int, .decimal, .string, .list, .map:
            append(" ")
            write(entry.value, indent: indent)
        }
    }

    private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

    // MARK: Strings

    private mutating func write(string text: String, indent: Int, isKey: Bool) {
        var text = text
        text.withUTF8 { buffer in
            let shape = ScalarShape(buffer)
            if shape.hasNewline, !isKey, shape.allowsLiteral { return writeLiteral(buffer, indent: indent) }
            // go-yaml leaves this key bare, and readers take it for a merge key.
            if isKey, buffer.count == 2, buffer[0] == UInt8(ascii: "<"), buffer[1] == UInt8(ascii: "<") {
                return writeDoubleQuoted(buffer, indent: indent, mayFold: false)
            }
            if shape.hasNewline || PlainScalar.needsQuotes(buffer) { return writeDoubleQuoted(buffer, indent: indent, mayFold: !isKey) }
            if shape.allowsPlain { return writePlain(buffer, indent: indent, mayFold: !isKey) }
            if shape.allowsSingleQuotes { return writeSingleQuoted(buffer, indent: indent, mayFold: !isKey) }
            writeDoubleQuoted(buffer, indent: indent, mayFold: !isKey)
        }
    }

    private mutating func writePlain(_ text: UnsafeBufferPointer<UInt8>, indent: Int, mayFold: Bool) {
        if !mayFold || column <= widthBest - text.count { return bytes.append(contentsOf: text) }
        var blanks = false
        for index in text.indices {
            let isBlank = text[index] == UInt8(ascii: " ")
            if isBlank, !blanks, folds, !isSpace(text, index + 1) {
                breakLine(indent: indent)
            } else {
                bytes.append(text[index])
            }
            blanks = isBlank
        }
    }

    private mutating func writeSingleQuoted(_ text: UnsafeBufferPointer<UInt8>, indent: Int, mayFold: Bool) {
        bytes.append(UInt8(ascii: "'"))
        var blanks = false
        for index in text.indices {
            let byte = text[index]
            let isBlank = byte == UInt8(ascii: " ")
            if isBlank, mayFold, !blanks, folds, index > 0, index < text.count - 1, !isSpace(text, index + 1) {
                breakLine(indent: indent)
            } else {
                bytes.append(byte)
                if byte == UInt8(ascii: "'") { bytes.append(byte) }
            }
            blanks = isBlank
        }
        bytes.append(UInt8(ascii: "'"))
    }

    private mutating func writeDoubleQuoted(_ text: UnsafeBufferPointer<UInt8>, indent: Int, mayFold: Bool) {
        bytes.append(UInt8(ascii: "\""))
        var blanks = false
        var index = 0
        while index < text.count {
            let byte = text[index]
            let width = scalarWidth(byte)
            if !isPrintable(text, index) || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
                || isBreak(text, index)
            {
                writeEscape(
                    String(decoding: text[index..<min(index + width, text.count)], as: UTF8.self).unicodeScalars.first?.value ?? 0xFFFD)
                blanks = false
            } else if byte == UInt8(ascii: " ") {
                if mayFold, !blanks, folds, index > 0, index < text.count - 1 {
                    breakLine(indent: indent)
                    if isSpace(text, index + 1) { bytes.append(UInt8(ascii: "\\")) }
                } else {
                    bytes.append(byte)
                }
                blanks = true
            } else {
                bytes.append(contentsOf: text[index..<min(index + width, text.count)])
                blanks = false
            }
            index += width
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func writeEscape(_ code: UInt32) {
        bytes.append(UInt8(ascii: "\\"))
        switch code {
        case 0x00: bytes.append(UInt8(ascii: "0"))
        case 0x07: bytes.append(UInt8(ascii: "a"))
        case 0x08: bytes.append(UInt8(ascii: "b"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        case 0x0A: bytes.append(UInt8(ascii: "n"))
        case 0x0B: bytes.append(UInt8(ascii: "v"))
        case 0x0C: bytes.append(UInt8(ascii: "f"))
        case 0x0D: bytes.append(UInt8(ascii: "r"))
        case 0x1B: bytes.append(UInt8(ascii: "e"))
        case 0x22: bytes.append(UInt8(ascii: "\""))
        case 0x5C: bytes.append(UInt8(ascii: "\\"))
        case 0x85: bytes.append(UInt8(ascii: "N"))
        case 0xA0: bytes.append(UInt8(ascii: "_"))
        case 0x2028: bytes.append(UInt8(ascii: "L"))
        case 0x2029: bytes.append(UInt8(ascii: "P"))
        default:
            let (letter, digits) = code <= 0xFF ? ("x", 2) : code <= 0xFFFF ? ("u", 4) : ("U", 8)
            append(letter)
            let text = String(code, radix: 16, uppercase: true)
            append(String(repeating: "0", count: digits - text.utf8.count) + text)
        }
    }

    private mutating func writeLiteral(_ text: UnsafeBufferPointer<UInt8>, indent: Int) {
        append("|")
        if text[0] == UInt8(ascii: " ") || text[0] == UInt8(ascii: "\n") { append("2") }
        if text[text.count - 1] != UInt8(ascii: "\n") {
            append("-")
        } else if text.count == 1 || text[text.count - 2] == UInt8(ascii: "\n") {
            append("+")
        }
        var start = 0
        while start < text.count {
            let end = text[start...].firstIndex(of: UInt8(ascii: "\n")) ?? text.count
            if end == start { breakLine() } else { breakLine(indent: indent) }
            bytes.append(contentsOf: text[start..<end])
            start = end + 1
        }
    }

    /// Whether the line has passed the width after which a blank becomes a line break. Counted in characters, as libyaml does.
    private var folds: Bool {
        guard column > widthBest else { return false }
        var characters = 0
        for byte in bytes[lineStart...] where byte & 0xC0 != 0x80 { characters += 1 }
        return characters > widthBest
    }
}

extension Decimal {
    /// The number as Go prints a double (`strconv`, format `g`): `1.5e-05` below 0.0001, `1.2345675e+06` from a million; no digit is lost.
    var goText: String {
        let form = normalized
        let sign = form.negative ? "-" : ""
        if form.exponent >= 0, !text.utf8.contains(where: { $0 == UInt8(ascii: "e") || $0 == UInt8(ascii: "E") || $0 == UInt8(ascii: ".") })
        {
            return text
        }
        let digits = Array(form.digits.utf8)
        let power = digits.count + form.exponent - 1
        if power < -4 || power >= 6 {
            let rest = digits.count > 1 ? "." + String(decoding: digits[1...], as: UTF8.self) : ""
            let magnitude = String(abs(power))
            return "\(sign)\(String(decoding: digits[..<1], as: UTF8.self))\(rest)e\(power < 0 ? "-" : "+")"
                + (magnitude.utf8.count < 2 ? "0" : "") + magnitude
        }
        if form.exponent >= 0 { return sign + form.digits + String(repeating: "0", count: form.exponent) }
        if power < 0 { return sign + "0." + String(repeating: "0", count: -power - 1) + form.digits }
        let point = power + 1
        return sign + String(decoding: digits[..<point], as: UTF8.self) + "." + String(decoding: digits[point...], as: UTF8.self)
    }
}
