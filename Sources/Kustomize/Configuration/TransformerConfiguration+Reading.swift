// SPDX-License-Identifier: Apache-2.0
import Manifests

extension TransformerConfiguration {
    /// Reads a file that a kustomization lists under `configurations`.
    ///
    /// Only its first document counts, and an empty one says nothing, as in kustomize.
    /// - Throws: at the place in the file where there is an unknown member or a value of a wrong type.
    static func read(_ file: SourceFile, for item: Node) throws(KustomizeFailure) -> TransformerConfiguration {
        var configuration = TransformerConfiguration()
        let root = Node(file.documents.first ?? .null, of: file)
        if root.value.isNull { return configuration }
        try root.requireOnly(lists.map(\.name) + ["nameReference"])
        for (name, list) in lists {
            for entry in try root.list(name) { configuration[keyPath: list].append(try FieldSpec(configured: entry)) }
        }
        for entry in try root.list("nameReference") {
            try entry.requireOnly(["group", "version", "kind", "fieldSpecs"])
            var reference = NameReference()
            reference.group = try entry.looseText("group")
            reference.version = try entry.looseText("version")
            reference.kind = try entry.looseText("kind")
            for field in try entry.list("fieldSpecs") { reference.fields.append(try FieldSpec(configured: field)) }
            configuration.nameReferences.append(reference)
        }
        configuration.sort()
        return configuration
    }
}

extension FieldSpec {
    fileprivate init(configured node: Node) throws(KustomizeFailure) {
        if !node.value.isNull { try node.requireOnly(Self.members) }
        try self.init(loose: node)
    }
}
