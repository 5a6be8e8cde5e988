// SPDX-License-Identifier: Apache-2.0

/// The order in which `kubectl kustomize` prints resources: some kinds first, webhooks last, the rest by group, version, kind,
/// namespace and name.
enum LegacyOrder {
    private static let first = [
        "Namespace", "ResourceQuota", "StorageClass", "CustomResourceDefinition", "ServiceAccount", "PodSecurityPolicy", "Role",
        "ClusterRole", "RoleBinding", "ClusterRoleBinding", "ConfigMap", "Secret", "Endpoints", "Service", "LimitRange", "PriorityClass",
        "PersistentVolume", "PersistentVolumeClaim", "Deployment", "StatefulSet", "CronJob", "PodDisruptionBudget",
    ]
    private static let last = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"]

    private static let ranks: [String: Int] = {
        var ranks: [String: Int] = [:]
        for (index, kind) in first.enumerated() { ranks[kind] = index - first.count }
        for (index, kind) in last.enumerated() { ranks[kind] = index + 1 }
        return ranks
    }()

    static func sorted(_ resources: [Resource]) -> [Resource] {
        let keyed = resources.map { resource in
            let id = resource.id
            // The signs are kustomize's: an absent part sorts after every present one.
            let gvk = [id.group.isEmpty ? "~G" : id.group, id.version.isEmpty ? "~V" : id.version, id.kind].joined(separator: "_")
            let place = "\(gvk)|\(id.namespace.isEmpty ? "~X" : id.namespace)|\(id.name)"
            return (rank: ranks[id.kind] ?? 0, gvk: Array(gvk.utf8), place: Array(place.utf8), resource: resource)
        }
        return keyed.sorted { left, right in
            if left.rank != right.rank { return left.rank < right.rank }
            if left.gvk != right.gvk { return left.gvk.lexicographicallyPrecedes(right.gvk) }
            return left.place.lexicographicallyPrecedes(right.place)
        }.map(\.resource)
    }
}
