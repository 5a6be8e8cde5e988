// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Compression
import HTTPTestServer
import Manifests
import Synchronization

/// A coordinator that hands out the tasks it is told to and remembers what agents report.
final class FakeCoordinator: Sendable {
    struct Heard: Sendable {
        var applications: [String: ApplicationReport] = [:]
        var events: [AgentEvent] = []
        var sequences: [Int64] = []
        var results: [CommandResult] = []
        /// What the last poll said that it holds.
        var pauses: [DriftPause] = []
        var lastCommand: Generation?
        /// The counters of the generations that the last poll said it holds.
        var held: [String: Int64] = [:]
        /// Polls that came so far.
        var polls = 0

        func result(_ id: Generation) -> CommandResult? { results.first { $0.id == id } }
    }

    private struct State {
        var tasks: [String: SyncTask] = [:]
        var objects: [Digest: Value] = [:]
        var originals: [Digest: String] = [:]
        var parked: [(request: PollRequest, connection: HTTPTestServer.Connection)] = []
        var commands: [Command] = []
        var pauses: [DriftPause] = []
        /// Answers to commands are refused for now.
        var isDeaf = false
        var heard = Heard()
        var waiters: [(id: Int, test: @Sendable (Heard) -> Bool, continuation: CheckedContinuation<Void, Never>)] = []
        /// Answers wait until all of them can be given together.
        var isHoldingBack = false
        /// No poll is answered.
        var isSilent = false
        /// Connections are dropped without an answer.
        var isDown = false
        /// The instance whose polls are answered; others are refused.
        var instance: String?
    }

    private final class Store: Sendable { let state = Mutex(State()) }

    static let cluster = "test-1"
    private let store = Store()
    private let server: HTTPTestServer

    init() throws {
        let store = store
        server = try HTTPTestServer { request, connection in Self.serve(request, connection, store) }
    }

    var url: String { server.url }
    var heard: Heard { store.state.withLock { $0.heard } }
    var requests: [HTTPTestServer.Request] { server.requests }

    func stop() { server.stop() }

    /// Sets an application's desired state and wakes the agent.
    func want(
        _ application: String, _ counter: Int64, _ objects: [Value], intent: SyncTask.Intent = .apply, dependsOn: [String] = [],
        breaksProof: Bool = false, release: String = "fedcba", origin: String = "release", originals: [Digest: String] = [:],
        _ change: (inout SyncOptions) -> Void = { _ in }
    ) {
        var options = SyncOptions()
        options.createNamespace = true
        options.retryBackoffMilliseconds = 100
        change(&options)
        let bundle = Bundle(
            entries: objects.map {
                let digest = Canonical.digest($0)
                return Bundle.Entry(object: digest, original: originals[digest].map { .sha256($0) })
            })
        let tree = MerkleTree([
            MerkleLeaf(cluster: Self.cluster, application: application, bundle: bundle.digest),
            MerkleLeaf(cluster: "other", application: application, bundle: bundle.digest),
        ])
        let path = intent == .apply ? tree.path(cluster: breaksProof ? "other" : Self.cluster, application: application) ?? [] : []
        let task = SyncTask(
            application: application, intent: intent, namespace: "shop", generation: Generation(epoch: 1, counter: counter), bundle: bundle,
            record: RecordReference(
                commit: "0123456789abcdef", release: release, promotion: "p\(counter)", origin: origin, root: tree.root, path: path),
            options: options, dependsOn: dependsOn)
        store.state.withLock { state in
            state.tasks[application] = task
            for object in objects { state.objects[Canonical.digest(object)] = object }
            for original in originals.values { state.originals[.sha256(original)] = original }
        }
        answer()
    }

    /// Asks the agent for something.
    @discardableResult
    func ask(_ kind: Command.Kind, expires: Timestamp = .distantFuture) -> Generation {
        let id = store.state.withLock { state in
            let id = Generation(epoch: 1, counter: Int64(state.commands.count) + 1)
            let expires = min(expires, Timestamp(seconds: 4_000_000_000))
            state.commands.append(Command(id: id, kind: kind, expires: expires, requestedBy: "tester"))
            return id
        }
        answer()
        return id
    }

