// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@testable import Kustomize

/// What the tests of single steps need: resources, places and contexts out of a few lines of YAML.
enum Samples {
    static func resources(_ text: String) throws -> ResourceMap {
        var map = ResourceMap()
        for (index, value) in try YAML.documents(text, scalars: .kustomize).enumerated() where !value.isNull {
            map.appendUnchecked(Resource(value, source: Resource.Source(path: "resources.yaml", document: index)))
        }
        return map
    }

    static func file(_ text: String, path: String = "kustomization.yaml") throws -> SourceFile {
        SourceFile(path: path, bytes: Array(text.utf8), documents: try YAML.documents(text, scalars: .kustomize))
    }

    static func node(_ text: String) throws -> Node {
        let file = try file(text)
        return Node(file.documents.first ?? .null, of: file)
    }

    static var context: BuildContext { BuildContext(limits: .standard) }
}

/// Files of one folder, by their names.
struct SampleFiles: FileScope {
    var folder = "app"
    var texts: [String: String] = [:]

    func bytes(_ path: String, for node: Node) throws(KustomizeFailure) -> (path: String, bytes: [UInt8]) {
        guard let text = texts[path] else { throw node.failure("not-found", "\(path): no such file") }
        return (path, Array(text.utf8))
    }

    func documents(_ path: String, for node: Node) throws(KustomizeFailure) -> SourceFile {
        let (path, bytes) = try bytes(path, for: node)
        do throws(DocumentError) {
            return SourceFile(path: path, bytes: bytes, documents: try YAML.documents(bytes, scalars: .kustomize))
        } catch {
            throw node.failure(error.code, error.message)
        }
    }

    func hasFile(_ path: String) -> Bool { texts[path] != nil }
}

extension ResourceMap {
    /// Runs a transformer on these, and gives what became of them.
    func after(_ transformer: some Transformer) throws -> ResourceMap {
        var map = self
        try transformer.transform(&map, in: Samples.context)
        for resource in map.items { resource.settleSharedTexts() }
        map.identitiesChanged()
        return map
    }

    /// The resources as the documents of a stream, keys in their order.
    var values: [Value] { items.map(\.value) }
}
