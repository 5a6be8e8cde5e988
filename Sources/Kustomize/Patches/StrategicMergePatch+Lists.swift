// SPDX-License-Identifier: Apache-2.0
import Manifests

/// A list that is being merged. A reference, because a list that is new is merged with itself, and then both sides see each change.
final class ItemList {
    var items: [Value]
    init(_ items: [Value]) { self.items = items }
}

extension StrategicMergePatch {
    /// Lists longer than this, whose items have no single key of their own each, take too long to merge: every pair is compared.
    private static var comparedItemsMax: Int { 4_000 }

    mutating func mergeList(_ old: [Value]?, _ patch: inout Value?, _ place: Schema.Place?) throws(Failure) -> Value? {
        guard let place, let keys = schema.mergeKeys(at: place) else { return patch.map(Self.unlessNull) ?? old.map(Value.list) }
        guard let old else { return try patch.flatMap { (new) throws(Failure) in try mergeListWithItself(new.list ?? [], place) } }
        guard let patchValue = patch else {
            switch try settled(.list(old), place) {
            case .same: return .list(old)
            case .changed(let value): return value
            case .gone: return nil
            }
        }
        guard case .list(var changes) = patchValue else { return nil }
        let directive = try takeDirective(from: &changes)
        patch = .list(changes)
        switch directive {
        case .delete: return nil
        case .replace: return try mergeListWithItself(changes, place)
        case .merge:
            if let merged = try mergeUnambiguous(old, changes, keys, place) { return .list(merged) }
            return .list(try mergeItems(ItemList(old), ItemList(changes), keys, place))
        }
    }

    /// A list that is new in the object.
    /// - Parameter readingDirective: whether an item may say `$patch` for the whole list: only where the list is inside something new.
    mutating func mergeListWithItself(
        _ items: [Value], _ place: Schema.Place?, readingDirective: Bool = false
    ) throws(Failure) -> Value? {
        guard let place, let keys = schema.mergeKeys(at: place) else { return .list(items) }
        var items = items
        if readingDirective, try takeDirective(from: &items) == .delete { return .none }
        let list = ItemList(items)
        return .list(try mergeItems(list, list, keys, place))
    }

    /// Merges lists whose items each have one key, which no other item of the same list has; `nil` for others.
    private mutating func mergeUnambiguous(
        _ old: [Value], _ patch: [Value], _ keys: [String], _ place: Schema.Place
    ) throws(Failure) -> [Value]? {
        guard keys.count == 1, Self.isInOrder(old, keys), Self.isInOrder(patch, keys) else { return nil }
        let itemPlace = schema.items(of: place)
        var positions: [String: Int] = [:]
        for (position, item) in old.enumerated() { positions[Self.text(item, keys[0]) ?? ""] = position }
        var isTouched = Array(repeating: false, count: old.count)
        var result: [Value] = []
        result.reserveCapacity(old.count + patch.count)
        for item in patch {
            var change: Value? = item
            let position = positions[Self.text(item, keys[0]) ?? ""]
            if let position {
                isTouched[position] = true
                path.append(.index(position))
            }
            let outcome = try merge(position.map { old[$0] }, &change, itemPlace)
            if position != nil { path.removeLast() }
            guard let value = outcome.value, !Self.isEmpty(value) else { continue }
            // The old item is put back where it was not merged into but replaced.
            result.append(position == nil ? value : outcome.old ?? value)
        }
        for (position, item) in old.enumerated() where !isTouched[position] {
            path.append(.index(position))
            switch try settled(item, itemPlace) {
            case .same: result.append(item)
            case .changed(let value): result.append(value)
            case .gone: break
            }
            path.removeLast()
        }
        return result
    }

    // MARK: - The general case

