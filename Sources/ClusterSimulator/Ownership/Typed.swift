// SPDX-License-Identifier: Apache-2.0

import Manifests

/// What field ownership needs to know of an object and its shape; follows sigs.k8s.io/structured-merge-diff, `typed`.
enum Typed {
    /// The step that leads to an item of a list that is no atomic one.
    static func element(of item: Value, in list: ListShape) -> PathElement? {
        switch list.relation {
        case .atomic: return nil
        case .set: return .value(item)
        case .keyed(let keys):
            guard case .map(let map) = item else { return nil }
            var entries: [Map.Entry] = []
            for key in keys {
                guard let value = map[key.name] ?? key.fallback else { return nil }
                entries.append(Map.Entry(key: key.name, value: value))
            }
            return .key(entries.sorted { $0.key < $1.key })
        }
    }

    private static func isAtomic(_ list: ListShape) -> Bool { if case .atomic = list.relation { true } else { false } }

    private static func isEmpty(_ value: Value?) -> Bool {
        switch value {
        case nil, .null: true
        case .map(let map): map.isEmpty
        case .list(let items): items.isEmpty
        default: false
        }
    }

    // MARK: - Every field that a configuration sets

    static func fieldSet(_ value: Value, _ shape: Shape) -> FieldSet {
        var set = FieldSet()
        collect(value, shape, [], &set)
        return set
    }

    private static func collect(_ value: Value, _ shape: Shape, _ path: [PathElement], _ set: inout FieldSet) {
        switch (value, kind(shape, value)) {
        case (_, .leaf): set.insert(path)
        case (.map(let map), .members):
            for entry in map {
                let below = path + [.field(entry.key)]
                collect(entry.value, shape.member(entry.key) ?? .any, below, &set)
                let declared = shape.object?[entry.key] != nil
                if isEmpty(entry.value) && entry.value.list == nil || !declared { set.insert(below) }
            }
        case (.list(let items), .items(let list)):
            for item in items {
                guard let element = element(of: item, in: list) else { continue }
                let below = path + [element]
                collect(item, list.item, below, &set)
                set.insert(below)
            }
        default: break
        }
    }

    private enum Kind {
        case leaf, members
        case items(ListShape)
    }

    /// How ownership treats a value: a whole, or its parts.
    private static func kind(_ shape: Shape, _ value: Value?) -> Kind {
        switch shape {
        case .object(let object): object.atomic ? .leaf : .members
        case .map(let map): map.atomic ? .leaf : .members
        case .list(let list): isAtomic(list) ? .leaf : .items(list)
        case .any: if case .map? = value { .members } else { .leaf }
        default: .leaf
        }
    }

    // MARK: - What changed

    struct Comparison {
        var added = FieldSet()
        var modified = FieldSet()
        var removed = FieldSet()
        var isSame: Bool { added.isEmpty && modified.isEmpty && removed.isEmpty }
    }

    static func compare(_ old: Value?, _ new: Value?, _ shape: Shape) -> Comparison {
        var result = Comparison()
        compare(old, new, shape, [], &result)
        return result
    }

    private static func compare(_ old: Value?, _ new: Value?, _ shape: Shape, _ path: [PathElement], _ result: inout Comparison) {
        if old == nil, new == nil { return }
        let kind = kind(shape, new.flatMap { $0.isNull ? nil : $0 } ?? old)
        var leaf = isEmpty(old) && isEmpty(new)
        if case .leaf = kind { leaf = true }
        if leaf {
            switch (old, new) {
            case (nil, _?): result.added.insert(path)
            case (_?, nil): result.removed.insert(path)
            case (let before?, let after?) where before != after: result.modified.insert(path)
            default: break
            }
            return
        }
        switch kind {
        case .leaf: break
        case .members:
            let before = old?.map ?? Map()
            let after = new?.map ?? Map()
            for entry in before {
                compare(entry.value, after[entry.key], shape.member(entry.key) ?? .any, path + [.field(entry.key)], &result)
            }
            for entry in after where before[entry.key] == nil {
                compare(nil, entry.value, shape.member(entry.key) ?? .any, path + [.field(entry.key)], &result)
            }
        case .items(let list):
            let before = index(old?.list ?? [], list)
            let after = index(new?.list ?? [], list)
            for (element, item) in before.items { compare(item, after.find(element), list.item, path + [element], &result) }
            for (element, item) in after.items where before.find(element) == nil {
                compare(nil, item, list.item, path + [element], &result)
            }
        }
        if path.isEmpty { return }
        if old == nil { result.added.insert(path) } else if new == nil { result.removed.insert(path) }
    }

