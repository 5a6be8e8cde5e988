// SPDX-License-Identifier: Apache-2.0

import Manifests

/// A resource that a cluster serves: one plural name in one version of one group.
struct ResourceType: Sendable {
    struct Subresource: Sendable {
        let name: String
        let kind: String
        let verbs: [String]
    }

    let group: String
    let version: String
    let kind: String
    let plural: String
    let singular: String
    let isNamespaced: Bool
    let verbs: [String]
    let shortNames: [String]
    let categories: [String]
    let subresources: [Subresource]
    let shape: Shape
    /// The definition behind a custom resource.
    var custom: CustomResource?

    var listKind: String { custom?.listKind ?? kind + "List" }
    var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }
    var key: ResourceKey { ResourceKey(group: group, plural: plural) }
    /// The resource as messages name it: `deployments.apps`.
    var qualified: String { group.isEmpty ? plural : "\(plural).\(group)" }
    /// The kind as validation messages name it: `Deployment.apps`.
    var qualifiedKind: String { group.isEmpty ? kind : "\(kind).\(group)" }
    var isCustom: Bool { custom != nil }

    func subresource(_ name: String) -> Subresource? { subresources.first { $0.name == name } }
    var hasStatus: Bool { subresource("status") != nil }

    /// Kinds whose `metadata.generation` counts the changes of what is wished for.
    var countsGenerations: Bool { isCustom || Self.generational.contains(kind) }

    private static let generational: Set<String> = [
        "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "CronJob", "Pod", "Ingress",
        "NetworkPolicy",
        "PodDisruptionBudget", "PriorityClass", "EndpointSlice", "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration",
        "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding",
        "CustomResourceDefinition", "IngressClass", "FlowSchema", "PriorityLevelConfiguration",
    ]
}

/// A resource whatever the version: what storage goes by.
struct ResourceKey: Hashable, Sendable {
    let group: String
    let plural: String
}

extension ResourceType {
    static let allVerbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
    static let statusVerbs = ["get", "patch", "update"]

    /// The built-in resources in the order in which discovery lists them.
    static let builtIn: [ResourceType] = parse(String(decoding: PackageResources.kinds_txt, as: UTF8.self))

    private static func parse(_ text: String) -> [ResourceType] {
        text.split(separator: "\n").filter { !$0.hasPrefix("#") }.compactMap { line in
            let words = line.split(separator: " ").map { $0 == "-" ? "" : String($0) }
            guard words.count == 11 else { return nil }
            func items(_ index: Int) -> [String] { words[index].split(separator: ",").map(String.init) }
            return ResourceType(
                group: words[0], version: words[1], kind: words[2], plural: words[3], singular: words[4],
                isNamespaced: words[5] == "Namespaced", verbs: words[7] == "*" ? allVerbs : items(7), shortNames: items(8),
                categories: items(9), subresources: items(10).map { subresource($0, kind: words[2]) }, shape: Schema.builtIn[words[6]])
        }
    }

    private static func subresource(_ text: String, kind: String) -> Subresource {
        let parts = text.split(separator: "=").map(String.init)
        if parts.count == 3 { return Subresource(name: parts[0], kind: parts[1], verbs: parts[2].split(separator: "+").map(String.init)) }
        return Subresource(name: parts[0], kind: parts[0] == "scale" ? "Scale" : kind, verbs: statusVerbs)
    }
}
