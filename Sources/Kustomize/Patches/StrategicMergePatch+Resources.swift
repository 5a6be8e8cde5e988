// SPDX-License-Identifier: Apache-2.0
import Manifests

extension StrategicMergePatch {
    /// What a patch may change of a resource's identity; its namespace it never changes.
    struct Rights: OptionSet, Sendable {
        let rawValue: Int
        static let changeName = Rights(rawValue: 1)
        static let changeKind = Rights(rawValue: 2)
    }

    /// A patch that is about to be applied to resources.
    struct Sheet {
        private let value: Value
        /// Whether it takes over each resource's apiVersion.
        private let isForSelection: Bool
        /// Whether it takes away what the build remembers of the resources: kustomize keeps that in annotations.
        private let removesMemory: Bool

        /// - Parameters:
        ///   - file: where the patch was read, for what is written there.
        ///   - isForSelection: as for resources that a target selects. kustomize prepares such a patch: labels and annotations become texts, so
        ///     that a null does not delete one but is the text `null`, and empty maps of them go.
        init(_ patch: Resource, from file: SourceFile, isForSelection: Bool) {
            self.isForSelection = isForSelection
            var value = patch.value
            if var metadata = value["metadata"]?.map {
                if isForSelection {
                    for key in ["labels", "annotations"] { metadata[key] = Self.texts(metadata[key], of: patch, at: key, in: file) }
                } else if let annotations = metadata["annotations"]?.map {
                    // Annotations were read as texts; those that are null are there to delete.
                    let written = Self.written(patch, in: file)?["metadata"]?["annotations"]?.map
                    metadata["annotations"] = .map(
                        Map(
                            unique: annotations.entries.map {
                                .init(key: $0.key, value: written?[$0.key]?.isNull == true ? .null : $0.value)
                            }))
                }
                value["metadata"] = .map(metadata)
            }
            self.value = value
            let metadata = value["metadata"]
            removesMemory = Self.removes(metadata) || Self.removes(metadata?["annotations"])
        }

        private static func written(_ patch: Resource, in file: SourceFile) -> Value? {
            guard file.documents.indices.contains(patch.source.document) else { return nil }
            var here = file.documents[patch.source.document]
            for step in patch.source.steps {
                let next: Value? =
                    switch step {
                    case .key(let key): here[key]
                    case .index(let index): here[index]
                    }
                guard let next else { return nil }
                here = next
            }
            return here
        }

        private static func texts(_ value: Value?, of patch: Resource, at field: String, in file: SourceFile) -> Value? {
            guard let map = value?.map, !map.isEmpty else { return nil }
            guard map.contains(where: { $0.value.string == nil }) else { return .map(map) }
            let documents = YAML.texts(spelled: .plain, ending: ["metadata", field], in: file.bytes)
            let written = documents.indices.contains(patch.source.document) ? documents[patch.source.document] : [:]
            return .map(
                Map(
                    unique: map.entries.map { entry in
                        if entry.value.string != nil { return entry }
                        let steps = patch.source.steps + [.key("metadata"), .key(field), .key(entry.key)]
                        return .init(key: entry.key, value: .string(written[steps] ?? entry.value.scalarText ?? ""))
                    }))
        }

        /// Whether a patch with this at a place leaves nothing of what is there.
        private static func removes(_ value: Value?) -> Bool {
            guard let value else { return false }
            return value.isNull || value["$patch"] == "replace" || value["$patch"] == "delete"
        }

        /// Applies the patch. A resource that it deletes becomes null, for the build to drop.
        func apply(to resource: Resource, _ rights: Rights, at node: Node, in context: BuildContext) throws(KustomizeFailure) {
            let id = resource.id
            if !rights.isEmpty { resource.rememberIdentity() }
            if value["$patch"] != "replace" { resource.dropBlankAnnotations(in: context) }
            var patch = value
            if isForSelection, let version = resource.value["apiVersion"], patch["apiVersion"] != version { patch["apiVersion"] = version }
            let patched: Value?
            do throws(Failure) {
                context.schema.noteUse()
                patched = try StrategicMergePatch.apply(patch, to: resource.value, schema: context.schema) {
                    context.isSpelled($0, resource, $1)
                }
            } catch {
                throw node.failure(
                    "patch-failed", "the patch does not fit \(id) at \(error.path.isEmpty ? "its root" : error.path): \(error.message)")
            }
            guard var object = patched, object.map?.isEmpty == false else {
                resource.value = .null
                return
            }
            if !rights.contains(.changeKind), object["kind"]?.string != id.kind { object["kind"] = .string(id.kind) }
            if object["metadata"]?.map == nil { object["metadata"] = .map(Map()) }
            if !rights.contains(.changeName), object["metadata"]?["name"]?.string != id.name {
                object["metadata"]?["name"] = .string(id.name)
            }
            if id.namespace.isEmpty {
                if object["metadata"]?["namespace"] != nil { object["metadata"]?["namespace"] = nil }
            } else if object["metadata"]?["namespace"]?.string != id.namespace {
                object["metadata"]?["namespace"] = .string(id.namespace)
            }
            if !resource.untyped.isEmpty { resource.untyped.settle(in: &object) }
            resource.value = object
            if removesMemory {
                resource.inherit(from: Resource(.null, source: resource.source))
                resource.needsHash = false
                resource.behavior = .create
            }
        }
    }
}

extension Resource {
    /// Removes annotations of which only the name is written: they go like other such nulls when an object is patched.
    ///
    /// Once kustomize has noted something of a resource among its annotations, they are all texts, and stay.
    fileprivate func dropBlankAnnotations(in context: BuildContext) {
        guard formers.isEmpty, prefixes.isEmpty, suffixes.isEmpty, !needsHash, annotation(Origin.annotation) == nil,
            let annotations = texts("annotations"), annotations.contains(where: { $0.value == "" })
        else { return }
        for entry in annotations where entry.value == "" && context.isSpelled(.blank, self, ["metadata", "annotations", .key(entry.key)]) {
            value["metadata"]?["annotations"]?[entry.key] = nil
        }
    }
}

extension ResourceMap {
    /// The one resource that is or was called what a patch is called.
    mutating func patched(by patch: Resource, at node: Node) throws(KustomizeFailure) -> Resource {
        let id = patch.id
        let found = indices(ever: id)
        guard let index = found.first else {
            throw node.failure(
                "no-match", "no resource matches the patch \(id)",
                hint: nearest(to: id).map { "there is \($0)" } ?? "it must have the same apiVersion, kind, name and namespace")
        }
        guard found.count == 1 else {
            throw node.failure(
                "ambiguous",
                "the patch \(id) matches \(found.count) resources: "
                    + found.prefix(5).map { items[$0].id.description }.joined(separator: ", "),
                hint: "use a target that selects one of them")
        }
        return items[index]
    }

    /// Refuses two resources with one identity, after patches that may change it.
    mutating func requireDistinct(at node: Node) throws(KustomizeFailure) {
        identitiesChanged()
        var seen: Set<ResourceID> = []
        for resource in items where !resource.value.isNull {
            var id = resource.id
            id.namespace = id.effectiveNamespace
            guard seen.insert(id).inserted else {
                throw node.failure("duplicate", "after the patch two resources are called \(resource.id)")
            }
        }
    }
}
