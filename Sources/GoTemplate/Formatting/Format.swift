// SPDX-License-Identifier: Apache-2.0

/// Values as Go's `fmt` prints them with `%v`.
enum Format {
    /// `%v`.
    static func print(_ value: Datum) -> String {
        switch value {
        case .string(let text): return text
        default: return UTF8Bytes.repaired(printed(value))
        }
    }

    static func printed(_ value: Datum) -> [UInt8] {
        var bytes: [UInt8] = []
        append(value, to: &bytes)
        return bytes
    }

    /// `fmt.Sprint`: blanks between operands when neither is a string.
    static func sprint(_ values: [Datum]) -> [UInt8] {
        var bytes: [UInt8] = []
        for (index, value) in values.enumerated() {
            if index > 0, !value.isString, !values[index - 1].isString { bytes.append(UInt8(ascii: " ")) }
            append(value, to: &bytes)
        }
        return bytes
    }

    /// What a map that holds itself prints to is cut off.
    static func append(_ value: Datum, to bytes: inout [UInt8], depth: Int = 0) {
        if depth > Nesting.most || bytes.count > Nesting.bytesMost { return }
        switch value {
        case .none, .null: bytes.append(contentsOf: "<nil>".utf8)
        case .bool(let flag): bytes.append(contentsOf: flag ? "true".utf8 : "false".utf8)
        case .integer(let number, .duration): bytes.append(contentsOf: GoDuration.text(number).utf8)
        case .integer(let number, .uint64): bytes.append(contentsOf: String(UInt64(bitPattern: number)).utf8)
        case .integer(let number, _): append(number, to: &bytes)
        case .float(let number): bytes.append(contentsOf: FloatText.general(number).utf8)
        case .string(let text): bytes.append(contentsOf: text.utf8)
        case .raw(let text): bytes.append(contentsOf: text)
        case .bytes(let data): append(data.map { .integer(Int64($0), .uint8) }, to: &bytes, depth)
        case .list(let items, _): append(items, to: &bytes, depth)
        case .map(let map): append(map.members.map { ($0, $1) }, to: &bytes, depth)
        case .time(let moment): bytes.append(contentsOf: moment.description.utf8)
        case .object(let object):
            if let text = object.printed {
                bytes.append(contentsOf: text.utf8)
            } else if let items = object.items {
                append(items, to: &bytes, depth)
            } else if object.kindName == "map" {
                append(object.members ?? [], to: &bytes, depth)
            } else {
                if object.kindName == "ptr" { bytes.append(UInt8(ascii: "&")) }
                bytes.append(UInt8(ascii: "{"))
                for (index, member) in (object.members ?? []).enumerated() {
                    if index > 0 { bytes.append(UInt8(ascii: " ")) }
                    append(member.1, to: &bytes, depth: depth + 1)
                }
                bytes.append(UInt8(ascii: "}"))
            }
        }
    }

    static func append(_ number: Int64, to bytes: inout [UInt8]) {
        if number >= 0, number < 10 { return bytes.append(UInt8(ascii: "0") + UInt8(number)) }
        bytes.append(contentsOf: String(number).utf8)
    }

    private static func append(_ items: [Datum], to bytes: inout [UInt8], _ depth: Int) {
        bytes.append(UInt8(ascii: "["))
        for (index, item) in items.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: " ")) }
            append(item, to: &bytes, depth: depth + 1)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    private static func append(_ members: [(String, Datum)], to bytes: inout [UInt8], _ depth: Int) {
        bytes.append(contentsOf: "map[".utf8)
        for (index, (key, value)) in members.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: " ")) }
            bytes.append(contentsOf: key.utf8)
            bytes.append(UInt8(ascii: ":"))
            append(value, to: &bytes, depth: depth + 1)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    /// Sprig's `toString`: the text of strings and bytes, what prints of everything else.
    static func string(_ value: Datum) -> Datum {
        switch value {
        case .string, .raw: value
        case .bytes(let bytes): .text(bytes)
        default: .text(printed(value))
        }
    }

    static func stringBytes(_ value: Datum) -> [UInt8] {
        switch value {
        case .string(let text): Array(text.utf8)
        case .raw(let bytes), .bytes(let bytes): bytes
        default: printed(value)
        }
    }
}

/// How far writers follow values into each other; maps can hold themselves.
enum Nesting {
    static let most = 200
    static let bytesMost = 64 << 20
}
