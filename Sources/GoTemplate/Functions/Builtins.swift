// SPDX-License-Identifier: Apache-2.0

/// The functions of Go's text/template itself.
enum Builtins {
    static let functions: [Function] = [
        Function("and", [.any], variadic: .any, .many { _, values in values.last ?? .none }, trait: .and),
        Function("or", [.any], variadic: .any, .many { _, values in values.last ?? .none }, trait: .or),
        Function("not", [.any], .one { _, value in .bool(!value.isTrue) }),
        Function("call", [.any], variadic: .any, .many(call)),
        Function("html", [], variadic: .any, .many { _, values in .text(html(evaluated(values))) }),
        Function("js", [], variadic: .any, .many { _, values in .text(javaScript(evaluated(values))) }),
        Function("urlquery", [], variadic: .any, .many { _, values in .text(URLText.escape(evaluated(values), .query)) }),
        Function("index", [.any], variadic: .any, .many(index)),
        Function("len", [.any], .one(length)),
        Function("print", [], variadic: .any, .many { _, values in .text(Format.sprint(values)) }),
        Function("println", [], variadic: .any, .many(printLine)),
        Function("printf", [.string], variadic: .any, .many(printf)),
        Function(
            "eq", [.any], variadic: .any, .twoOrMany({ _, a, b throws(TemplateFailure) in .bool(try Comparison.areEqual(a, b)) }, equal)),
        Function("ne", [.any, .any], .two { _, a, b throws(TemplateFailure) in .bool(!(try Comparison.areEqual(a, b))) }),
        Function("lt", [.any, .any], .two { _, a, b throws(TemplateFailure) in .bool(try Comparison.isLess(a, b)) }),
        Function("le", [.any, .any], .two { _, a, b throws(TemplateFailure) in .bool(try Comparison.isLessOrEqual(a, b)) }),
        Function("gt", [.any, .any], .two { _, a, b throws(TemplateFailure) in .bool(!(try Comparison.isLessOrEqual(a, b))) }),
        Function("ge", [.any, .any], .two { _, a, b throws(TemplateFailure) in .bool(!(try Comparison.isLess(a, b))) }),
    ]

    private static func call(_ machine: Machine, _ values: [Datum]) throws(TemplateFailure) -> Datum {
        guard let first = values.first, !first.isNil else { throw TemplateFailure("call of nil") }
        throw TemplateFailure("non-function of type \(first.typeName)")
    }

