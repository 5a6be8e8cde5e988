// SPDX-License-Identifier: Apache-2.0
import Manifests

/// One build: the recursion over kustomizations.
struct Build<Tree: FileTree> {
    let loader: Loader<Tree>
    let limits: KustomizeLimits

    /// The resources of the kustomization in `folder`, transformed.
    /// - Parameter chain: the folders of the kustomizations that led here, outermost first.
    func accumulate(_ folder: String, chain: [String]) throws(KustomizeFailure) -> ResourceMap {
        let kustomization = try load(folder, chain: chain)
        let chain = chain + [kustomization.folder]
        var resources = ResourceMap()
        for reference in kustomization.resources {
            try add(reference, of: kustomization, chain: chain, to: &resources)
        }
        for patch in kustomization.patches { try apply(patch, of: kustomization, to: &resources) }
        if let namespace = kustomization.namespace, !namespace.isEmpty {
            try NamespaceTransformer.apply(namespace, of: kustomization, to: &resources)
        }
        try ReplicaTransformer.apply(kustomization.replicas, to: &resources)
        ImageTransformer.apply(kustomization.images, to: &resources)
        return resources
    }

    // MARK: - Loading

    private func load(_ folder: String, chain: [String]) throws(KustomizeFailure) -> Kustomization {
        let here = KustomizeProblem(code: "not-found", path: folder, message: "")
        guard chain.count < limits.depthMax else {
            throw KustomizeFailure(
                KustomizeProblem(
                    code: "too-deep", path: folder, message: "kustomizations refer to each other more than \(limits.depthMax) deep"))
        }
        guard let (kind, real) = try loader.look(folder, from: here), kind == .folder else {
            throw KustomizeFailure(KustomizeProblem(code: "not-found", path: folder, message: "no such folder"))
        }
        var found: [String] = []
        for name in Kustomization.fileNames {
            let path = real.isEmpty ? name : "\(real)/\(name)"
            if let (kind, place) = try loader.look(path, from: here), kind == .file { found.append(place) }
        }
        guard let path = found.first else {
            throw KustomizeFailure(
                KustomizeProblem(
                    code: "not-found", path: folder, message: "no kustomization file",
                    hint: "one of \(Kustomization.fileNames.joined(separator: ", "))"))
        }
        guard found.count == 1 else {
            throw KustomizeFailure(
                KustomizeProblem(code: "conflict", path: folder, message: "more than one kustomization: \(found.joined(separator: ", "))"))
        }
        return try KustomizationReader.read(try loader.parse(path), folder: real)
    }

    private func add(
        _ reference: Kustomization.Reference, of kustomization: Kustomization, chain: [String], to resources: inout ResourceMap
    ) throws(KustomizeFailure) {
        let (kind, path) = try find(reference, of: kustomization)
        switch kind {
        case .folder:
            if let around = chain.first(where: { Paths.isBelow($0, path) }) {
                throw KustomizeFailure(
                    problem(
                        "cycle", reference,
                        around == path
                            ? "\(reference.text) leads back to \(path)" : "\(reference.text) contains the kustomization in \(around)"))
            }
            for resource in try accumulate(path, chain: chain).items { try append(resource, reference, to: &resources) }
        case .file:
            guard Paths.isBelow(path, kustomization.folder) else {
                throw KustomizeFailure(
                    problem(
                        "outside", reference, "\(reference.text) is outside of \(kustomization.folder), the kustomization's folder",
                        hint: "give that folder a kustomization of its own"))
            }
            let file = try loader.parse(path)
            for (index, document) in file.documents.enumerated() {
                for object in try objects(document, file, index) {
                    try append(Resource(value: object, path: path, document: index), reference, to: &resources)
                }
            }
        }
    }

    private func find(_ reference: Kustomization.Reference, of kustomization: Kustomization) throws(KustomizeFailure) -> (
        Loader<Tree>.Found, path: String
    ) {
        guard let path = Paths.join(kustomization.folder, reference.text) else {
            throw KustomizeFailure(problem("outside", reference, "\(reference.text) is outside of the repository"))
        }
        if let found = try loader.look(path, from: reference.place) { return found }
        if reference.text.contains("://") || reference.text.hasPrefix("github.com/") || reference.text.contains("?ref=")
            || reference.text.hasPrefix("git@")
        {
            throw KustomizeFailure(
                problem(
                    "remote", reference, "\(reference.text) is remote: rendering reads the repository only",
                    hint: "keep a copy in the repository"))
        }
        throw KustomizeFailure(problem("not-found", reference, "\(path): no such file or folder"))
    }

