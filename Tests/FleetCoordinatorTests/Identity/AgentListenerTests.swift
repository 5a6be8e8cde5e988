// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Crypto
import HTTPTransport
import HTTPTypes
import Manifests
import PostgresClient
import SwiftASN1
import Testing
import X509

@testable import FleetCoordinator

@Suite("What agents' certificates open, over TLS") struct AgentListenerTests {
    @Test("only the agents' own routes are there, and they want a certificate")
    func routes() async throws {
        try await ServedFleet.with(settled: false) { served async throws in
            let nobody = ServedAgent(served)
            let table = served.web.listener.routes(served.fleet.agents, served.web.counters)
            #expect(table.routes.allSatisfy { $0.path == "/healthz" || $0.path.hasPrefix("/agent/v1/") })
            for route in table.routes {
                let answer = try await nobody.send(route.method.rawValue, route.path, body: route.method == .get ? [] : Array("{}".utf8))
                switch route.access {
                case .agent: #expect(answer.status == 401 && answer.code == "certificate-needed", "\(route.path)")
                case .enrolment: #expect(answer.status == 422, "\(route.path)")
                case .open: #expect(answer.status == 200, "\(route.path)")
                default: Issue.record("\(route.path) is not for agents")
                }
            }
            // Neither a person's token nor a path of the people's API is good for anything here.
            for path in ["/api/v1/status", "/", "/metrics", "/webhooks/git"] {
                let token = [(name: "Authorization", value: "Bearer \(served.token)")]
                #expect(try await nobody.send("GET", path, headers: token).status == 404)
            }
            let person = [(name: "Authorization", value: "Bearer \(served.token)")] + ServedAgent.headers
            #expect(try await nobody.send("POST", "/agent/v1/poll", headers: person, body: Array("{}".utf8)).status == 401)
            #expect(try await served.send("POST", "/agent/v1/enroll", body: Array("{}".utf8)).status == 404)
        }
    }

    @Test("a cluster's certificate does not reach another cluster")
    func foreignClusters() async throws {
        try await ServedFleet.with { served async throws in
            served.fleet.time.advance(by: .seconds(120))
            let (own, foreign) = (try served.agent("s1"), try served.agent("p1"))
            let task = try #require(try PollResponse(json: try await own.poll("new").json).tasks.first)
            let wanted = ObjectsRequest(digests: task.bundle.entries.map(\.object)).json
            #expect(try await foreign.post("/agent/v1/objects", wanted).text == "{\"objects\":[]}")
            #expect(try await own.post("/agent/v1/objects", wanted).json["objects"]?.list?.count == task.bundle.entries.count)
            // What the message says of a cluster counts for nothing.
            let poll: Value = ["cluster": "s1", "instance": "x", "agentVersion": "1", "waitSeconds": 0, "held": []]
            let polled = try PollResponse(json: try await foreign.post("/agent/v1/poll", poll).json)
            #expect(polled.tasks.allSatisfy { !task.bundle.entries.isEmpty && $0.generation != task.generation })

            let asked = try await served.post(
                "/api/v1/clusters/s1/commands", ["kind": "syncNow", "parameters": ["application": "web"], "reason": "because"])
            let id = try #require(asked.json["id"]?.string.flatMap { Generation($0) })
            let request = PollRequest(
                instance: "x", agentVersion: "1", kubernetesVersion: "", waitSeconds: 0, held: [], lastCommand: CommandLedger.none,
                driftPauses: [])
            #expect(try PollResponse(json: try await foreign.post("/agent/v1/poll", request.json).json).commands.isEmpty)
            let now = served.fleet.time.now
            let result = CommandResult(id: id, outcome: .failed, message: "not mine", finishedAt: now)
            #expect(try await foreign.post("/agent/v1/command-results", CommandResults(results: [result]).json).status == 200)
            #expect(try await served.get("/api/v1/clusters/s1/commands/\(id)").json["state"] == "queued")

            let report = Report(
                instance: "x", sequence: 1,
                applications: [
                    ApplicationReport(
                        application: "web", generation: task.generation, bundle: task.bundle.digest, phase: .failed, health: .failed,
                        message: "not mine", since: now)
                ], events: [])
            _ = try await foreign.post("/agent/v1/report", report.json)
            #expect(try await served.get("/api/v1/clusters/s1").json.at("applications", "failed") == 0)
        }
    }

