// SPDX-License-Identifier: Apache-2.0

/// The order in which Helm installs kinds; others follow by name, and of one kind what was rendered first.
enum InstallOrder {
    private static let kinds = [
        "PriorityClass", "Namespace", "NetworkPolicy", "ResourceQuota", "LimitRange", "PodSecurityPolicy", "PodDisruptionBudget",
        "ServiceAccount", "Secret", "SecretList", "ConfigMap", "StorageClass", "PersistentVolume", "PersistentVolumeClaim",
        "CustomResourceDefinition", "ClusterRole", "ClusterRoleList", "ClusterRoleBinding", "ClusterRoleBindingList", "Role", "RoleList",
        "RoleBinding", "RoleBindingList", "Service", "DaemonSet", "Pod", "ReplicationController", "ReplicaSet", "Deployment",
        "HorizontalPodAutoscaler", "StatefulSet", "Job", "CronJob", "IngressClass", "Ingress", "APIService",
        "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration",
    ]
    private static let places = Dictionary(uniqueKeysWithValues: kinds.enumerated().map { ($1, $0) })

    static func sorted(_ manifests: [HelmManifest]) -> [HelmManifest] {
        manifests.enumerated().sorted { left, right in
            let (first, second) = (left.element.kind, right.element.kind)
            switch (places[first], places[second]) {
            case (let one?, let other?) where one != other: return one < other
            case (.some, .some): return left.offset < right.offset
            case (.some, nil): return true
            case (nil, .some): return false
            case (nil, nil): return (first, left.offset) < (second, right.offset)
            }
        }.map(\.element)
    }
}
