// SPDX-License-Identifier: Apache-2.0

/// Sprig's functions on lists. Those that begin with `must` and those that do not fail alike: both stop the template.
enum ListFunctions {
    static let functions: [Function] =
        [
            Function("list", [], variadic: .any, .many(list)),
            Function("tuple", [], variadic: .any, .many(list)),
            Function("concat", [], variadic: .any, .many(concatenate)),
        ]
        + both("first", [.any]) { name in .one { _, value throws(TemplateFailure) in try items(value, "find first on").first ?? .null } }
        + both("last", [.any]) { name in .one { _, value throws(TemplateFailure) in try items(value, "find last on").last ?? .null } }
        + both("rest", [.any]) { name in
            .one { machine, value throws(TemplateFailure) in try part(machine, items(value, "find rest on")) { $0.dropFirst() } }
        }
        + both("initial", [.any]) { name in
            .one { machine, value throws(TemplateFailure) in try part(machine, items(value, "find initial on")) { $0.dropLast() } }
        }
        + both("push", [.any, .any]) { _ in .two(push) } + both("append", [.any, .any]) { _ in .two(push) }
        + both("prepend", [.any, .any]) { _ in
            .two { machine, value, item throws(TemplateFailure) in
                let items = try items(value, "prepend on")
                try machine.charge(listOf: items.count + 1)
                return .list([item] + items)
            }
        }
        + both("reverse", [.any]) { _ in
            .one { machine, value throws(TemplateFailure) in .list(Array(try items(value, "find reverse on").reversed())) }
        }
        + both("compact", [.any]) { _ in
            .one { machine, value throws(TemplateFailure) in .list(try items(value, "compact on").filter { !$0.isEmpty }) }
        }
        + both("uniq", [.any]) { _ in .one(unique) }
        + both("without", [.any], variadic: .any) { _ in .many(without) }
        + both("has", [.any, .any]) { _ in .two(has) }
        + both("slice", [.any], variadic: .any) { _ in .many(slice) }
        + both("chunk", [.int, .any]) { _ in .two(chunk) }

    private static func both(
        _ name: String, _ parameters: [Parameter], variadic: Parameter? = nil, _ body: (String) -> Function.Body
    ) -> [Function] {
        let must = "must" + name.prefix(1).uppercased() + name.dropFirst()
        return [
            Function(name, parameters, variadic: variadic, body(name)), Function(must, parameters, variadic: variadic, body(must)),
        ]
    }

    /// The items of a slice.
    static func items(_ value: Datum, _ action: String) throws(TemplateFailure) -> [Datum] {
        if case .list(let items, _) = value { return items }
        if let items = value.items { return items }
        if value.isNil { throw TemplateFailure("runtime error: invalid memory address or nil pointer dereference") }
        throw TemplateFailure("Cannot \(action) type \(value.kindName)")
    }

    private static func list(_ machine: Machine, _ values: [Datum]) throws(TemplateFailure) -> Datum {
        .list(values.map { $0.isNil ? .null : $0 })
    }

    private static func part(
        _ machine: Machine, _ items: [Datum], _ take: ([Datum]) -> ArraySlice<Datum>
    ) throws(TemplateFailure) -> Datum {
        try machine.charge(items: items.count)
        return items.isEmpty ? .list([], .nilAny) : .list(Array(take(items)))
    }

    private static func push(_ machine: Machine, _ value: Datum, _ item: Datum) throws(TemplateFailure) -> Datum {
        let items = try items(value, "push on")
        try machine.charge(listOf: items.count + 1)
        return .list(items + [item])
    }

    private static func concatenate(_ machine: Machine, _ values: [Datum]) throws(TemplateFailure) -> Datum {
        var result: [Datum] = []
        for value in values {
            guard let items = value.items else {
                if value.isNil { throw TemplateFailure("runtime error: invalid memory address or nil pointer dereference") }
                throw TemplateFailure("Cannot concat type \(value.kindName) as list")
            }
            try machine.charge(listOf: result.count + items.count)
            result.append(contentsOf: items)
        }
        return .list(result, result.isEmpty ? .nilAny : .any)
    }

    private static func unique(_ machine: Machine, _ value: Datum) throws(TemplateFailure) -> Datum {
        let items = try items(value, "find uniq on")
        var result: [Datum] = []
        var strings: Set<[UInt8]> = []
        for item in items {
            if let bytes = item.stringBytes {
                if strings.insert(bytes).inserted { result.append(item) }
                continue
            }
            if try !contains(machine, result, item) { result.append(item) }
        }
        return .list(result)
    }

    private static func without(_ machine: Machine, _ values: [Datum]) throws(TemplateFailure) -> Datum {
        let items = try items(values[0], "find without on")
        let omitted = Array(values.dropFirst())
        var result: [Datum] = []
        for item in items where try !contains(machine, omitted, item) { result.append(item) }
        return .list(result)
    }

    private static func contains(_ machine: Machine, _ items: [Datum], _ needle: Datum) throws(TemplateFailure) -> Bool {
        for item in items where try machine.areDeeplyEqual(needle, item) { return true }
        return false
    }

    private static func has(_ machine: Machine, _ needle: Datum, _ value: Datum) throws(TemplateFailure) -> Datum {
        if value.isNil { return .bool(false) }
        let items = try items(value, "find has on")
        return .bool(try contains(machine, items, needle))
    }

    private static func slice(_ machine: Machine, _ values: [Datum]) throws(TemplateFailure) -> Datum {
        guard let items = values[0].items else {
            if values[0].isNil { throw TemplateFailure("runtime error: invalid memory address or nil pointer dereference") }
            throw TemplateFailure("list should be type of slice or array but \(values[0].kindName)")
        }
        if items.isEmpty { return .null }
        let start = values.count > 1 ? Casting.int64(values[1]) : 0
        let end = values.count > 2 ? Casting.int64(values[2]) : Int64(items.count)
        guard start >= 0, start <= end, end <= Int64(items.count) else {
            throw TemplateFailure("reflect.Value.Slice: slice index out of bounds")
        }
        let part = Array(items[Int(start)..<Int(end)])
        switch values[0] {
        case .list(_, let type): return .list(part, type)
        case .bytes(let bytes): return .bytes(Array(bytes[Int(start)..<Int(end)]))
        default: return .list(part)
        }
    }

    private static func chunk(_ machine: Machine, _ size: Datum, _ value: Datum) throws(TemplateFailure) -> Datum {
        guard let items = value.items else {
            if value.isNil { throw TemplateFailure("runtime error: invalid memory address or nil pointer dereference") }
            throw TemplateFailure("Cannot chunk type \(value.kindName)")
        }
        let size = Int(size.integer)
        guard size > 0 else { throw TemplateFailure("runtime error: makeslice: len out of range") }
        if items.isEmpty { return .list([], .listOfAny) }
        try machine.charge(items: items.count)
        return .list(
            stride(from: 0, to: items.count, by: size).map { .list(Array(items[$0..<min($0 + size, items.count)])) }, .listOfAny)
    }
}
