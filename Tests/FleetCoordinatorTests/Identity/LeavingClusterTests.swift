// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Manifests
import PostgresClient
import Synchronization
import Testing

@testable import FleetCoordinator

@Suite("How clusters leave") struct LeavingClusterTests {
    @Test("a released cluster keeps everything; a removed one is forgotten; neither while it is declared")
    func leaving() async throws {
        try await ServedFleet.with { served async throws in
            let reason: Value = ["reason": "sold"]
            for action in ["release", "remove"] {
                #expect(try await served.post("/api/v1/clusters/s1/\(action)", reason).code == "declared")
                #expect(try await served.post("/api/v1/clusters/nowhere/\(action)", reason).status == 404)
                #expect(try await served.post("/api/v1/clusters/s1/\(action)").status == 422)
            }
            try await served.fleet.store.database.transaction { session in
                _ = try session.execute("update clusters set declared = false where name = 's1'")
            }
            let released = try await served.post("/api/v1/clusters/s1/release", reason)
            #expect(released.json["applications"]?.list == ["web"])
            // The agent is told to let go; nothing is pruned.
            let held = served.fleet.fakes.held.withLock { $0["s1"]?.tasks.values.map { $0 } ?? [] }
            let response = try await served.fleet.agents.poll(
                PollRequest(
                    instance: "agent-s1", agentVersion: "test", kubernetesVersion: "", waitSeconds: 0,
                    held: held.map { .init(application: $0.application, generation: $0.generation, bundle: $0.bundle.digest) }),
                cluster: "s1")
            #expect(response.tasks.map(\.intent) == [.orphan] && response.tasks.allSatisfy { $0.bundle.entries.isEmpty })
            #expect(try await served.fleet.runAgent("s1") == 1)
            try await served.fleet.engine.observe(["s1"])
            #expect(try await served.post("/api/v1/clusters/s1/release", reason).json["applications"]?.list == [])

            let agent = try served.agent("s1")
            #expect(try await agent.poll("agent-s1").status == 200)
            #expect(try await served.post("/api/v1/clusters/s1/remove", reason).status == 200)
            #expect(try await agent.poll("agent-s1").code == "unknown-cluster")
            #expect(try await served.get("/api/v1/clusters/s1").status == 404)
            // A cluster of the same name does not bring the old credentials back.
            try await served.declare(["s1"])
            served.fleet.time.advance(by: .seconds(3))
            #expect(try await agent.poll("agent-s1").code == "certificate-revoked")
            for action in ["cluster.release", "cluster.remove"] { #expect(try await served.audited(action).first?.outcome == "done") }
            #expect(try await served.event("clusterRemoved")?.actor == "administrator")
        }
    }
}
