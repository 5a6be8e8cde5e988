// SPDX-License-Identifier: Apache-2.0

/// Which kinds live outside of namespaces, as kustomize knows it: the built-in kinds of Kubernetes 1.21, by their exact versions. Any other
/// kind, later built-in ones included, counts as namespaced.
enum ClusterScope {
    private static let kinds: [String: Set<String>] = {
        var kinds: [String: Set<String>] = [:]
        for (versions, names) in table {
            for name in names { kinds[name, default: []].formUnion(versions) }
        }
        return kinds
    }()

    static func contains(group: String, version: String, kind: String) -> Bool {
        guard let versions = kinds[kind] else { return false }
        return versions.contains(group.isEmpty ? version : "\(group)/\(version)")
    }

    private static let table: [(versions: [String], kinds: [String])] = [
        (["v1"], ["ComponentStatus", "Namespace", "Node", "NodeProxyOptions", "PersistentVolume"]),
        (
            ["admissionregistration.k8s.io/v1", "admissionregistration.k8s.io/v1beta1"],
            ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"]
        ),
        (["apiextensions.k8s.io/v1", "apiextensions.k8s.io/v1beta1"], ["CustomResourceDefinition"]),
        (["apiregistration.k8s.io/v1", "apiregistration.k8s.io/v1beta1"], ["APIService"]),
        (["certificates.k8s.io/v1", "certificates.k8s.io/v1beta1"], ["CertificateSigningRequest"]),
        (["flowcontrol.apiserver.k8s.io/v1beta1"], ["FlowSchema", "PriorityLevelConfiguration"]),
        (["networking.k8s.io/v1", "networking.k8s.io/v1beta1"], ["IngressClass"]),
        (["node.k8s.io/v1", "node.k8s.io/v1beta1"], ["RuntimeClass"]),
        (["policy/v1beta1"], ["PodSecurityPolicy"]),
        (["rbac.authorization.k8s.io/v1", "rbac.authorization.k8s.io/v1beta1"], ["ClusterRole", "ClusterRoleBinding"]),
        (["scheduling.k8s.io/v1", "scheduling.k8s.io/v1beta1"], ["PriorityClass"]),
        (["storage.k8s.io/v1", "storage.k8s.io/v1beta1"], ["CSIDriver", "CSINode", "StorageClass", "VolumeAttachment"]),
    ]
}
