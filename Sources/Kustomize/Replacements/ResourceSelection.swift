// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Says which resources a replacement takes its value from, writes to, or leaves out.
///
/// Unlike the target of a patch, group, version, kind, name and namespace are compared as they are, with the present and with all former
/// identities of a resource.
struct ResourceSelection: CustomStringConvertible {
    static let fields = ["group", "version", "kind", "name", "namespace"]
    static let labelFields = ["annotationSelector", "labelSelector"]

    let group: String
    let version: String
    let kind: String
    let name: String
    let namespace: String
    private let labels: LabelSelector?
    private let annotations: LabelSelector?

    /// - Parameter more: members besides those of a selection; `nil` where any other may be there.
    init(_ node: Node, more: [String]?, labels withLabels: Bool) throws(KustomizeFailure) {
        _ = try node.map()
        if let more { try node.requireOnly(Self.fields + (withLabels ? Self.labelFields : []) + more) }
        group = try node.text("group")
        version = try node.text("version")
        kind = try node.text("kind")
        name = try node.text("name")
        namespace = try node.text("namespace")
        labels = withLabels ? try Self.selector(node, "labelSelector") : nil
        annotations = withLabels ? try Self.selector(node, "annotationSelector") : nil
    }

    private static func selector(_ node: Node, _ key: String) throws(KustomizeFailure) -> LabelSelector? {
        let text = try node.text(key)
        guard !text.isEmpty else { return nil }
        do throws(LabelSelector.Malformed) {
            return try LabelSelector(text)
        } catch {
            throw (node[key] ?? node).failure("invalid-selector", "\(key): \(error.message)")
        }
    }

    /// Whether no part of an identity is said.
    var isAnyIdentity: Bool { group.isEmpty && version.isEmpty && kind.isEmpty && name.isEmpty && namespace.isEmpty }

    var hasLabels: Bool { labels != nil || annotations != nil }

    /// Whether the resource is or ever was what is said.
    func matchesIdentity(of resource: Resource) -> Bool {
        let id = resource.id
        guard group.isEmpty || group == id.group, version.isEmpty || version == id.version else { return false }
        // Of the present identity kustomize takes the namespace as written, even where the kind has none.
        if matches(kind: id.kind, name: id.name, namespace: id.namespace.isEmpty ? "default" : id.namespace) { return true }
        return resource.formers.contains {
            matches(kind: $0.kind, name: $0.name, namespace: $0.namespace.isEmpty ? "_non_namespaceable_" : $0.namespace)
        }
    }

    private func matches(kind: String, name: String, namespace: String) -> Bool {
        (self.name.isEmpty || self.name == name) && (self.kind.isEmpty || self.kind == kind)
            && (self.namespace.isEmpty || self.namespace == namespace)
    }

    /// Whether labels and annotations are as wanted.
    func matchesLabels(of resource: Resource) -> Bool {
        (labels?.matches(resource.texts("labels")) ?? true) && (annotations?.matches(resource.texts("annotations")) ?? true)
    }

    /// The resources that can be meant, by their names alone.
    func candidates(among resources: inout ResourceMap) -> [Resource] {
        name.isEmpty ? resources.items : resources.indices(everNamed: name).map { resources.items[$0] }
    }

    var description: String {
        let parts = [
            ("group", group), ("version", version), ("kind", kind), ("namespace", namespace), ("name", name),
        ].filter { !$0.1.isEmpty }.map { "\($0.0) \($0.1)" }
        return parts.isEmpty ? "any resource" : parts.joined(separator: ", ")
    }
}
