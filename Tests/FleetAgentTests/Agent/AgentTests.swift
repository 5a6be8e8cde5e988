// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import ClusterSimulator
import Manifests
import Testing

@testable import FleetAgent

@Suite(.serialized, .timeLimit(.minutes(2))) struct AgentTests {
    private static let web = "/apis/apps/v1/namespaces/shop/deployments/web"
    private static func config(_ name: String) -> String { "/api/v1/namespaces/shop/configmaps/\(name)" }

    @Test("The first task is applied, reported and labelled; an update sends only what changed; what was dropped is pruned")
    func applyUpdatePrune() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            try await cluster.withAgent {
                coordinator.want("web", 1, [deployment("web", image: "x/web:1"), configMap("a", ["k": "1"]), configMap("b", ["k": "1"])])
                await coordinator.wait("web", 1, .synced, .current)
                let live = cluster.get(Self.web)
                #expect(live.at("metadata", "labels", Ownership.applicationLabel) == "web")
                #expect(live.at("metadata", "labels", Ownership.partOfLabel)?.string == Ownership.applySetID(application: "web"))
                let parent = cluster.get("/api/v1/namespaces/flotilla-system/secrets/flotilla-web")
                #expect(parent.at("metadata", "annotations", Ownership.groupKindsAnnotation) == "ConfigMap,Deployment.apps")
                #expect(coordinator.heard.applications["web"]?.objectsCurrent == 3)

                let before = try cluster.agentWrites().count
                coordinator.want("web", 2, [deployment("web", image: "x/web:2"), configMap("a", ["k": "1"])])
                await coordinator.wait("web", 2, .synced, .current)
                #expect(try Array(cluster.agentWrites()[before...]) == ["PATCH \(Self.web)", "DELETE \(Self.config("b"))"])
                #expect(cluster.get(Self.config("b")).isNull)
                #expect(!cluster.get(Self.config("a")).isNull)

                let same = try cluster.agentWrites().count
                coordinator.want("web", 3, [deployment("web", image: "x/web:2"), configMap("a", ["k": "1"])])
                await coordinator.wait("web", 3, .synced, .current)
                #expect(try cluster.agentWrites().count == same)
            }
        }
    }

    @Test("A manual edit is healed by exactly one request, and so is a deletion")
    func heal() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            try await cluster.withAgent {
                coordinator.want("web", 1, [deployment("web", image: "x/web:1"), configMap("a", ["k": "1"])])
                await coordinator.wait("web", 1, .synced, .current)
                let before = try cluster.agentRequests().count
                cluster.edit(Self.config("a"), ["data": ["k": "2", "theirs": "kept"]])
                await coordinator.wait { $0.events.contains { $0.kind == .healed } }
                cluster.edit(Self.web, ["spec": ["replicas": 7]])
                await coordinator.wait { $0.events.filter { $0.kind == .healed }.count == 2 }
                await coordinator.wait("web", 1, .synced, .current)
                cluster.delete(Self.config("a"))
                await coordinator.wait { $0.events.filter { $0.kind == .healed }.count == 3 }
                #expect(
                    try Array(cluster.agentRequests()[before...])
                        == ["PATCH \(Self.config("a"))", "PATCH \(Self.web)", "PATCH \(Self.config("a"))"])
                let drifts = coordinator.heard.events.filter { $0.kind == .drift }
                #expect(drifts.map(\.paths) == [["/data/k"], ["/spec/replicas"], []])
                #expect(drifts.first?.message == "changed by hand: /data/k '2' instead of '1'")
                #expect(cluster.get(Self.web).at("spec", "replicas") == 2)
            }
        }
    }

    @Test("A foreign field, a label of others and a status are no drift")
    func noDrift() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            try await cluster.withAgent {
                coordinator.want("web", 1, [deployment("web", image: "x/web:1"), configMap("a", ["k": "1"])])
                await coordinator.wait("web", 1, .synced, .current)
                let before = try cluster.agentWrites().count
                cluster.edit(Self.config("a"), ["metadata": ["labels": ["theirs": "1"]], "data": ["more": "1"]])
                // Seen in order: once this one is healed, the other has been looked at.
                cluster.edit(Self.config("a"), ["data": ["k": "2"]])
                await coordinator.wait { $0.events.contains { $0.kind == .healed } }
                #expect(try cluster.agentWrites().count == before + 1)
                #expect(cluster.get(Self.config("a")).at("data", "more") == "1")
            }
        }
    }

    @Test("Alert tells and does not touch")
    func alert() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            try await cluster.withAgent {
                coordinator.want("web", 1, [configMap("a", ["k": "1"])]) { $0.drift = .alert }
                await coordinator.wait("web", 1, .synced, .current)
                cluster.edit(Self.config("a"), ["data": ["k": "2"]])
                await coordinator.wait { $0.events.contains { $0.kind == .drift && $0.paths == ["/data/k"] } }
                #expect(cluster.get(Self.config("a")).at("data", "k") == "2")
            }
        }
    }

    @Test("An ignored path stays as others set it, also when the application changes")
    func ignore() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            try await cluster.withAgent {
                coordinator.want("web", 1, [deployment("web", image: "x/web:1")]) {
                    $0.ignore = [IgnoreRule(kind: "Deployment", paths: ["/spec/replicas"])]
                }
                await coordinator.wait("web", 1, .synced, .current)
                cluster.edit(Self.web, ["spec": ["replicas": 4]])
                coordinator.want("web", 2, [deployment("web", image: "x/web:2")]) {
                    $0.ignore = [IgnoreRule(kind: "Deployment", paths: ["/spec/replicas"])]
                }
                await coordinator.wait("web", 2, .synced, .current)
                #expect(cluster.get(Self.web).at("spec", "replicas") == 4)
                #expect(!coordinator.heard.events.contains { $0.kind == .drift })
            }
        }
    }

    @Test("A restarted agent heals without the coordinator, and sends nothing where nothing differs")
    func restart() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            try await cluster.withAgent {
                coordinator.want("web", 1, [configMap("a", ["k": "1"]), configMap("b", ["k": "1"])])
                await coordinator.wait("web", 1, .synced, .current)
            }
            let before = try cluster.agentWrites().count
            cluster.edit(Self.config("a"), ["data": ["k": "2"]])
            coordinator.stop()
            try await cluster.withAgent {
                try await cluster.has { cluster.get(Self.config("a")).at("data", "k") == "1" }
            }
            #expect(try Array(cluster.agentWrites()[before...]) == ["PATCH \(Self.config("a"))"])
        }
    }

    @Test("An agent that was killed while it applied a release does not go back to the one before")
    func killedWhileApplying() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            let inventory = "\(cluster.folder.path)/agent/inventory/web.json"
            try await cluster.withAgent {
                coordinator.want("web", 1, [configMap("a", ["k": "1"]), configMap("b", ["k": "1"])])
                await coordinator.wait("web", 1, .synced, .current)
            }
            var before = try JSON.read(try Folder.read(inventory) ?? [])
            try await cluster.withAgent {
                coordinator.want("web", 2, [configMap("a", ["k": "2"])])
                await coordinator.wait("web", 2, .synced, .current)
            }
            // What a kill leaves behind: the cluster has the new objects, the records are those from before, and say that there may be more.
            before["begun"] = "1.2"
            try Folder.write(JSON.write(before), to: inventory)
            let writes = try cluster.agentWrites().count
            try await cluster.withAgent {
                coordinator.want("web", 3, [configMap("a", ["k": "2"])])
                await coordinator.wait("web", 3, .synced, .current)
                let sent = try Array(cluster.agentWrites()[writes...])
                #expect(sent == ["PATCH \(Self.config("a"))"])
                #expect(cluster.get(Self.config("a")).at("data", "k") == "2")
                #expect(cluster.get(Self.config("b")).isNull)
            }
        }
    }

    @Test("Fields of another manager are not taken, and the report names it; with force they are")
    func conflict() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            cluster.create("/api/v1/namespaces", ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "shop"]])
            cluster.create("/api/v1/namespaces/shop/configmaps", configMap("a", ["k": "theirs"]))
            try await cluster.withAgent {
                coordinator.want("web", 1, [configMap("a", ["k": "ours"])])
                await coordinator.wait("web", 1, .held)
                let message = coordinator.heard.applications["web"]?.message ?? ""
                #expect(message.contains("hand") && message.contains(".data.k") && message.contains("ConfigMap shop/a"))
                #expect(cluster.get(Self.config("a")).at("data", "k") == "theirs")
                coordinator.want("web", 2, [configMap("a", ["k": "ours"])]) { $0.force = true }
                await coordinator.wait("web", 2, .synced, .current)
                #expect(cluster.get(Self.config("a")).at("data", "k") == "ours")
            }
        }
    }

    @Test("An application waits until those it depends on are Current")
    func dependsOn() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            try await cluster.withAgent {
                coordinator.want("base", 1, [deployment("base", image: "x/base:unready")])
                await coordinator.wait("base", 1, .synced, .inProgress)
                coordinator.want("web", 1, [configMap("a", ["k": "1"])], dependsOn: ["base", "elsewhere"])
                await coordinator.wait("web", 1, .waiting)
                #expect(coordinator.heard.applications["web"]?.message == "waits for base")
                #expect(cluster.get(Self.config("a")).isNull)
                coordinator.want("base", 2, [deployment("base", image: "x/base:1")])
                await coordinator.wait("web", 1, .synced, .current)
            }
        }
    }

    @Test("A definition comes before its resources, in whatever order they are given")
    func definitions() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            let definition: Value = [
                "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": ["name": "widgets.example.dev"],
                "spec": [
                    "group": "example.dev", "scope": "Namespaced",
                    "names": ["kind": "Widget", "plural": "widgets", "singular": "widget"],
                    "versions": [
                        [
                            "name": "v1", "served": true, "storage": true,
                            "schema": ["openAPIV3Schema": ["type": "object", "x-kubernetes-preserve-unknown-fields": true]],
                        ]
                    ],
                ],
            ]
            let widget: Value = ["apiVersion": "example.dev/v1", "kind": "Widget", "metadata": ["name": "w"], "spec": ["size": 1]]
            try await cluster.withAgent {
                coordinator.want("web", 1, [widget, definition])
                await coordinator.wait("web", 1, .synced, .current)
                let path = "/apis/example.dev/v1/namespaces/shop/widgets/w"
                #expect(cluster.get(path).at("spec", "size") == 1)
                cluster.edit(path, ["spec": ["size": 9]])
                await coordinator.wait { $0.events.contains { $0.kind == .healed } }
                #expect(cluster.get(path).at("spec", "size") == 1)
            }
        }
    }

    @Test("A dropped application goes with its objects; an orphaned one leaves them")
    func removal() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            try await cluster.withAgent {
                coordinator.want("web", 1, [configMap("a", ["k": "1"])])
                coordinator.want("api", 1, [configMap("b", ["k": "1"])])
                await coordinator.wait("web", 1, .synced, .current)
                await coordinator.wait("api", 1, .synced, .current)
                coordinator.want("web", 2, [], intent: .prune)
                coordinator.want("api", 2, [], intent: .orphan)
                await coordinator.wait("web", 2, .removed)
                await coordinator.wait("api", 2, .removed)
                #expect(cluster.get(Self.config("a")).isNull)
                #expect(cluster.get("/api/v1/namespaces/flotilla-system/secrets/flotilla-web").isNull)
                #expect(!cluster.get(Self.config("b")).isNull)
                let parent = "/api/v1/namespaces/flotilla-system/secrets/flotilla-api"
                #expect(cluster.get(parent).at("metadata", "labels", Ownership.applySetIDLabel) == nil)
                // It may come back.
                coordinator.want("api", 3, [configMap("b", ["k": "1"])])
                await coordinator.wait("api", 3, .synced, .current)
                #expect(cluster.get(parent).at("metadata", "labels", Ownership.applySetIDLabel) != nil)
            }
        }
    }

    @Test("A prune beyond the allowed share is held, and the rest is applied")
    func pruneProtection() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            try await cluster.withAgent {
                coordinator.want("web", 1, [configMap("a", ["k": "1"]), configMap("b", ["k": "1"]), configMap("c", ["k": "1"])])
                await coordinator.wait("web", 1, .synced, .current)
                coordinator.want("web", 2, [configMap("a", ["k": "2"])])
                await coordinator.wait("web", 2, .held)
                #expect(cluster.get(Self.config("a")).at("data", "k") == "2")
                #expect(!cluster.get(Self.config("b")).isNull)
                #expect(coordinator.heard.applications["web"]?.message.contains("would prune 2 of 3 objects") == true)
            }
        }
    }

    @Test("An object of another application is refused, naming both")
    func ownership() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            try await cluster.withAgent {
                coordinator.want("web", 1, [configMap("a", ["k": "1"])])
                await coordinator.wait("web", 1, .synced, .current)
                coordinator.want("thief", 1, [configMap("a", ["k": "2"])])
                await coordinator.wait("thief", 1, .failed)
                let message = coordinator.heard.applications["thief"]?.message ?? ""
                #expect(message.contains("web") && message.contains("thief"))
                #expect(cluster.get(Self.config("a")).at("data", "k") == "1")
            }
        }
    }

    @Test("A task that its record does not prove is refused")
    func proof() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            try await cluster.withAgent {
                coordinator.want("web", 1, [configMap("a", ["k": "1"])], breaksProof: true)
                await coordinator.wait("web", 1, .failed)
                #expect(coordinator.heard.applications["web"]?.message.contains("Merkle") == true)
                #expect(cluster.get(Self.config("a")).isNull)
            }
        }
    }

    @Test("An application with a service account has its rights, not the agent's")
    func impersonation() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            try await cluster.withAgent {
                coordinator.want("web", 1, [configMap("a", ["k": "1"])]) { $0.serviceAccount = "deployer" }
                await coordinator.wait("web", 1, .failed)
                let message = coordinator.heard.applications["web"]?.message ?? ""
                #expect(message.contains("system:serviceaccount:shop:deployer"))
                #expect(cluster.get(Self.config("a")).isNull)
            }
        }
    }

    @Test("A workload that does not come up says why, from its pods")
    func podReason() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            try await cluster.withAgent {
                coordinator.want("web", 1, [deployment("web", image: "x/web:broken")]) { $0.healthTimeoutMilliseconds = 5_000 }
                await coordinator.wait { $0.applications["web"]?.message.contains("x/web:broken") == true }
                #expect(coordinator.heard.applications["web"]?.object == "apps/Deployment shop/web")
                await coordinator.wait("web", 1, .synced, .failed)
            }
        }
    }

    @Test("Watches that end or expire lose nothing", arguments: [FaultAction.dropWatches, .restart])
    func faults(action: FaultAction) async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            try await cluster.withAgent {
                coordinator.want("web", 1, [configMap("a", ["k": "1"]), configMap("b", ["k": "1"])])
                await coordinator.wait("web", 1, .synced, .current)
                cluster.simulator.act(action)
                cluster.delete(Self.config("b"))
                cluster.edit(Self.config("a"), ["data": ["k": "2"]])
                await coordinator.wait { $0.events.filter { $0.kind == .healed }.count == 2 }
                #expect(cluster.get(Self.config("a")).at("data", "k") == "1")
                #expect(!cluster.get(Self.config("b")).isNull)
            }
        }
    }
}
