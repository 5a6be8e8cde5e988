// SPDX-License-Identifier: Apache-2.0

/// Strategic merge patch, as the API server applies it (`application/strategic-merge-patch+json`).
///
/// Maps merge; a null deletes; lists merge where the kind's schema says so, by merge key or as sets, and are replaced elsewhere. Directives:
/// `$patch: delete | replace | merge`, `$retainKeys`, `$setElementOrder/<field>`, `$deleteFromPrimitiveList/<field>`. Follows
/// k8s.io/apimachinery `pkg/util/strategicpatch` (`StrategicMergeMapPatch`), the order of list items included.
package enum StrategicMerge {
    static let directive = "$patch"
    static let retainKeys = "$retainKeys"
    static let orderPrefix = "$setElementOrder/"
    static let deletePrefix = "$deleteFromPrimitiveList/"

    /// Applies `patch` to an object of a kind.
    /// - Parameter mergeKeys: the schema facts; the kind is read from the object's `apiVersion` and `kind`. A kind without facts gets its lists
    ///   replaced, as in a JSON merge patch.
    package static func apply(_ patch: Value, to target: Value, mergeKeys: MergeKeys = .builtIn) throws(StrategicMergeError) -> Value {
        guard case .map(let changes) = patch else {
            throw StrategicMergeError(path: "", message: "the patch is \(patch.kindName), not a map")
        }
        let apiVersion = target["apiVersion"]?.string ?? patch["apiVersion"]?.string ?? ""
        let kind = target["kind"]?.string ?? patch["kind"]?.string ?? ""
        let merge = Merge(keys: mergeKeys)
        let root = mergeKeys.root(apiVersion: apiVersion, kind: kind) ?? .unknown
        return .map(try merge.map(target.map ?? Map(), changes, root, path: ""))
    }
}

/// Why a strategic merge patch could not be applied.
package struct StrategicMergeError: Error, Hashable, CustomStringConvertible {
    /// The field, as in `/spec/template/spec/containers`.
    package let path: String
    package let message: String

    package var description: String { path.isEmpty ? message : "\(path): \(message)" }
}

/// One application of a patch: the recursion, with the schema facts at hand.
private struct Merge {
    let keys: MergeKeys

    func map(_ original: Map, _ patch: Map, _ node: MergeKeys.Node, path: String) throws(StrategicMergeError) -> Map {
        var patch = patch
        if let directive = patch[StrategicMerge.directive] {
            switch directive.string {
            case "replace":
                patch[StrategicMerge.directive] = nil
                return patch
            case "delete": return Map()
            case "merge": patch[StrategicMerge.directive] = nil
            default: throw StrategicMergeError(path: path, message: "unknown value of $patch; there are delete, replace and merge")
            }
        }
        var result = original
        try retain(&result, &patch, path: path)
        try order(&result, &patch, node, path: path)
        for change in patch {
            let place = "\(path)/\(change.key)"
            if let name = change.key.dropping(StrategicMerge.deletePrefix) {
                guard case .list(let gone) = change.value else { throw StrategicMergeError(path: place, message: "must be a list") }
                guard case .list(let items)? = result[name] else { continue }
                result[name] = .list(items.filter { !gone.contains($0) })
                continue
            }
            if change.value.isNull {
                result[change.key] = nil
                continue
            }
            let field = keys.field(change.key, of: node)
            switch (result[change.key], change.value) {
            case (.map(let old)?, .map(let new)):
                result[change.key] = .map(field.replaces ? new : try map(old, new, field.below, path: place))
            case (.list(let old)?, .list(let new)):
                result[change.key] = .list(field.merges ? try list(old, new, field, path: place) : new)
            default: result[change.key] = Self.withoutDirectives(change.value)
            }
        }
        return result
    }

