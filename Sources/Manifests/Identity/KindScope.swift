// SPDX-License-Identifier: Apache-2.0

/// Whether objects of a kind live in a namespace.
package enum KindScope: Sendable, Hashable {
    case cluster
    case namespaced

    /// The scope of a kind that comes with Kubernetes (1.36, and 1.21 for what is gone); `nil` for any other, whose scope its
    /// CustomResourceDefinition or the cluster's discovery knows.
    package static func builtIn(group: String, kind: String) -> KindScope? {
        if clusterScopedKinds[group]?.contains(kind) == true { return .cluster }
        if namespacedKinds[group]?.contains(kind) == true { return .namespaced }
        return nil
    }

    /// The names of the kinds that come with Kubernetes and have this scope.
    static func builtInKinds(_ scope: KindScope) -> Set<String> { scope == .cluster ? clusterScopedNames : namespacedNames }

    private static let clusterScopedNames = Set(clusterScopedKinds.values.joined())
    private static let namespacedNames = Set(namespacedKinds.values.joined())

    private static let clusterScopedKinds: [String: Set<String>] = [
        "": ["ComponentStatus", "Namespace", "Node", "PersistentVolume"],
        "admissionregistration.k8s.io": [
            "MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding", "MutatingWebhookConfiguration", "ValidatingAdmissionPolicy",
            "ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration",
        ],
        "apiextensions.k8s.io": ["CustomResourceDefinition"],
        "apiregistration.k8s.io": ["APIService"],
        "authentication.k8s.io": ["SelfSubjectReview", "TokenReview"],
        "authorization.k8s.io": ["SelfSubjectAccessReview", "SelfSubjectRulesReview", "SubjectAccessReview"],
        "certificates.k8s.io": ["CertificateSigningRequest", "ClusterTrustBundle"],
        "flowcontrol.apiserver.k8s.io": ["FlowSchema", "PriorityLevelConfiguration"],
        "internal.apiserver.k8s.io": ["StorageVersion"],
        "networking.k8s.io": ["IPAddress", "IngressClass", "ServiceCIDR"],
        "node.k8s.io": ["RuntimeClass"],
        "policy": ["PodSecurityPolicy"],
        "rbac.authorization.k8s.io": ["ClusterRole", "ClusterRoleBinding"],
        "resource.k8s.io": ["DeviceClass", "DeviceTaintRule", "ResourceSlice"],
        "scheduling.k8s.io": ["PriorityClass"],
        "storage.k8s.io": ["CSIDriver", "CSINode", "StorageClass", "VolumeAttachment", "VolumeAttributesClass"],
        "storagemigration.k8s.io": ["StorageVersionMigration"],
    ]

    private static let namespacedKinds: [String: Set<String>] = [
        "": [
            "Binding", "ConfigMap", "Endpoints", "Event", "LimitRange", "PersistentVolumeClaim", "Pod", "PodTemplate",
            "ReplicationController", "ResourceQuota", "Secret", "Service", "ServiceAccount",
        ],
        "apps": ["ControllerRevision", "DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"],
        "authorization.k8s.io": ["LocalSubjectAccessReview"],
        "autoscaling": ["HorizontalPodAutoscaler"],
        "batch": ["CronJob", "Job"],
        "certificates.k8s.io": ["PodCertificateRequest"],
        "coordination.k8s.io": ["Lease", "LeaseCandidate"],
        "discovery.k8s.io": ["EndpointSlice"],
        "events.k8s.io": ["Event"],
        "extensions": ["Ingress"],
        "networking.k8s.io": ["Ingress", "NetworkPolicy"],
        "policy": ["PodDisruptionBudget"],
        "rbac.authorization.k8s.io": ["Role", "RoleBinding"],
        "resource.k8s.io": ["ResourceClaim", "ResourceClaimTemplate"],
        "storage.k8s.io": ["CSIStorageCapacity"],
    ]
}
