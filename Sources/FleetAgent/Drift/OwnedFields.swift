// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Manifests

/// The fields of a live object that the last server-side apply owns, by the object's own `managedFields`.
///
/// Comparing them before and after tells exactly whether somebody changed what Flotilla applied, with no guess about defaults or about
/// how the server writes a quantity: a foreign write of another value takes the field out of Flotilla's entry, and a removal leaves
/// it without a value.
enum OwnedFields {
    /// The field set of Flotilla's apply; `nil` where the object carries none.
    static func fields(of object: Value, manager: String = Ownership.fieldManager) -> Value? {
        object.at("metadata", "managedFields")?.list?.first {
            $0["manager"]?.string == manager && $0["operation"]?.string == "Apply" && ($0["subresource"]?.string ?? "").isEmpty
        }?["fieldsV1"]
    }

    /// The owned fields with their values, without those below `ignored`; lists that merge by key become maps from key to item.
    ///
    /// - Parameter fields: the field set to look at, the object's own by default.
    static func projection(of object: Value, fields: Value? = nil, ignoring ignored: [JSONPointer] = []) -> Value? {
        guard let fields = fields ?? self.fields(of: object) else { return nil }
        let others = (object.at("metadata", "managedFields")?.list ?? []).filter { $0["manager"]?.string != Ownership.fieldManager }
            .compactMap { $0["fieldsV1"] }
        return project(object, fields, others, at: JSONPointer(), ignored)
    }

    static func digest(of object: Value, ignoring ignored: [JSONPointer] = []) -> Digest? {
        projection(of: object, ignoring: ignored).map(Canonical.digest)
    }

    /// Where two states of an object differ in the fields of the second one's apply.
    static func changes(from before: Value, to after: Value, ignoring ignored: [JSONPointer] = []) -> [JSONPointer] {
        differences(from: before, to: after, ignoring: ignored).map(\.path)
    }

    /// The same with the values; an absent one is null or `nil`.
    static func differences(from before: Value, to after: Value, ignoring ignored: [JSONPointer] = []) -> [StructuralDiff.Change] {
        guard let fields = fields(of: after), let old = projection(of: before, fields: fields, ignoring: ignored),
            let new = projection(of: after, fields: fields, ignoring: ignored)
        else { return [] }
        return StructuralDiff.changes(from: old, to: new)
    }

    /// Who else has applied or written fields that the last apply owns, with equal values: the server notes them beside Flotilla. Sorted.
    static func sharers(of object: Value) -> [String] {
        let entries = object.at("metadata", "managedFields")?.list ?? []
        guard entries.count > 1, let mine = fields(of: object) else { return [] }
        var found: Set<String> = []
        for entry in entries where (entry["subresource"]?.string ?? "").isEmpty {
            guard let manager = entry["manager"]?.string, manager != Ownership.fieldManager, let theirs = entry["fieldsV1"],
                overlaps(mine, theirs)
            else { continue }
            found.insert(manager)
        }
        return found.sorted()
    }

    /// The fields that both have, as pointers by the keys of field sets.
    static func shared(with manager: String, in object: Value) -> [JSONPointer] {
        guard let mine = fields(of: object) else { return [] }
        var paths: [JSONPointer] = []
        for entry in object.at("metadata", "managedFields")?.list ?? [] where entry["manager"]?.string == manager {
            guard (entry["subresource"]?.string ?? "").isEmpty, let theirs = entry["fieldsV1"] else { continue }
            collect(mine, theirs, JSONPointer(), &paths)
        }
        return paths
    }

    private static func overlaps(_ left: Value, _ right: Value) -> Bool {
        guard let left = left.map, let right = right.map else { return false }
        for entry in left.entries where entry.key != "." {
            guard let other = right[entry.key] else { continue }
            if isLeaf(entry.value) || isLeaf(other) ? isLeaf(entry.value) && isLeaf(other) : overlaps(entry.value, other) { return true }
        }
        return false
    }

    private static func collect(_ left: Value, _ right: Value, _ path: JSONPointer, _ paths: inout [JSONPointer]) {
        guard let left = left.map, let right = right.map else { return }
        for entry in left.entries where entry.key != "." {
            guard let other = right[entry.key] else { continue }
            let place = path.appending(String(entry.key.dropFirst(2)))
            if isLeaf(entry.value), isLeaf(other) { paths.append(place) } else { collect(entry.value, other, place, &paths) }
        }
    }

    private static func isLeaf(_ set: Value) -> Bool { set.map?.isEmpty ?? true }