    /// `$retainKeys`: members that it does not name go.
    private func retain(_ original: inout Map, _ patch: inout Map, path: String) throws(StrategicMergeError) {
        guard let directive = patch[StrategicMerge.retainKeys] else { return }
        guard case .list(let items) = directive else {
            throw StrategicMergeError(path: path, message: "$retainKeys must be a list of names")
        }
        patch[StrategicMerge.retainKeys] = nil
        let kept = Set(items.compactMap(\.string))
        for key in patch.keys where !key.hasPrefix("$") && !kept.contains(key) {
            throw StrategicMergeError(path: path, message: "the patch sets \(key), which its $retainKeys does not name")
        }
        original.removeAll { !kept.contains($0.key) }
    }

    /// `$setElementOrder/<field>`: merges that list now and puts its items in the given order.
    private func order(_ original: inout Map, _ patch: inout Map, _ node: MergeKeys.Node, path: String) throws(StrategicMergeError) {
        for change in patch {
            guard let name = change.key.dropping(StrategicMerge.orderPrefix) else { continue }
            let place = "\(path)/\(name)"
            guard case .list(let wanted) = change.value else {
                throw StrategicMergeError(path: place, message: "$setElementOrder must be a list")
            }
            patch[change.key] = nil
            let field = keys.field(name, of: node)
            let old = original[name]?.list
            let new = patch[name]?.list
            let merged: [Value]
            switch (old, new) {
            case (let old?, let new?): merged = field.merges ? try list(old, new, field, path: place) : new
            case (let old?, nil): merged = old
            case (nil, let new?): merged = new.compactMap(Self.withoutDirectives)
            case (nil, nil): continue
            }
            if let new,
                let stray = new.first(where: { item in
                    !Self.isDeletion(item) && !wanted.contains { Self.same($0, item, field.mergeKey) }
                })
            {
                throw StrategicMergeError(
                    path: place, message: "$setElementOrder does not name an item that the patch has: \(Self.name(stray, field.mergeKey))")
            }
            let inPatch = merged.filter { item in wanted.contains { Self.same($0, item, field.mergeKey) } }
            let serverOnly = merged.filter { item in !wanted.contains { Self.same($0, item, field.mergeKey) } }
            original[name] = .list(Self.interleave(inPatch, serverOnly, patchOrder: wanted, serverOrder: old ?? [], field.mergeKey))
            patch[name] = nil
        }
    }

    private func list(
        _ original: [Value], _ patch: [Value], _ field: MergeKeys.Field, path: String
    ) throws(StrategicMergeError) -> [Value] {
        if original.isEmpty && patch.isEmpty { return original }
        let ofMaps = (original.first ?? patch.first)?.map != nil
        if !ofMaps {
            var seen: Set<Value> = []
            let merged = (original + patch).filter { seen.insert($0).inserted }
            let wanted = Set(patch)
            return Self.interleave(
                merged.filter(wanted.contains), merged.filter { !wanted.contains($0) }, patchOrder: patch, serverOrder: original, nil)
        }
        guard let mergeKey = field.mergeKey else { throw StrategicMergeError(path: path, message: "this list has no merge key") }
        var merged = original
        var changes: [Value] = []
        var replaces = false
        for item in patch {
            guard item.map != nil else {
                throw StrategicMergeError(path: path, message: "an item of the patch is \(item.kindName), not a map")
            }
            switch item[StrategicMerge.directive]?.string {
            case nil: changes.append(item)
            case "delete":
                guard let key = item[mergeKey] else {
                    throw StrategicMergeError(path: path, message: "the item to delete has no \(mergeKey)")
                }
                merged.removeAll { $0[mergeKey] == key }
            case "replace": replaces = true
            case let other?: throw StrategicMergeError(path: path, message: "$patch: \(other) is not possible in a list")
            }
        }
        if replaces { return changes }
        for item in changes {
            guard let key = item[mergeKey] else {
                throw StrategicMergeError(path: path, message: "an item of the patch has no \(mergeKey)")
            }
            let place = "\(path)/\(mergeKey)=\(key.scalarText ?? "")"
            if let position = merged.firstIndex(where: { $0[mergeKey] == key }), case .map(let old) = merged[position],
                case .map(let new) = item
            {
                merged[position] = .map(try map(old, new, keys.items(of: field), path: place))
            } else if let new = Self.withoutDirectives(item) {
                merged.append(new)
            }
        }
        let inPatch = merged.filter { item in changes.contains { Self.same($0, item, mergeKey) } }
        let serverOnly = merged.filter { item in !changes.contains { Self.same($0, item, mergeKey) } }
        return Self.interleave(inPatch, serverOnly, patchOrder: changes, serverOrder: original, mergeKey)
    }

