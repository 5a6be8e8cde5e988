// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import ClusterSimulator
import KubernetesAPI
import Manifests
import Testing

@testable import FleetAgent

@Suite(.serialized, .timeLimit(.minutes(2))) struct ApplyTests {
    private static let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    private static let widgets = "/apis/example.dev/v1/namespaces/shop/widgets"

    private static let definition: Value = [
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": ["name": "widgets.example.dev", "annotations": ["flotilla.dev/prune": "allowed"]],
        "spec": [
            "group": "example.dev", "scope": "Namespaced",
            "names": ["kind": "Widget", "plural": "widgets", "singular": "widget", "listKind": "WidgetList"],
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

    private static func widget(_ spec: Value) -> Value {
        ["apiVersion": "example.dev/v1", "kind": "Widget", "metadata": ["name": "w"], "spec": spec]
    }

    @Test("A definition that somebody deletes comes back, and its objects with it; one that is dropped is not missed")
    func definitions() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            try await cluster.withAgent { () async throws -> Void in
                coordinator.want("web", 1, [Self.definition, Self.widget(["size": 1]), configMap("a", ["k": "1"])])
                await coordinator.wait("web", 1, .synced, .current)
                let uid = cluster.get("\(Self.widgets)/w").at("metadata", "uid")
                cluster.delete("\(Self.definitions)/widgets.example.dev")
                await coordinator.wait {
                    Set($0.events.filter { $0.kind == .healed }.map(\.object)).isSuperset(of: [
                        "apiextensions.k8s.io/CustomResourceDefinition widgets.example.dev", "example.dev/Widget shop/w",
                    ])
                }
                let again = cluster.get("\(Self.widgets)/w")
                #expect(again.at("spec", "size") == 1 && again.at("metadata", "uid") != uid)
                await coordinator.wait("web", 1, .synced, .current)
                coordinator.want("web", 2, [configMap("a", ["k": "1"])]) { $0.pruneMaxPercent = 100 }
                await coordinator.wait("web", 2, .synced, .current)
                coordinator.want("web", 3, [configMap("a", ["k": "3"])])
                await coordinator.wait("web", 3, .synced, .current)
            }
        }
    }

    @Test("A namespace of createNamespace that somebody deletes comes back with what was in it")
    func namespace() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            try await cluster.withAgent { () async throws -> Void in
                coordinator.want("web", 1, [configMap("a", ["k": "1"]), configMap("b", ["k": "1"])])
                await coordinator.wait("web", 1, .synced, .current)
                // Over HTTP: the simulator's clock goes on with its requests.
                let client = KubernetesClient(connection: ClusterConnection(server: cluster.simulator.url(for: "c") ?? ""))
                _ = try await client.delete(.namespaces, name: "shop")
                await client.shutdown()
                await coordinator.wait { $0.events.filter { $0.kind == .healed }.count >= 2 }
                await coordinator.wait("web", 1, .synced, .current)
                #expect(!cluster.get("/api/v1/namespaces/shop/configmaps/a").isNull)
            }
        }
    }

    @Test("Fields that a kind does not have are refused by name, for built-in kinds and for custom resources")
    func unknownFields() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            try await cluster.withAgent { () async throws -> Void in
                var wrong = configMap("a", ["k": "1"])
                wrong["dta"] = ["k": "1"]
                coordinator.want("web", 1, [wrong])
                await coordinator.wait("web", 1, .failed)
                #expect(coordinator.heard.applications["web"]?.message.contains("dta") == true)
                coordinator.want("web", 2, [Self.definition, Self.widget(["sice": 1])])
                await coordinator.wait("web", 2, .failed)
                #expect(coordinator.heard.applications["web"]?.message.contains("spec.sice") == true)
                coordinator.want("web", 3, [Self.definition, Self.widget(["size": 2])])
                await coordinator.wait("web", 3, .synced, .current)
            }
        }
    }

    @Test("A hook's Job that fails says how its pod ended")
    func failedHook() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            try await cluster.withAgent { () async throws -> Void in
                coordinator.want("web", 1, [job("m", image: "x/m:fail", ["flotilla.dev/hook": "PreSync"]), configMap("a", ["k": "1"])])
                await coordinator.wait("web", 1, .failed)
                let message = coordinator.heard.applications["web"]?.message ?? ""
                #expect(message.contains("PreSync hook failed: Error: container main, exit code 1"), "\(message)")
            }
        }
    }

    @Test("That is found out also when the API server does not answer at once")
    func failedHookInTrouble() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            let simulated = try #require(cluster.simulator.cluster("c"))
            let pods = "/api/v1/namespaces/shop/pods"
            simulated.hold(["GET \(pods)"])
            try await cluster.withAgent { () async throws -> Void in
                coordinator.want("web", 1, [job("m", image: "x/m:fail", ["flotilla.dev/hook": "PreSync"]), configMap("a", ["k": "1"])])
                _ = await simulated.heldRequest()
                cluster.setFaults { $0.isDown = true }
                simulated.hold([])
                try await cluster.until { try cluster.requests().contains { $0["path"]?.string == pods && $0["status"] == 503 } }
                cluster.setFaults { $0.isDown = false }
                await coordinator.wait { $0.applications["web"]?.message.contains("hook failed") == true }
                let message = coordinator.heard.applications["web"]?.message ?? ""
                #expect(message.contains("PreSync hook failed: Error: container main, exit code 1"), "\(message)")
            }
        }
    }
}
