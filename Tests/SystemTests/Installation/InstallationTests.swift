// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Foundation
import Manifests
import Testing

@Suite("Installation", .serialized, .timeLimit(.minutes(2))) struct InstallationTests {
    private static func configMap(_ name: String, namespace: String? = nil) -> Value {
        var metadata: Value = ["name": .string(name)]
        if let namespace { metadata["namespace"] = .string(namespace) }
        return ["apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": ["a": "1"]]
    }

    private static let reader: Value = [
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": ["name": "shop-reader"],
        "rules": [["apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]]],
    ]

    private static func namespace(_ name: String) -> Value {
        ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(name)]]
    }

    @Test("one manifest installs an agent with all rights; the uninstall manifest takes it out, and nothing that it applied")
    func wholeCluster() async throws {
        try await InstalledCluster.run { cluster in
            let manifest = try await cluster.install()
            // Its pod passes the strictest Pod Security level, which its namespace enforces.
            try await cluster.waitForPod(Self.image)
            let agent = try await cluster.startAgent(manifest)
            cluster.coordinator.want("web", 1, [Self.configMap("settings"), Self.reader], namespace: "shop") { $0.createNamespace = true }
            _ = try await cluster.coordinator.report("web", 1) { $0.phase == .synced && $0.health == .current }
            #expect(!cluster.get("/api/v1/namespaces/flotilla-system/secrets/flotilla-web").isNull)

            for object in try await cluster.flotilla(["uninstall-manifest", "c"]) {
                #expect(cluster.delete(object) < 300, "\(YAML.write(object))")
            }
            // The agent is still there to see it: nothing may look to it like a wish to prune.
            while !cluster.get("/api/v1/namespaces/flotilla-system").isNull { try await Task.sleep(for: .milliseconds(5)) }
            #expect(cluster.get("/api/v1/namespaces/shop/configmaps/settings").at("data", "a") == "1")
            #expect(!cluster.get("/apis/rbac.authorization.k8s.io/v1/clusterroles/shop-reader").isNull)
            #expect(!cluster.get("/api/v1/namespaces/shop").isNull)
            #expect(cluster.get("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/flotilla-agent").isNull)
            await agent.killNow()
            let deletions = try cluster.agentRequests().filter { $0.hasPrefix("DELETE") }
            #expect(deletions.isEmpty, "\(deletions)")
        }
    }

    @Test("an agent of some namespaces does what it needs there, and says what it may not do")
    func someNamespaces() async throws {
        try await InstalledCluster.run { cluster in
            for name in ["shop", "web", "other"] { #expect(cluster.apply(Self.namespace(name)) < 300) }
            let manifest = try await cluster.install(["--mode", "namespaced", "--namespaces", "web,shop"])
            for object in Self.deployer { #expect(cluster.apply(object) < 300, "\(YAML.write(object))") }
            let agent = try await cluster.startAgent(manifest)
            let coordinator = cluster.coordinator

            coordinator.want("shop", 1, [Self.configMap("one"), Self.configMap("two", namespace: "web")], namespace: "shop") {
                $0.createNamespace = true
            }
            _ = try await coordinator.report("shop", 1) { $0.phase == .synced && $0.health == .current }
            // In the name of an account of the application's own.
            coordinator.want("account", 2, [Self.configMap("mine")], namespace: "shop") { $0.serviceAccount = "deployer" }
            _ = try await coordinator.report("account", 2) { $0.phase == .synced }
            // What is dropped is pruned, what is changed is healed.
            coordinator.want("shop", 3, [Self.configMap("one")], namespace: "shop") { $0.pruneMaxPercent = 100 }
            _ = try await coordinator.report("shop", 3) { $0.phase == .synced }
            #expect(cluster.get("/api/v1/namespaces/web/configmaps/two").isNull)
            let edited = cluster.send(
                "PATCH", "/api/v1/namespaces/shop/configmaps/one", query: [("fieldManager", "hand")], type: "application/merge-patch+json",
                ["data": ["a": "2"]])
            #expect(edited.status == 200)
            try await coordinator.wait { $0.events.contains { $0.kind == .healed && $0.object.hasSuffix("shop/one") } }

            coordinator.want("elsewhere", 4, [Self.configMap("x", namespace: "other")], namespace: "shop")
            let elsewhere = try await coordinator.report("elsewhere", 4) { $0.phase == .failed }
            #expect(elsewhere?.message.contains("the namespaces shop, web") == true)
            #expect(elsewhere?.message.contains("it is in the namespace other") == true)
            coordinator.want("wide", 5, [Self.reader], namespace: "shop")
            let wide = try await coordinator.report("wide", 5) { $0.phase == .failed }
            #expect(wide?.message.contains("it belongs to no namespace") == true)
            #expect(wide?.message.contains("--mode cluster-admin") == true)
            #expect(cluster.get("/apis/rbac.authorization.k8s.io/v1/clusterroles/shop-reader").isNull)
            await agent.killNow()

            let token = cluster.accountToken()
            for (path, status) in Self.limits {
                #expect(cluster.send("GET", path, token: token).status == status, "\(path)")
            }
            let own = "/apis/apps/v1/namespaces/flotilla-system/deployments"
            let patch: Value = ["metadata": ["annotations": ["a": "b"]]]
            let type = "application/merge-patch+json"
            #expect(cluster.send("PATCH", "\(own)/flotilla-agent", type: type, token: token, patch).status == 200)
            #expect(cluster.send("PATCH", "\(own)/other", type: type, token: token, patch).status == 403)
            for object in try await cluster.flotilla(["uninstall-manifest", "c", "--mode", "namespaced", "--namespaces", "shop,web"]) {
                #expect(cluster.delete(object) < 300, "\(YAML.write(object))")
            }
            #expect(cluster.get("/apis/rbac.authorization.k8s.io/v1/namespaces/shop/roles/flotilla-agent").isNull)
            #expect(!cluster.get("/api/v1/namespaces/shop/configmaps/one").isNull)
        }
    }

    /// What the agent of the namespaces shop and web may read, and what not.
    private static let limits: [(String, Int)] = [
        ("/api/v1/namespaces/shop/secrets", 200), ("/api/v1/namespaces/web/secrets", 200),
        ("/apis/apps/v1/namespaces/shop/deployments", 200), ("/api/v1/namespaces/shop", 200),
        ("/api/v1/namespaces/flotilla-system/secrets", 200), ("/api/v1/namespaces/other", 403),
        ("/api/v1/namespaces/other/secrets", 403), ("/api/v1/namespaces/kube-system/secrets", 403), ("/api/v1/secrets", 403),
        ("/api/v1/nodes", 403), ("/api/v1/namespaces", 403), ("/api/v1/namespaces/flotilla-system/configmaps", 403),
    ]

    private static let deployer: [Value] = [
        ["apiVersion": "v1", "kind": "ServiceAccount", "metadata": ["name": "deployer", "namespace": "shop"]],
        [
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": ["name": "deployer", "namespace": "shop"],
            "rules": [["apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "create", "patch"]]],
        ],
        [
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": ["name": "deployer", "namespace": "shop"],
            "roleRef": ["apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "deployer"],
            "subjects": [["kind": "ServiceAccount", "name": "deployer", "namespace": "shop"]],
        ],
    ]

    @Test("an agent that has fewer rights than it was told of says what the API server refuses")
    func tooFewRights() async throws {
        try await InstalledCluster.run { cluster in
            #expect(cluster.apply(Self.namespace("shop")) < 300)
            let manifest = try await cluster.install(["--mode", "namespaced", "--namespaces", "shop"])
            let agent = try await cluster.startAgent(manifest, without: "--namespaces")
            cluster.coordinator.want("shop", 1, [Self.configMap("one")], namespace: "shop")
            let report = try await cluster.coordinator.report("shop", 1) { $0.message.contains("refuses") }
            #expect(report?.message.contains("cannot list resource \"configmaps\"") == true, "\(report?.message ?? "")")
            await agent.killNow()
        }
    }

    private static let image = "registry.example/flotilla-agent:0.1.0"
    private static let newImage = "registry.example/flotilla-agent:0.2.0"

    @Test("an agent that is asked to move changes the image of its own Deployment, and says from the new pod that it has")
    func upgrade() async throws {
        try await InstalledCluster.run { cluster in
            #expect(cluster.apply(Self.namespace("shop")) < 300)
            // With no more rights than it needs.
            let manifest = try await cluster.install(["--mode", "namespaced", "--namespaces", "shop"])
            try await cluster.waitForPod(Self.image)
            let old = try await cluster.startAgent(manifest)
            try await cluster.coordinator.wait { $0.polls.contains { $0.image?.running == Self.image } }
            cluster.coordinator.ask(Self.newImage)
            try await cluster.coordinator.wait { $0.polls.contains { $0.image?.taken == Self.newImage && $0.image?.refusal == "" } }
            try await cluster.waitForPod(Self.newImage)
            await old.killNow()
            let new = try await cluster.startAgent(manifest)
            try await cluster.coordinator.wait { $0.polls.contains { $0.image?.running == Self.newImage } }
            let patches = try cluster.agentRequests().filter { $0.hasPrefix("PATCH") && $0.contains("deployments") }
            #expect(patches == ["PATCH /apis/apps/v1/namespaces/flotilla-system/deployments/flotilla-agent"])
            await new.killNow()
        }
    }

    @Test("an agent that cannot move says why, and stays")
    func cannotUpgrade() async throws {
        try await InstalledCluster.run { cluster in
            #expect(cluster.apply(Self.namespace("shop")) < 300)
            let manifest = try await cluster.install(["--mode", "namespaced", "--namespaces", "shop"])
            try await cluster.waitForPod(Self.image)
            cluster.coordinator.ask(Self.newImage)
            let loose = try await cluster.startAgent(manifest, isPod: false)
            try await cluster.coordinator.wait {
                $0.polls.contains { $0.image?.refusal.contains("was not installed by a Deployment") == true }
            }
            await loose.killNow()

            // All that it needs for its work, but not the right to its own Deployment.
            var role = try #require(
                manifest.first { $0["kind"] == "Role" && $0.at("metadata", "namespace") == "flotilla-system" })
            role["rules"] = .list((role["rules"]?.list ?? []).filter { $0["resources"] != ["deployments"] })
            #expect(cluster.apply(role) < 300)
            let powerless = try await cluster.startAgent(manifest)
            try await cluster.coordinator.wait { $0.polls.contains { $0.image?.refusal.contains("cannot get resource") == true } }
            await powerless.killNow()
            #expect(cluster.get("/apis/apps/v1/namespaces/flotilla-system/deployments/flotilla-agent").at("metadata", "generation") == 1)
        }
    }
}