    private static func printLine(_ machine: Machine, _ values: [Datum]) throws(TemplateFailure) -> Datum {
        var bytes: [UInt8] = []
        for (index, value) in values.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: " ")) }
            Format.append(value, to: &bytes)
        }
        bytes.append(UInt8(ascii: "\n"))
        return .text(bytes)
    }

    private static func printf(_ machine: Machine, _ values: [Datum]) throws(TemplateFailure) -> Datum {
        guard let format = values.first else { return .string("") }
        // "%s-%s" of strings, as nearly all are.
        let result = Printf.format(format.stringBytes ?? [], Array(values.dropFirst()))
        try machine.charge(bytes: result.count)
        return .text(result)
    }

    private static func equal(_ machine: Machine, _ values: [Datum]) throws(TemplateFailure) -> Datum {
        guard values.count > 1 else { throw TemplateFailure("missing argument for comparison") }
        for value in values.dropFirst() where try Comparison.areEqual(values[0], value) { return .bool(true) }
        return .bool(false)
    }

    private static func length(_ machine: Machine, _ value: Datum) throws(TemplateFailure) -> Datum {
        switch value {
        case .string(let text): return .int(text.utf8.count)
        case .raw(let bytes), .bytes(let bytes): return .int(bytes.count)
        case .list(let items, _): return .int(items.count)
        case .map(let map): return .int(map.count)
        case .object(let object):
            if let items = object.items { return .int(items.count) }
            if object.kindName == "map" { return .int(object.members?.count ?? 0) }
        case .null: throw TemplateFailure("len of nil pointer")
        case .none: throw TemplateFailure("reflect: call of reflect.Value.Type on zero Value")
        case .bool, .integer, .float, .time: break
        }
        throw TemplateFailure("len of type \(value.typeName)")
    }

    private static func index(_ machine: Machine, _ values: [Datum]) throws(TemplateFailure) -> Datum {
        var item = values.first ?? .none
        if item.isNil { throw TemplateFailure("index of untyped nil") }
        for key in values.dropFirst() {
            if let items = items(of: item) {
                guard let position = try position(key, count: items.count) else {
                    throw TemplateFailure("reflect: \(item.isString ? "string" : "slice") index out of range")
                }
                item = items[position]
            } else if case .map(let map) = item {
                item = try member(map.typeName, key) { map[$0] ?? (map.typeName == "map[string]string" ? .string("") : .null) }
            } else if case .object(let object) = item, object.kindName == "map" {
                item = try member(object.typeName, key) { object.field($0) ?? .null }
            } else if item.isNil {
                throw TemplateFailure("index of nil pointer")
            } else {
                throw TemplateFailure("can't index item of type \(item.typeName)")
            }
        }
        return item
    }

    private static func items(of value: Datum) -> [Datum]? {
        switch value {
        case .string, .raw: (value.stringBytes ?? []).map { .integer(Int64($0), .uint8) }
        default: value.items
        }
    }

    /// `nil` right behind the end, where Go's own check lets it pass.
    private static func position(_ key: Datum, count: Int) throws(TemplateFailure) -> Int? {
        switch key {
        case .integer(let number, _):
            guard number >= 0, number <= Int64(count) else { throw TemplateFailure("index out of range: \(number)") }
            return number == Int64(count) ? nil : Int(number)
        case .none, .null: throw TemplateFailure("cannot index slice/array with nil")
        default: throw TemplateFailure("cannot index slice/array with type \(key.typeName)")
        }
    }

    private static func member(
        _ typeName: String, _ key: Datum, _ find: (String) -> Datum
    ) throws(TemplateFailure) -> Datum {
        guard key.isString else {
            if key.isNil { throw TemplateFailure("value is nil; should be of type string") }
            throw TemplateFailure("value has type \(key.typeName); should be string")
        }
        return find(key.text)
    }

    // MARK: Escaping

    private static func evaluated(_ values: [Datum]) -> [UInt8] {
        if values.count == 1, let bytes = values[0].stringBytes { return bytes }
        var bytes: [UInt8] = []
        for (index, value) in values.enumerated() {
            if index > 0, !value.isString, !values[index - 1].isString { bytes.append(UInt8(ascii: " ")) }
            if value.isNil { bytes.append(contentsOf: NoValue.text) } else { Format.append(value, to: &bytes) }
        }
        return bytes
    }

    private static func html(_ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        for byte in bytes {
            switch byte {
            case 0: result.append(contentsOf: "\u{FFFD}".utf8)
            case UInt8(ascii: "\""): result.append(contentsOf: "&#34;".utf8)
            case UInt8(ascii: "'"): result.append(contentsOf: "&#39;".utf8)
            case UInt8(ascii: "&"): result.append(contentsOf: "&amp;".utf8)
            case UInt8(ascii: "<"): result.append(contentsOf: "&lt;".utf8)
            case UInt8(ascii: ">"): result.append(contentsOf: "&gt;".utf8)
            default: result.append(byte)
            }
        }
        return result
    }

    private static func javaScript(_ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        for (scalar, _) in UTF8Bytes.scalars(bytes) {
            switch scalar {
            case "\\": result.append(contentsOf: "\\\\".utf8)
            case "'": result.append(contentsOf: "\\'".utf8)
            case "\"": result.append(contentsOf: "\\\"".utf8)
            case "<": result.append(contentsOf: "\\u003C".utf8)
            case ">": result.append(contentsOf: "\\u003E".utf8)
            case "&": result.append(contentsOf: "\\u0026".utf8)
            case "=": result.append(contentsOf: "\\u003D".utf8)
            default:
                if scalar.value >= 0x20, scalar.value < 0x80 || Characters.isPrintable(scalar) {
                    result.append(contentsOf: String(scalar).utf8)
                } else {
                    let code = String(scalar.value, radix: 16, uppercase: true)
                    result.append(contentsOf: ("\\u" + String(repeating: "0", count: max(0, 4 - code.count)) + code).utf8)
                }
            }
        }
        return result
    }
}

