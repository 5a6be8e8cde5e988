// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Applies strategic merge patches as kustomize does.
///
/// Not the API server's algorithm (`Manifests.StrategicMerge`): keyed lists are told apart by all of a list's map keys, items of the patch come
/// first in the patch's order, `$setElementOrder`, `$retainKeys` and `$deleteFromPrimitiveList` mean nothing, and a kind of value that changes
/// is an error. Fields that the patch says nothing of are gone through as well: items of merged lists that are there twice become one. Follows
/// kyaml `yaml/merge2` and `yaml/walk`, their quirks included, because people's output depends on them.
struct StrategicMergePatch {
    let schema: Schema
    typealias SpellingCheck = (YAML.Spelling, [PathStep]) -> Bool

    /// How the scalar at a place in the object was written. Nulls that nobody wrote (`key:`) go when an object is patched; written ones stay. And
    /// what takes the place of a scalar is written as that was: a number in the place of a quoted text is a text.
    let isSpelled: SpellingCheck?
    /// Where in the object the walk is; a list's items count by their places before the patch.
    var path: [PathStep] = []

    init(schema: Schema, isSpelled: SpellingCheck? = nil) {
        self.schema = schema
        self.isSpelled = isSpelled
    }

    /// Why a patch does not fit an object.
    struct Failure: Error {
        /// The place in the object, as a JSON pointer.
        let path: String
        let message: String
    }

    /// - Returns: the patched object; `nil` when the patch deletes it.
    static func apply(
        _ patch: Value, to object: Value, schema: Schema, isSpelled: SpellingCheck? = nil
    ) throws(Failure) -> Value? {
        var walk = StrategicMergePatch(schema: schema, isSpelled: isSpelled)
        var patch: Value? = patch
        let outcome = try walk.merge(object, &patch, nil)
        // An object whose patch says `$patch: replace` at its root is left alone: kyaml makes the new one and forgets it.
        return outcome.value == nil ? nil : outcome.old
    }

    /// What became of a place.
    struct Outcome {
        /// What stands there from now on; a null only where one is to stay.
        var value: Value?
        /// What the value that stood there became: it is merged into in place, but left alone where the patch replaces or deletes it. A
        /// list looks at it again.
        var old: Value?
    }

    func failure(_ message: String) -> Failure {
        let steps = path.map { step in
            switch step {
            case .key(let key): key
            case .index(let index): String(index)
            }
        }
        return Failure(path: JSONPointer(steps).description, message: message)
    }

    // MARK: - Merging

    /// Merges `patch` into `old`; both may be absent. Directives are taken out of the patch when they are read.
    mutating func merge(_ old: Value?, _ patch: inout Value?, _ place: Schema.Place?) throws(Failure) -> Outcome {
        let isOldMissing = old?.isNull ?? true
        let isPatchMissing = patch?.isNull ?? true
        if !isOldMissing, !isPatchMissing, let old, let patch { try requireSameShape(old, patch) }
        switch isOldMissing ? patch : old {
        case .bool?, .int?, .decimal?, .string?:
            guard let patch else { return Outcome(value: old, old: old) }
            return Outcome(value: Self.unlessNull(patch).map { respelled($0, as: old) }, old: old)
        case .list(let items)?:
            return Outcome(value: try mergeList(isOldMissing ? nil : items, &patch, place), old: old)
        case .map?, .null?, nil:
            return try mergeMap(old, &patch, place)
        }
    }

    var isBlank: Bool { isSpelled?(.blank, path) == true }

    /// A plain number or boolean that takes the place of a quoted text is quoted as well.
    private func respelled(_ new: Value, as old: Value?) -> Value {
        guard case .string(let text)? = old, new.string == nil, let written = new.scalarText else { return new }
        let needsQuotes = YAML.plainScalar(text, scalars: .kustomize).string == nil
        return needsQuotes || isSpelled?(.quoted, path) == true ? .string(written) : new
    }

    /// Spelled out because `nil` in a conditional expression would be taken for YAML's null.
    static func unlessNull(_ value: Value) -> Value? {
        if value.isNull { return .none }
        return value
    }

    private func requireSameShape(_ old: Value, _ patch: Value) throws(Failure) {
        switch (old, patch) {
        case (.map, .map), (.list, .list): return
        case (.map, _), (.list, _), (_, .map), (_, .list):
            throw failure("the patch has \(patch.kindName) where the object has \(old.kindName)")
        default: return
        }
    }