    /// Items of the patch in the patch's order, the others in the server's; between the two the server's order decides where it knows both,
    /// and the patch's item comes first where it does not.
    private static func interleave(
        _ inPatch: [Value], _ serverOnly: [Value], patchOrder: [Value], serverOrder: [Value], _ mergeKey: String?
    ) -> [Value] {
        func sorted(_ items: [Value], by order: [Value]) -> [Value] {
            let ranked = items.enumerated().map { offset, item in
                (rank: order.firstIndex { same($0, item, mergeKey) } ?? Int.max, offset: offset, item: item)
            }
            return ranked.sorted { ($0.rank, $0.offset) < ($1.rank, $1.offset) }.map(\.item)
        }
        let left = sorted(serverOnly, by: serverOrder)
        let right = sorted(inPatch, by: patchOrder)
        var result: [Value] = []
        result.reserveCapacity(left.count + right.count)
        var (i, j) = (0, 0)
        while i < left.count, j < right.count {
            if let before = serverOrder.firstIndex(where: { same($0, left[i], mergeKey) }),
                let after = serverOrder.firstIndex(where: { same($0, right[j], mergeKey) }), before < after
            {
                result.append(left[i])
                i += 1
            } else {
                result.append(right[j])
                j += 1
            }
        }
        return result + left[i...] + right[j...]
    }

    private static func same(_ a: Value, _ b: Value, _ mergeKey: String?) -> Bool {
        guard let mergeKey, a.map != nil else { return a == b }
        return a[mergeKey] != nil && a[mergeKey] == b[mergeKey]
    }

    private static func name(_ item: Value, _ mergeKey: String?) -> String {
        (mergeKey.flatMap { item[$0] } ?? item).scalarText ?? item.kindName
    }

    private static func isDeletion(_ item: Value) -> Bool { item[StrategicMerge.directive]?.string == "delete" }

    /// What a patch's value says where the object has nothing: nulls and directives mean nothing there. `nil` for `$patch: delete`.
    static func withoutDirectives(_ value: Value) -> Value? {
        switch value {
        case .map(let map):
            if map[StrategicMerge.directive]?.string == "delete" { return nil }
            var kept = Map()
            for entry in map where !entry.key.hasPrefix("$") || !isDirective(entry.key) {
                if entry.value.isNull { continue }
                if let value = withoutDirectives(entry.value) { kept.append(unique: entry.key, value) }
            }
            return .map(kept)
        case .list(let items):
            return .list(items.compactMap { $0[StrategicMerge.directive]?.string == "replace" ? nil : withoutDirectives($0) })
        case .null, .bool, .int, .decimal, .string: return value
        }
    }

    private static func isDirective(_ key: String) -> Bool {
        key == StrategicMerge.directive || key == StrategicMerge.retainKeys || key.hasPrefix(StrategicMerge.orderPrefix)
            || key.hasPrefix(StrategicMerge.deletePrefix)
    }
}

extension String {
    /// The rest after a prefix; `nil` without it.
    fileprivate func dropping(_ prefix: String) -> String? { hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil }
}

extension Value {
    /// A scalar as Kubernetes' tools print it; `nil` for null, lists and maps.
    package var scalarText: String? {
        switch self {
        case .string(let text): text
        case .int(let number): "\(number)"
        case .decimal(let number): number.text
        case .bool(let flag): flag ? "true" : "false"
        case .null, .list, .map: nil
        }
    }
}
