// SPDX-License-Identifier: Apache-2.0
import Manifests

/// `patchesStrategicMerge`: patches in files or inline, each for the one resource that it names.
struct PatchStrategicMergeTransformer: Transformer {
    private let node: Node
    /// With the place that names each.
    private let patches: [(patch: Resource, file: SourceFile, node: Node)]

    /// - Parameter paths: names of files, or the patches themselves.
    init(paths: [Node], files: any FileScope) throws(KustomizeFailure) {
        try self.init(paths: paths, inline: nil, at: paths.first, files: files)
    }

    init(plugin node: Node, files: any FileScope) throws(KustomizeFailure) {
        let inline = try node["patches"].flatMap { (text) throws(KustomizeFailure) in try text.string().isEmpty ? nil : text }
        let paths = try node.list("paths")
        guard inline != nil || !paths.isEmpty else {
            throw node.failure("missing-field", "there are neither paths nor patches")
        }
        try self.init(paths: paths, inline: inline, at: node, files: files)
    }

    private init(paths: [Node], inline: Node?, at node: Node?, files: any FileScope) throws(KustomizeFailure) {
        var patches: [(Resource, SourceFile, Node)] = []
        for path in paths {
            let (resources, file) = try Self.resources(path, files)
            for patch in resources { patches.append((patch, file, path)) }
        }
        if let inline {
            let text = try PatchText(inline: try inline.string(), at: inline)
            for patch in try text.resources() { patches.append((patch, text.file, inline)) }
        }
        self.patches = patches
        guard let node = node ?? inline else {
            throw KustomizeFailure(KustomizeProblem(code: "missing-field", path: files.folder, message: "there are no patches"))
        }
        guard !patches.isEmpty else { throw node.failure("empty-patch", "the patches are empty") }
        self.node = node
    }

    /// A text that is a patch is taken for one, whatever else it could mean; everything else is a file's name.
    private static func resources(_ path: Node, _ files: any FileScope) throws(KustomizeFailure) -> ([Resource], SourceFile) {
        let text = try path.string()
        if let file = try? SourceFile(inline: text, at: path), let resources = try? ResourceReading.resources(file) {
            return (resources, file)
        }
        let file = try files.documents(text, for: path)
        return (try ResourceReading.resources(file), file)
    }

    func transform(_ resources: inout ResourceMap, in context: BuildContext) throws(KustomizeFailure) {
        for (patch, file, node) in patches {
            let resource = try resources.patched(by: patch, at: node)
            try StrategicMergePatch.Sheet(patch, from: file, isForSelection: true).apply(to: resource, [], at: node, in: context)
        }
    }
}
