// SPDX-License-Identifier: Apache-2.0

import Manifests

/// Works out the owners of fields and the result of a server-side apply; follows structured-merge-diff's `merge.Updater`.
struct FieldManager {
    let type: ResourceType
    /// `""` or the subresource written to.
    let subresource: String
    let now: Timestamp

    /// A conflict of an apply with the fields of another manager.
    struct Conflict: Error {
        let manager: ManagedFields.Manager
        let version: String
        let path: [PathElement]
    }

    struct Conflicts: Error { let conflicts: [Conflict] }

    private var stamp: String { Timestamp(seconds: now.seconds).rfc3339 }

    /// Fields that no manager may own through this path.
    private var ignored: FieldSet {
        var set = FieldSet(members: [.field("apiVersion"), .field("kind")])
        let server = [
            "name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName", "generation", "managedFields", "resourceVersion",
            "deletionTimestamp", "deletionGracePeriodSeconds",
        ]
        set.children[.field("metadata")] = FieldSet(members: Set(server.map(PathElement.field)))
        switch subresource {
        case "": if type.hasStatus { set.members.insert(.field("status")) }
        case "status":
            set.members.insert(.field("spec"))
            if type.isCustom {
                set.members.insert(.field("metadata"))
            } else {
                set.children[.field("metadata"), default: FieldSet()].members.insert(.field("labels"))
            }
        default: break
        }
        return set
    }

    private func owned(_ set: FieldSet) -> FieldSet { set.recursiveDifference(ignored).withoutEmptyMetadata }

    /// An ordinary write: whoever writes owns what changed, the others lose it.
    /// - Parameter stampsTime: false for `scale`, whose owners carry no time.
    func update(live: Value?, new: Value, manager name: String, stampsTime: Bool = true) -> Value {
        let before = live ?? emptyObject
        var managed = ManagedFields(new.at("metadata", "managedFields"))
        if case .list(let items)? = new.at("metadata", "managedFields"), managed.entries.isEmpty, !items.isEmpty {
            return stripped(new)  // `managedFields: [{}]` gives up on tracking
        }
        if new.at("metadata", "managedFields") == nil || new.at("metadata", "managedFields")?.list?.isEmpty == true {
            managed = ManagedFields(live?.at("metadata", "managedFields"))
        }
        if live != nil, managed.entries.isEmpty { return stripped(new) }
        let comparison = Typed.compare(stripped(before), stripped(new), type.shape)
        let changed = comparison.modified.union(comparison.added)
        let writer = ManagedFields.Manager(name: name, isApply: false, apiVersion: type.apiVersion, subresource: subresource)
        let mine = owned(changed)
        for (other, entry) in managed.entries {
            var left = entry.fields.difference(comparison.removed)
            left = left.difference(changed)
            if left.isEmpty, !entry.fields.isEmpty { managed[other] = nil } else { managed[other]?.fields = left }
        }
        if !mine.isEmpty {
            let previous = managed[writer]
            managed[writer] = ManagedFields.Entry(
                apiVersion: type.apiVersion, fields: (previous?.fields ?? FieldSet()).union(mine), time: stampsTime ? stamp : nil)
        }
        return with(managed, new)
    }

    /// A server-side apply: lays the configuration over the object, takes away what this manager applied before and no longer does.
    func apply(live: Value?, configuration: Value, manager name: String, force: Bool, stampsTime: Bool = true) throws(Conflicts) -> Value {
        let before = live.map(stripped) ?? emptyObject
        let config = stripped(configuration)
        var managed = ManagedFields(live?.at("metadata", "managedFields"))
        if let live, managed.entries.isEmpty {
            let all = Typed.compare(emptyObject, stripped(live), type.shape)
            let set = owned(all.added.union(all.modified))
            if !set.isEmpty {
                managed[.init(name: "before-first-apply", isApply: false, apiVersion: type.apiVersion, subresource: "")] = .init(
                    apiVersion: type.apiVersion, fields: set, time: stamp)
            }
        }
        let applier = ManagedFields.Manager(name: name, isApply: true, apiVersion: "", subresource: subresource)
        let last = managed[applier]
        var result = Typed.merge(before, config, type.shape) ?? before
        let set = owned(Typed.fieldSet(config, type.shape))
        managed[applier] = ManagedFields.Entry(apiVersion: type.apiVersion, fields: set, time: last?.time)
        if let last, !last.fields.isEmpty { result = prune(result, last: last.fields, managed: managed) }
        let comparison = Typed.compare(before, result, type.shape)
        let changed = comparison.modified.union(comparison.added).recursiveDifference(ignored)
        var conflicts: [Conflict] = []
        for (other, entry) in managed.entries where other != applier {
            let lost = entry.fields.intersection(changed)
            if !lost.isEmpty {
                conflicts += lost.paths.map { Conflict(manager: other, version: entry.apiVersion, path: $0) }
            }
        }
        if !conflicts.isEmpty, !force { throw Conflicts(conflicts: conflicts) }
        for (other, entry) in managed.entries where other != applier {
            let left = entry.fields.difference(entry.fields.intersection(changed)).difference(comparison.removed)
            if left.isEmpty, !entry.fields.isEmpty { managed[other] = nil } else { managed[other]?.fields = left }
        }
        if set.isEmpty { managed[applier] = nil }
        if stampsTime, live == nil || !comparison.isSame { managed[applier]?.time = stamp }
        return with(managed, comparison.isSame && live != nil ? before : result)
    }

    /// Takes away what the manager applied last time and nobody owns now.
    private func prune(_ merged: Value, last: FieldSet, managed: ManagedFields) -> Value {
        let shape = type.shape
        let lastNamed = last.withNamedFields(shape)
        var pruned = Typed.remove(lastNamed, from: merged, shape)
        let mergedSet = Typed.fieldSet(merged, shape).withNamedFields(shape)
        var kept = FieldSet()
        for (_, entry) in managed.entries { kept = kept.union(entry.fields) }
        let prunedSet = Typed.fieldSet(pruned, shape).withNamedFields(shape)
        pruned = Typed.remove(mergedSet.difference(prunedSet).difference(kept.withNamedFields(shape)), from: merged, shape)
        let left = Typed.fieldSet(pruned, shape).withNamedFields(shape)
        return Typed.remove(mergedSet.difference(left).intersection(lastNamed), from: merged, shape)
    }

    private var emptyObject: Value {
        Codec.encode(["kind": .string(type.kind), "apiVersion": .string(type.apiVersion), "metadata": [:]], type.shape)
    }

    private func stripped(_ object: Value) -> Value {
        var result = object
        if case .map(var metadata)? = result["metadata"] {
            metadata["managedFields"] = nil
            result["metadata"] = .map(metadata)
        }
        return result
    }

    private func with(_ managed: ManagedFields, _ object: Value) -> Value {
        var result = object
        var metadata = result["metadata"]?.map ?? Map()
        metadata["managedFields"] = managed.value
        result["metadata"] = .map(metadata)
        return result
    }
}

extension FieldSet {
    /// A bare `f:metadata` says nothing.
    fileprivate var withoutEmptyMetadata: FieldSet {
        var result = self
        result.members.remove(.field("metadata"))
        if result.children[.field("metadata")]?.isEmpty == true { result.children[.field("metadata")] = nil }
        return result
    }
}
