// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import ClusterSimulator
import Manifests
import Testing

@testable import FleetAgent

/// Others who write the same objects.
@Suite(.serialized, .timeLimit(.minutes(2))) struct WritersTests {
    private static let web = "/apis/apps/v1/namespaces/shop/deployments/web"
    private static func config(_ name: String) -> String { "/api/v1/namespaces/shop/configmaps/\(name)" }

    @Test("A fight is recognised, told with who and what, and over when it is quiet")
    func fight() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            let clock = JumpClock()
            try await cluster.withAgent(clock: clock.clock) { () async throws -> Void in
                coordinator.want("web", 1, [configMap("a", ["k": "1", "l": "1"])])
                await coordinator.wait("web", 1, .synced, .current)
                for round in 1...(HealPacing.freeHeals + 1) {
                    cluster.edit(Self.config("a"), ["data": ["k": .string("x\(round)")]])
                    await coordinator.wait { $0.events.filter { $0.kind == .healed }.count == round }
                }
                await coordinator.wait { $0.events.contains { $0.kind == .fight } }
                let event = try #require(coordinator.heard.events.first { $0.kind == .fight })
                #expect(event.paths == ["/data/k"] && event.object == "ConfigMap shop/a")
                #expect(event.message.hasPrefix("hand changes /data/k again and again"))
                await coordinator.wait {
                    $0.applications["web"]?.message.hasPrefix("ConfigMap shop/a: hand changes /data/k again and again") == true
                }
                // What it is about is still healed, only later.
                cluster.edit(Self.config("a"), ["data": ["l": "x"]])
                clock.jump(HealPacing.firstDelay * 2)
                await coordinator.wait { $0.events.filter { $0.kind == .healed }.count == HealPacing.freeHeals + 2 }
                clock.jump(.seconds(3_600))
                await coordinator.wait { $0.events.contains { $0.kind == .fightEnded } }
                await coordinator.wait { $0.applications["web"]?.message == "" }
                #expect(cluster.get(Self.config("a"))["data"] == ["k": "1", "l": "1"])
            }
        }
    }

    @Test("A manager that applies the same values is told of once, and nothing is written")
    func sharing() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            try await cluster.withAgent { () async throws -> Void in
                coordinator.want("web", 1, [configMap("a", ["k": "1"])])
                await coordinator.wait("web", 1, .synced, .current)
                let before = try cluster.agentWrites().count
                var same = configMap("a", ["k": "1"])
                same["metadata"]?["namespace"] = "shop"
                #expect(cluster.apply(Self.config("a"), same, manager: "other") == 200)
                await coordinator.wait { $0.events.contains { $0.kind == .drift } }
                let event = try #require(coordinator.heard.events.first { $0.kind == .drift })
                #expect(event.paths == ["/data/k"] && event.message.hasPrefix("other manages these fields too"))
                #expect(cluster.apply(Self.config("a"), same, manager: "other") == 200)
                // With another value it is a change like any other.
                same["data"] = ["k": "2"]
                #expect(cluster.apply(Self.config("a"), same, manager: "other", force: true) == 200)
                await coordinator.wait { $0.events.contains { $0.kind == .healed } }
                #expect(coordinator.heard.events.filter { $0.kind == .drift }.count == 2)
                #expect(try cluster.agentWrites().count == before + 1)
                #expect(cluster.get(Self.config("a")).at("data", "k") == "1")
            }
        }
    }

    @Test("Replicas that an autoscaler sets are its own where the manifest leaves them out; where it does not, the report warns")
    func autoscaler() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            var open = deployment("web", image: "x/web:1")
            open["spec"]?["replicas"] = nil
            let scaler: Value = [
                "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": ["name": "web"],
                "spec": [
                    "maxReplicas": 5, "scaleTargetRef": ["apiVersion": "apps/v1", "kind": "Deployment", "name": "web"],
                    "metrics": [
                        ["type": "Resource", "resource": ["name": "cpu", "target": ["type": "Utilization", "averageUtilization": 80]]]
                    ],
                ],
            ]
            let without = open
            try await cluster.withAgent { () async throws -> Void in
                coordinator.want("web", 1, [without, scaler])
                await coordinator.wait { ["synced", "failed", "held"].contains($0.applications["web"]?.phase.rawValue) }
                try #require(coordinator.heard.applications["web"]?.phase == .synced, "\(coordinator.heard.applications)")
                await coordinator.wait("web", 1, .synced, .current)
                let before = try cluster.agentWrites().count
                cluster.edit("\(Self.web)/scale", ["spec": ["replicas": 4]])
                cluster.edit("\(Self.web)/status", ["status": ["collisionCount": 1]])
                coordinator.want("web", 2, [without, scaler, configMap("a", ["k": "1"])])
                await coordinator.wait("web", 2, .synced, .current)
                #expect(cluster.get(Self.web).at("spec", "replicas") == 4)
                #expect(!coordinator.heard.events.contains { $0.kind == .drift || $0.message.contains("spec.replicas") })
                #expect(try !cluster.agentWrites()[before...].contains { $0.contains("/deployments/") })
                coordinator.want("web", 3, [deployment("web", image: "x/web:1", replicas: 4), scaler])
                await coordinator.wait("web", 3, .synced)
                await coordinator.wait {
                    $0.events.contains { $0.kind == .applied && $0.message.contains("the manifest sets spec.replicas") }
                }
                coordinator.want("web", 4, [deployment("web", image: "x/web:1", replicas: 4), scaler]) {
                    $0.ignore = [IgnoreRule(group: "apps", kind: "Deployment", paths: ["/spec/replicas"])]
                }
                await coordinator.wait("web", 4, .synced)
                #expect(coordinator.heard.events.filter { $0.message.contains("the manifest sets spec.replicas") }.count == 1)
            }
        }
    }
}
