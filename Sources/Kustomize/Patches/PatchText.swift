// SPDX-License-Identifier: Apache-2.0
import Manifests

/// The text of a patch: one that stands in a kustomization, or a file.
struct PatchText {
    let file: SourceFile
    /// Where it is written or named.
    let node: Node

    /// - Parameter text: the content itself.
    init(inline text: String, at node: Node) throws(KustomizeFailure) {
        self.node = node
        // A text that is JSON need not be read as YAML, and sometimes could not be.
        file =
            text.utf8.first == UInt8(ascii: "[")
            ? SourceFile(path: node.file.path, bytes: Array(text.utf8), documents: []) : try SourceFile(inline: text, at: node)
    }

    init(path: Node, files: any FileScope) throws(KustomizeFailure) {
        node = path
        let name = try path.string()
        let (real, bytes) = try files.bytes(name, for: path)
        file =
            bytes.first == UInt8(ascii: "[")
            ? SourceFile(path: real, bytes: bytes, documents: []) : try files.documents(name, for: path)
    }

    var isEmpty: Bool { file.bytes.isEmpty }

    /// The objects of a strategic merge patch.
    func resources() throws(KustomizeFailure) -> [Resource] { try ResourceReading.resources(file) }

    /// The operations of a JSON patch.
    func operations() throws(KustomizeFailure) -> JSON6902Patch {
        do throws(JSON6902Patch.Failure) {
            return try JSON6902Patch.reading(file.bytes)
        } catch {
            throw node.failure("invalid-patch", "\(name) is no JSON patch: \(error.message)")
        }
    }

    /// What to call it in an error at its node.
    var name: String { file.path == node.file.path ? "the text here" : file.path }

    /// What a patch can be, told from what its text looks like.
    enum Content {
        case strategic([Resource], SourceFile)
        case json(JSON6902Patch)
        /// Documents without content.
        case nothing
    }

    /// A list of operations is a JSON patch, everything else is a strategic merge patch.
    func content() throws(KustomizeFailure) -> Content {
        if file.bytes.first == UInt8(ascii: "[") || file.documents.first?.list?.isEmpty == false {
            let operations = try operations()
            guard !operations.isEmpty else { throw empty }
            return .json(operations)
        }
        if file.documents.first?.list != nil { throw empty }
        if file.documents.first?.isNull ?? true {
            // Read as a JSON patch, what begins with an empty document is one without operations, whatever follows. Where it is a strategic
            // merge patch as well, nobody can say which is meant.
            guard (try? resources()) == nil else { throw empty }
            return .json(JSON6902Patch.empty)
        }
        let resources = try resources()
        return resources.isEmpty ? .nothing : .strategic(resources, file)
    }

    private var empty: KustomizeFailure {
        node.failure(
            "empty-patch", "\(name) is empty: neither a strategic merge patch nor a JSON patch",
            hint: file.documents.count > 1 ? "remove the empty document at its beginning" : nil)
    }
}
