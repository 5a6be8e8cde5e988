// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@testable import AgentProtocol

@Suite("Commands") struct CommandTests {
    static let job: Value = [
        "apiVersion": "batch/v1", "kind": "Job", "metadata": ["name": "smoke"], "spec": ["template": ["spec": [:]]],
    ]
    static let kinds: [Command.Kind] = [
        .syncNow(application: "web"), .dryRun(Command.DryRun(application: "web")),
        .dryRun(Command.DryRun(application: "web", task: MessageTests.task)),
        .runJob(Command.JobRun(manifest: job, namespace: "shop", application: "web", timeoutSeconds: 60)),
        .logs(
            Command.LogQuery(
                namespace: "shop", target: "deployment/web", container: "main", tailLines: 5_000, sinceSeconds: 60, previous: true)),
        .listObject(Command.ObjectQuery(kind: "Deployment.apps", namespace: "shop", name: "web")),
        .listObject(Command.ObjectQuery(kind: "nodes", namespace: "")),
    ]

    static func command(_ kind: Command.Kind) -> Command {
        Command(id: Generation(epoch: 3, counter: 4), kind: kind, expires: Timestamp(seconds: 90), requestedBy: "administrator")
    }

    @Test("a command comes back as it was sent", arguments: kinds)
    func roundTrip(_ kind: Command.Kind) throws {
        let command = Self.command(kind)
        #expect(try Command(json: MessageTests.sent(command.json), at: "command") == command)
    }

    /// These texts are on disks and wires of other versions.
    @Test func theFormStaysAsItIs() throws {
        #expect(
            JSON.text(Self.command(.logs(Command.LogQuery(namespace: "shop", target: "web-1"))).json)
                == #"{"id":"3.4","kind":"logs","parameters":{"namespace":"shop","target":"web-1","tailLines":200,"container":"","#
                + #""previous":false},"expires":"1970-01-01T00:01:30Z","requestedBy":"administrator"}"#)
        let result = CommandResult(
            id: Generation(epoch: 3, counter: 4), outcome: .done, message: "ok", output: ["text": "a"], startedAt: Timestamp(seconds: 1),
            finishedAt: Timestamp(seconds: 2))
        #expect(
            JSON.text(CommandResults(results: [result]).json)
                == #"{"results":[{"id":"3.4","outcome":"done","message":"ok","finishedAt":"1970-01-01T00:00:02Z","#
                + #""startedAt":"1970-01-01T00:00:01Z","output":{"text":"a"}}]}"#)
        let pause = DriftPause(application: "web", until: Timestamp(milliseconds: 1_500), reason: "night", requestedBy: "ada")
        #expect(
            JSON.text(pause.json)
                == #"{"application":"web","until":"1970-01-01T00:00:01.500Z","reason":"night","requestedBy":"ada"}"#)
        var ledger = CommandLedger()
        let isBegun = ledger.begin(Generation(epoch: 3, counter: 4), at: Timestamp(seconds: 1))
        #expect(isBegun)
        #expect(
            JSON.text(ledger.json)
                == #"{"format":"flotilla.dev/commands/v1","last":"3.4","begun":[{"id":"3.4","at":"1970-01-01T00:00:01Z"}]}"#)
        #expect(try CommandLedger(json: ledger.json) == ledger)
    }

    @Test func resultsComeBackAsTheyWere() throws {
        let results = CommandResults(results: [
            CommandResult(
                id: Generation(epoch: 1, counter: 2), outcome: .failed, message: "no", output: ["text": "x"],
                finishedAt: Timestamp(seconds: 9))
        ])
        #expect(try CommandResults(json: MessageTests.sent(results.json)) == results)
        let response = CommandResultsResponse(acknowledged: [Generation(epoch: 1, counter: 2)])
        #expect(try CommandResultsResponse(json: MessageTests.sent(response.json)) == response)
    }

    @Test("an agent that knows no commands neither says nor hears of any")
    func older() throws {
        #expect(MessageTests.poll.json.at("lastCommand") == nil && MessageTests.poll.json.at("driftPauses") == nil)
        let read = try PollRequest(json: MessageTests.poll.json)
        #expect(read.lastCommand == nil && read.driftPauses == nil)
        let quiet = PollResponse(tasks: []).json
        #expect(quiet.at("commands") == nil && quiet.at("driftPauses") == nil)
        #expect(try PollResponse(json: quiet).driftPauses == nil)
    }

    @Test("a newer agent's poll and its answer come back, an empty list of pauses too")
    func newer() throws {
        var poll = MessageTests.poll
        poll.lastCommand = Generation(epoch: 3, counter: 4)
        poll.driftPauses = []
        #expect(try PollRequest(json: MessageTests.sent(poll.json)) == poll)
        let response = PollResponse(
            tasks: [], commands: Self.kinds.map(Self.command),
            driftPauses: [DriftPause(application: "web", until: Timestamp(seconds: 5), reason: "r", requestedBy: "ada")])
        #expect(try PollResponse(json: MessageTests.sent(response.json)) == response)
        #expect(try PollResponse(json: MessageTests.sent(PollResponse(tasks: [], driftPauses: []).json)).driftPauses == [])
    }

    @Test("a kind of a newer coordinator is read, to be answered")
    func unknownKind() throws {
        var json = Self.command(.syncNow(application: "web")).json
        json["kind"] = "rebootEverything"
        #expect(try Command(json: json, at: "command").kind == .unknown("rebootEverything"))
    }

    @Test(
        "what is out of bounds is refused",
        arguments: [
            ("logs", ["namespace": "a", "target": "b", "tailLines": 5_001]),
            ("logs", ["namespace": "a", "target": "b", "sinceSeconds": 0]),
            ("logs", ["namespace": "", "target": "b"]), ("syncNow", [:]), ("dryRun", ["application": ""]),
            ("runJob", ["namespace": "a", "manifest": "text"]), ("runJob", ["namespace": "a", "manifest": [:], "timeoutSeconds": 1_801]),
            ("listObject", ["namespace": "a"]), ("listObject", ["kind": .string(String(repeating: "x", count: 513))]),
        ] as [(String, Value)])
    func bounds(_ kind: String, _ parameters: Value) throws {
        #expect(throws: ShapeError.self) { try Command.Kind(name: kind, parameters: Fields(parameters), at: "parameters") }
    }

    @Test("nothing is begun twice, and nothing before what has been begun")
    func ledger() throws {
        var ledger = CommandLedger()
        let (now, first, second) = (Timestamp(seconds: 1), Generation(epoch: 1, counter: 8), Generation(epoch: 1, counter: 9))
        // A new database counts from the beginning in a later epoch.
        let order = [second, second, first, Generation(epoch: 2, counter: 1), second]
        #expect(order.map { ledger.begin($0, at: now) } == [true, false, false, true, false])
        let restarted = try CommandLedger(json: ledger.json)
        #expect(restarted.interrupted(at: now).map(\.id) == [second, Generation(epoch: 2, counter: 1)])
        #expect(restarted.interrupted(at: now).first?.message.hasPrefix("interrupted: the agent restarted") == true)
        ledger.end(second)
        #expect(ledger.interrupted(at: now).map(\.id) == [Generation(epoch: 2, counter: 1)])
    }
}
