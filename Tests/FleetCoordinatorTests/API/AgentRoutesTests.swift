// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Compression
import Manifests
import Testing

@testable import FleetCoordinator

@Suite("Agents over HTTP") struct AgentRoutesTests {
    private static let version = [(name: "Flotilla-Protocol", value: "1"), (name: "Content-Type", value: "application/json")]

    @Test func pollsFetchesAndReports() async throws {
        try await ServedFleet.with { served async throws in
            // Another agent of the same cluster, long after the first one.
            served.fleet.time.advance(by: .seconds(120))
            let agent = try served.agent("s1")
            let poll = PollRequest(instance: "new", agentVersion: "1", kubernetesVersion: "v1.36.2", waitSeconds: 0, held: [])
            let answer = try await agent.send(
                "POST", "/agent/v1/poll", headers: Self.version + [(name: "Content-Encoding", value: "gzip")],
                body: Gzip.compress(JSON.write(poll.json)), acceptGzip: true)
            #expect(answer.status == 200 && answer.headers["Flotilla-Protocol"] == "1")
            let task = try #require(try PollResponse(json: answer.json).tasks.first)
            let objects = try await agent.send(
                "POST", "/agent/v1/objects", headers: Self.version,
                body: JSON.write(ObjectsRequest(digests: task.bundle.entries.map(\.object)).json))
            let values = try ObjectsResponse(json: objects.json).objects
            #expect(values.map { Canonical.digest($0) } == task.bundle.entries.map(\.object))
            // Another cluster's agent does not get them.
            let foreign = try await served.agent("p1").send(
                "POST", "/agent/v1/objects", headers: Self.version,
                body: JSON.write(ObjectsRequest(digests: task.bundle.entries.map(\.object)).json))
            #expect(foreign.text == "{\"objects\":[]}")

            let report = Report(
                instance: "new", sequence: 1,
                applications: [
                    ApplicationReport(
                        application: "web", generation: task.generation, bundle: task.bundle.digest, phase: .failed, health: .failed,
                        message: "no", since: served.fleet.time.now)
                ], events: [AgentEvent(.drift, at: served.fleet.time.now, application: "web", object: "o", paths: ["/spec/replicas"])])
            let reported = try await agent.send("POST", "/agent/v1/report", headers: Self.version, body: JSON.write(report.json))
            #expect(reported.status == 200 && reported.json.at("acknowledged") == 1)
            #expect(try await served.get("/api/v1/clusters/s1").json.at("applications", "failed") == 1)
            let events = try await served.get("/api/v1/events?cluster=s1&limit=1").json
            #expect(events.at("items")?.list?.first?.at("paths")?.list == ["/spec/replicas"])
        }
    }

    @Test func refusesWhatItCannotTake() async throws {
        try await ServedFleet.with { served async throws in
            let agent = try served.agent("s1")
            let path = "/agent/v1/poll"
            let unversioned = try await agent.send("POST", path, headers: [], body: Array("{}".utf8))
            #expect(unversioned.status == 426 && unversioned.headers["Flotilla-Protocol"] == "1")
            #expect(try await agent.send("POST", path, headers: Self.version, body: Array("{".utf8)).status == 400)
            #expect(try await agent.send("POST", path, headers: Self.version, body: Array("{}".utf8)).status == 422)
            // One agent speaks for a cluster; a second one is told so.
            let second = PollRequest(instance: "second", agentVersion: "1", kubernetesVersion: "", waitSeconds: 0, held: [])
            let refused = try await agent.send("POST", path, headers: Self.version, body: JSON.write(second.json))
            #expect(refused.status == 409 && refused.code == "refused")
            // Small on the wire, large in memory.
            let bomb = try Gzip.compress([UInt8](repeating: UInt8(ascii: " "), count: AgentRoutes.pollMax + 1))
            let large = try await agent.send("POST", path, headers: Self.version + [(name: "Content-Encoding", value: "gzip")], body: bomb)
            #expect(large.status == 413)
            let plain = try await agent.send(
                "POST", "/agent/v1/objects", headers: Self.version,
                body: [UInt8](repeating: UInt8(ascii: " "), count: AgentRoutes.objectsMax + 1))
            #expect(plain.status == 413)
        }
    }

    @Test func aParkedPollEndsWithTheServer() async throws {
        try await ServedFleet.with { served async throws in
            let agent = try served.agent("p3")
            let poll = PollRequest(instance: "agent-p3", agentVersion: "1", kubernetesVersion: "", waitSeconds: 50, held: [])
            async let answer = agent.send("POST", "/agent/v1/poll", headers: Self.version, body: JSON.write(poll.json))
            while served.fleet.agents.waiters.parked == 0 { await Task.yield() }
            await served.stop()
            #expect(try await answer.status == 200)
        }
    }
}
