// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Puts generated resources among those that are there: added, in the place of, or merged with one of the same identity, as their
/// behavior says.
enum Absorption {
    /// - Parameter node: the generator, for errors.
    /// - Throws: code `exists` where a resource to be created is there, `no-match` where one to be merged or replaced is not, `ambiguous`
    ///   where more than one has or had the identity.
    static func absorb(_ generated: [Resource], into resources: inout ResourceMap, for node: Node) throws(KustomizeFailure) {
        for resource in generated { try absorb(resource, &resources, node) }
    }

    private static func absorb(_ resource: Resource, _ resources: inout ResourceMap, _ node: Node) throws(KustomizeFailure) {
        let id = resource.id
        let matches = resources.indices(ever: id)
        guard let position = matches.first else {
            guard resource.behavior == .create else {
                throw (node["behavior"] ?? node).failure(
                    "no-match", "\(id) does not exist, so there is nothing to \(resource.behavior.rawValue)",
                    hint: resources.nearest(to: id).map { "there is \($0)" })
            }
            resources.appendUnchecked(resource)
            return
        }
        guard matches.count == 1 else {
            throw node.failure("ambiguous", "more than one resource is or was called \(id)")
        }
        let old = resources.items[position]
        switch resource.behavior {
        case .create: throw node.failure("exists", "\(id) exists", hint: "set behavior to merge or replace")
        case .replace: inherit(resource, from: old)
        case .merge:
            let origin = old.annotation(originAnnotation)
            inherit(resource, from: old)
            for field in ["data", "binaryData"] {
                let merged = texts(old.value[field]).merging(over: texts(resource.value[field]))
                resource.value[field] = merged.isEmpty ? nil : .map(merged)
            }
            if let origin { resource.setAnnotation(originAnnotation, origin) }
        }
        let present = old.id
        guard present.matches(resource.id) else {
            throw node.failure("no-match", "\(id) has become \(present), which cannot be replaced", hint: "change its kind in a patch")
        }
        resources.replace(position, with: resource)
    }

    private static let originAnnotation = "config.kubernetes.io/origin"

    /// Takes over name, namespace and memory of the resource that was there, and those labels and annotations that the new one has not.
    private static func inherit(_ resource: Resource, from old: Resource) {
        for field in ["labels", "annotations"] {
            let merged = texts(old.value["metadata"]?[field]).merging(over: texts(resource.value["metadata"]?[field]))
            resource.value["metadata"]?[field] = merged.isEmpty ? nil : .map(merged)
        }
        resource.name = old.name
        resource.namespace = old.namespace
        // A hash is wanted only where both want one; how the two were to be combined is as forgotten as in kustomize.
        resource.needsHash = resource.needsHash && old.needsHash
        resource.behavior = old.behavior
        resource.inherit(from: old)
    }

    /// The members as texts, whatever they were written as.
    private static func texts(_ value: Value?) -> Map {
        guard let map = value?.map else { return Map() }
        return Map(unique: map.entries.map { Map.Entry(key: $0.key, value: .string($0.value.scalarText ?? "")) })
    }
}

extension Map {
    /// The members of both, in the order of their keys; where both have one, that of `other`.
    fileprivate func merging(over other: Map) -> Map {
        var merged: [String: Value] = [:]
        for entry in entries { merged[entry.key] = entry.value }
        for entry in other.entries { merged[entry.key] = entry.value }
        return Map(
            unique: merged.map { Entry(key: $0.key, value: $0.value) }.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) })
    }
}
