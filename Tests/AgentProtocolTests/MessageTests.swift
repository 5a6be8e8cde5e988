// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@testable import AgentProtocol

@Suite struct MessageTests {
    static let digest = Digest.sha256(Array("a".utf8))

    static let task: SyncTask = {
        var options = SyncOptions()
        options.drift = .alert
        options.serviceAccount = "deployer"
        options.ignore = [IgnoreRule(kind: "Deployment", paths: ["/spec/replicas"])]
        return SyncTask(
            application: "web", namespace: "shop", generation: Generation(epoch: 1, counter: 2),
            bundle: Bundle(entries: [.init(object: digest), .init(object: digest, original: digest)]),
            record: RecordReference(
                commit: "c0ffee", release: "beef", promotion: "01J", root: digest,
                path: [MerkleStep(siblingIsLeft: true, sibling: digest)]),
            options: options, dependsOn: ["ingress"])
    }()
    static let poll = PollRequest(
        instance: "i", agentVersion: "0.1", kubernetesVersion: "v1.36.2", waitSeconds: 30,
        held: [.init(application: "web", generation: Generation(epoch: 1, counter: 2), bundle: digest)])
    static let report = Report(
        instance: "i", sequence: 7,
        applications: [
            ApplicationReport(
                application: "web", generation: Generation(epoch: 1, counter: 2), bundle: digest, phase: .failed, health: .inProgress,
                message: "no", object: "apps/Deployment shop/web", objectsTotal: 3, objectsCurrent: 2, since: Timestamp(seconds: 9))
        ],
        events: [
            AgentEvent(
                .healed, at: Timestamp(seconds: 9), application: "web", object: "v1", paths: ["/data"], message: "m",
                durationMilliseconds: 5)
        ])

    /// Through bytes, and with a member on top that no reader knows.
    static func sent(_ value: Value) throws -> Value {
        var map = try #require(value.map)
        map["newInTheNextVersion"] = .bool(true)
        return try JSON.read(JSON.write(.map(map)))
    }

    @Test func messagesComeBackAsTheyWere() throws {
        #expect(try PollRequest(json: Self.sent(Self.poll.json)) == Self.poll)
        let response = PollResponse(tasks: [Self.task], reportEverything: true)
        #expect(try PollResponse(json: Self.sent(response.json)) == response)
        #expect(try SyncTask(json: Self.sent(Self.task.json), at: "task") == Self.task)
        #expect(try Report(json: Self.sent(Self.report.json)) == Self.report)
        #expect(try ReportResponse(json: Self.sent(ReportResponse(acknowledged: 7).json)).acknowledged == 7)
        let request = ObjectsRequest(digests: [Self.digest])
        #expect(try ObjectsRequest(json: Self.sent(request.json)) == request)
        let objects = ObjectsResponse(objects: [.map(["kind": .string("X")])], originals: ["a: ENC[]\n"])
        #expect(try ObjectsResponse(json: Self.sent(objects.json)) == objects)
    }

    @Test func whatIsNotSaidIsAsOlderCoordinatorsMeantIt() throws {
        let json = Self.task.json
        #expect(json.at("record", "origin") == nil && json.at("options", "adopt") == nil && json.at("options", "healthRules") == nil)
        let read = try SyncTask(json: json, at: "task")
        #expect(!read.record.isRollback && read.record.origin == "release" && !read.options.adopt)
        var task = Self.task
        task.record.origin = "rollback"
        task.options.adopt = true
        task.options.healthRules = [
            HealthRule(group: "x.dev", kind: "W", path: "/status/phase", comparison: .equals("Ready")),
            HealthRule(
                group: "", kind: "V", path: "/a", comparison: .oneOf([1, true]),
                failed: .init(path: "/b", comparison: .notEquals(""))),
        ]
        #expect(try SyncTask(json: Self.sent(task.json), at: "task") == task)
        #expect(task.record.isRollback)
        task.record.origin = String(repeating: "x", count: RecordReference.originMax + 1)
        #expect(throws: ShapeError.self) { try SyncTask(json: task.json, at: "task") }
    }

    @Test(arguments: [
        ("instance", Value.string("")), ("instance", .string(String(repeating: "x", count: 65))), ("instance", .int(1)),
        ("waitSeconds", .string("30")), ("held", .string("none")), ("held", .list([.map([:])])),
        ("held", .list(Array(repeating: .null, count: PollRequest.heldMax + 1))),
    ])
    func malformedPollsAreRefused(member: String, value: Value) throws {
        var map = try #require(Self.poll.json.map)
        map[member] = value
        #expect(throws: ShapeError.self) { try PollRequest(json: .map(map)) }
    }

    @Test func waitsAreBounded() throws {
        var map = try #require(Self.poll.json.map)
        map["waitSeconds"] = .int(1_000_000)
        #expect(try PollRequest(json: .map(map)).waitSeconds == PollRequest.waitSecondsMax)
        map["waitSeconds"] = .int(-1)
        #expect(try PollRequest(json: .map(map)).waitSeconds == 0)
    }

    @Test(arguments: [
        ("bundle", Value.string(digest.description)), ("bundle", .string("sha256:0")), ("entries", .list([])),
        ("intent", .string("destroy")), ("generation", .string("1")), ("record", .null), ("options", .list([])),
    ])
    func malformedTasksAreRefused(member: String, value: Value) throws {
        var map = try #require(Self.task.json.map)
        map[member] = value
        #expect(throws: ShapeError.self) { try SyncTask(json: .map(map), at: "task") }
    }

    @Test(arguments: [
        ("sequence", Value.string("7")), ("applications", .map([:])), ("events", .list([.map(["kind": .string("exploded")])])),
        ("events", .list(Array(repeating: .null, count: Report.eventsMax + 1))),
    ])
    func malformedReportsAreRefused(member: String, value: Value) throws {
        var map = try #require(Self.report.json.map)
        map[member] = value
        #expect(throws: ShapeError.self) { try Report(json: .map(map)) }
    }

    @Test func objectRequestsAreBounded() {
        let many = ObjectsRequest(digests: Array(repeating: Self.digest, count: ObjectsRequest.digestsMax + 1))
        #expect(throws: ShapeError.self) { try ObjectsRequest(json: many.json) }
    }

    @Test(arguments: [(nil, nil), ("", nil), ("0", nil), ("-1", nil), ("x", nil), ("1", 1), ("2", 1)] as [(String?, Int?)])
    func versions(header: String?, answer: Int?) { #expect(ProtocolVersion.negotiate(header) == answer) }
}
