// SPDX-License-Identifier: Apache-2.0
import Manifests

/// An object on its way through a build.
struct Resource: Sendable {
    var value: Value
    /// The identities it had before transformers changed them; patches and references still use those.
    var previous: [ResourceID] = []
    /// The file that it was read from, and which of its documents it is.
    let path: String
    let document: Int
    var isDeleted = false

    var id: ResourceID { ResourceID(value) ?? ResourceID(group: "", version: "", kind: "", namespace: "", name: "") }

    /// Remembers the present identity before it changes.
    mutating func storePreviousID() {
        let id = id
        if previous.last != id { previous.append(id) }
    }
}

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

    /// - Returns: `nil` for an object without kind or name.
    init?(_ object: Value) {
        guard let kind = object["kind"]?.string, !kind.isEmpty, let name = object.at("metadata", "name")?.scalarText, !name.isEmpty else {
            return nil
        }
        let apiVersion = object["apiVersion"]?.string ?? ""
        let slash = apiVersion.firstIndex(of: "/")
        group = slash.map { String(apiVersion[..<$0]) } ?? ""
        version = slash.map { String(apiVersion[apiVersion.index(after: $0)...]) } ?? apiVersion
        self.kind = kind
        namespace = object.at("metadata", "namespace")?.string ?? ""
        self.name = name
    }

    var isClusterScoped: Bool { KindScope.builtIn(group: group, kind: kind) == .cluster }

    var effectiveNamespace: String {
        if isClusterScoped { return "" }
        return namespace.isEmpty ? "default" : namespace
    }

    /// Equality as kustomize means it.
    func matches(_ other: ResourceID) -> Bool {
        name == other.name && kind == other.kind && group == other.group && version == other.version
            && effectiveNamespace == other.effectiveNamespace
    }

    var description: String {
        let api = group.isEmpty ? version : "\(group)/\(version)"
        return "\(api) \(kind) \(namespace.isEmpty ? "" : namespace + "/")\(name)"
    }
}
