// SPDX-License-Identifier: Apache-2.0
import Manifests

/// One of `replacements`: a field whose value is written to others.
struct Replacement {
    struct Source {
        let node: Node
        let selection: ResourceSelection
        let fieldPath: String
        let options: FieldOptions

        init(_ node: Node, strict: Bool) throws(KustomizeFailure) {
            self.node = node
            selection = try ResourceSelection(node, more: strict ? ["fieldPath", "options"] : nil, labels: false)
            let path = try node.text("fieldPath")
            fieldPath = path.isEmpty ? defaultPath : path
            options = try FieldOptions(node["options"], strict: strict)
        }
    }

    struct Target {
        let node: Node
        let selection: ResourceSelection
        let rejections: [ResourceSelection]
        let fields: [FieldPattern]
        let options: FieldOptions

        init(_ node: Node, strict: Bool) throws(KustomizeFailure) {
            self.node = node
            _ = try node.map()
            if strict { try node.requireOnly(["select", "reject", "fieldPaths", "options"]) }
            guard let select = node["select"] else {
                throw node.failure("missing-field", "a target must select resources", hint: "add select")
            }
            selection = try ResourceSelection(select, more: strict ? [] : nil, labels: true)
            var rejections: [ResourceSelection] = []
            for item in try node.list("reject") {
                rejections.append(try ResourceSelection(item, more: strict ? [] : nil, labels: true))
            }
            self.rejections = rejections
            let paths = try node.texts("fieldPaths")
            fields = (paths.isEmpty ? [defaultPath] : paths).map { FieldPattern($0) }
            options = try FieldOptions(node["options"], strict: strict)
        }

        /// Whether the resource is meant, and not left out. A rejection by labels counts whatever identity stands beside it, and the
        /// other way round, as in kustomize.
        func matches(_ resource: Resource) -> Bool {
            selection.matchesIdentity(of: resource) && selection.matchesLabels(of: resource)
                && !rejections.contains {
                    ($0.hasLabels && $0.matchesLabels(of: resource)) || (!$0.isAnyIdentity && $0.matchesIdentity(of: resource))
                }
        }
    }

    private static let defaultPath = "metadata.name"

    let source: Source
    let targets: [Target]

    init(_ node: Node, strict: Bool) throws(KustomizeFailure) {
        _ = try node.map()
        if strict { try node.requireOnly(["source", "targets", "path"]) }
        guard let source = node["source"], let targets = node["targets"], try !targets.items().isEmpty || !strict else {
            throw node.failure("missing-field", "a replacement must have a source and at least one target")
        }
        self.source = try Source(source, strict: strict)
        var read: [Target] = []
        for item in try targets.items() { read.append(try Target(item, strict: strict)) }
        self.targets = read
    }

    /// Those of a `replacements` field, and of the files that it names.
    /// - Parameter strict: whether unknown members are refused, as in a kustomization; in files they never are.
    static func read(_ list: [Node], strict: Bool, files: any FileScope) throws(KustomizeFailure) -> [Replacement] {
        var result: [Replacement] = []
        for item in list {
            _ = try item.map()
            guard let path = item["path"], try !path.string().isEmpty else {
                result.append(try Replacement(item, strict: strict))
                continue
            }
            if strict { try item.requireOnly(["source", "targets", "path"]) }
            guard item["source"] == nil, try item.list("targets").isEmpty else {
                throw item.failure("conflicting-fields", "a replacement has either a path or a source and targets, not both")
            }
            let file = try files.documents(try path.string(), for: path)
            let root = Node(file.documents.first ?? .null, of: file)
            switch root.value {
            case .list:
                for item in try root.items() { result.append(try Replacement(item, strict: false)) }
            case .map: result.append(try Replacement(root, strict: false))
            case .null, .bool, .int, .decimal, .string:
                throw root.failure("wrong-type", "must be a replacement or a list of them, not \(root.value.kindName)")
            }
        }
        return result
    }
}
