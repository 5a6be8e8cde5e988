// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import ClusterSimulator
import KubernetesAPI
import Manifests
import Testing

@testable import FleetAgent

/// What happens in a cluster: webhooks, namespaces, definitions.
@Suite(.serialized, .timeLimit(.minutes(3))) struct ClusterFaultTests {
    @Test("A webhook that takes too long, or cannot be reached, is tried again until it answers")
    func webhook() async throws {
        try await TestCluster.run { cluster in
            try await cluster.withAgent(clock: TestClock(pace: 20).clock) {
                cluster.coordinator.want("web", 1, [configMap("a", ["k": "1"]), configMap("b", ["k": "1"])])
                await cluster.coordinator.wait("web", 1, .synced, .current)
                let requests = try cluster.agentRequestCount()
                cluster.setFaults {
                    $0.webhook = WebhookFault(delay: .milliseconds(20), timeout: .milliseconds(20), resources: ["configmaps"])
                }
                cluster.coordinator.want("web", 2, [configMap("a", ["k": "2"])])
                await cluster.coordinator.wait { $0.applications["web"]?.message.contains("slow.simulator.flotilla.dev") == true }
                #expect(cluster.setting("a") == "1")
                cluster.setFaults { $0.webhook?.isFailing = true }
                let failing = try cluster.agentRequestCount()
                try await cluster.until { try cluster.agentRequestCount() > failing + 3 }
                cluster.setFaults { $0.webhook = nil }
                await cluster.coordinator.wait("web", 2, .synced, .current)
                #expect(cluster.setting("a") == "2")
                #expect(try cluster.agentDeletes() == [TestCluster.config("b")])
                #expect(try cluster.agentRequestCount() - requests < 100)
            }
        }
    }

    @Test("A webhook in the way of healing is tried again too")
    func webhookHealing() async throws {
        try await TestCluster.run { cluster in
            try await cluster.withAgent(clock: TestClock(pace: 20).clock, connection: try cluster.withToken()) {
                cluster.coordinator.want("web", 1, [configMap("a", ["k": "1"])])
                await cluster.coordinator.wait("web", 1, .synced, .current)
                let requests = try cluster.agentRequestCount()
                cluster.setFaults { $0.refusesTokens = true }
                cluster.edit(TestCluster.config("a"), ["data": ["k": "2"]])
                await cluster.coordinator.wait { $0.events.contains { $0.kind == .healFailed } }
                cluster.setFaults { $0.webhook = WebhookFault(isFailing: true, resources: ["configmaps"]) }
                cluster.setFaults { $0.refusesTokens = false }
                try await cluster.until { try cluster.agentRequestCount() > requests + 5 }
                #expect(cluster.setting("a") == "2")
                cluster.setFaults { $0.webhook = nil }
                try await cluster.until { cluster.setting("a") == "1" }
                #expect(try cluster.agentRequestCount() - requests < 60)
            }
        }
    }

    @Test("A namespace that does not end is said so and waited for; when it has gone, it and all in it is made again")
    func stuckNamespace() async throws {
        try await TestCluster.run { cluster in
            try await cluster.withAgent(clock: TestClock(pace: 20).clock) {
                cluster.coordinator.want("web", 1, [configMap("a", ["k": "1"]), configMap("b", ["k": "1"])])
                await cluster.coordinator.wait("web", 1, .synced, .current)
                let requests = try cluster.agentRequestCount()
                cluster.setFaults { $0.stuckNamespaces = ["shop"] }
                cluster.delete("/api/v1/namespaces/shop")
                // Nothing in it ends by itself as long as it is stuck.
                cluster.delete(TestCluster.config("a"))
                await cluster.coordinator.wait { $0.events.contains { $0.kind == .healFailed && $0.message.contains("being terminated") } }
                // A release into it waits as well, and says for what.
                cluster.coordinator.want("web", 2, [configMap("a", ["k": "2"]), configMap("b", ["k": "1"])])
                await cluster.coordinator.wait { $0.applications["web"]?.message.contains("being terminated") == true }
                cluster.setFaults { $0.stuckNamespaces = [] }
                await cluster.coordinator.wait("web", 2, .synced, .current)
                try await cluster.until { cluster.setting("a") == "2" && cluster.setting("b") == "1" }
                #expect(try cluster.agentDeletes() == [])
                #expect(try cluster.agentRequestCount() - requests < 250)
            }
        }
    }

    @Test("A namespace that was deleted with what is in it is healed as a whole, without a release")
    func deletedNamespace() async throws {
        try await TestCluster.run { cluster in
            try await cluster.withAgent(clock: TestClock(pace: 20).clock) {
                cluster.coordinator.want("web", 1, [configMap("a", ["k": "1"]), configMap("b", ["k": "1"])])
                await cluster.coordinator.wait("web", 1, .synced, .current)
                let uid = cluster.get("/api/v1/namespaces/shop").at("metadata", "uid")
                cluster.delete("/api/v1/namespaces/shop")
                try await cluster.until {
                    cluster.get("/api/v1/namespaces/shop").at("metadata", "uid") != uid && cluster.setting("a") == "1"
                        && cluster.setting("b") == "1"
                }
                #expect(try cluster.agentDeletes() == [])
            }
        }
    }

    @Test("An application whose namespace does not end is pruned without a hurry, and is gone with it")
    func prunesInStuckNamespace() async throws {
        try await TestCluster.run { cluster in
            try await cluster.withAgent(clock: TestClock(pace: 20).clock) {
                cluster.coordinator.want("web", 1, [configMap("a", ["k": "1"]), configMap("b", ["k": "1"])])
                await cluster.coordinator.wait("web", 1, .synced, .current)
                let requests = try cluster.agentRequestCount()
                cluster.setFaults { $0.stuckNamespaces = ["shop"] }
                cluster.delete("/api/v1/namespaces/shop")
                cluster.coordinator.want("web", 2, [], intent: .prune)
                await cluster.coordinator.wait("web", 2, .removed)
                let parent = "/api/v1/namespaces/flotilla-system/secrets/flotilla-web"
                #expect(try Set(cluster.agentDeletes()).subtracting([TestCluster.config("a"), TestCluster.config("b"), parent]) == [])
                #expect(try cluster.agentRequestCount() - requests < 60)
            }
        }
    }

    private static let definition: Value = [
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": ["name": "widgets.example.com"],
        "spec": [
            "group": "example.com", "scope": "Namespaced", "names": ["plural": "widgets", "singular": "widget", "kind": "Widget"],
            "versions": [
                [
                    "name": "v1", "served": true, "storage": true,
                    "schema": [
                        "openAPIV3Schema": [
                            "type": "object",
                            "properties": ["spec": ["type": "object", "properties": ["size": ["type": "integer"]]]],
                        ]
                    ],
                ]
            ],
        ],
    ]

    @Test("Definitions come and go: their objects are waited for, lost and made again without anything being pruned")
    func definitions() async throws {
        try await TestCluster.run { cluster in
            let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
            let widget = "/apis/example.com/v1/namespaces/shop/widgets/w"
            let object: Value = ["apiVersion": "example.com/v1", "kind": "Widget", "metadata": ["name": "w"], "spec": ["size": 1]]
            try await cluster.withAgent(clock: TestClock(pace: 20).clock) {
                cluster.coordinator.want("web", 1, [configMap("a", ["k": "1"]), object])
                await cluster.coordinator.wait { $0.applications["web"]?.message.contains("does not serve example.com/v1 Widget") == true }
                cluster.create(definitions, Self.definition)
                await cluster.coordinator.wait("web", 1, .synced, .current)
                #expect(cluster.get(widget).at("spec", "size") == 1)
                let requests = try cluster.agentRequestCount()

                cluster.delete("\(definitions)/widgets.example.com")
                try await cluster.until { cluster.get("\(definitions)/widgets.example.com").isNull }
                cluster.edit(TestCluster.config("a"), ["data": ["k": "2"]])
                try await cluster.until { cluster.setting("a") == "1" }
                cluster.create(definitions, Self.definition)
                try await cluster.until { cluster.get(widget).at("spec", "size") == 1 }
                // The watch is back as well.
                cluster.edit(widget, ["spec": ["size": 7]])
                try await cluster.until { cluster.get(widget).at("spec", "size") == 1 }
                #expect(try cluster.agentDeletes() == [])
                #expect(try cluster.agentRequestCount() - requests < 300)
            }
        }
    }
}
