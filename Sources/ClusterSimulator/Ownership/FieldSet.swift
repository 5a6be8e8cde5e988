// SPDX-License-Identifier: Apache-2.0

import Manifests

/// One step into an object, as field ownership sees it.
enum PathElement: Hashable, Sendable {
    case field(String)
    /// The item of a keyed list, by its keys in order of their names.
    case key([Map.Entry])
    /// The item of a set.
    case value(Value)
}

/// A set of paths into an object, as managed fields record it (structured-merge-diff's `fieldpath.Set`).
struct FieldSet: Hashable, Sendable {
    var members: Set<PathElement> = []
    var children: [PathElement: FieldSet] = [:]

    var isEmpty: Bool { members.isEmpty && children.allSatisfy { $0.value.isEmpty } }

    mutating func insert(_ path: some Collection<PathElement>) {
        guard let first = path.first else { return }
        if path.count == 1 {
            members.insert(first)
        } else {
            children[first, default: FieldSet()].insert(path.dropFirst())
        }
    }

    func union(_ other: FieldSet) -> FieldSet {
        var result = self
        result.members.formUnion(other.members)
        for (element, child) in other.children { result.children[element] = result.children[element].map { $0.union(child) } ?? child }
        return result
    }

    func intersection(_ other: FieldSet) -> FieldSet {
        var result = FieldSet(members: members.intersection(other.members))
        for (element, child) in children {
            guard let theirs = other.children[element] else { continue }
            let common = child.intersection(theirs)
            if !common.isEmpty { result.children[element] = common }
        }
        return result
    }

    func difference(_ other: FieldSet) -> FieldSet {
        var result = FieldSet(members: members.subtracting(other.members))
        for (element, child) in children {
            let left = other.children[element].map { child.difference($0) } ?? child
            if !left.isEmpty { result.children[element] = left }
        }
        return result
    }

    /// What is left without the members of `other` and all that is below them.
    func recursiveDifference(_ other: FieldSet) -> FieldSet {
        var result = FieldSet(members: members.subtracting(other.members))
        for (element, child) in children where !other.members.contains(element) {
            let left = other.children[element].map { child.recursiveDifference($0) } ?? child
            if !left.isEmpty { result.children[element] = left }
        }
        return result
    }

    /// Adds the declared fields on the way to each path: removing what is in them may then remove them too.
    func withNamedFields(_ shape: Shape?) -> FieldSet {
        var result = FieldSet(members: members)
        for (element, child) in children {
            if case .field(let name) = element, case .object(let object)? = shape, object[name] != nil { result.members.insert(element) }
            result.children[element] = child.withNamedFields(Self.descend(element, shape))
        }
        return result
    }

    static func descend(_ element: PathElement, _ shape: Shape?) -> Shape? {
        switch element {
        case .field(let name): shape?.member(name)
        case .key, .value: shape?.list?.item
        }
    }

    /// Every path, in the order in which conflicts list them.
    var paths: [[PathElement]] {
        var result: [[PathElement]] = []
        collect([], into: &result)
        return result
    }

    private func collect(_ prefix: [PathElement], into result: inout [[PathElement]]) {
        for element in members.sorted() { result.append(prefix + [element]) }
        for element in children.keys.sorted() { children[element]?.collect(prefix + [element], into: &result) }
    }
}

extension PathElement: Comparable {
    static func < (left: PathElement, right: PathElement) -> Bool {
        switch (left, right) {
        case (.field(let one), .field(let other)): one.utf8.lexicographicallyPrecedes(other.utf8)
        case (.field, _): true
        case (_, .field): false
        default: left.encoded.utf8.lexicographicallyPrecedes(right.encoded.utf8)
        }
    }
}

// The text form: `f:name`, `k:{"name":"main"}`, `v:"text"`.
extension PathElement {
    var encoded: String {
        switch self {
        case .field(let name): "f:\(name)"
        case .key(let entries): "k:\(JSON.text(.map(Map(unique: entries))))"
        case .value(let value): "v:\(JSON.text(value))"
        }
    }

    init?(encoded text: String) {
        let rest = String(text.dropFirst(2))
        if text.hasPrefix("f:") {
            self = .field(rest)
        } else if text.hasPrefix("k:"), case .map(let map)? = try? JSON.read(Array(rest.utf8)) {
            self = .key(map.entries.sorted { $0.key < $1.key })
        } else if text.hasPrefix("v:"), let value = try? JSON.read(Array(rest.utf8)) {
            self = .value(value)
        } else {
            return nil
        }
    }

    /// The step as messages show it: `.spec`, `[name="main"]`.
    var shown: String {
        switch self {
        case .field(let name): ".\(name)"
        case .key(let entries): "[" + entries.map { "\($0.key)=\(JSON.text($0.value))" }.joined(separator: ",") + "]"
        case .value(let value): "[=\(JSON.text(value))]"
        }
    }
}

extension FieldSet {
    /// The set as `fieldsV1` writes it.
    var value: Value {
        var map = Map()
        for element in Set(members).union(children.keys).sorted() {
            var child = Map()
            if let set = children[element], !set.isEmpty {
                if members.contains(element) { child["."] = [:] }
                if case .map(let inner) = set.value { for entry in inner { child.append(unique: entry.key, entry.value) } }
            } else if !members.contains(element) {
                continue
            }
            map.append(unique: element.encoded, .map(child))
        }
        return .map(map)
    }

    init(value: Value) {
        guard case .map(let map) = value else { return }
        for entry in map where entry.key != "." {
            guard let element = PathElement(encoded: entry.key), case .map(let inner) = entry.value else { continue }
            if inner.isEmpty || inner["."] != nil { members.insert(element) }
            let child = FieldSet(value: entry.value)
            if !child.isEmpty { children[element] = child }
        }
    }
}