    private struct Index {
        var items: [(PathElement, Value)] = []
        var byElement: [PathElement: Value] = [:]
        func find(_ element: PathElement) -> Value? { byElement[element] }
    }

    private static func index(_ items: [Value], _ list: ListShape) -> Index {
        var result = Index()
        for item in items {
            guard let element = element(of: item, in: list), result.byElement[element] == nil else { continue }
            result.items.append((element, item))
            result.byElement[element] = item
        }
        return result
    }

    // MARK: - Laying a configuration over an object

    static func merge(_ live: Value?, _ applied: Value?, _ shape: Shape) -> Value? {
        guard let applied else { return live }
        guard let live else { return applied }
        switch kind(shape, applied.isNull ? live : applied) {
        case .leaf: return applied
        case .members:
            guard case .map(let added) = applied else { return applied }
            guard case .map(var result) = live else { return applied }
            for entry in added {
                result[entry.key] = merge(result[entry.key], entry.value, shape.member(entry.key) ?? .any)
            }
            return .map(result)
        case .items(let list):
            guard case .list(let right) = applied else { return applied }
            guard case .list(let left) = live else { return applied }
            return .list(mergeItems(left, right, list))
        }
    }

    /// Items of the applied list keep their order, the others the places they have.
    private static func mergeItems(_ left: [Value], _ right: [Value], _ list: ListShape) -> [Value] {
        let leftElements = left.map { element(of: $0, in: list) }
        let rightElements = right.map { element(of: $0, in: list) }
        var inLeft: [PathElement: Value] = [:]
        for (element, item) in zip(leftElements, left) { if let element { inLeft[element] = item } }
        var inRight: [PathElement: Value] = [:]
        for (element, item) in zip(rightElements, right) { if let element { inRight[element] = item } }
        var shared = rightElements.compactMap { $0 }.filter { inLeft[$0] != nil }[...]
        var nextShared = shared.popFirst()
        var merged: Set<PathElement> = []
        var result: [Value] = []
        var l = 0
        var r = 0
        func put(_ one: Value?, _ other: Value?) { if let value = merge(one, other, list.item) { result.append(value) } }
        while l < left.count || r < right.count {
            if l < left.count, r < right.count {
                if let element = leftElements[l], element == rightElements[r] {
                    merged.insert(element)
                    put(left[l], right[r])
                    l += 1
                    r += 1
                    nextShared = shared.popFirst()
                    continue
                }
                if let element = leftElements[l], inRight[element] != nil, let next = nextShared, next != element {
                    l += 1
                    continue
                }
            }
            if l < left.count {
                guard let element = leftElements[l] else {
                    put(left[l], nil)
                    l += 1
                    continue
                }
                if inRight[element] == nil {
                    put(left[l], nil)
                    l += 1
                    continue
                }
                if merged.contains(element) { l += 1 }
            }
            if r < right.count {
                let element = rightElements[r]
                if let element { merged.insert(element) }
                put(element.flatMap { inLeft[$0] }, right[r])
                r += 1
                if let next = nextShared, next == element { nextShared = shared.popFirst() }
            }
        }
        return result
    }

    // MARK: - Taking fields away

