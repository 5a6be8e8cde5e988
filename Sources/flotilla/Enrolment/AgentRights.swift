// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Manifests

/// The roles and bindings of an agent.
struct AgentRights: Sendable {
    let rights: AgentInstallation.Rights

    init(_ rights: AgentInstallation.Rights) { self.rights = rights }

    private static let group = "rbac.authorization.k8s.io"

    var objects: [Value] {
        switch rights {
        case .clusterAdmin: [binding("ClusterRoleBinding", in: nil, role: "ClusterRole", "cluster-admin")]
        case .namespaces(let namespaces):
            [
                role("Role", in: Ownership.agentNamespace, Self.own),
                binding("RoleBinding", in: Ownership.agentNamespace, role: "Role", Ownership.agentName),
            ]
                + namespaces.flatMap { namespace in
                    [
                        role("Role", in: namespace, Self.managed),
                        binding("RoleBinding", in: namespace, role: "Role", Ownership.agentName),
                    ]
                }
        }
    }

    /// In its own namespace: the ApplySets' parents and what it keeps for itself, its lease, and its own Deployment's image.
    private static let own: [Value] = [
        rule("", ["secrets"], ["get", "list", "watch", "create", "update", "patch", "delete"]),
        rule("coordination.k8s.io", ["leases"], ["get", "list", "watch", "create", "update", "patch"]),
        rule("", ["pods"], ["get"]),
        [
            "apiGroups": ["apps"], "resources": ["deployments"], "resourceNames": [.string(Ownership.agentName)],
            "verbs": ["get", "patch"],
        ],
    ]

    /// In a namespace that it manages: every kind, as applications may hold any; no verb that hands out more than it has. And the names of
    /// applications' own service accounts; their groups come with them.
    private static let managed: [Value] = [
        rule("*", ["*"], ["get", "list", "watch", "create", "update", "patch", "delete"]),
        rule("", ["serviceaccounts"], ["impersonate"]),
    ]

    private static func rule(_ group: String, _ resources: [String], _ verbs: [String]) -> Value {
        [
            "apiGroups": [.string(group)], "resources": .list(resources.map { .string($0) }),
            "verbs": .list(verbs.map { .string($0) }),
        ]
    }

    private func role(_ kind: String, in namespace: String?, _ rules: [Value]) -> Value {
        [
            "apiVersion": .string("\(Self.group)/v1"), "kind": .string(kind),
            "metadata": AgentInstallation.metadata(Ownership.agentName, namespace), "rules": .list(rules),
        ]
    }

    private func binding(_ kind: String, in namespace: String?, role: String, _ name: String) -> Value {
        [
            "apiVersion": .string("\(Self.group)/v1"), "kind": .string(kind),
            "metadata": AgentInstallation.metadata(Ownership.agentName, namespace),
            "roleRef": ["apiGroup": .string(Self.group), "kind": .string(role), "name": .string(name)],
            "subjects": [
                ["kind": "ServiceAccount", "name": .string(Ownership.agentName), "namespace": .string(Ownership.agentNamespace)]
            ],
        ]
    }
}