    /// Merges the items of `patch` into those of `old`, and gives those of the patch first.
    ///
    /// Step by step as kyaml does it: what comes of items without a key, or with only some of several keys, depends on every step.
    mutating func mergeItems(_ old: ItemList, _ patch: ItemList?, _ keys: [String], _ place: Schema.Place) throws(Failure) -> [Value] {
        guard old.items.count + (patch?.items.count ?? 0) <= Self.comparedItemsMax else {
            throw failure("the list has more than \(Self.comparedItemsMax) items")
        }
        let keys = keys.isEmpty ? [""] : keys
        var identities = Self.identities(of: [patch, old], keys)
        if keys.count > 1 { Self.complete(&identities) }
        guard !identities.isEmpty else { return old.items }
        let used = Self.used(keys, in: identities)
        var added = KeyedItems()
        for identity in identities {
            let values = Self.values(identity, keys, used)
            if let value = try mergeItem(old, patch, used, values, schema.items(of: place)) {
                try added.set(value, used, values, self)
            } else {
                var rest = KeyedItems(items: old.items)
                try rest.remove(used, values, self)
                old.items = rest.items
            }
        }
        for item in old.items { try added.append(item, used, self) }
        return added.items
    }

    /// Merges the first items on both sides that have these values; `nil` when none is left.
    private mutating func mergeItem(
        _ old: ItemList, _ patch: ItemList?, _ keys: [String], _ values: [String], _ place: Schema.Place?
    ) throws(Failure) -> Value? {
        let wanted = Self.used(keys, in: [values])
        let wantedValues = Self.values(values, keys, wanted)
        let oldPosition = KeyedItems.first(in: old.items, wanted, wantedValues)
        if let patch, patch === old {
            guard let oldPosition else { return nil }
            if case .map(var item) = old.items[oldPosition] {
                let directive = try Self.takeDirective(from: &item, orFail: self)
                // Without the directive the item stays in the list, unless its keys lead to it.
                old.items[oldPosition] = .map(item)
                if directive == .delete { return nil }
            }
            let merged = try mergedWithItself(old.items[oldPosition], place)
            if let merged { old.items[oldPosition] = merged }
            return merged.flatMap(Self.unlessEmpty)
        }
        let patchPosition = patch.flatMap { KeyedItems.first(in: $0.items, wanted, wantedValues) }
        var change = patchPosition.flatMap { patch?.items[$0] }
        if let oldPosition { path.append(.index(oldPosition)) }
        let outcome = try merge(oldPosition.map { old.items[$0] }, &change, place)
        if let oldPosition {
            path.removeLast()
            if let item = outcome.old { old.items[oldPosition] = item }
        }
        if let patchPosition, let change { patch?.items[patchPosition] = change }
        return outcome.value.flatMap(Self.unlessEmpty)
    }

    private static func unlessEmpty(_ value: Value) -> Value? {
        if isEmpty(value) { return .none }
        return value
    }

    private static func isEmpty(_ value: Value) -> Bool { value.isNull || value.map?.isEmpty == true }

    // MARK: - What tells items apart

    /// The values of the keys of every item, each once, in the order of the lists and items.
    private static func identities(of lists: [ItemList?], _ keys: [String]) -> [[String]] {
        var seen: Set<[String]> = []
        var result: [[String]] = []
        for case let list? in lists {
            for item in list.items {
                let identity = keys == [""] ? [item.scalarText ?? ""] : keys.map { text(item, $0) ?? "" }
                if seen.insert(identity).inserted { result.append(identity) }
            }
        }
        return result
    }

    /// Makes one of two identities that have a value in common and differ only where one has none.
    private static func complete(_ identities: inout [[String]]) {
        for left in identities.indices {
            let own = identities[left]
            for right in identities.indices {
                guard let both = combined(own, identities[right]) else { continue }
                identities[left] = both
                identities[right] = both
            }
        }
    }

    private static func combined(_ left: [String], _ right: [String]) -> [String]? {
        var hasCommon = false
        var result: [String] = []
        for (one, other) in zip(left, right) {
            if one == other {
                hasCommon = true
            } else if !one.isEmpty, !other.isEmpty {
                return nil
            }
            result.append(one.isEmpty ? other : one)
        }
        return hasCommon ? result : nil
    }

    /// The keys that any item has a value for; all of them where none has.
    private static func used(_ keys: [String], in identities: [[String]]) -> [String] {
        let used = keys.indices.filter { index in identities.contains { !$0[index].isEmpty } }
        return used.isEmpty ? keys : used.map { keys[$0] }
    }