    private mutating func mergeMap(_ old: Value?, _ patch: inout Value?, _ place: Schema.Place?) throws(Failure) -> Outcome {
        guard let old, case .map(let fields) = old else {
            guard let added = patch else {
                // Nobody speaks of it: a null that somebody wrote stays.
                return Outcome(value: old == nil || isBlank ? nil : .null, old: old)
            }
            guard case .map(var new) = added else { return Outcome(value: nil, old: old) }
            let directive = try Self.takeDirective(from: &new, orFail: nil)
            patch = .map(new)
            if directive == .delete { return Outcome(value: nil, old: old) }
            return Outcome(value: .map(try mergedWithItself(new, place)), old: old)
        }
        guard let patchValue = patch else {
            let settled = try settledMap(fields, place).map(Value.map) ?? old
            return Outcome(value: settled, old: settled)
        }
        guard case .map(var changes) = patchValue else { return Outcome(value: nil, old: old) }
        let directive = try Self.takeDirective(from: &changes, orFail: self)
        patch = .map(changes)
        let place = place ?? kind(of: fields, changes)
        switch directive {
        case .delete: return Outcome(value: nil, old: old)
        case .replace: return Outcome(value: .map(try mergedWithItself(changes, place)), old: old)
        case .merge:
            let merged = Value.map(try mergedFields(fields, changes, place))
            return Outcome(value: merged, old: merged)
        }
    }

    private mutating func mergedFields(_ old: Map, _ patch: Map, _ place: Schema.Place?) throws(Failure) -> Map {
        var entries: [Map.Entry] = []
        entries.reserveCapacity(old.count + patch.count)
        let changes = Members(patch)
        let fields = Members(old)
        for entry in old.entries {
            let field = place.flatMap { schema.field(entry.key, of: $0) }
            path.append(.key(entry.key))
            var change = changes[entry.key]
            if change == nil {
                switch try settled(entry.value, field) {
                case .same: entries.append(entry)
                case .changed(let value): entries.append(Map.Entry(key: entry.key, value: value))
                case .gone: break
                }
            } else if let value = try merge(entry.value, &change, field).value {
                entries.append(Map.Entry(key: entry.key, value: value))
            }
            path.removeLast()
        }
        for entry in patch.entries where fields[entry.key] == nil {
            let field = place.flatMap { schema.field(entry.key, of: $0) }
            path.append(.key(entry.key))
            var change: Value? = entry.value
            if let value = try merge(nil, &change, field).value { entries.append(Map.Entry(key: entry.key, value: value)) }
            path.removeLast()
        }
        return Map(unique: entries)
    }

    /// A new map, which kyaml merges into itself: nulls and what directives delete inside it go.
    private mutating func mergedWithItself(_ new: Map, _ place: Schema.Place?) throws(Failure) -> Map {
        let place = place ?? kind(of: new, nil)
        var entries: [Map.Entry] = []
        entries.reserveCapacity(new.count)
        for entry in new.entries {
            path.append(.key(entry.key))
            if let value = try mergedWithItself(entry.value, place.flatMap { schema.field(entry.key, of: $0) }) {
                entries.append(Map.Entry(key: entry.key, value: value))
            }
            path.removeLast()
        }
        return Map(unique: entries)
    }

    mutating func mergedWithItself(_ new: Value, _ place: Schema.Place?) throws(Failure) -> Value? {
        switch new {
        case .null: return nil
        case .bool, .int, .decimal, .string: return new
        case .map(var map):
            if try Self.takeDirective(from: &map, orFail: self) == .delete { return nil }
            return .map(try mergedWithItself(map, place))
        case .list(let items): return try mergeListWithItself(items, place, readingDirective: true)
        }
    }

    // MARK: - Schema

    /// The schema of an object in the middle of another one, told by its `apiVersion` and `kind`.
    func kind(of first: Map, _ second: Map?) -> Schema.Place? {
        for map in [first, second] {
            guard let map, let kind = map["kind"]?.scalarText, let version = map["apiVersion"]?.scalarText else { continue }
            if let place = schema.kind(apiVersion: version, kind: kind) { return place }
        }
        return nil
    }

    // MARK: - Directives

    enum Directive: String { case merge, replace, delete }

    /// Reads and removes `$patch`.
    /// - Parameter walk: who refuses a value that is none of the three; where nobody does, it stays as it is.
    static func takeDirective(from map: inout Map, orFail walk: StrategicMergePatch?) throws(Failure) -> Directive {
        guard let value = map["$patch"] else { return .merge }
        guard let directive = Directive(rawValue: value.scalarText ?? "") else {
            if let walk { throw walk.failure("unknown value of $patch; there are delete, replace and merge") }
            return .merge
        }
        map["$patch"] = nil
        return directive
    }
}

/// Look-ups in a map, by hashing where it is large.
private struct Members {
    private let map: Map
    private let index: [String: Int]?

    init(_ map: Map) {
        self.map = map
        index =
            map.count > 32
            ? Dictionary(map.entries.enumerated().map { ($0.element.key, $0.offset) }, uniquingKeysWith: { first, _ in first }) : nil
    }

    subscript(key: String) -> Value? { index.map { index in index[key].map { map.entries[$0].value } } ?? map[key] }
}
