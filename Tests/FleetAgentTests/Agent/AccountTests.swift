// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import ClusterSimulator
import Manifests
import Testing

@testable import FleetAgent

@Suite(.serialized, .timeLimit(.minutes(2))) struct AccountTests {
    private static func config(_ name: String) -> String { "/api/v1/namespaces/shop/configmaps/\(name)" }
    private static let roles = "/apis/rbac.authorization.k8s.io/v1/namespaces/shop"

    /// An account of the namespace that may do these things to ConfigMaps; bound by name, or by the group of all the namespace's.
    private static func prepare(_ cluster: TestCluster, verbs: [Value], byGroup: Bool = false) {
        cluster.create("/api/v1/namespaces", ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "shop"]])
        cluster.create(
            "/api/v1/namespaces/shop/serviceaccounts", ["apiVersion": "v1", "kind": "ServiceAccount", "metadata": ["name": "deployer"]])
        cluster.create(
            "\(roles)/roles",
            [
                "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": ["name": "deployer"],
                "rules": [["apiGroups": [""], "resources": ["configmaps"], "verbs": .list(verbs)]],
            ])
        let subject: Value =
            byGroup
            ? ["apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "system:serviceaccounts:shop"]
            : ["kind": "ServiceAccount", "name": "deployer", "namespace": "shop"]
        cluster.create(
            "\(roles)/rolebindings",
            [
                "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": ["name": "deployer"],
                "roleRef": ["apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "deployer"], "subjects": [subject],
            ])
    }

    @Test("What an application's account may do is done, healed and pruned in its name; its groups count", arguments: [false, true])
    func allowed(byGroup: Bool) async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            Self.prepare(cluster, verbs: ["get", "create", "patch", "delete"], byGroup: byGroup)
            try await cluster.withAgent { () async throws -> Void in
                coordinator.want("web", 1, [configMap("a", ["k": "1"]), configMap("b", ["k": "1"])]) { $0.serviceAccount = "deployer" }
                await coordinator.wait("web", 1, .synced, .current)
                cluster.edit(Self.config("a"), ["data": ["k": "x"]])
                await coordinator.wait { $0.events.contains { $0.kind == .healed } }
                #expect(cluster.get(Self.config("a")).at("data", "k") == "1")
                coordinator.want("web", 2, [configMap("a", ["k": "2"])]) { $0.serviceAccount = "deployer" }
                await coordinator.wait("web", 2, .synced, .current)
                #expect(cluster.get(Self.config("b")).isNull)
                // The ApplySet's parent is the agent's own.
                #expect(!cluster.get("/api/v1/namespaces/flotilla-system/secrets/flotilla-web").isNull)
            }
        }
    }

    @Test("What an account may not do is not done, and the report says who may not")
    func denied() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            Self.prepare(cluster, verbs: ["get", "create", "patch"])
            try await cluster.withAgent { () async throws -> Void in
                coordinator.want("web", 1, [configMap("a", ["k": "1"]), deployment("d", image: "x/d:1")]) { $0.serviceAccount = "deployer" }
                await coordinator.wait("web", 1, .failed)
                let message = coordinator.heard.applications["web"]?.message ?? ""
                #expect(message.contains("apps/Deployment shop/d") && message.contains("system:serviceaccount:shop:deployer"))
                #expect(cluster.get("/apis/apps/v1/namespaces/shop/deployments/d").isNull)
                // Nor does it prune with more rights than the account has.
                coordinator.want("web", 2, [configMap("a", ["k": "1"]), configMap("b", ["k": "1"])]) { $0.serviceAccount = "deployer" }
                await coordinator.wait("web", 2, .synced, .current)
                coordinator.want("web", 3, [configMap("a", ["k": "1"])]) { $0.serviceAccount = "deployer" }
                await coordinator.wait("web", 3, .failed)
                #expect(coordinator.heard.applications["web"]?.message.contains("cannot delete resource") == true)
                #expect(!cluster.get(Self.config("b")).isNull)
            }
        }
    }

    @Test("An account that may not make namespaces makes none")
    func namespace() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            try await cluster.withAgent { () async throws -> Void in
                coordinator.want("web", 1, [configMap("a", ["k": "1"])]) { $0.serviceAccount = "deployer" }
                await coordinator.wait("web", 1, .failed)
                #expect(coordinator.heard.applications["web"]?.message.contains("cannot create resource \"namespaces\"") == true)
                #expect(cluster.get("/api/v1/namespaces/shop").isNull)
            }
        }
    }

    @Test("A kind's own health rules decide, and a change of them is noticed without a change of the object")
    func healthRules() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            let rule = HealthRule(
                group: "", kind: "ConfigMap", path: "/data/state", comparison: .equals("done"),
                failed: .init(path: "/data/state", comparison: .equals("broken")))
            try await cluster.withAgent { () async throws -> Void in
                coordinator.want("web", 1, [configMap("a", ["k": "1"])]) { $0.healthRules = [rule] }
                await coordinator.wait("web", 1, .synced, .inProgress)
                #expect(coordinator.heard.applications["web"]?.message == "/data/state is not set, waits for 'done'")
                cluster.edit(Self.config("a"), ["data": ["state": "broken"]])
                await coordinator.wait("web", 1, .synced, .failed)
                cluster.edit(Self.config("a"), ["data": ["state": "done"]])
                await coordinator.wait("web", 1, .synced, .current)
                cluster.edit(Self.config("a"), ["data": ["state": "broken"]])
                await coordinator.wait("web", 1, .synced, .failed)
                coordinator.want("web", 2, [configMap("a", ["k": "1"])])
                await coordinator.wait("web", 2, .synced, .current)
            }
        }
    }
}