/// `eq`, `lt` and what follows from them.
enum Comparison {
    private enum Kind {
        case bool, integer, unsigned, float, string, other
    }

    private static func kind(_ value: Datum) -> Kind {
        switch value {
        case .bool: .bool
        case .integer(_, let type): type.isUnsigned ? .unsigned : .integer
        case .float: .float
        case .string, .raw: .string
        case .none, .null, .bytes, .list, .map, .time, .object: .other
        }
    }

    static func areEqual(_ left: Datum, _ right: Datum) throws(TemplateFailure) -> Bool {
        switch (left, right) {
        case (.string(let a), .string(let b)): return a.utf8.count == b.utf8.count && a == b
        case (.bool(let a), .bool(let b)): return a == b
        case (.float(let a), .float(let b)): return a == b
        case (.integer(let a, let type), .integer(let b, let otherType)):
            if type.isUnsigned == otherType.isUnsigned { return a == b }
            return a >= 0 && b >= 0 && a == b
        default: break
        }
        let (a, b) = (kind(left), kind(right))
        if a != b {
            if left.isNil || right.isNil { return false }
            throw TemplateFailure("incompatible types for comparison: \(left.typeName) and \(right.typeName)")
        }
        if a == .string { return (left.stringBytes ?? []) == (right.stringBytes ?? []) }
        if left.isNil || right.isNil { return left.isNil == right.isNil }
        guard left.kindName == right.kindName else {
            throw TemplateFailure(
                "non-comparable types \(shown(left)): \(left.typeName), \(right.typeName): \(Format.print(right))")
        }
        switch (left, right) {
        case (.time(let a), .time(let b)): return a == b
        case (.object(let a), .object(let b)) where a.kindName != "map" && a.kindName != "slice": return a === b
        default: throw TemplateFailure("non-comparable type \(shown(right)): \(right.typeName)")
        }
    }

    private static func shown(_ value: Datum) -> String { UTF8Bytes.repaired(Printf.format(Array("%s".utf8), [value])) }

    static func isLess(_ left: Datum, _ right: Datum) throws(TemplateFailure) -> Bool {
        let (a, b) = (kind(left), kind(right))
        if a == .other || b == .other { throw TemplateFailure("invalid type for comparison") }
        switch (left, right) {
        case (.integer(let x, let type), .integer(let y, let otherType)):
            switch (type.isUnsigned, otherType.isUnsigned) {
            case (false, false): return x < y
            case (true, true): return UInt64(bitPattern: x) < UInt64(bitPattern: y)
            case (false, true): return x < 0 || UInt64(bitPattern: x) < UInt64(bitPattern: y)
            case (true, false): return y >= 0 && UInt64(bitPattern: x) < UInt64(bitPattern: y)
            }
        case (.float(let x), .float(let y)): return x < y
        default: break
        }
        guard a == b else { throw TemplateFailure("incompatible types for comparison: \(left.typeName) and \(right.typeName)") }
        guard a == .string else { throw TemplateFailure("invalid type for comparison") }
        return (left.stringBytes ?? []).lexicographicallyPrecedes(right.stringBytes ?? [])
    }

    static func isLessOrEqual(_ left: Datum, _ right: Datum) throws(TemplateFailure) -> Bool {
        if try isLess(left, right) { return true }
        return try areEqual(left, right)
    }
}
