// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import GitRepository
import Manifests
import PostgresClient
import Synchronization
import Testing

@testable import FleetCoordinator

@Suite("Commands over HTTP") struct CommandRoutesTests {
    private static let commands = "/api/v1/clusters/s1/commands"
    private static let pause = "/api/v1/clusters/s1/applications/web/drift-pause"
    private static let sync: Value = ["kind": "syncNow", "parameters": ["application": "web"], "reason": "because"]

    private func poll(
        _ served: ServedFleet, _ cluster: String = "s1", instance: String? = nil, last: Generation? = CommandLedger.none,
        pauses: [DriftPause]? = []
    ) async throws -> PollResponse {
        let held = served.fleet.fakes.held.withLock { $0[cluster]?.tasks.values.map { $0 } ?? [] }
        let request = PollRequest(
            instance: instance ?? "agent-\(cluster)", agentVersion: "test", kubernetesVersion: "", waitSeconds: 0,
            held: held.map { .init(application: $0.application, generation: $0.generation, bundle: $0.bundle.digest) }, lastCommand: last,
            driftPauses: pauses)
        return try await served.fleet.agents.poll(request, cluster: cluster)
    }

    private func answer(
        _ served: ServedFleet, _ id: Generation, _ outcome: CommandResult.Outcome, _ message: String, cluster: String = "s1"
    )
        async throws -> ServedFleet.Answer
    {
        let result = CommandResult(
            id: id, outcome: outcome, message: message, output: ["text": "line\u{0}\n"], startedAt: served.fleet.time.now,
            finishedAt: served.fleet.time.now)
        return try await served.agent(cluster).post("/agent/v1/command-results", CommandResults(results: [result]).json)
    }

    @Test("a command is queued, delivered to its own cluster only, and answered once")
    func life() async throws {
        try await ServedFleet.with { served async throws in
            let asked = try await served.post(Self.commands, Self.sync)
            #expect(asked.status == 201 && asked.json.at("state") == "queued" && asked.json.at("askedBy") == "administrator")
            let id = try #require(asked.json.at("id")?.string.flatMap { Generation($0) })
            #expect(try await poll(served, "p1").commands.isEmpty)
            // An agent that knows no commands is not given any.
            #expect(try await poll(served, last: nil, pauses: nil).commands.isEmpty)
            let first = try await poll(served)
            #expect(first.commands.map(\.id) == [id] && first.commands.first?.kind == .syncNow(application: "web"))
            // The answer was lost: it comes again, to the same instance.
            #expect(try await poll(served).commands == first.commands)
            #expect(try await served.get("\(Self.commands)/\(id)").json.at("state") == "delivered")
            #expect(try await poll(served, last: id).commands.isEmpty)

            // Another cluster's answer is taken from its hands and changes nothing.
            #expect(try await answer(served, id, .failed, "not mine", cluster: "p1").status == 200)
            #expect(try await served.get("\(Self.commands)/\(id)").json.at("state") == "delivered")
            #expect(try await answer(served, id, .done, "synced").json.at("acknowledged")?.list == [.string("\(id)")])
            #expect(try await answer(served, id, .failed, "again").status == 200)
            let done = try await served.get("\(Self.commands)/\(id)").json
            #expect(done.at("state") == "done" && done.at("message") == "synced" && done.at("output", "text") == "line\u{0}\n")
            #expect(try await served.get("/api/v1/clusters/p1/commands/\(id)").status == 404)
            let events = try await served.get("/api/v1/events?cluster=s1").json["items"]?.list ?? []
            #expect(events.filter { $0["kind"] == "commandAsked" }.count == 1)
            #expect(events.filter { $0["kind"] == "commandDone" }.count == 1)
            #expect(!events.contains { $0["kind"] == "commandFailed" })
        }
    }

