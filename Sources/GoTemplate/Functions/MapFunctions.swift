// SPDX-License-Identifier: Apache-2.0

/// Sprig's functions on maps. Go's maps have no order; where Sprig's results show that (`keys`, `values`), ours are in order of the keys.
enum MapFunctions {
    static let functions: [Function] = [
        Function("dict", [], variadic: .any, .many(make)),
        Function("get", [.map, .string], .two { _, map, key in map.dictionary?[key.text] ?? .string("") }),
        Function("set", [.map, .string, .any], .three(set)),
        Function("unset", [.map, .string], .two(unset)),
        Function("hasKey", [.map, .string], .two { _, map, key in .bool(map.dictionary?.contains(key.text) ?? false) }),
        Function("pluck", [.string], variadic: .map, .many(pluck)),
        Function("keys", [], variadic: .map, .many(keys)),
        Function("values", [.map], .one { _, map in .list(map.dictionary.map { $0.members.map(\.1) } ?? []) }),
        Function("pick", [.map], variadic: .string, .many { _, values in select(values) { keys, key in keys.contains(key) } }),
        Function("omit", [.map], variadic: .string, .many { _, values in select(values) { keys, key in !keys.contains(key) } }),
        Function("dig", [], variadic: .any, .many(dig)),
        Function("merge", [.map], variadic: .map, .many { machine, values throws(TemplateFailure) in try merge(machine, values, false) }),
        Function(
            "mustMerge", [.map], variadic: .map, .many { machine, values throws(TemplateFailure) in try merge(machine, values, false) }),
        Function(
            "mergeOverwrite", [.map], variadic: .map,
            .many { machine, values throws(TemplateFailure) in
                try merge(machine, values, true)
            }),
        Function(
            "mustMergeOverwrite", [.map], variadic: .map,
            .many { machine, values throws(TemplateFailure) in
                try merge(machine, values, true)
            }),
        Function("deepCopy", [.any], .one(deepCopy)),
        Function("mustDeepCopy", [.any], .one(deepCopy)),
    ]

    private static func make(_ machine: Machine, _ values: [Datum]) throws(TemplateFailure) -> Datum {
        let map = Dictionary(capacity: values.count / 2)
        var index = 0
        while index < values.count {
            let key: String
            if case .string(let text) = values[index] { key = text } else { key = Format.string(values[index]).text }
            map[key] = index + 1 < values.count ? stored(values[index + 1]) : .string("")
            index += 2
        }
        return .map(map)
    }

    /// A value as a member of a map has it.
    private static func stored(_ value: Datum) -> Datum { value.isNil ? .null : value }

    private static func set(_ machine: Machine, _ map: Datum, _ key: Datum, _ value: Datum) throws(TemplateFailure) -> Datum {
        if let dictionary = map.dictionary {
            machine.changed(dictionary, by: value)
            if dictionary.count >= machine.limits.itemsMax { try machine.charge(listOf: dictionary.count + 1) }
            dictionary[key.text] = stored(value)
        }
        return map
    }

    private static func unset(_ machine: Machine, _ map: Datum, _ key: Datum) throws(TemplateFailure) -> Datum {
        map.dictionary?[key.text] = nil
        return map
    }

    private static func pluck(_ machine: Machine, _ values: [Datum]) throws(TemplateFailure) -> Datum {
        .list(values.dropFirst().compactMap { $0.dictionary?[values[0].text] })
    }

    private static func keys(_ machine: Machine, _ values: [Datum]) throws(TemplateFailure) -> Datum {
        var keys: [Datum] = []
        for value in values { keys.append(contentsOf: (value.dictionary?.sortedKeys ?? []).map { .string($0) }) }
        try machine.charge(listOf: keys.count)
        return .list(keys, .string)
    }

    private static func select(_ values: [Datum], _ isKept: (Set<String>, String) -> Bool) -> Datum {
        let keys = Set(values.dropFirst().map(\.text))
        let result = Dictionary()
        if let map = values[0].dictionary { for (key, value) in map.members where isKept(keys, key) { result[key] = value } }
        return .map(result)
    }

    private static func dig(_ machine: Machine, _ values: [Datum]) throws(TemplateFailure) -> Datum {
        guard values.count >= 3 else { throw TemplateFailure("dig needs at least three arguments") }
        var here = values[values.count - 1]
        for (index, key) in values.dropLast(2).enumerated() {
            guard let map = here.dictionary, map.typeName == Parameter.map.goName else {
                throw notConvertible(here, "map[string]interface {}")
            }
            guard key.isString else { throw notConvertible(key, "string") }
            guard let next = map[key.text] else { return values[values.count - 2] }
            if index == values.count - 3 { return next }
            here = next
        }
        return here
    }

    private static func notConvertible(_ value: Datum, _ type: String) -> TemplateFailure {
        TemplateFailure("interface conversion: interface {} is \(value.isNil ? "nil" : value.typeName), not \(type)")
    }

    private static func deepCopy(_ machine: Machine, _ value: Datum) throws(TemplateFailure) -> Datum {
        var left = machine.limits.itemsMax
        guard fits(value, &left, 0) else {
            throw TemplateFailure("a copy of more than \(machine.limits.itemsMax) values, or of a map that holds itself", code: .limit)
        }
        try machine.charge(items: machine.limits.itemsMax - left)
        return value.deepCopy()
    }

    /// Whether the value has so few values inside; a map that holds itself has too many.
    private static func fits(_ value: Datum, _ left: inout Int, _ depth: Int) -> Bool {
        left -= 1
        guard left > 0, depth < Nesting.most else { return false }
        switch value {
        case .list(let items, _): for item in items where !fits(item, &left, depth + 1) { return false }
        case .map(let map): for item in map.values where !fits(item, &left, depth + 1) { return false }
        default: break
        }
        return true
    }

    // MARK: Merging

    private static func merge(_ machine: Machine, _ values: [Datum], _ overwrites: Bool) throws(TemplateFailure) -> Datum {
        guard let target = values[0].dictionary else { return .string("") }
        for source in values.dropFirst() {
            if let source = source.dictionary { try merge(machine, source, into: target, overwrites, 0) }
        }
        return values[0]
    }

    /// As the library behind Sprig merges: empty values count as absent, and what is taken over is shared, not copied.
    private static func merge(
        _ machine: Machine, _ source: Dictionary, into target: Dictionary, _ overwrites: Bool, _ depth: Int
    ) throws(TemplateFailure) {
        guard depth < Nesting.most, source !== target else { return }
        try machine.charge(items: source.count)
        machine.changed(target, by: .map(source))
        for (key, value) in source.members {
            let present = target[key]
            if value.isNil {
                if overwrites { target[key] = .null }
                continue
            }
            let isList = value.items != nil
            if let inner = value.dictionary, let presentMap = present?.dictionary {
                try merge(machine, inner, into: presentMap, overwrites, depth + 1)
            } else if isList, overwrites, present != nil {
                target[key] = value
            }
            if let present, !present.isEmpty {
                if isList { continue }
                if value.dictionary != nil, present.dictionary != nil { continue }
            }
            if overwrites || present == nil || present?.isEmpty == true { target[key] = value }
        }
    }
}