    static func remove(_ set: FieldSet, from value: Value, _ shape: Shape) -> Value {
        switch (value, kind(shape, value)) {
        case (.map(let map), .members):
            var result = Map()
            for entry in map {
                let element = PathElement.field(entry.key)
                if set.members.contains(element) { continue }
                if let child = set.children[element], !child.isEmpty {
                    result.append(unique: entry.key, remove(child, from: entry.value, shape.member(entry.key) ?? .any))
                } else {
                    result.append(unique: entry.key, entry.value)
                }
            }
            return result.isEmpty ? .null : .map(result)
        case (.list(let items), .items(let list)):
            var result: [Value] = []
            for item in items {
                guard let element = element(of: item, in: list) else {
                    result.append(item)
                    continue
                }
                if set.members.contains(element) { continue }
                if let child = set.children[element], !child.isEmpty {
                    result.append(remove(child, from: item, list.item))
                } else {
                    result.append(item)
                }
            }
            return result.isEmpty ? .null : .list(result)
        default: return value
        }
    }

    // MARK: - Is it of this shape at all?

    /// The first thing wrong with a configuration, in structured-merge-diff's words; `nil` when it fits.
    static func problem(_ value: Value, _ shape: Shape, _ path: String = "") -> String? {
        if value.isNull { return nil }
        switch shape {
        case .string, .time, .microTime, .bytes:
            if case .string = value { return nil }
            return "\(path): expected string, got \(described(value))"
        case .integer, .number:
            if value.double != nil { return nil }
            return "\(path): expected numeric (int or float), got \(goType(value))"
        case .boolean:
            if case .bool = value { return nil }
            return "\(path): expected boolean, got \(described(value))"
        case .quantity, .integerOrString, .any: return nil
        case .map(let map):
            guard case .map(let members) = value else { return "\(path): expected map, got \(described(value))" }
            for entry in members { if let found = problem(entry.value, map.value, "\(path).\(entry.key)") { return found } }
            return nil
        case .object(let object):
            guard case .map(let members) = value else { return "\(path): expected map, got \(described(value))" }
            for entry in members {
                guard let shape = shape.member(entry.key) else { return "\(path).\(entry.key): field not declared in schema" }
                if object.name != "ObjectMeta" || entry.key != "creationTimestamp",
                    let found = problem(entry.value, shape, "\(path).\(entry.key)")
                {
                    return found
                }
            }
            return nil
        case .list(let list):
            guard case .list(let items) = value else { return "\(path): expected list, got \(described(value))" }
            var seen: Set<PathElement> = []
            for (position, item) in items.enumerated() {
                var below = "\(path)[\(position)]"
                if !isAtomic(list) {
                    guard let element = element(of: item, in: list) else {
                        return "\(path): element \(position): associative list with keys may not have non-map elements or omit its keys"
                    }
                    below = path + element.shown
                    if !seen.insert(element).inserted { return "\(path): duplicate entries for key \(element.shown)" }
                }
                if let found = problem(item, list.item, below) { return found }
            }
            return nil
        }
    }

    private static func goType(_ value: Value) -> String {
        switch value {
        case .string: "string"
        case .bool: "bool"
        case .map: "map[string]interface {}"
        case .list: "[]interface {}"
        default: "<nil>"
        }
    }

    private static func described(_ value: Value) -> String {
        "&value.valueUnstructured{Value:\(GoText.value(value))}"
    }
}

/// Values as Go's `%v` prints them: `map[a:1 b:[x y]]`.
enum GoText {
    static func value(_ value: Value) -> String {
        switch value {
        case .null: "<nil>"
        case .string(let text): text
        case .map(let map):
            "map[" + map.entries.sorted { $0.key < $1.key }.map { "\($0.key):\(GoText.value($0.value))" }.joined(separator: " ") + "]"
        case .list(let items): "[" + items.map(GoText.value).joined(separator: " ") + "]"
        default: JSON.text(value)
        }
    }
}
