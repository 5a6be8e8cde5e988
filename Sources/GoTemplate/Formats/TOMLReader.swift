// SPDX-License-Identifier: Apache-2.0

/// Reads TOML 1.0. Whole numbers are `int64`, dates and times are times.
struct TOMLReader {
    private let bytes: [UInt8]
    private var index = 0
    private var depth = 0
    private let root = Dictionary()
    /// Tables that a header or an inline table has made: they may not be made again.
    private var closed: Set<ObjectIdentifier> = []

    static func read(_ bytes: [UInt8]) throws(TemplateFailure) -> Dictionary {
        var reader = TOMLReader(bytes: bytes)
        try reader.document()
        return reader.root
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private var next: UInt8? { index < bytes.count ? bytes[index] : nil }

    private func failure(_ message: String) -> TemplateFailure {
        let line = 1 + bytes[..<min(index, bytes.count)].count { $0 == UInt8(ascii: "\n") }
        return TemplateFailure("toml: line \(line): \(message)")
    }

    private var shown: String { next.map { Quoting.quote(String(Unicode.Scalar($0))).replacing("\"", with: "'") } ?? "end of file" }

    // MARK: Lines

    private mutating func skipBlanks() {
        while let byte = next, byte == 0x20 || byte == 0x09 { index += 1 }
    }

    private mutating func skipComment() {
        guard next == UInt8(ascii: "#") else { return }
        while let byte = next, byte != UInt8(ascii: "\n") { index += 1 }
    }

    /// Blanks, comments and line breaks.
    private mutating func skipLines() {
        while let byte = next {
            if byte == UInt8(ascii: "#") {
                skipComment()
            } else if Lexer.isSpace(byte) {
                index += 1
            } else {
                return
            }
        }
    }

    private mutating func endLine() throws(TemplateFailure) {
        skipBlanks()
        skipComment()
        if next == 0x0D { index += 1 }
        guard next == nil || next == UInt8(ascii: "\n") else {
            throw failure("expected a top-level item to end with a newline, comment, or EOF, but got \(shown) instead")
        }
    }

    private mutating func document() throws(TemplateFailure) {
        var table = root
        skipLines()
        while next != nil {
            if next == UInt8(ascii: "[") { table = try header() } else { try pair(into: table) }
            try endLine()
            skipLines()
        }
    }

    private mutating func header() throws(TemplateFailure) -> Dictionary {
        index += 1
        let isList = next == UInt8(ascii: "[")
        if isList { index += 1 }
        skipBlanks()
        let path = try key()
        skipBlanks()
        for _ in 0..<(isList ? 2 : 1) {
            guard next == UInt8(ascii: "]") else { throw failure("expected end of table name delimiter ']', but got \(shown) instead") }
            index += 1
        }
        var table = root
        for name in path.dropLast() { table = try descend(table, name) }
        let name = path[path.count - 1]
        if isList {
            let made = Dictionary()
            switch table[name] {
            case nil: table[name] = .list([.map(made)], .any)
            case .list(let items, let type)?: table[name] = .list(items + [.map(made)], type)
            default: throw failure("Key '\(path.joined(separator: "."))' has already been defined.")
            }
            return made
        }
        let made = try descend(table, name)
        guard closed.insert(ObjectIdentifier(made)).inserted else {
            throw failure("Key '\(path.joined(separator: "."))' has already been defined.")
        }
        return made
    }

    /// The table with this name, made where there is none; of a list of tables the last.
    private func descend(_ table: Dictionary, _ name: String) throws(TemplateFailure) -> Dictionary {
        switch table[name] {
        case nil:
            let made = Dictionary()
            table[name] = .map(made)
            return made
        case .map(let inner)?: return inner
        case .list(let items, _)?: if case .map(let inner)? = items.last { return inner }
        default: break
        }
        throw failure("Key '\(name)' has already been defined.")
    }

    private mutating func pair(into table: Dictionary) throws(TemplateFailure) {
        let path = try key()
        skipBlanks()
        guard next == UInt8(ascii: "=") else { throw failure("expected key separator '=', but got \(shown) instead") }
        index += 1
        skipBlanks()
        let value = try value()
        var table = table
        for name in path.dropLast() { table = try descend(table, name) }
        let name = path[path.count - 1]
        guard !table.contains(name) else { throw failure("Key '\(path.joined(separator: "."))' has already been defined.") }
        table[name] = value
    }

    // MARK: Keys

    private mutating func key() throws(TemplateFailure) -> [String] {
        var path: [String] = []
        while true {
            skipBlanks()
            switch next {
            case UInt8(ascii: "\""): path.append(try basicString())
            case UInt8(ascii: "'"): path.append(try literalString())
            default:
                let start = index
                while let byte = next, Self.isBare(byte) { index += 1 }
                guard index > start else { throw failure("expected a key but found \(shown) instead") }
                path.append(String(decoding: bytes[start..<index], as: UTF8.self))
            }
            guard path.count <= 100 else { throw failure("key too deep") }
            let end = index
            skipBlanks()
            guard next == UInt8(ascii: ".") else {
                index = end
                return path
            }
            index += 1
        }
    }

    private static func isBare(_ byte: UInt8) -> Bool {
        (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z")) || (byte >= 0x30 && byte <= 0x39)
            || byte == UInt8(ascii: "_")
            || byte == UInt8(ascii: "-")
    }

    // MARK: Values

    private mutating func value() throws(TemplateFailure) -> Datum {
        depth += 1
        defer { depth -= 1 }
        if depth > 100 { throw failure("nested too deep") }
        switch next {
        case UInt8(ascii: "\""): return .string(try hasTriple(UInt8(ascii: "\"")) ? multilineBasic() : basicString())
        case UInt8(ascii: "'"): return .string(try hasTriple(UInt8(ascii: "'")) ? multilineLiteral() : literalString())
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "{"): return try inlineTable()
        case nil: throw failure("unexpected EOF; expected value")
        default: return try bareValue()
        }
    }

    private func hasTriple(_ quote: UInt8) -> Bool { bytes[index...].prefix(3).elementsEqual([quote, quote, quote]) }

    private mutating func array() throws(TemplateFailure) -> Datum {
        index += 1
        var items: [Datum] = []
        while true {
            skipLines()
            if next == UInt8(ascii: "]") { break }
            items.append(try value())
            skipLines()
            if next == UInt8(ascii: ",") {
                index += 1
            } else if next != UInt8(ascii: "]") {
                throw failure("expected a comma (',') or array terminator (']'), but got \(shown)")
            }
        }
        index += 1
        return .list(items)
    }

    private mutating func inlineTable() throws(TemplateFailure) -> Datum {
        index += 1
        let table = Dictionary()
        skipLines()
        while next != UInt8(ascii: "}") {
            try pair(into: table)
            skipLines()
            if next == UInt8(ascii: ",") {
                index += 1
                skipLines()
            } else if next != UInt8(ascii: "}") {
                throw failure("expected a comma or an inline table terminator '}', but got \(shown) instead")
            }
        }
        index += 1
        closed.insert(ObjectIdentifier(table))
        return .map(table)
    }

    private mutating func bareValue() throws(TemplateFailure) -> Datum {
        let start = index
        while let byte = next, Self.isBare(byte) || "+.:".utf8.contains(byte) { index += 1 }
        // A date may have a blank before its time.
        if index - start == 10, bytes[start + 4] == UInt8(ascii: "-"), next == 0x20, index + 3 < bytes.count,
            bytes[index + 3] == UInt8(ascii: ":")
        {
            index += 1
            while let byte = next, Self.isBare(byte) || "+.:".utf8.contains(byte) { index += 1 }
        }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        switch text {
        case "true": return .bool(true)
        case "false": return .bool(false)
        case "inf", "+inf": return .float(.infinity)
        case "-inf": return .float(-.infinity)
        case "nan", "+nan", "-nan": return .float(.nan)
        case "":
            throw failure("expected value but found \(shown) instead")
        default: break
        }
        if let moment = Self.moment(text) { return .time(moment) }
        return try number(text)
    }

    private func number(_ text: String) throws(TemplateFailure) -> Datum {
        let isPrefixed = text.hasPrefix("0x") || text.hasPrefix("0o") || text.hasPrefix("0b")
        if !text.hasPrefix("_"), !text.hasSuffix("_"), !text.contains("__") {
            let plain = text.filter { $0 != "_" }
            let digits = plain.drop { $0 == "+" || $0 == "-" }
            let hasLeadingZero = digits.utf8.count > 1 && digits.hasPrefix("0") && digits.dropFirst().first?.isNumber == true
            if !hasLeadingZero, let number = isPrefixed ? NumberLiteral.parseInt(plain) : Int64(plain) { return .int64(number) }
            let isFloat =
                !isPrefixed && !hasLeadingZero && !digits.hasPrefix(".") && !digits.hasSuffix(".") && !digits.contains(".e")
                && digits.utf8.allSatisfy { ($0 >= 0x30 && $0 <= 0x39) || ".eE+-".utf8.contains($0) }
            if isFloat, let number = Double(plain), number.isFinite { return .float(number) }
        }
        throw failure("expected value but found \(Quoting.quote(text)) instead")
    }

    private static func moment(_ text: String) -> Moment? {
        let dashes = text.utf8.count { $0 == UInt8(ascii: "-") }
        guard text.contains(":") || dashes == 2, text.first?.isNumber == true else { return nil }
        let text = text.replacing(" ", with: "T")
        for layout in ["2006-01-02T15:04:05.999999999Z07:00", "2006-01-02T15:04:05.999999999", "2006-01-02", "15:04:05.999999999"] {
            do throws(TemplateFailure) { return try TimeLayout.parse(text, layout) } catch { continue }
        }
        return nil
    }

    // MARK: Strings

    private mutating func literalString() throws(TemplateFailure) -> String {
        index += 1
        let start = index
        while let byte = next, byte != UInt8(ascii: "'") {
            if byte == UInt8(ascii: "\n") { throw failure("strings cannot contain newlines") }
            index += 1
        }
        guard next != nil else { throw failure("unexpected EOF; expected \"'\"") }
        index += 1
        return UTF8Bytes.repaired(Array(bytes[start..<(index - 1)]))
    }

    private mutating func multilineLiteral() throws(TemplateFailure) -> String {
        index += 3
        skipFirstBreak()
        let start = index
        while index < bytes.count, !hasTriple(UInt8(ascii: "'")) { index += 1 }
        guard index < bytes.count else { throw failure("unexpected EOF; expected \"'''\"") }
        while index + 3 < bytes.count, bytes[index + 3] == UInt8(ascii: "'") { index += 1 }
        index += 3
        return UTF8Bytes.repaired(Array(bytes[start..<(index - 3)]))
    }

    private mutating func skipFirstBreak() {
        if next == 0x0D, index + 1 < bytes.count, bytes[index + 1] == 0x0A { index += 1 }
        if next == 0x0A { index += 1 }
    }

    private mutating func basicString() throws(TemplateFailure) -> String {
        index += 1
        var text: [UInt8] = []
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                index += 1
                return UTF8Bytes.repaired(text)
            case UInt8(ascii: "\n"): throw failure("strings cannot contain newlines")
            case UInt8(ascii: "\\"): try escape(&text)
            default:
                text.append(byte)
                index += 1
            }
        }
        throw failure("unexpected EOF; expected '\"'")
    }

    private mutating func multilineBasic() throws(TemplateFailure) -> String {
        index += 3
        skipFirstBreak()
        var text: [UInt8] = []
        while let byte = next {
            if hasTriple(UInt8(ascii: "\"")) {
                while index + 3 < bytes.count, bytes[index + 3] == UInt8(ascii: "\"") {
                    text.append(UInt8(ascii: "\""))
                    index += 1
                }
                index += 3
                return UTF8Bytes.repaired(text)
            }
            if byte == UInt8(ascii: "\\") {
                // At the end of a line: the break and the blanks behind it are left out.
                var end = index + 1
                while end < bytes.count, bytes[end] == 0x20 || bytes[end] == 0x09 || bytes[end] == 0x0D { end += 1 }
                if end < bytes.count, bytes[end] == 0x0A {
                    index = end
                    while let byte = next, Lexer.isSpace(byte) { index += 1 }
                } else {
                    try escape(&text)
                }
            } else {
                text.append(byte)
                index += 1
            }
        }
        throw failure("unexpected EOF; expected '\"\"\"'")
    }

    private mutating func escape(_ text: inout [UInt8]) throws(TemplateFailure) {
        index += 1
        let letter = next ?? 0
        index += 1
        switch letter {
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "e"): text.append(0x1B)
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): text.append(letter)
        case UInt8(ascii: "x"), UInt8(ascii: "u"), UInt8(ascii: "U"):
            let count = letter == UInt8(ascii: "x") ? 2 : letter == UInt8(ascii: "u") ? 4 : 8
            let digits = String(decoding: bytes[min(index, bytes.count)..<min(index + count, bytes.count)], as: UTF8.self)
            guard digits.utf8.count == count, digits.allSatisfy(\.isHexDigit), let code = UInt32(digits, radix: 16),
                let scalar = Unicode.Scalar(code)
            else { throw failure("expected \(count) hexadecimal digits after '\\\(Character(Unicode.Scalar(letter)))'") }
            text.append(contentsOf: String(scalar).utf8)
            index += count
        default: throw failure("invalid escape character '\\\(Character(Unicode.Scalar(letter)))'")
        }
    }
}