    private func append(
        _ resource: Resource, _ reference: Kustomization.Reference, to resources: inout ResourceMap
    ) throws(KustomizeFailure) {
        guard resources.items.count < limits.resourcesMax else {
            throw KustomizeFailure(problem("too-many-resources", reference, "more than \(limits.resourcesMax) resources"))
        }
        if let present = resources.append(resource) {
            throw KustomizeFailure(
                problem("duplicate", reference, "\(resource.id) is twice in the build: in \(present.path) and in \(resource.path)"))
        }
    }

    /// The objects of a document, lists opened.
    private func objects(_ document: Value, _ file: SourceFile, _ index: Int) throws(KustomizeFailure) -> [Value] {
        if document.isNull { return [] }
        guard case .map(let map) = document else {
            throw KustomizeFailure(file.problem("not-an-object", "an object is a map, not \(document.kindName)", document: index))
        }
        if map.isEmpty { return [] }
        guard let kind = map["kind"]?.string, !kind.isEmpty else {
            throw KustomizeFailure(file.problem("missing-kind", "the object has no kind", document: index))
        }
        if kind.hasSuffix("List"), let items = map["items"] {
            if items.isNull { return [] }
            if case .list(let items) = items {
                var result: [Value] = []
                for item in items { result += try objects(item, file, index) }
                return result
            }
        }
        guard ResourceID(document) != nil else {
            throw KustomizeFailure(
                file.problem("missing-name", "the \(kind) has no metadata.name", at: [.key("kind")], document: index))
        }
        if document.at("metadata", "annotations")?["config.kubernetes.io/local-config"] != nil { return [] }
        return [withTextAnnotations(document)]
    }

    /// Annotations are texts, whatever YAML took them for; an empty map of them is none.
    private func withTextAnnotations(_ object: Value) -> Value {
        guard let annotations = object.at("metadata", "annotations") else { return object }
        guard case .map(let map) = annotations, !map.isEmpty else {
            guard annotations.isNull || annotations.map != nil else { return object }
            var result = object
            result["metadata"]?["annotations"] = nil
            return result
        }
        guard map.contains(where: { $0.value.string == nil }) else { return object }
        var result = object
        result["metadata"]?["annotations"] = .map(
            Map(map.map { ($0.key, .string($0.value.isNull ? "null" : $0.value.scalarText ?? "")) }))
        return result
    }

    // MARK: - Patches

    private func apply(
        _ patch: Kustomization.Patch, of kustomization: Kustomization, to resources: inout ResourceMap
    ) throws(KustomizeFailure) {
        switch patch.source {
        case .file(let reference):
            let (kind, path) = try find(reference, of: kustomization)
            guard kind == .file else { throw KustomizeFailure(problem("not-a-file", reference, "\(reference.text) is a folder")) }
            guard Paths.isBelow(path, kustomization.folder) else {
                throw KustomizeFailure(
                    problem("outside", reference, "\(reference.text) is outside of \(kustomization.folder), the kustomization's folder"))
            }
            let file = try loader.parse(path)
            try PatchTransformer().apply(file.documents, file.bytes, of: patch, from: path, to: &resources)
        case .inline(let text):
            let bytes = Array(text.utf8)
            let documents: [Value]
            do throws(DocumentError) {
                documents = try YAML.documents(bytes, scalars: .kustomize)
            } catch {
                let place = patch.place
                throw KustomizeFailure(
                    KustomizeProblem(
                        code: error.code, path: kustomization.path, line: place.line, column: place.column,
                        message: "inline patch, line \(error.line): \(error.message)"))
            }
            try PatchTransformer().apply(documents, bytes, of: patch, from: kustomization.path, to: &resources)
        }
    }

    private func problem(
        _ code: String, _ reference: Kustomization.Reference, _ message: String, hint: String? = nil
    ) -> KustomizeProblem {
        let place = reference.place
        return KustomizeProblem(code: code, path: place.path, line: place.line, column: place.column, message: message, hint: hint)
    }
}
