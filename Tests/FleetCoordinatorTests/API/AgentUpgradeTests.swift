// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Manifests
import PostgresClient
import Promotion
import Synchronization
import Testing

@testable import FleetCoordinator

@Suite("Upgrading agents") struct AgentUpgradeTests {
    private static let image = "registry.example/agent:0.1.0"
    private static let path = "/api/v1/environments/production/agent-upgrade"

    /// One poll of a cluster's agent, which does not wait.
    private func poll(
        _ served: ServedFleet, _ cluster: String, _ image: ImageStanding?, version: String = "0.1.0"
    ) async throws -> PollResponse {
        let held = served.fleet.fakes.held.withLock { $0[cluster]?.tasks.values.map { $0 } ?? [] }
        return try await served.fleet.agents.poll(
            PollRequest(
                instance: "agent-\(cluster)", agentVersion: version, kubernetesVersion: "v1.36.2", waitSeconds: 0,
                held: held.map { .init(application: $0.application, generation: $0.generation, bundle: $0.bundle.digest) }, image: image),
            cluster: cluster)
    }

    private func states(_ run: Value) -> [String: String] {
        var states: [String: String] = [:]
        for wave in run["waves"]?.list ?? [] {
            for cluster in wave["clusters"]?.list ?? [] { states[cluster["name"]?.string ?? ""] = cluster["state"]?.string }
        }
        return states
    }

    private func upgrade(_ served: ServedFleet) async throws -> Value { try await served.get(Self.path).json }

    /// The clusters of each wave.
    private func waves(_ run: Value) -> [[String]] {
        (run["waves"]?.list ?? []).map { ($0["clusters"]?.list ?? []).compactMap { $0["name"]?.string } }
    }

    @Test("agents are asked wave by wave in their polls, and the next wave begins when they have come back")
    func wavesOfAgents() async throws {
        try await ServedFleet.with { served async throws in
            let started = try await served.post(Self.path, ["image": .string(Self.image)])
            #expect(started.status == 200 && started.json["state"] == "rolling")
            let waves = waves(started.json)
            #expect(waves.count >= 2)
            let everyone = waves.flatMap { $0 }
            // A second run, or one of nothing, is refused.
            #expect(try await served.post(Self.path, ["image": .string(Self.image)]).code == "upgrade-under-way")
            var running: [String: String] = [:]
            for _ in 0..<100 {
                let run = try await upgrade(served)
                if run["state"] == "finished" { break }
                let asked = states(run).filter { $0.value == "asked" }.keys
                // Only one wave has agents on their way.
                #expect(waves.count { !Set($0).isDisjoint(with: asked) } <= 1)
                for cluster in everyone {
                    let before = running[cluster] ?? "registry.example/agent:0.0.9"
                    let answer = try await poll(served, cluster, ImageStanding(running: before))
                    #expect(answer.agentImage == nil || answer.agentImage == Self.image)
                    guard let image = answer.agentImage else { continue }
                    // It takes note first, and comes back after that; meanwhile it is not told again.
                    let noted = ImageStanding(running: before, taken: image)
                    #expect(try await poll(served, cluster, noted).agentImage == nil)
                    running[cluster] = image
                }
                served.fleet.time.advance(by: .seconds(5))
                _ = try await served.fleet.agents.upgrades.tick()
            }
            #expect(try await upgrade(served)["state"] == "finished")
            #expect(Set(states(try await upgrade(served)).values) == ["upgraded"])
            let left = try await served.fleet.store.database.read { session in
                try everyone.compactMap { try AgentUpgradeRows.wanted(session, cluster: $0) }
            }
            #expect(left.isEmpty)
            let kinds = try await served.get("/api/v1/events?environment=production&limit=100").json["items"]?.list?
                .compactMap { $0["kind"]?.string }
            #expect(kinds?.contains("agentUpgradeStarted") == true && kinds?.contains("agentUpgradeFinished") == true)
        }
    }

    @Test("one that does not come back stops the upgrade; a person resumes or aborts it")
    func stopsAndResumes() async throws {
        try await ServedFleet.with { served async throws in
            #expect(try await served.get(Self.path).status == 404)
            #expect(try await served.post("\(Self.path)/resume").status == 404)
            let started = try await served.post(Self.path, ["image": .string(Self.image), "timeoutSeconds": 60])
            let first = try #require(waves(started.json).first?.first)
            #expect(try await poll(served, first, ImageStanding(running: "old")).agentImage == Self.image)
            served.fleet.time.advance(by: .seconds(61))
            _ = try await served.fleet.agents.upgrades.tick()
            let stopped = try await upgrade(served)
            #expect(stopped["state"] == "stopped")
            #expect(stopped["message"]?.string?.contains("its agent 0.1.0 still runs old") == true, "\(stopped)")
            // The instruction stands: it may come back late, and is asked again after it has lost its memory.
            #expect(try await poll(served, first, ImageStanding(running: "old")).agentImage == Self.image)
            #expect(try await served.post("\(Self.path)/resume", ["reason": "registry is back"]).json["state"] == "rolling")
            #expect(try await served.post("\(Self.path)/resume").code == "not-stopped")
            #expect(try await served.post("\(Self.path)/abort").json["state"] == "aborted")
            #expect(try await poll(served, first, ImageStanding(running: "old")).agentImage == nil)
            #expect(try await served.post("\(Self.path)/abort").code == "over")
        }
    }

    @Test("agents that cannot move are named and stay; older ones that know of no upgrades too")
    func refusals() async throws {
        try await ServedFleet.with { served async throws in
            let started = try await served.post(Self.path, ["image": .string(Self.image)])
            let waves = waves(started.json)
            let standing = ImageStanding(running: "", taken: Self.image, refusal: "this agent was not installed by a Deployment")
            for _ in 0..<20 {
                for (number, cluster) in waves.flatMap({ $0 }).enumerated() {
                    #expect(try await poll(served, cluster, number % 2 == 0 ? standing : nil).agentImage == nil)
                }
                served.fleet.time.advance(by: .seconds(5))
                _ = try await served.fleet.agents.upgrades.tick()
            }
            let run = try await upgrade(served)
            #expect(run["state"] == "finished", "\(run)")
            #expect(Set(states(run).values) == ["refused"])
        }
    }

    @Test("a coordinator is never older than the agents it asks for")
    func skew() async throws {
        try await ServedFleet.with { served async throws in
            let newer = try await served.post(Self.path, ["image": "registry.example/agent:99.0.0"])
            #expect(newer.status == 409 && newer.code == "coordinator-older")
            #expect(try await served.post(Self.path, ["image": "a b"]).status == 422)
            #expect(try await served.post(Self.path).status == 422)
            #expect(try await served.post("/api/v1/environments/nowhere/agent-upgrade", ["image": "a"]).status == 404)
            // An image whose name does not say its version: the agent does.
            let started = try await served.post(Self.path, ["image": "registry.example/agent"])
            let first = try #require(waves(started.json).first?.first)
            _ = try await poll(served, first, ImageStanding(running: "registry.example/agent"), version: "99.0.0")
            let stopped = try await upgrade(served)
            #expect(stopped["state"] == "stopped")
            #expect(stopped["message"]?.string?.contains("newer than the coordinator") == true)
        }
    }
}
