// SPDX-License-Identifier: Apache-2.0
package import Manifests

/// An object that a build gives.
package struct KustomizeObject: Sendable {
    package let value: Value
    /// The file that it came from, before patches.
    package let path: String
    /// Which document of that file, counted from 0.
    package let document: Int
    /// Where in the document: an item of a list, or the entry that generated it; empty for the document itself.
    package let steps: [PathStep]
}

/// What a build gives: objects in the order in which `kubectl kustomize` prints them, keys sorted as it sorts them.
package struct KustomizeBuild: Sendable {
    package let objects: [KustomizeObject]
    /// Uses of fields that kustomize itself calls deprecated, one for each file and field.
    package let deprecations: [KustomizeProblem]
}

/// Builds kustomizations: the same objects in the same order as `kubectl kustomize` 1.32 (kustomize v5.5), or a refusal that says what is wrong
/// where.
///
/// Reads nothing outside the tree; files only from below the kustomization that names them, as kustomize does; other kustomizations from
/// anywhere in the tree. Runs no program, asks no network, no clock and no environment: same tree, same bytes.
package enum Kustomize {
    package static let fileNames = ["kustomization.yaml", "kustomization.yml", "Kustomization"]

    /// The name of the kustomization file in a folder; `nil` where there is none.
    package static func kustomization(in folder: String, of tree: some FileTree) throws -> String? {
        for name in fileNames {
            if try tree.entry(at: folder.isEmpty ? name : "\(folder)/\(name)") != nil { return name }
        }
        return nil
    }

    /// Builds the kustomization in `folder`, a path from the tree's root.
    package static func build(
        _ folder: String, from tree: some FileTree, limits: KustomizeLimits = .standard
    ) throws(KustomizeFailure) -> [KustomizeObject] {
        try run(folder, from: tree, limits: limits).objects
    }

    /// The same, with what else there is to say about it.
    package static func run(
        _ folder: String, from tree: some FileTree, limits: KustomizeLimits = .standard
    ) throws(KustomizeFailure) -> KustomizeBuild {
        let build = Build(tree: tree, limits: limits)
        let objects = try build.run(folder).map(object)
        var said: Set<KustomizeProblem> = []
        return KustomizeBuild(objects: objects, deprecations: build.deprecations.filter { said.insert($0).inserted })
    }

    /// Says how a field of an object got its value: each step that changed it, the first one being what was read or generated.
    /// - Parameters:
    ///   - kind, name, namespace: the object as it is in the result; without a namespace, in whatever namespace.
    ///   - field: the path of the field in the result.
    /// - Throws: where the build fails, or gives no such object.
    package static func explain(
        _ field: [PathStep], ofKind kind: String, name: String, namespace: String?, in folder: String, from tree: some FileTree,
        limits: KustomizeLimits = .standard
    ) throws(KustomizeFailure) -> [FieldChange] {
        let history = FieldHistory(path: field)
        let build = Build(tree: tree, limits: limits, history: history)
        let resources = try build.run(folder)
        let found = resources.filter { $0.id.kind == kind && $0.id.name == name && (namespace == nil || $0.id.namespace == namespace) }
        guard let resource = found.first, found.count == 1 else {
            let others = resources.filter { $0.id.kind == kind }.prefix(5).map(\.id.name).joined(separator: ", ")
            throw KustomizeFailure(
                KustomizeProblem(
                    code: found.isEmpty ? "no-match" : "ambiguous", path: folder,
                    message: found.isEmpty ? "the result has no \(kind) \(name)" : "there are several \(kind) \(name)",
                    hint: found.isEmpty ? (others.isEmpty ? nil : "it has \(others)") : "say which namespace"))
        }
        return history.changes(of: resource).map { change in
            guard let source = change.source, let file = build.loader.known(change.place.path),
                let mark = file.mark(of: source.steps + field, document: source.document)
            else { return change }
            var change = change
            change.place.line = mark.line
            change.place.column = mark.column
            return change
        }
    }

    private static func object(_ resource: Resource) -> KustomizeObject {
        KustomizeObject(
            value: resource.value.keysSorted(), path: resource.source.path, document: resource.source.document,
            steps: resource.source.steps)
    }
}
