// SPDX-License-Identifier: Apache-2.0
package import Manifests

/// An object that a build gives.
package struct KustomizeObject: Sendable {
    package let value: Value
    /// The file that it came from, before patches.
    package let path: String
    /// Which document of that file, counted from 0.
    package let document: Int
}

/// Builds kustomizations: the same objects in the same order as `kubectl kustomize` 1.32 (kustomize v5.5), or a refusal that names what is
/// not understood.
///
/// A build loads a kustomization and what it refers to, accumulates the resources with the identities they had, applies each kustomization's
/// transformers bottom up, fixes references, and puts the result in order.
package enum Kustomize {
    /// The name of the kustomization file in a folder; `nil` where there is none.
    package static func kustomization(in folder: String, of tree: some FileTree) throws -> String? {
        for name in Kustomization.fileNames {
            if try tree.entry(at: folder.isEmpty ? name : "\(folder)/\(name)") != nil { return name }
        }
        return nil
    }

    /// Builds the kustomization in `folder`, a path from the tree's root.
    ///
    /// Reads nothing outside the tree; files only from below the kustomization that names them, as kustomize does; other kustomizations
    /// from anywhere in the tree.
    package static func build(
        _ folder: String, from tree: some FileTree, limits: KustomizeLimits = .standard
    ) throws(KustomizeFailure) -> [KustomizeObject] {
        let build = Build(loader: Loader(tree: tree, limits: limits), limits: limits)
        var resources = try build.accumulate(folder, chain: [])
        try NameReferences.fix(&resources, at: folder)
        return LegacyOrder.sorted(resources.items).map { KustomizeObject(value: $0.value, path: $0.path, document: $0.document) }
    }
}