    @Test("commands come in their order, a page at a time")
    func order() async throws {
        try await ServedFleet.with { served async throws in
            var ids: [String] = []
            for index in 0..<25 {
                let asked = try await served.post(
                    Self.commands, ["kind": "listObject", "parameters": ["kind": "pods", "namespace": .string("n\(index)")]])
                ids.append(try #require(asked.json.at("id")?.string))
            }
            let first = try await poll(served).commands
            #expect(first.map { "\($0.id)" } == Array(ids.prefix(Command.listedMax)))
            let rest = try await poll(served, last: first.last?.id).commands
            #expect(rest.map { "\($0.id)" } == Array(ids.dropFirst(Command.listedMax)))
            let page = try await served.get("\(Self.commands)?limit=10").json
            #expect(page["items"]?.list?.compactMap { $0["id"]?.string } == Array(ids.reversed().prefix(10)))
            let after = try #require(page["next"]?.string)
            let next = try await served.get("\(Self.commands)?limit=10&after=\(after)").json
            #expect(next["items"]?.list?.compactMap { $0["id"]?.string } == Array(ids.reversed()[10..<20]))
        }
    }

    @Test("what cannot work is refused at once")
    func refusals() async throws {
        try await ServedFleet.with { served async throws in
            func status(_ kind: String, _ parameters: Value, _ more: Map = [:]) async throws -> Int {
                var body: Map = ["kind": .string(kind), "parameters": parameters]
                for entry in more { body[entry.key] = entry.value }
                return try await served.post(Self.commands, .map(body)).status
            }
            #expect(try await status("explode", [:]) == 422)
            #expect(try await status("syncNow", [:]) == 422)
            #expect(try await status("syncNow", ["application": "elsewhere"]) == 404)
            #expect(try await status("syncNow", ["application": "web"], ["expiresSeconds": 2]) == 422)
            #expect(try await status("logs", ["namespace": "a", "target": "b", "tailLines": 6_000]) == 422)
            #expect(try await status("listObject", ["kind": "pods", "namespace": "a\u{0}"]) == 422)
            #expect(try await status("dryRun", ["application": "web", "task": [:]]) == 422)
            #expect(try await status("dryRun", ["application": "web", "release": "0123456"]) == 404)
            #expect(try await status("dryRun", ["application": "web", "release": "nope"]) == 422)
            let secret: Value = ["apiVersion": "v1", "kind": "Secret", "metadata": ["name": "a"]]
            #expect(try await status("runJob", ["namespace": "shop", "manifest": secret]) == 422)
            let list: Value = ["apiVersion": "v1", "kind": "List", "items": [secret]]
            #expect(try await status("runJob", ["namespace": "shop", "manifest": list]) == 422)
            #expect(
                try await served.post(
                    "/api/v1/clusters/nowhere/commands", ["kind": "logs", "parameters": ["namespace": "a", "target": "b"]]
                ).status == 404)
            #expect(try await served.get("/api/v1/clusters/nowhere/commands").status == 404)
            #expect(try await served.get("\(Self.commands)/nonsense").status == 404)
            #expect(try await served.get(Self.commands).json["items"]?.list == [])
        }
    }

