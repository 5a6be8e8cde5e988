// SPDX-License-Identifier: Apache-2.0
import Manifests

/// What tells one resource of a build from another. Two that differ only in an absent and a `default` namespace are the same.
struct ResourceID: Sendable, Hashable, CustomStringConvertible {
    var group: String
    var version: String
    var kind: String
    var namespace: String
    var name: String

    init(group: String, version: String, kind: String, namespace: String, name: String) {
        self.group = group
        self.version = version
        self.kind = kind
        self.namespace = namespace
        self.name = name
    }

    /// The identity that an object says it has; parts that it does not say are empty.
    init(_ object: Value) {
        let (group, version) = Self.split(apiVersion: object["apiVersion"]?.string ?? "")
        let metadata = object["metadata"]
        self.init(
            group: group, version: version, kind: object["kind"]?.scalarText ?? "", namespace: metadata?["namespace"]?.scalarText ?? "",
            name: metadata?["name"]?.scalarText ?? "")
    }

    /// `apps/v1` is group `apps`, version `v1`; `v1` has the empty group.
    static func split(apiVersion: String) -> (group: String, version: String) {
        guard let slash = apiVersion.utf8.firstIndex(of: UInt8(ascii: "/")) else { return ("", apiVersion) }
        return (String(apiVersion[..<slash]), String(apiVersion[apiVersion.utf8.index(after: slash)...]))
    }

    var isClusterScoped: Bool { ClusterScope.contains(group: group, version: version, kind: kind) }

    /// The namespace that counts: none for cluster-scoped kinds, `default` where none is said.
    var effectiveNamespace: String {
        if isClusterScoped { return "" }
        return namespace.isEmpty ? "default" : namespace
    }

    /// Whether group, version, kind and name are the same.
    func matchesButNamespace(_ other: ResourceID) -> Bool {
        name == other.name && kind == other.kind && group == other.group && version == other.version
    }

    /// Equality as kustomize means it: effective namespaces, not written ones.
    func matches(_ other: ResourceID) -> Bool { matchesButNamespace(other) && effectiveNamespace == other.effectiveNamespace }

    var description: String {
        let api = group.isEmpty ? version : "\(group)/\(version)"
        return "\(api) \(kind) \(namespace.isEmpty ? "" : namespace + "/")\(name)"
    }
}
