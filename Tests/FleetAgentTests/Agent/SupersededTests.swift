// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import ClusterSimulator
import KubernetesAPI
import Manifests
import Synchronization
import Testing

@testable import FleetAgent

/// A newer task may come while the agent waits for the cluster on behalf of the one before.
@Suite(.serialized, .timeLimit(.minutes(2))) struct SupersededTests {
    private static let a = "/api/v1/namespaces/shop/configmaps/a"
    private static let b = "/api/v1/namespaces/shop/configmaps/b"
    private static let jobs = "/apis/batch/v1/jobs"
    private static let both = [configMap("a", ["k": "1"]), configMap("b", ["k": "1"])]

    /// Holds a request of the agent's, and lets it go once the agent has taken a newer task.
    private static func supersede(
        _ cluster: TestCluster, holding requests: Set<String>, at older: Int64, asking ask: () -> Void, then newer: () -> Void
    ) async throws {
        let simulated = try #require(cluster.simulator.cluster("c"))
        simulated.hold(requests)
        ask()
        let arrived = try #require(await simulated.heldRequest())
        #expect(requests.contains(arrived))
        newer()
        await cluster.coordinator.wait { $0.held["web"] == older + 1 }
        simulated.hold([])
        await cluster.coordinator.wait("web", older + 1, .synced, .current)
    }

    @Test("What a newer task wants again is not pruned, though the look before its deletion was on its way")
    func prune() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            try await cluster.withAgent { () async throws -> Void in
                coordinator.want("web", 1, Self.both)
                await coordinator.wait("web", 1, .synced, .current)
                let uid = cluster.get(Self.b).at("metadata", "uid")
                let writes = try cluster.agentWrites().count
                try await Self.supersede(cluster, holding: ["GET \(Self.b)"], at: 2) {
                    coordinator.want("web", 2, [Self.both[0]]) { $0.pruneMaxPercent = 100 }
                } then: {
                    coordinator.want("web", 3, Self.both)
                }
                #expect(cluster.get(Self.b).at("metadata", "uid") == uid)
                // It was never given up, so that it is not sent again either.
                #expect(try cluster.agentWrites().count == writes)
                cluster.edit(Self.b, ["data": ["k": "2"]])
                await coordinator.wait { $0.events.contains { $0.kind == .healed } }
                #expect(!coordinator.heard.events.contains { $0.kind == .pruned })
            }
        }
    }

    @Test("A sync that a newer task overtakes after its last object prunes nothing, and clears nothing in the newer one's name")
    func finish() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            let migrate = job("migrate", image: "x/migrate:1", ["flotilla.dev/hook": "PreSync"])
            let path = "/apis/batch/v1/namespaces/shop/jobs/migrate"
            try await cluster.withAgent { () async throws -> Void in
                coordinator.want("web", 1, Self.both + [migrate], release: "r1")
                await coordinator.wait("web", 1, .synced, .current)
                let uid = cluster.get(Self.b).at("metadata", "uid")
                try await Self.supersede(cluster, holding: ["GET \(Self.jobs)"], at: 2) {
                    coordinator.want("web", 2, [Self.both[0], migrate], release: "r2") { $0.pruneMaxPercent = 100 }
                } then: {
                    coordinator.want("web", 3, Self.both, release: "r3")
                }
                #expect(cluster.get(Self.b).at("metadata", "uid") == uid)
                #expect(!coordinator.heard.events.contains { $0.kind == .pruned })
                // No bundle has this hook any more: the newer task's own sync has cleared it away.
                #expect(cluster.get(path).isNull)
            }
        }
    }

    @Test("A removal that a newer task overtakes deletes nothing more of what that one wants")
    func removal() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            try await cluster.withAgent { () async throws -> Void in
                coordinator.want("web", 1, Self.both)
                await coordinator.wait("web", 1, .synced, .current)
                let uids = [Self.a, Self.b].map { cluster.get($0).at("metadata", "uid") }
                try await Self.supersede(cluster, holding: ["GET \(Self.a)", "GET \(Self.b)"], at: 2) {
                    coordinator.want("web", 2, [], intent: .prune)
                } then: {
                    coordinator.want("web", 3, Self.both)
                }
                #expect([Self.a, Self.b].map { cluster.get($0).at("metadata", "uid") } == uids)
                #expect(try cluster.agentDeletes().isEmpty)
            }
        }
    }

    @Test("A deletion that is on its way when a newer task wants the object again is made good")
    func deletion() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            try await cluster.withAgent { () async throws -> Void in
                coordinator.want("web", 1, Self.both)
                await coordinator.wait("web", 1, .synced, .current)
                try await Self.supersede(cluster, holding: ["DELETE \(Self.b)"], at: 2) {
                    coordinator.want("web", 2, [Self.both[0]]) { $0.pruneMaxPercent = 100 }
                } then: {
                    coordinator.want("web", 3, Self.both)
                }
                await coordinator.wait("web", 3, .synced, .current)
                #expect(cluster.get(Self.b).at("data", "k") == "1")
                #expect(coordinator.heard.events.filter { $0.kind == .pruned }.count == 1)
            }
        }
    }

    @Test("A hook that is about to be started when a newer task comes is not")
    func hook() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            let migrate = job("migrate", image: "x/migrate:1", ["flotilla.dev/hook": "PreSync"])
            let path = "/apis/batch/v1/namespaces/shop/jobs"
            try await cluster.withAgent { () async throws -> Void in
                coordinator.want("web", 1, Self.both, release: "r1")
                await coordinator.wait("web", 1, .synced, .current)
                try await Self.supersede(cluster, holding: ["GET \(path)/migrate"], at: 2) {
                    coordinator.want("web", 2, Self.both + [migrate], release: "r2")
                } then: {
                    coordinator.want("web", 3, Self.both, release: "r3")
                }
                #expect(try !cluster.agentWrites().contains("POST \(path)"))
            }
        }
    }
}
