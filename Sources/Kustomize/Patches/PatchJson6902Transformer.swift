// SPDX-License-Identifier: Apache-2.0
import Manifests

/// An entry of `patchesJson6902`: a JSON patch for the resources that `target` selects, by name at least.
struct PatchJson6902Transformer: Transformer {
    private let node: Node
    private let target: Selector
    private let patch: JSON6902Patch

    init(_ entry: Node, files: any FileScope) throws(KustomizeFailure) {
        try entry.requireOnly(["path", "patch", "target", "options"])
        try entry["target"]?.requireOnly(Selector.fields)
        try self.init(entry, text: "patch", files: files)
    }

    init(plugin node: Node, files: any FileScope) throws(KustomizeFailure) { try self.init(node, text: "jsonOp", files: files) }

    /// - Parameter text: the name of the member that holds the patch where no file does.
    private init(_ node: Node, text member: String, files: any FileScope) throws(KustomizeFailure) {
        self.node = node
        guard let target = node["target"] else {
            throw node.failure("missing-field", "a JSON patch needs a target", hint: "say with target which resource it is for")
        }
        guard try !target.text("name").isEmpty else { throw target.failure("missing-field", "the target needs a name") }
        self.target = try Selector(target)
        let inline = try node.text(member)
        let path = try node.text("path")
        let text: PatchText
        switch (inline.isEmpty, path.isEmpty) {
        case (true, true): throw node.failure("missing-field", "a patch needs one of \(member) and path")
        case (false, false): throw node.failure("conflict", "\(member) and path cannot both be used", hint: "remove one of them")
        case (false, true): text = try PatchText(inline: inline, at: node[member] ?? node)
        case (true, false): text = try PatchText(path: node["path"] ?? node, files: files)
        }
        patch = try text.operations()
        guard !patch.isEmpty else { throw text.node.failure("empty-patch", "\(text.name) has no operations") }
    }

    func transform(_ resources: inout ResourceMap, in context: BuildContext) throws(KustomizeFailure) {
        for resource in try target.select(from: resources.items) {
            // Whatever the build remembers of it stands in annotations in kustomize.
            let isRemembered =
                !resource.formers.isEmpty || !resource.prefixes.isEmpty || !resource.suffixes.isEmpty || resource.needsHash
                || resource.behavior != .create
            try patch.apply(to: resource, withAnnotations: isRemembered, at: node, in: context)
        }
        resources.identitiesChanged()
    }
}