    /// Asks, and waits for how it ends.
    func done(_ kind: Command.Kind) async -> CommandResult? {
        let id = ask(kind)
        await wait { $0.result(id) != nil }
        return heard.result(id)
    }

    /// Sets the complete list of pauses, and waits until the agent holds it.
    func pause(_ pauses: [DriftPause]) async {
        store.state.withLock { $0.pauses = pauses }
        answer()
        await wait { $0.pauses == pauses }
    }

    func refuseAnswers(_ isDeaf: Bool) { store.state.withLock { $0.isDeaf = isDeaf } }

    /// Puts objects within reach that no task names.
    func offer(_ objects: [Value]) {
        store.state.withLock { state in for object in objects { state.objects[Canonical.digest(object)] = object } }
    }

    /// Sets an application's desired state of which some objects are encrypted.
    func want(
        _ application: String, _ counter: Int64, _ objects: [Value] = [], encrypted: [EncryptedObject],
        _ change: (inout SyncOptions) -> Void = { _ in }
    ) {
        want(
            application, counter, encrypted.map(\.rendered) + objects,
            originals: Dictionary(encrypted.map { (Canonical.digest($0.rendered), $0.original) }) { first, _ in first }, change)
    }

    /// Sets several applications' desired states for one answer.
    func together(_ changes: () -> Void) {
        holdBack(true)
        changes()
        holdBack(false)
    }

    /// Answers no poll at all, until it is told otherwise.
    func setSilent(_ isSilent: Bool) {
        store.state.withLock { $0.isSilent = isSilent }
        answer()
    }

    /// Goes away, or comes back.
    func setDown(_ isDown: Bool) {
        let parked = store.state.withLock { state in
            state.isDown = isDown
            defer { state.parked = [] }
            return state.parked
        }
        for (_, connection) in parked { connection.drop() }
    }

    /// Has a session with one instance only; `nil` takes all.
    func accept(onlyInstance instance: String?) { store.state.withLock { $0.instance = instance } }

    /// Answers polls with nothing, and with everything once that has ended.
    func holdBack(_ isHoldingBack: Bool) {
        store.state.withLock { $0.isHoldingBack = isHoldingBack }
        answer()
    }
    /// Has nothing to hand out any more.
    func forget() { store.state.withLock { $0.tasks = [:] } }

    private func answer() {
        let answers: [(HTTPTestServer.Connection, PollResponse)] = store.state.withLock { state in
            guard !state.isHoldingBack, !state.isSilent else { return [] }
            defer { state.parked = [] }
            return state.parked.map { ($0.connection, Self.news(state, $0.request)) }
        }
        for (connection, response) in answers { connection.respond(200, json: JSON.text(response.json)) }
    }

    /// Waits until what was heard meets the test.
    func wait(_ test: @escaping @Sendable (Heard) -> Bool) async {
        await withCheckedContinuation { continuation in
            let isMet = store.state.withLock { state in
                if test(state.heard) { return true }
                state.waiters.append((0, test, continuation))
                return false
            }
            if isMet { continuation.resume() }
        }
    }

    /// Waits for a report on exactly this generation.
    func wait(
        _ application: String, _ counter: Int64, _ phase: ApplicationReport.Phase, _ health: ApplicationReport.Health? = nil
    ) async {
        await wait { heard in
            guard let report = heard.applications[application] else { return false }
            return report.generation.counter == counter && report.phase == phase && (health.map { $0 == report.health } ?? true)
        }
    }

    private static func news(_ state: State, _ request: PollRequest) -> PollResponse {
        guard !state.isHoldingBack else { return PollResponse(tasks: []) }
        let held = Dictionary(request.held.map { ($0.application, $0.generation) }) { first, _ in first }
        let last = request.lastCommand
        return PollResponse(
            tasks: state.tasks.values.filter { held[$0.application] != $0.generation }.sorted { $0.application < $1.application },
            commands: last.map { last in state.commands.filter { $0.id > last } } ?? [],
            driftPauses: request.driftPauses == state.pauses ? nil : state.pauses)
    }