    /// The values of those keys that are used.
    private static func values(_ identity: [String], _ keys: [String], _ used: [String]) -> [String] {
        used.count == keys.count ? identity : keys.indices.filter { used.contains(keys[$0]) }.map { identity[$0] }
    }

    // MARK: - Directives

    /// Reads and removes an item that says `$patch` for the whole list. Only the first item with a `$patch` is looked at.
    private func takeDirective(from items: inout [Value]) throws(Failure) -> Directive {
        guard let item = items.first(where: { $0["$patch"] != nil }), item.map?.count == 1, let value = item["$patch"] else {
            return .merge
        }
        let text = value.scalarText ?? ""
        guard let directive = Directive(rawValue: text) else {
            throw failure("unknown value of $patch; there are delete, replace and merge")
        }
        var kept = KeyedItems(items: items)
        try kept.remove(["$patch"], [text], self)
        items = kept.items
        return directive
    }
}

/// A list whose items are found, replaced and removed by the values of some of their members. The key `""` means the item itself.
struct KeyedItems {
    typealias Failure = StrategicMergePatch.Failure

    var items: [Value] = []

    /// The first item whose members have these values, as texts.
    static func first(in items: [Value], _ keys: [String], _ values: [String]) -> Int? {
        if keys.first?.isEmpty ?? true { return items.firstIndex { ($0.scalarText ?? "") == values[0] } }
        return items.firstIndex { item in
            guard let map = item.map else { return false }
            return zip(keys, values).allSatisfy { key, value in map[key].map { ($0.scalarText ?? "") == value } ?? false }
        }
    }

    /// Puts `item` in the place of those that have these values, or at the end.
    mutating func set(_ item: Value, _ keys: [String], _ values: [String], _ walk: StrategicMergePatch) throws(Failure) {
        let wasFound = try update(keys, values, item, walk)
        if !wasFound, !item.isNull { items.append(item) }
    }

    mutating func remove(_ keys: [String], _ values: [String], _ walk: StrategicMergePatch) throws(Failure) {
        _ = try update(keys, values, nil, walk)
    }

    /// Puts an item of the old list at the end, or in the place of the same one.
    mutating func append(_ item: Value, _ keys: [String], _ walk: StrategicMergePatch) throws(Failure) {
        if keys.first?.isEmpty ?? true { return try set(item, keys, [item.scalarText ?? ""], walk) }
        var values: [String] = []
        for key in keys {
            guard item.isNull || item.map != nil else { throw walk.failure("an item is \(item.kindName), not a map") }
            if let value = item[key] {
                values.append(value.scalarText ?? "")
            } else {
                items.append(item)
            }
        }
        if keys.count > 1 { try remove(keys, values, walk) }
        try set(item, keys, values, walk)
    }

    /// Replaces or removes the items that match; empty ones go in any case, and with no values at all everything that does not match.
    private mutating func update(
        _ keys: [String], _ values: [String], _ item: Value?, _ walk: StrategicMergePatch
    ) throws(Failure) -> Bool {
        var kept: [Value] = []
        kept.reserveCapacity(items.count + 1)
        var wasFound = false
        let isForMaps = keys.first?.isEmpty == false && values.first?.isEmpty == false
        for present in items where !(present.isNull || present.map?.isEmpty == true) {
            if isForMaps, present.map == nil {
                kept.append(present)
            } else if try Self.matches(present, keys, values, walk) {
                wasFound = true
                if let item { kept.append(item) }
            } else if !values.isEmpty {
                kept.append(present)
            }
        }
        items = kept
        return wasFound
    }

    /// Keys beyond the values are not looked at; an empty value is matched by any.
    private static func matches(
        _ item: Value, _ keys: [String], _ values: [String], _ walk: StrategicMergePatch
    ) throws(Failure) -> Bool {
        var matches = false
        for (key, value) in zip(keys, values) {
            if key.isEmpty {
                guard item.map == nil, item.list == nil else { throw walk.failure("an item is \(item.kindName), not a plain value") }
                matches = (item.scalarText ?? "") == value
            } else {
                guard let map = item.map else { throw walk.failure("an item is \(item.kindName), not a map") }
                matches = map[key].map { value.isEmpty || ($0.scalarText ?? "") == value } ?? false
            }
            if !matches { return false }
        }
        return matches
    }
}
