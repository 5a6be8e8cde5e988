// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Applies the `patches` of a kustomization, in their order.
struct PatchTransformer {
    let merge = StrategicMergePatch()

    /// - Parameters:
    ///   - documents: what the patch's text was read as.
    ///   - bytes: the text itself.
    ///   - path: where it was read; for an inline patch the kustomization.
    func apply(
        _ documents: [Value], _ bytes: [UInt8], of patch: Kustomization.Patch, from path: String, to resources: inout ResourceMap
    ) throws(KustomizeFailure) {
        let documents = documents.filter { !$0.isNull }
        guard !documents.isEmpty else { throw failure("empty", "the patch is empty", patch, path) }
        if documents.count == 1, case .list(let operations) = documents[0], operations.allSatisfy({ $0["op"] != nil }) {
            // Kustomize reads JSON patches by other rules than everything else: `value: yes` is true here.
            let operations = (try? YAML.documents(bytes))?.first { !$0.isNull } ?? documents[0]
            return try applyJSON(operations, patch, path, &resources)
        }
        if documents.count == 1, documents[0]["op"] != nil {
            throw failure("syntax", "a JSON patch is a list of operations", patch, path)
        }
        for document in documents {
            guard let id = ResourceID(document) else {
                throw failure("syntax", "a strategic merge patch needs kind and metadata.name", patch, path)
            }
            guard let target = patch.target else {
                let found = resources.indices(matching: id)
                guard let index = found.first else {
                    throw failure(
                        "no-match", "no resource matches the patch for \(id)", patch, path,
                        hint: resources.nearest(to: id).map { "there is \($0)" })
                }
                guard found.count == 1 else {
                    throw failure(
                        "ambiguous",
                        "several resources match the patch for \(id): "
                            + found.map { resources.items[$0].id.description }.joined(separator: ", "), patch, path)
                }
                try merge(document, into: index, patch, path, &resources)
                continue
            }
            guard documents.count == 1 else {
                throw failure("conflict", "a patch with a target is a single document", patch, path)
            }
            for index in resources.items.indices where target.matches(resources.items[index]) {
                try merge(document, into: index, patch, path, &resources)
            }
        }
        resources.removeDeleted()
    }

    private func merge(
        _ document: Value, into index: Int, _ patch: Kustomization.Patch, _ path: String, _ resources: inout ResourceMap
    ) throws(KustomizeFailure) {
        let before = resources.items[index]
        guard !before.isDeleted else { return }
        let merged: Value?
        do throws(StrategicMergePatch.Failure) {
            merged = try merge.apply(document, to: before.value)
        } catch {
            throw failure("patch-failed", "\(before.id): \(error.path.isEmpty ? "" : error.path + ": ")\(error.message)", patch, path)
        }
        guard var object = merged, object.map?.isEmpty == false else {
            resources.items[index].isDeleted = true
            return
        }
        // A patch does not rename, nor move: what it says about the identity only found the object.
        object["apiVersion"] = before.value["apiVersion"]
        object["kind"] = .string(before.id.kind)
        if object["metadata"]?.map == nil { object["metadata"] = .map(Map()) }
        object["metadata"]?["name"] = before.value.at("metadata", "name")
        object["metadata"]?["namespace"] = before.value.at("metadata", "namespace")
        resources.items[index].value = object
    }

    private func applyJSON(
        _ operations: Value, _ patch: Kustomization.Patch, _ path: String, _ resources: inout ResourceMap
    ) throws(KustomizeFailure) {
        guard let target = patch.target else { throw failure("missing-field", "a JSON patch needs a target", patch, path) }
        for index in resources.items.indices where target.matches(resources.items[index]) {
            let before = resources.items[index]
            let patched: Value
            do throws(JSONPatchError) {
                patched = try JSONPatch.apply(operations, to: before.value)
            } catch {
                throw failure("patch-failed", "\(before.id): \(error)", patch, path)
            }
            guard let id = ResourceID(patched), id.kind == before.id.kind, id.name == before.id.name else {
                throw failure("not-yet", "\(before.id): a patch that changes kind or name: not yet", patch, path)
            }
            resources.items[index].value = patched
        }
    }

    private func failure(
        _ code: String, _ message: String, _ patch: Kustomization.Patch, _ path: String, hint: String? = nil
    ) -> KustomizeFailure {
        let place = patch.place
        let source = path == place.path ? "" : "\(path): "
        return KustomizeFailure(
            KustomizeProblem(
                code: code, path: place.path, line: place.line, column: place.column, message: source + message, hint: hint))
    }
}
