// SPDX-License-Identifier: Apache-2.0

/// Which Kubernetes object a manifest describes. The API version is no part of it: the same object is served in several.
package struct ObjectIdentity: Sendable, Hashable {
    /// Empty for the core group.
    package let group: String
    package let kind: String
    /// Empty for objects outside namespaces, and for those whose manifest leaves it to the reader.
    package let namespace: String
    package let name: String

    package init(group: String, kind: String, namespace: String, name: String) {
        self.group = group
        self.kind = kind
        self.namespace = namespace
        self.name = name
    }

    /// Reads `apiVersion`, `kind` and `metadata`; `nil` where one of the first two or the name is missing or no string.
    package init?(_ object: Value) {
        guard let apiVersion = object["apiVersion"]?.string, !apiVersion.isEmpty, let kind = object["kind"]?.string, !kind.isEmpty,
            let metadata = object["metadata"], let name = metadata["name"]?.string, !name.isEmpty
        else { return nil }
        group = Self.group(ofAPIVersion: apiVersion)
        self.kind = kind
        namespace = metadata["namespace"]?.string ?? ""
        self.name = name
    }

    /// `apps` of `apps/v1`, and the empty core group of `v1`.
    package static func group(ofAPIVersion apiVersion: String) -> String {
        apiVersion.firstIndex(of: "/").map { String(apiVersion[..<$0]) } ?? ""
    }

    /// `apps/Deployment`, `Service`.
    package var groupKind: String { group.isEmpty ? kind : "\(group)/\(kind)" }
}

extension ObjectIdentity: CustomStringConvertible {
    /// `apps/Deployment shop/web`, `Namespace shop`.
    package var description: String { "\(groupKind) \(namespace.isEmpty ? name : "\(namespace)/\(name)")" }
}

extension ObjectIdentity: Comparable {
    package static func < (left: ObjectIdentity, right: ObjectIdentity) -> Bool {
        (left.group, left.kind, left.namespace, left.name) < (right.group, right.kind, right.namespace, right.name)
    }
}
