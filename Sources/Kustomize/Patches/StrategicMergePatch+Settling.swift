// SPDX-License-Identifier: Apache-2.0
import Manifests

/// What happens to the parts of an object that its patch says nothing of.
extension StrategicMergePatch {
    enum Settled {
        case same
        case changed(Value)
        case gone
    }

    /// Goes through a value without a patch for it: nulls that nobody wrote go, and merged lists are put in order.
    ///
    /// Nearly always nothing changes, and nothing is copied then.
    mutating func settled(_ value: Value, _ place: Schema.Place?) throws(Failure) -> Settled {
        switch value {
        case .bool, .int, .decimal, .string: return .same
        case .null: return isBlank ? .gone : .same
        case .map(let map): return try settledMap(map, place).map { .changed(.map($0)) } ?? .same
        case .list(let items):
            guard let place, let keys = schema.mergeKeys(at: place) else { return .same }
            if Self.isInOrder(items, keys) {
                return try settledItems(items, schema.items(of: place)).map { .changed(.list($0)) } ?? .same
            }
            let list = ItemList(items)
            return .changed(.list(try mergeItems(list, nil, keys, place)))
        }
    }

    /// `nil` when nothing changes.
    mutating func settledMap(_ map: Map, _ place: Schema.Place?) throws(Failure) -> Map? {
        let place = place ?? kind(of: map, nil)
        var changed: Map?
        for entry in map.entries {
            switch entry.value {
            case .bool, .int, .decimal, .string: continue
            case .null, .list, .map: break
            }
            path.append(.key(entry.key))
            switch try settled(entry.value, place.flatMap { schema.field(entry.key, of: $0) }) {
            case .same: break
            case .changed(let value):
                changed = changed ?? map
                changed?[entry.key] = value
            case .gone:
                changed = changed ?? map
                changed?[entry.key] = nil
            }
            path.removeLast()
        }
        return changed
    }

    private mutating func settledItems(_ items: [Value], _ place: Schema.Place?) throws(Failure) -> [Value]? {
        var changed: [Value]?
        for (index, item) in items.enumerated() {
            guard case .map(let map) = item else { continue }
            path.append(.index(index))
            if let map = try settledMap(map, place) {
                changed = changed ?? items
                changed?[index] = .map(map)
            }
            path.removeLast()
        }
        return changed
    }

    /// Whether merging the list with nothing leaves its items as they are: each is told apart by the same members from all others.
    static func isInOrder(_ items: [Value], _ keys: [String]) -> Bool {
        guard let first = keys.first else {
            var seen: Set<String> = []
            return items.allSatisfy { item in item.scalarText.map { seen.insert($0).inserted } ?? false }
        }
        guard let present = identities(items, keys) else { return false }
        if keys.count == 1 { return present.count == items.count }
        // Either every item has all the keys, or every item has the first one only.
        let hasAll = items.allSatisfy { item in keys.allSatisfy { text(item, $0) != nil } }
        let hasFirst = items.allSatisfy { item in text(item, first) != nil && keys.dropFirst().allSatisfy { text(item, $0) == nil } }
        return (hasAll || hasFirst) && present.count == items.count
    }

    /// The texts of the keys of each item; `nil` where an item is no map or lacks the first of them.
    private static func identities(_ items: [Value], _ keys: [String]) -> Set<[String]>? {
        var result: Set<[String]> = []
        for item in items {
            guard item.map != nil, let first = keys.first, text(item, first) != nil else { return nil }
            result.insert(keys.map { text(item, $0) ?? "" })
        }
        return result
    }

    /// A member's text; `nil` where it is absent, empty, or no scalar.
    static func text(_ item: Value, _ key: String) -> String? {
        guard let text = item[key]?.scalarText, !text.isEmpty else { return nil }
        return text
    }
}