    @Test("certificates of others, and those that are no agents', open nothing")
    func strangers() async throws {
        try await ServedFleet.with(settled: false) { served async throws in
            try await served.declare(["edge"])
            let time = served.fleet.time
            let bundle = served.web.listener.authorities.current.bundle
            let stranger = try Authority(pem: try Authority.make(at: time.now))
            await #expect(throws: HTTPError.self) { _ = try await served.agent("edge", authority: stranger, trust: bundle).poll() }

            // Signed by the right authority, and yet no agent's: the listener's own kind, and one that an agent has signed.
            let authority = try served.web.listener.authorities.issuing(at: time.now)
            let key = P256.Signing.PrivateKey()
            let name = AgentIdentity.uri(cluster: "edge", epoch: 0, issuedAt: time.now)
            func certificate(_ usage: ExtendedKeyUsage.Usage, _ names: [GeneralName]) throws -> String {
                try authority.issue(
                    to: Certificate.PublicKey(key.publicKey), commonName: "edge", from: time.now, until: time.now + .seconds(600),
                    usage: usage, names: names
                ).serializeAsPEM().pemString
            }
            for bad in [
                try certificate(.serverAuth, [.uniformResourceIdentifier(name)]), try certificate(.clientAuth, [.dnsName("edge")]),
                try certificate(.clientAuth, [.uniformResourceIdentifier(name), .uniformResourceIdentifier(name)]),
                try certificate(.clientAuth, [.uniformResourceIdentifier("flotilla://cluster/edge")]),
            ] {
                await #expect(throws: HTTPError.self) {
                    _ = try await ServedAgent(served, key: key, certificate: bad, trust: bundle).poll()
                }
            }
            // Genuine, of a cluster that nobody has declared: as with a database that has just been lost.
            #expect(try await served.agent("nowhere").poll().code == "unknown-cluster")
            // Not yet good, by more than clocks may differ.
            let early = try served.agent("edge")
            time.advance(by: .seconds(-400))
            #expect(try await early.poll().code == "certificate-expired")
        }
    }

    @Test("a certificate outlives the database, but not its epoch, its revocation or its time")
    func standing() async throws {
        try await ServedFleet.with(settled: false) { served async throws in
            try await served.declare(["edge"])
            // No row tells of it: only the key folder's authority does.
            let agent = try served.agent("edge")
            #expect(try await agent.poll().status == 200)
            try await served.declare(["edge"], epoch: 1)
            served.fleet.time.advance(by: .milliseconds(CredentialStandings.rememberMilliseconds))
            #expect(try await agent.poll().code == "certificate-revoked")
            let next = try served.agent("edge", epoch: 1)
            #expect(try await next.poll().status == 200)
            #expect(try await next.renew().status == 200)

            #expect(try await served.post("/api/v1/clusters/edge/revoke").status == 422)
            #expect(try await served.post("/api/v1/clusters/nowhere/revoke", ["reason": "x"]).status == 404)
            #expect(try await served.post("/api/v1/clusters/edge/revoke", ["reason": "stolen"]).status == 200)
            // At once, over a connection that stands.
            #expect(try await next.poll().code == "certificate-revoked")
            #expect(try await served.event("credentialsRevoked")?.message.contains("stolen") == true)
            #expect(try await served.audited("cluster.revoke").count == 1)
            // What is issued from now on is good, in the same millisecond, too.
            let newcomer = ServedAgent(served)
            let issued = try await newcomer.enroll(try await served.token("edge"))
            #expect(try await served.agent(newcomer, issued).poll().status == 200)
            // On another coordinator it counts as soon as that has looked again.
            let elsewhere = CredentialStandings(store: served.fleet.store, time: served.fleet.time.wall)
            let before = try await elsewhere.current(for: "edge")
            served.fleet.time.advance(by: .milliseconds(1))
            _ = try await served.post("/api/v1/clusters/edge/revoke", ["reason": "again"])
            elsewhere.forget(["edge"])
            #expect(try await elsewhere.current(for: "edge") != before)
        }
    }

    @Test("a revocation ends the poll that waits")
    func waitingPoll() async throws {
        try await ServedFleet.with(settled: false) { served async throws in
            try await served.declare(["edge"])
            let agent = try served.agent("edge")
            async let answer = agent.poll(waitSeconds: 50)
            while served.fleet.agents.waiters.parked == 0 { await Task.yield() }
            _ = try await served.post("/api/v1/clusters/edge/revoke", ["reason": "stolen"])
            let ended = try await answer
            #expect(ended.status == 401 && ended.code == "certificate-revoked")
        }
    }

    @Test("of two instances the second is refused while the first lives, and both are told")
    func secondInstance() async throws {
        try await ServedFleet.with(settled: false) { served async throws in
            try await served.declare(["edge"])
            let (first, second) = (try served.agent("edge"), try served.agent("edge"))
            #expect(try PollResponse(json: try await first.poll("one").json).rival == nil)
            for _ in 0..<2 {
                let refused = try await second.poll("two")
                #expect(refused.status == 409 && refused.code == "refused" && refused.text.contains("one"))
            }
            #expect(try PollResponse(json: try await first.poll("one").json).rival == "two")
            let events = try await served.fleet.store.database.read { session in
                try session.query("select message from events where kind = 'secondAgent'").map { try $0.text("message") }
            }
            #expect(events.count == 1 && events.first?.contains("two") == true)
            // The first is gone: the second takes over, and nobody is warned of the first.
            served.fleet.time.advance(by: .seconds(AgentService.sessionSeconds + 1))
            let taken = try await second.poll("two")
            #expect(taken.status == 200)
            #expect(try PollResponse(json: taken.json).rival == nil)
        }
    }
}