    @Test("one cluster's queue is bounded")
    func bounded() async throws {
        try await ServedFleet.with { served async throws in
            for _ in 0..<CommandRows.openMax { #expect(try await served.post(Self.commands, Self.sync).status == 201) }
            #expect(try await served.post(Self.commands, Self.sync).code == "too-many-commands")
        }
    }

    @Test("what is not fetched expires, what is not answered fails, and a late answer still counts once")
    func expiry() async throws {
        try await ServedFleet.with { served async throws in
            let fleet = served.fleet
            var body = Self.sync
            body["expiresSeconds"] = 60
            let first = try #require(try await served.post(Self.commands, body).json.at("id")?.string)
            fleet.time.advance(by: .seconds(61))
            #expect(try await poll(served).commands.isEmpty)
            try await fleet.agents.desk.tidy()
            let expired = try await served.get("\(Self.commands)/\(first)").json
            #expect(expired.at("state") == "expired" && expired.at("message")?.string?.contains("did not fetch it") == true)

            let second = try #require(try await served.post(Self.commands, body).json.at("id")?.string)
            let delivered = try await poll(served).commands
            #expect(delivered.map { "\($0.id)" } == [second])
            fleet.time.advance(by: .seconds(61))
            try await fleet.agents.desk.tidy()
            #expect(try await served.get("\(Self.commands)/\(second)").json.at("state") == "delivered")
            fleet.time.advance(by: .seconds(1_000))
            try await fleet.agents.desk.tidy()
            try await fleet.agents.desk.tidy()
            #expect(try await served.get("\(Self.commands)/\(second)").json.at("state") == "failed")
            let id = try #require(Generation(second))
            _ = try await answer(served, id, .done, "it was done")
            _ = try await answer(served, id, .failed, "no")
            #expect(try await served.get("\(Self.commands)/\(second)").json.at("message") == "it was done")
            let events = try await served.get("/api/v1/events?cluster=s1").json["items"]?.list ?? []
            #expect(events.filter { $0["kind"] == "commandExpired" }.count == 1)
            #expect(events.filter { $0["kind"] == "commandFailed" }.count == 1)
            #expect(events.filter { $0["kind"] == "commandDone" }.count == 1)
        }
    }

    @Test("an agent that comes back without its folder is not given what another instance had")
    func otherInstance() async throws {
        try await ServedFleet.with { served async throws in
            let id = try #require(try await served.post(Self.commands, Self.sync).json.at("id")?.string)
            #expect(try await poll(served).commands.count == 1)
            served.fleet.time.advance(by: .seconds(120))
            #expect(try await poll(served, instance: "fresh").commands.isEmpty)
            let lost = try await served.get("\(Self.commands)/\(id)").json
            #expect(lost.at("state") == "failed" && lost.at("message")?.string?.hasPrefix("interrupted") == true)
        }
    }

    @Test("a parked poll wakes for a command and for a pause")
    func wakes() async throws {
        try await ServedFleet.with { served async throws in
            let held = served.fleet.fakes.held.withLock { $0["s1"]?.tasks.values.map { $0 } ?? [] }
            let request = PollRequest(
                instance: "agent-s1", agentVersion: "test", kubernetesVersion: "", waitSeconds: 50,
                held: held.map { .init(application: $0.application, generation: $0.generation, bundle: $0.bundle.digest) },
                lastCommand: CommandLedger.none, driftPauses: [])
            async let first = served.fleet.agents.poll(request, cluster: "s1")
            _ = try await served.post(Self.commands, Self.sync)
            let commands = try await first.commands
            #expect(commands.count == 1)
            var later = request
            later.lastCommand = commands.first?.id
            async let second = served.fleet.agents.poll(later, cluster: "s1")
            _ = try await served.send(
                "PUT", Self.pause, token: served.token, headers: [(name: "Content-Type", value: "application/json")],
                body: JSON.write(["seconds": 3_600, "reason": "night"]))
            #expect(try await second.driftPauses?.map(\.application) == ["web"])
        }
    }

    @Test("a dry run of a release that waits brings its objects within the cluster's reach, and only there and then")
    func dryRunOfPlan() async throws {
        try await ServedFleet.with { served async throws in
            let fleet = served.fleet
            try await fleet.push(
                ["environments/staging/web/web.yaml": JourneyTests.deployment("registry.example/web:9")], message: "Ninth\n")
            // Planned, and not yet rolled out.
            try await fleet.follower.round()
            let asked = try await served.post(
                Self.commands, ["kind": "dryRun", "parameters": ["application": "web", "release": "latest"]])
            #expect(asked.status == 201, "\(asked.text)")
            let id = try #require(asked.json.at("id")?.string.flatMap { Generation($0) })
            let command = try #require(try await poll(served).commands.first)
            guard case .dryRun(let run) = command.kind, let task = run.task else {
                Issue.record("no task to try")
                return
            }
            #expect(task.namespace == "shop" && task.application == "web")
            let request = ObjectsRequest(digests: task.bundle.entries.map(\.object))
            let bodies = try await fleet.agents.objects(request, cluster: "s1").objects
            #expect(bodies.count == request.digests.count && bodies.contains { $0.contains("web:9") })
            #expect(try await !fleet.agents.objects(request, cluster: "p1").objects.contains { $0.contains("web:9") })
            _ = try await answer(served, id, .done, "2 to change")
            #expect(try await !fleet.agents.objects(request, cluster: "s1").objects.contains { $0.contains("web:9") })
        }
    }

    @Test("a pause is told whole, confirmed, journalled, ended by its time, and known to a rebuilt database")
    func pauses() async throws {
        try await ServedFleet.with { served async throws in
            let fleet = served.fleet
            func put(_ body: Value) async throws -> ServedFleet.Answer {
                try await served.send(
                    "PUT", Self.pause, token: served.token, headers: [(name: "Content-Type", value: "application/json")],
                    body: JSON.write(body))
            }
            #expect(try await put(["seconds": 3_600]).status == 422)
            #expect(try await put(["seconds": 1, "reason": "x"]).status == 422)
            #expect(try await served.send("DELETE", Self.pause, token: served.token).code == "not-paused")
            #expect(try await put(["seconds": 3_600, "reason": "night"]).status == 200)
            #expect(try await poll(served, "p1").driftPauses == nil)
            let told = try #require(try await poll(served).driftPauses)
            #expect(told.map(\.application) == ["web"] && told.first?.reason == "night")
            #expect(try await served.get(Self.pause).json.at("heldAt")?.isNull == true)
            #expect(try await poll(served, pauses: told).driftPauses == nil)
            #expect(try await served.get(Self.pause).json.at("heldAt")?.string != nil)

            // What the journal says is what a new database begins with.
            try await fleet.settle(clusters: [], rounds: 1)
            let journal = try await Journalist.state(in: fleet.mirror, at: try await fleet.mirror.head(of: "flotilla-journal/shop"))
            #expect(journal.stages["staging"]?.driftPauses.map(\.application) == ["web"])
            let rebuilt = try await TestFleet(files: [:], time: fleet.time, remote: fleet.remote, signer: fleet.signer)
            try await rebuilt.follower.round()
            let restored = try await rebuilt.store.database.read { try DriftPauseRows.of($0, .everything, cluster: "s1") }
            #expect(restored.map(\.pause) == told)
            await rebuilt.store.database.close()
            await rebuilt.mirror.close()

            fleet.time.advance(by: .seconds(3_600))
            try await fleet.agents.desk.tidy()
            #expect(try await served.get(Self.pause).status == 404)
            #expect(try await poll(served, pauses: told).driftPauses == [])
            #expect(try await put(["seconds": 3_600, "reason": "again"]).status == 200)
            #expect(try await served.send("DELETE", Self.pause, token: served.token).status == 200)
            #expect(try await poll(served, pauses: []).driftPauses == nil)
            let kinds = try await served.get("/api/v1/events?cluster=s1").json["items"]?.list?.compactMap { $0["kind"]?.string } ?? []
            #expect(kinds.filter { $0.hasPrefix("drift") } == ["driftResumed", "driftPaused", "driftPauseEnded", "driftPaused"])
        }
    }
}
