// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Strategic merge patches as kustomize applies them.
///
/// Not the API server's algorithm (`Manifests.StrategicMerge`): keyed lists are told apart by all of a list's map keys, items of the patch come
/// first in the patch's order, `$setElementOrder` and `$retainKeys` mean nothing, and a type that changes is an error. Follows
/// kyaml `yaml/merge2` and `yaml/walk`, their quirks included.
struct StrategicMergePatch {
    private let keys: MergeKeys

    init(keys: MergeKeys = .builtIn) { self.keys = keys }

    struct Failure: Error {
        let path: String
        let message: String
    }

    /// - Returns: the patched object; `nil` when the patch deletes it.
    func apply(_ patch: Value, to object: Value) throws(Failure) -> Value? {
        let root = keys.root(apiVersion: object["apiVersion"]?.string ?? "v1", kind: object["kind"]?.string ?? "") ?? .unknown
        return try merge(patch, into: object, .init(root), path: "").value
    }

    /// The schema facts at a place: those of the value's own members, and of the field that it is in.
    private struct Schema {
        var node: MergeKeys.Node
        var field: MergeKeys.Field?
        init(_ node: MergeKeys.Node, field: MergeKeys.Field? = nil) {
            self.node = node
            self.field = field
        }
    }

    private enum Directive { case merge, replace, delete }

    /// What became of a place; `replaces` tells that the old value has not been changed but set aside.
    private struct Outcome {
        var value: Value?
        var replaces = false
    }

    private func merge(_ patch: Value, into old: Value?, _ schema: Schema, path: String) throws(Failure) -> Outcome {
        let present = old.flatMap { $0.isNull ? nil : $0 }
        switch patch {
        case .null: return Outcome(value: nil)
        case .bool, .int, .decimal, .string:
            if let present, present.map != nil || present.list != nil { throw mismatch(path, present, patch) }
            return Outcome(value: patch)
        case .map(var changes):
            if let present, present.map == nil { throw mismatch(path, present, patch) }
            switch try Self.directive(of: &changes, path: path) {
            case .delete: return Outcome(value: nil)
            case .replace:
                return Outcome(value: present == nil ? .map(try merged(changes, Map(), schema.node, path)) : .map(changes), replaces: true)
            case .merge: return Outcome(value: .map(try merged(changes, present?.map ?? Map(), schema.node, path)))
            }
        case .list(let items):
            if let present, present.list == nil { throw mismatch(path, present, patch) }
            guard let field = schema.field, field.merges else { return Outcome(value: patch) }
            return Outcome(value: try list(items, present?.list, field, path: path))
        }
    }

    private func merged(_ changes: Map, _ old: Map, _ node: MergeKeys.Node, _ path: String) throws(Failure) -> Map {
        var result = old
        for change in changes {
            let field = keys.field(change.key, of: node)
            result[change.key] =
                try merge(change.value, into: result[change.key], Schema(field.below, field: field), path: "\(path)/\(change.key)").value
        }
        return result
    }

    private func list(_ patch: [Value], _ old: [Value]?, _ field: MergeKeys.Field, path: String) throws(Failure) -> Value? {
        var items = patch
        var directive = Directive.merge
        for (index, item) in patch.enumerated().reversed() where item.map?.count == 1 && item["$patch"] != nil {
            var only = item.map ?? Map()
            directive = try Self.directive(of: &only, path: path)
            items.remove(at: index)
        }
        switch directive {
        case .delete: return nil
        case .replace: if old != nil { return .list(items) }
        case .merge: break
        }
        guard !field.mapKeys.isEmpty else {
            var seen: Set<String> = []
            return .list((items + (old ?? [])).filter { seen.insert($0.scalarText ?? "").inserted })
        }
        return .list(try keyed(items, old ?? [], field, path: path))
    }

    /// Merges items that one or more members tell apart.
    private func keyed(_ patch: [Value], _ old: [Value], _ field: MergeKeys.Field, path: String) throws(Failure) -> [Value] {
        let node = keys.items(of: field)
        for item in patch + old {
            guard item.map != nil else { throw Failure(path: path, message: "an item is \(item.kindName), not a map") }
            guard field.mapKeys.contains(where: { Self.text(item, $0) != nil }) else {
                throw Failure(path: path, message: "an item has no \(field.mapKeys[0])")
            }
        }
        // A key that no item has does not count.
        let used = field.mapKeys.filter { key in (patch + old).contains { Self.text($0, key) != nil } }
        var old: [Value?] = old.map(Optional.some)
        var fromPatch: [Value] = []
        var touched: [Int] = []
        var seen: Set<[String?]> = []
        for change in patch {
            let identity = used.map { Self.text(change, $0) }
            guard seen.insert(identity).inserted else { continue }
            let place = "\(path)/\(identity.compactMap { $0 }.joined(separator: "/"))"
            let target = old.firstIndex { item in item.map { item in used.map { Self.text(item, $0) } == identity } ?? false }
            let outcome = try merge(change, into: target.flatMap { old[$0] }, Schema(node), path: place)
            guard let target else {
                if let value = outcome.value, value.map?.isEmpty == false { fromPatch.append(value) }
                continue
            }
            if let value = outcome.value, value.map?.isEmpty == false {
                // An item that the patch wants to replace stays as it was: kyaml puts the old items back at the end.
                if !outcome.replaces { old[target] = value }
                if used.count == 1, let kept = old[target] {
                    touched.append(target)
                    fromPatch.append(kept)
                }
            } else {
                old[target] = nil
            }
        }
        if used.count > 1 {
            // Told apart by several keys, an item of the patch gives way to an old one that its keys do not contradict.
            fromPatch.removeAll { new in
                old.contains { item in
                    item.map { item in
                        used.allSatisfy { key in
                            guard let left = Self.text(new, key), let right = Self.text(item, key) else { return true }
                            return left == right
                        }
                    } ?? false
                }
            }
        }
        return fromPatch + old.indices.filter { !touched.contains($0) }.compactMap { old[$0] }
    }

    private static func text(_ item: Value, _ key: String) -> String? {
        guard let text = item[key]?.scalarText, !text.isEmpty else { return nil }
        return text
    }

    private static func directive(of map: inout Map, path: String) throws(Failure) -> Directive {
        guard let value = map["$patch"] else { return .merge }
        map["$patch"] = nil
        switch value.string {
        case "merge": return .merge
        case "replace": return .replace
        case "delete": return .delete
        default: throw Failure(path: path, message: "unknown value of $patch; there are delete, replace and merge")
        }
    }

    private func mismatch(_ path: String, _ old: Value, _ new: Value) -> Failure {
        Failure(path: path, message: "the patch has \(new.kindName) where the object has \(old.kindName)")
    }
}