    /// A projection's path as a pointer into the object: items that merge by key are shown by their index.
    static func shown(_ path: JSONPointer, in object: Value) -> JSONPointer {
        var here: Value? = object
        var shown = JSONPointer()
        for step in path.steps {
            if let value = here, value.list != nil, let index = item(matching: step, in: value) {
                shown = shown.appending(index)
                here = value[index]
            } else {
                shown = shown.appending(step)
                here = here?[step]
            }
        }
        return shown
    }

    /// Who other than Flotilla owns the field at `path` in this object; the manager that wrote last where several do.
    static func manager(of path: JSONPointer, in object: Value) -> String? {
        (object.at("metadata", "managedFields")?.list ?? []).filter {
            $0["manager"]?.string != Ownership.fieldManager && $0["fieldsV1"].map { owns(path.steps[...], $0) } == true
        }.max { ($0["time"]?.string ?? "") < ($1["time"]?.string ?? "") }?["manager"]?.string
    }

    private static func owns(_ steps: ArraySlice<String>, _ fields: Value) -> Bool {
        guard let step = steps.first else { return true }
        guard let map = fields.map, !map.isEmpty else { return true }
        if let next = map["f:\(step)"] { return owns(steps.dropFirst(), next) }
        // A projected list item's step is its key as the field set writes it; a plain pointer has an index, which no set can tell.
        if let next = map["k:\(step)"] { return owns(steps.dropFirst(), next) }
        return false
    }

    private static func project(_ value: Value, _ fields: Value, _ others: [Value], at path: JSONPointer, _ ignored: [JSONPointer])
        -> Value?
    {
        guard let set = fields.map, set.entries.contains(where: { $0.key != "." }) else { return leaf(value, others) }
        var out: [Map.Entry] = []
        for entry in set.entries where entry.key != "." {
            let key = String(entry.key.dropFirst(2))
            let below = others.compactMap { $0[entry.key] }
            switch entry.key.utf8.first {
            case UInt8(ascii: "f"):
                let place = path.appending(key)
                guard !ignored.contains(where: { $0.contains(place) }) else { continue }
                let found = value[key].flatMap { project($0, entry.value, below, at: place, ignored) }
                out.append(Map.Entry(key: key, value: found ?? .null))
            case UInt8(ascii: "k"):
                let index = item(matching: key, in: value)
                let place = path.appending(index.map { "\($0)" } ?? "-")
                guard !ignored.contains(where: { $0.contains(place) }) else { continue }
                let found = index.flatMap { value[$0] }.flatMap { project($0, entry.value, below, at: place, ignored) }
                out.append(Map.Entry(key: key, value: found ?? .null))
            case UInt8(ascii: "v"):
                let wanted = try? JSON.read(key)
                out.append(Map.Entry(key: key, value: .bool(wanted.map { value.list?.contains($0) ?? false } ?? false)))
            default:
                out.append(Map.Entry(key: key, value: Int(key).flatMap { value[$0] } ?? .null))
            }
        }
        return .map(Map(unique: out))
    }

    /// A field that is owned as a whole. One that others own parts of is a map or list that was applied empty: only that it is there
    /// is ours.
    private static func leaf(_ value: Value, _ others: [Value]) -> Value {
        switch value {
        case .map(let map) where map.isEmpty || others.contains { !($0.map?.isEmpty ?? true) }: .bool(true)
        case .list(let items) where items.isEmpty || others.contains { !($0.map?.isEmpty ?? true) }: .bool(true)
        default: value
        }
    }

    /// The index of the list item that has the members of a `k:` key.
    private static func item(matching key: String, in list: Value) -> Int? {
        guard let members = (try? JSON.read(key))?.map else { return nil }
        return list.list?.firstIndex { item in members.allSatisfy { item[$0.key] == $0.value } }
    }
}

extension IgnoreRule {
    func matches(_ identity: ObjectIdentity) -> Bool {
        (group.isEmpty || group == identity.group) && (kind.isEmpty || kind == identity.kind)
            && (namespace.isEmpty || namespace == identity.namespace) && (name.isEmpty || name == identity.name)
    }
}

extension [IgnoreRule] {
    /// The ignored places of one object. A malformed pointer, which planning refuses, ignores nothing.
    func pointers(for identity: ObjectIdentity) -> [JSONPointer] {
        filter { $0.matches(identity) }.flatMap { rule in rule.paths.compactMap { try? JSONPointer(parsing: $0) } }
    }
}
