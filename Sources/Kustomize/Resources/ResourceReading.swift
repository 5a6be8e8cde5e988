// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Makes resources of the documents of a file: empty documents are passed over, lists are opened.
enum ResourceReading {
    static func resources(_ file: SourceFile) throws(KustomizeFailure) -> [Resource] {
        var result: [Resource] = []
        // Items of lists come after the file's other documents, those of nested lists after them: a queue, as in kustomize.
        var pending: [Found] = []
        var annotations = AnnotationTexts(bytes: file.bytes)
        let documents = file.documents.enumerated().filter { !isEmpty($0.element) }
        for (index, value) in documents {
            if documents.count == 1, value["kind"] == "List" || value["kind"] == "ResourceList", let items = value["items"]?.list {
                for (position, item) in items.enumerated() where !isEmpty(item) {
                    pending.append(Found(value: item, document: index, steps: [.key("items"), .index(position)]))
                }
            } else {
                pending.append(Found(value: value, document: index, steps: []))
            }
        }
        var next = 0
        while next < pending.count {
            let found = pending[next]
            next += 1
            try check(found, file)
            let kind = found.value["kind"]?.string ?? ""
            guard kind.hasSuffix("List"), let items = found.value["items"] else {
                let resource = Resource(
                    annotations.texts(of: found.value, document: found.document, steps: found.steps),
                    source: Resource.Source(path: file.path, document: found.document, steps: found.steps))
                resource.recallIdentities()
                result.append(resource)
                continue
            }
            if items.isNull { continue }
            guard case .list(let values) = items else {
                throw failure("wrong-type", "the items of a \(kind) are a list, not \(items.kindName)", found, [.key("items")], file)
            }
            for (position, item) in values.enumerated() where !isEmpty(item) {
                pending.append(Found(value: item, document: found.document, steps: found.steps + [.key("items"), .index(position)]))
            }
        }
        return result
    }

    private struct Found {
        let value: Value
        let document: Int
        let steps: [PathStep]
    }

    private static func isEmpty(_ value: Value) -> Bool { value.isNull || value.map?.isEmpty == true || value.list?.isEmpty == true }

    private static func check(_ found: Found, _ file: SourceFile) throws(KustomizeFailure) {
        guard case .map = found.value else {
            throw failure("not-an-object", "an object is a map, not \(found.value.kindName)", found, [], file)
        }
        guard case .string(let kind)? = found.value["kind"], !kind.isEmpty else {
            throw failure("missing-kind", "the object has no kind", found, [.key("kind")], file)
        }
        if kind.hasSuffix("List") { return }
        guard let metadata = found.value["metadata"], !metadata.isNull else {
            throw failure("missing-name", "the \(kind) has no metadata", found, [.key("kind")], file)
        }
        guard metadata.map != nil else {
            throw failure("wrong-type", "metadata is a map, not \(metadata.kindName)", found, [.key("metadata")], file)
        }
        guard let name = metadata["name"], !name.isNull, name.scalarText?.isEmpty == false else {
            throw failure("missing-name", "the \(kind) has no metadata.name", found, [.key("metadata")], file)
        }
    }

    private static func failure(
        _ code: String, _ message: String, _ found: Found, _ steps: [PathStep], _ file: SourceFile
    ) -> KustomizeFailure {
        KustomizeFailure(file.problem(code, message, at: found.steps + steps, document: found.document))
    }
}
