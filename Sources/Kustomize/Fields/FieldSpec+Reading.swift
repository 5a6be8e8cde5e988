// SPDX-License-Identifier: Apache-2.0
import Manifests

extension FieldSpec {
    static let members = ["group", "version", "kind", "path", "create"]

    /// Reads one as it is written in a kustomization.
    init(strict node: Node) throws(KustomizeFailure) {
        if node.value.isNull {
            self.init(path: "")
            return
        }
        try node.requireOnly(Self.members)
        self.init(
            group: try node.text("group"), version: try node.text("version"), kind: try node.text("kind"), path: try node.text("path"),
            create: try node.flag("create"))
    }

    /// Reads one as it is written in a plugin's configuration: other members are passed over, and scalars count as texts.
    init(loose node: Node) throws(KustomizeFailure) {
        if node.value.isNull {
            self.init(path: "")
            return
        }
        _ = try node.map()
        self.init(
            group: try node.looseText("group"), version: try node.looseText("version"), kind: try node.looseText("kind"),
            path: try node.looseText("path"), create: try node.flag("create"))
    }
}

extension Node {
    /// The `fieldSpecs` of a plugin's configuration.
    func looseFields(_ key: String = "fieldSpecs") throws(KustomizeFailure) -> [FieldSpec] {
        var fields: [FieldSpec] = []
        for item in try list(key) { fields.append(try FieldSpec(loose: item)) }
        return fields
    }

    // MARK: - Texts as plugins read them

    /// A scalar as a text: plugins' configurations are read by sigs.k8s.io/yaml, which writes numbers and booleans out where a text is wanted.
    func looseString() throws(KustomizeFailure) -> String {
        if case .decimal(let number) = value { return "\(number.double)" }
        if value.isNull { return "" }
        guard let text = value.scalarText else { throw failure("wrong-type", "must be a string, not \(value.kindName)") }
        return text
    }

    /// The member as a text; empty where it is absent.
    func looseText(_ key: String) throws(KustomizeFailure) -> String { try self[key]?.looseString() ?? "" }

    /// The member as a map of texts, in the order of its keys.
    func looseTextMap(_ key: String) throws(KustomizeFailure) -> [(key: String, text: String)] {
        var result: [(key: String, text: String)] = []
        for (key, node) in try self[key]?.members() ?? [] { result.append((key, try node.looseString())) }
        return result.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    }
}