    private static func serve(_ request: HTTPTestServer.Request, _ connection: HTTPTestServer.Connection, _ store: Store) {
        if store.state.withLock({ $0.isDown }) { return connection.drop() }
        guard request.headers["flotilla-protocol"] == "1" else {
            return connection.respond(401, json: #"{"error":{"message":"no"}}"#)
        }
        do {
            let body =
                request.headers["content-encoding"] == "gzip" ? try Gzip.decompress(request.body, limit: 64 << 20) : request.body
            let value = try JSON.read(body)
            switch request.path {
            case "/agent/v1/poll":
                let request = try PollRequest(json: value)
                let isRefused = store.state.withLock { state in state.instance.map { $0 != request.instance } ?? false }
                if isRefused { return connection.respond(409, json: #"{"error":{"message":"another instance"}}"#) }
                poll(request, connection, store)
            case "/agent/v1/objects":
                let wanted = try ObjectsRequest(json: value).digests
                let found = store.state.withLock { state in
                    ObjectsResponse(
                        objects: wanted.compactMap { state.objects[$0] }, originals: wanted.compactMap { state.originals[$0] })
                }
                connection.respond(200, json: JSON.text(found.json))
            case "/agent/v1/command-results":
                let results = try CommandResults(json: value).results
                guard !store.state.withLock({ $0.isDeaf }) else { return connection.respond(503, json: #"{"error":{"message":"busy"}}"#) }
                let met = store.state.withLock { state in
                    for result in results where state.heard.result(result.id) == nil { state.heard.results.append(result) }
                    return Self.met(&state)
                }
                connection.respond(200, json: JSON.text(CommandResultsResponse(acknowledged: results.map(\.id)).json))
                for continuation in met { continuation.resume() }
            default:
                let report = try Report(json: value)
                let met = store.state.withLock { state in
                    hear(report, &state)
                    return Self.met(&state)
                }
                connection.respond(200, json: JSON.text(ReportResponse(acknowledged: report.sequence).json))
                for continuation in met { continuation.resume() }
            }
        } catch {
            connection.respond(400, json: #"{"error":{"message":"malformed"}}"#)
        }
    }

    private static func poll(_ request: PollRequest, _ connection: HTTPTestServer.Connection, _ store: Store) {
        let (answer, met): (PollResponse?, [CheckedContinuation<Void, Never>]) = store.state.withLock { state in
            state.heard.pauses = request.driftPauses ?? []
            state.heard.lastCommand = request.lastCommand
            state.heard.held = Dictionary(request.held.map { ($0.application, $0.generation.counter) }) { first, _ in first }
            state.heard.polls += 1
            let met = Self.met(&state)
            let answer = news(state, request)
            let hasNews = !answer.tasks.isEmpty || !answer.commands.isEmpty || answer.driftPauses != nil
            if hasNews || request.waitSeconds == 0, !state.isSilent { return (answer, met) }
            // Answered when there is something; the connection's thread waits for its next request meanwhile.
            state.parked.append((request, connection))
            return (nil, met)
        }
        if let answer { connection.respond(200, json: JSON.text(answer.json)) }
        for continuation in met { continuation.resume() }
    }

    /// Those whose test is met now.
    private static func met(_ state: inout State) -> [CheckedContinuation<Void, Never>] {
        let heard = state.heard
        let met = state.waiters.filter { $0.test(heard) }
        state.waiters.removeAll { $0.test(heard) }
        return met.map(\.continuation)
    }

    private static func hear(_ report: Report, _ state: inout State) {
        state.heard.sequences.append(report.sequence)
        state.heard.events += report.events
        for application in report.applications {
            state.heard.applications[application.application] = application
            if application.phase == .removed { state.tasks[application.application] = nil }
        }
    }
}
