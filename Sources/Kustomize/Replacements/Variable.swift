// SPDX-License-Identifier: Apache-2.0
import Manifests

/// One of `vars`: a name that stands, as `$(NAME)`, for the value of a field of a resource.
struct Variable: Sendable {
    let name: String
    /// The resource, as it was called at any time.
    let target: ResourceID
    /// For example `spec.ports[0].port`.
    let fieldPath: String
    let node: Node

    /// - Parameter node: an entry of a kustomization's `vars`.
    init(_ node: Node) throws(KustomizeFailure) {
        self.node = node
        _ = try node.map()
        try node.requireOnly(["name", "objref", "fieldref"])
        name = try node.text("name")
        let object = node["objref"]
        if let object {
            _ = try object.map()
            try object.requireOnly(["apiVersion", "group", "version", "kind", "name", "namespace"])
        }
        var target = ResourceID(
            group: try object?.text("group") ?? "", version: try object?.text("version") ?? "", kind: try object?.text("kind") ?? "",
            namespace: try object?.text("namespace") ?? "", name: try object?.text("name") ?? "")
        let parts = try (object?.text("apiVersion") ?? "").split(separator: "/", omittingEmptySubsequences: false)
        if parts.count == 2 { (target.group, target.version) = (String(parts[0]), String(parts[1])) }
        if parts.count == 1, !parts[0].isEmpty { target.version = String(parts[0]) }
        self.target = target
        let field = node["fieldref"]
        if let field {
            _ = try field.map()
            try field.requireOnly(["fieldPath"])
        }
        let path = try field?.text("fieldPath") ?? ""
        fieldPath = path.isEmpty ? "metadata.name" : path
    }

    /// Whether an identity is the target's. Without a namespace any will do; group, version and kind must be the same, unsaid ones too.
    func matches(_ id: ResourceID) -> Bool {
        guard target.matchesButNamespace(id) else { return false }
        if target.namespace.isEmpty { return true }
        return !id.isClusterScoped && target.namespace == id.effectiveNamespace
    }
}
