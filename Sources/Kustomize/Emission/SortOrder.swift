// SPDX-License-Identifier: Apache-2.0

/// The order in which resources are printed: as they were accumulated, or the "legacy" order of `kubectl kustomize`: some kinds first, webhooks
/// last, the rest by group, version, kind, namespace and name.
enum SortOrder {
    case accumulated
    case legacy(first: [String], last: [String])

    static let standard = SortOrder.legacy(first: standardFirst, last: standardLast)

    private static let standardFirst = [
        "Namespace", "ResourceQuota", "StorageClass", "CustomResourceDefinition", "ServiceAccount", "PodSecurityPolicy", "Role",
        "ClusterRole", "RoleBinding", "ClusterRoleBinding", "ConfigMap", "Secret", "Endpoints", "Service", "LimitRange", "PriorityClass",
        "PersistentVolume", "PersistentVolumeClaim", "Deployment", "StatefulSet", "CronJob", "PodDisruptionBudget",
    ]
    private static let standardLast = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"]

    /// What the `sortOptions` of a kustomization say; `nil` where there are none.
    static func read(_ node: Node?) throws(KustomizeFailure) -> SortOrder? {
        guard let node else { return nil }
        try node.requireOnly(["order", "legacySortOptions"])
        let options = node["legacySortOptions"]
        try options?.requireOnly(["orderFirst", "orderLast"])
        switch try node.text("order") {
        case "legacy":
            guard let options else { return standard }
            return .legacy(first: try options.texts("orderFirst"), last: try options.texts("orderLast"))
        case "fifo":
            if let options {
                throw options.failure(
                    "conflict", "legacySortOptions are for the order legacy, not fifo", key: true, hint: "remove them, or say order: legacy"
                )
            }
            return .accumulated
        case let other:
            throw (node["order"] ?? node).failure("wrong-value", "order must be legacy or fifo, not \(other.isEmpty ? "empty" : other)")
        }
    }

    func sorted(_ resources: [Resource]) -> [Resource] {
        guard case .legacy(let first, let last) = self else { return resources }
        var ranks: [String: Int] = [:]
        for (index, kind) in first.enumerated() { ranks[kind] = index - first.count }
        for (index, kind) in last.enumerated() { ranks[kind] = index + 1 }
        let keyed = resources.map { resource in
            let id = resource.id
            // The signs are kustomize's: an absent part sorts after every present one.
            let gvk = [id.group.isEmpty ? "~G" : id.group, id.version.isEmpty ? "~V" : id.version, id.kind.isEmpty ? "~K" : id.kind]
            let place = "\(id.namespace.isEmpty ? "~X" : id.namespace)|\(id.name.isEmpty ? "~N" : id.name)"
            return Key(
                rank: ranks[id.kind] ?? 0, gvk: Array(gvk.joined(separator: "_").utf8), place: Array(place.utf8),
                isNamespace: id.kind == "Namespace", isCore: id.group.isEmpty, resource: resource)
        }
        return keyed.sorted { $0.isBefore($1) }.map(\.resource)
    }

    private struct Key {
        let rank: Int
        let gvk: [UInt8]
        let place: [UInt8]
        let isNamespace: Bool
        let isCore: Bool
        let resource: Resource

        func isBefore(_ other: Key) -> Bool {
            if gvk == other.gvk { return place.lexicographicallyPrecedes(other.place) }
            if rank != other.rank { return rank < other.rank }
            // Among kinds called Namespace the core one comes first, against the alphabet.
            if isNamespace, other.isNamespace, isCore || other.isCore { return other.gvk.lexicographicallyPrecedes(gvk) }
            return gvk.lexicographicallyPrecedes(other.gvk)
        }
    }
}
