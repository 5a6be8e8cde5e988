// SPDX-License-Identifier: Apache-2.0

/// A kind of objects that an API server serves, and where.
package struct ResourceType: Sendable, Hashable {
    /// Empty for the core group.
    package var group: String
    package var version: String
    package var kind: String
    /// The name in URLs, for example `deployments`.
    package var plural: String
    package var namespaced: Bool
    package var verbs: Set<String>

    package init(group: String, version: String, kind: String, plural: String, namespaced: Bool, verbs: Set<String>) {
        self.group = group
        self.version = version
        self.kind = kind
        self.plural = plural
        self.namespaced = namespaced
        self.verbs = verbs
    }

    package static let everyVerb: Set<String> = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]

    package var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }

    /// The path of the collection, of one object, or of one of its subresources.
    /// - Parameter namespace: empty for all namespaces; not looked at for cluster-wide kinds.
    package func path(namespace: String = "", name: String? = nil, subresource: String? = nil) -> String {
        var path = group.isEmpty ? "/api/\(version)" : "/apis/\(group)/\(version)"
        if namespaced, !namespace.isEmpty { path += "/namespaces/\(Percent.encode(namespace))" }
        path += "/\(plural)"
        if let name { path += "/\(Percent.encode(name))" }
        if let subresource { path += "/\(subresource)" }
        return path
    }
}

extension ResourceType {
    /// Kinds that every API server has, for use before discovery.
    package static let namespaces = ResourceType(
        group: "", version: "v1", kind: "Namespace", plural: "namespaces", namespaced: false, verbs: everyVerb)
    package static let secrets = ResourceType(
        group: "", version: "v1", kind: "Secret", plural: "secrets", namespaced: true, verbs: everyVerb)
    package static let configMaps = ResourceType(
        group: "", version: "v1", kind: "ConfigMap", plural: "configmaps", namespaced: true, verbs: everyVerb)
    package static let pods = ResourceType(
        group: "", version: "v1", kind: "Pod", plural: "pods", namespaced: true, verbs: everyVerb)
    package static let deployments = ResourceType(
        group: "apps", version: "v1", kind: "Deployment", plural: "deployments", namespaced: true, verbs: everyVerb)
    package static let jobs = ResourceType(
        group: "batch", version: "v1", kind: "Job", plural: "jobs", namespaced: true, verbs: everyVerb)
    package static let leases = ResourceType(
        group: "coordination.k8s.io", version: "v1", kind: "Lease", plural: "leases", namespaced: true, verbs: everyVerb)
    package static let customResourceDefinitions = ResourceType(
        group: "apiextensions.k8s.io", version: "v1", kind: "CustomResourceDefinition", plural: "customresourcedefinitions",
        namespaced: false, verbs: everyVerb)
}

/// Percent-encoding of URL parts, RFC 3986 §2: all but unreserved characters.
enum Percent {
    static func encode(_ text: String) -> String {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                bytes.append(byte)
            default:
                let digits = Array("0123456789ABCDEF".utf8)
                bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
