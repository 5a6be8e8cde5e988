// SPDX-License-Identifier: Apache-2.0

/// TOML as Helm's library lays it out: plain keys before tables, tables two spaces deeper than their parent.
struct TOMLWriter {
    private var bytes: [UInt8] = []

    /// - Throws: for what TOML cannot say, such as a list at the top or with a null in it.
    static func write(_ value: Datum) throws(TemplateFailure) -> [UInt8] {
        var writer = TOMLWriter()
        try writer.encode([], value)
        return writer.bytes
    }

    private mutating func append(_ text: some StringProtocol) { bytes.append(contentsOf: text.utf8) }

    private mutating func newline() {
        if !bytes.isEmpty { append("\n") }
    }

    private static func isTable(_ value: Datum) -> Bool {
        switch value {
        case .map: true
        case .object(let object): object.printed == nil && object.items == nil
        default: false
        }
    }

    /// Whether a list holds tables only.
    private static func isTableList(_ value: Datum) throws(TemplateFailure) -> Bool {
        if case .bytes = value { return false }
        guard let items = value.items, !items.isEmpty else { return false }
        if items.contains(where: \.isNil) { throw TemplateFailure("toml: cannot encode array with nil element") }
        return items.allSatisfy(isTable)
    }

    private mutating func encode(_ key: [String], _ value: Datum) throws(TemplateFailure) {
        guard key.count <= Nesting.most, bytes.count <= Nesting.bytesMost else { throw TemplateFailure("toml: nested too deep") }
        if value.isNil { return }
        if Self.isTable(value) {
            if key.count == 1 { newline() }
            if !key.isEmpty {
                append(Self.indent(key) + "[\(Self.text(key))]")
                newline()
            }
            return try members(key, value)
        }
        if try Self.isTableList(value) {
            if key.isEmpty { throw TemplateFailure("toml: top-level values must be Go maps or structs") }
            for item in value.items ?? [] {
                newline()
                append(Self.indent(key) + "[[\(Self.text(key))]]")
                newline()
                try members(key, item)
            }
            return
        }
        if key.isEmpty { return try element(value, 0) }
        append("\(Self.indent(key))\(Self.quoted(key[key.count - 1])) = ")
        try element(value, key.count)
        newline()
    }

    private mutating func members(_ key: [String], _ value: Datum) throws(TemplateFailure) {
        let (direct, tables) = try Self.split(value)
        for (name, item) in direct + tables where !item.isNil { try encode(key + [name], item) }
    }

    private static func split(_ value: Datum) throws(TemplateFailure) -> (direct: [(String, Datum)], tables: [(String, Datum)]) {
        var direct: [(String, Datum)] = []
        var tables: [(String, Datum)] = []
        let all: [(String, Datum)] =
            switch value {
            case .map(let map): Array(map.members)
            case .object(let object): object.members ?? []
            default: []
            }
        for member in all {
            let isList = try isTableList(member.1)
            if isList || isTable(member.1) { tables.append(member) } else { direct.append(member) }
        }
        return (direct, tables)
    }

    private mutating func element(_ value: Datum, _ depth: Int) throws(TemplateFailure) {
        guard depth <= Nesting.most, bytes.count <= Nesting.bytesMost else { throw TemplateFailure("toml: nested too deep") }
        switch value {
        case .none, .null: throw TemplateFailure("toml: cannot encode array with nil element")
        case .bool(let flag): append(flag ? "true" : "false")
        case .integer(let number, .duration): append(Self.literal(GoDuration.text(number)))
        case .integer(let number, .uint64): append(String(UInt64(bitPattern: number)))
        case .integer(let number, _): append(String(number))
        case .float(let number): append(Self.text(number))
        case .string(let text): append(Self.literal(text))
        case .raw(let text): append(Self.literal(UTF8Bytes.repaired(text)))
        case .time(let moment): append(moment.rfc3339)
        case .bytes, .list: try list(value.items ?? [], depth)
        case .map: try inline(value, depth)
        case .object(let object):
            if let text = object.printed {
                append(Self.literal(text))
            } else if let items = object.items {
                try list(items, depth)
            } else {
                try inline(value, depth)
            }
        }
    }

    private mutating func list(_ items: [Datum], _ depth: Int) throws(TemplateFailure) {
        append("[")
        for (index, item) in items.enumerated() {
            if index > 0 { append(", ") }
            try element(item, depth + 1)
        }
        append("]")
    }

    private mutating func inline(_ value: Datum, _ depth: Int) throws(TemplateFailure) {
        let (direct, tables) = try Self.split(value)
        append("{")
        for (index, (name, item)) in (direct + tables).filter({ !$0.1.isNil }).enumerated() {
            if index > 0 { append(", ") }
            append("\(Self.quoted(name)) = ")
            try element(item, depth + 1)
        }
        append("}")
    }

    private static func text(_ number: Double) -> String {
        if number.isNaN { return "nan" }
        if number.isInfinite { return number < 0 ? "-inf" : "inf" }
        let text = FloatText.general(number)
        return text.contains("e") || text.contains(".") ? text : text + ".0"
    }

    private static func indent(_ key: [String]) -> String { String(repeating: "  ", count: key.count - 1) }
    private static func text(_ key: [String]) -> String { key.map(quoted).joined(separator: ".") }

    private static func quoted(_ key: String) -> String {
        let isBare =
            !key.isEmpty
            && key.utf8.allSatisfy {
                ($0 | 0x20 >= UInt8(ascii: "a") && $0 | 0x20 <= UInt8(ascii: "z")) || ($0 >= 0x30 && $0 <= 0x39) || $0 == UInt8(ascii: "_")
                    || $0 == UInt8(ascii: "-")
            }
        return isBare ? key : literal(key)
    }

    private static func literal(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\u{08}": result += "\\b"
            case "\t": result += "\\t"
            case "\n": result += "\\n"
            case "\u{0C}": result += "\\f"
            case "\r": result += "\\r"
            case "\u{00}"..."\u{1F}", "\u{7F}":
                let code = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - code.utf8.count) + code
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
