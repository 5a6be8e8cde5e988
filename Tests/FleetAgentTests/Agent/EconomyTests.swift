// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import HTTPTestServer
import Manifests
import Testing

@testable import FleetAgent

/// What the agent does not send.
@Suite(.serialized, .timeLimit(.minutes(2))) struct EconomyTests {
    /// Those that have to do with the applications' objects: what the agent keeps in its own namespace does not count.
    private static func requests(_ cluster: TestCluster) throws -> [String] {
        try cluster.agentRequests().filter { !$0.contains("/namespaces/flotilla-system") }
    }

    @Test("The same bundle under a new generation sends nothing to the cluster")
    func nothingToDo() async throws {
        try await TestCluster.run { cluster in
            let objects = (0..<30).map { configMap("c\($0)", ["a": "1"]) } + [deployment("web", image: "registry.example/web:1")]
            cluster.coordinator.want("web", 1, objects)
            try await cluster.withAgent {
                await cluster.coordinator.wait("web", 1, .synced, .current)
                let before = try Self.requests(cluster)
                cluster.coordinator.want("web", 2, objects)
                await cluster.coordinator.wait("web", 2, .synced, .current)
                #expect(try Self.requests(cluster) == before)
            }
        }
    }

    @Test("Of a large bundle only what changed is sent, once, and nothing is fetched twice")
    func oneChange() async throws {
        try await TestCluster.run { cluster in
            let objects = (0..<150).map { configMap("c\($0)", ["a": "1"]) }
            cluster.coordinator.want("web", 1, objects)
            try await cluster.withAgent {
                await cluster.coordinator.wait("web", 1, .synced, .current)
                let before = try Self.requests(cluster).count
                let fetches = cluster.coordinator.requests.filter { $0.path == "/agent/v1/objects" }.count
                cluster.coordinator.want("web", 2, objects.dropLast() + [configMap("c149", ["a": "2"])])
                await cluster.coordinator.wait("web", 2, .synced, .current)
                #expect(
                    try Self.requests(cluster).dropFirst(before).filter { !$0.hasPrefix("GET /api/v1/namespaces/shop") } == [
                        "PATCH /api/v1/namespaces/shop/configmaps/c149"
                    ])
                #expect(cluster.coordinator.requests.filter { $0.path == "/agent/v1/objects" }.count == fetches + 1)
            }
        }
    }

    @Test("The objects of several new tasks are fetched together")
    func fetchedTogether() async throws {
        try await TestCluster.run { cluster in
            cluster.coordinator.together {
                for index in 0..<5 {
                    cluster.coordinator.want("app\(index)", 1, (0..<4).map { configMap("c\(index)-\($0)", ["a": "1"]) })
                }
            }
            try await cluster.withAgent {
                for index in 0..<5 { await cluster.coordinator.wait("app\(index)", 1, .synced, .current) }
                #expect(cluster.coordinator.requests.filter { $0.path == "/agent/v1/objects" }.count == 1)
            }
        }
    }
}
