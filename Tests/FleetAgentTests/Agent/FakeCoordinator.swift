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
    }

    private struct State {
        var tasks: [String: SyncTask] = [:]
        var objects: [Digest: Value] = [:]
        var parked: [(held: [String: Generation], connection: HTTPTestServer.Connection)] = []
        var heard = Heard()
        var waiters: [(id: Int, test: @Sendable (Heard) -> Bool, continuation: CheckedContinuation<Void, Never>)] = []
        /// Answers wait until all of them can be given together.
        var isHoldingBack = false
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
        breaksProof: Bool = false, release: String = "fedcba", origin: String = "release", _ change: (inout SyncOptions) -> Void = { _ in }
    ) {
        var options = SyncOptions()
        options.createNamespace = true
        options.retryBackoffMilliseconds = 100
        change(&options)
        let bundle = Bundle(entries: objects.map { Bundle.Entry(object: Canonical.digest($0)) })
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
        }
        answer()
    }

    /// Sets several applications' desired states for one answer.
    func together(_ changes: () -> Void) {
        store.state.withLock { $0.isHoldingBack = true }
        changes()
        store.state.withLock { $0.isHoldingBack = false }
        answer()
    }

    private func answer() {
        let answers: [(HTTPTestServer.Connection, PollResponse)] = store.state.withLock { state in
            guard !state.isHoldingBack else { return [] }
            defer { state.parked = [] }
            return state.parked.map { ($0.connection, Self.news(state, $0.held)) }
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

    private static func news(_ state: State, _ held: [String: Generation]) -> PollResponse {
        guard !state.isHoldingBack else { return PollResponse(tasks: []) }
        return PollResponse(
            tasks: state.tasks.values.filter { held[$0.application] != $0.generation }.sorted { $0.application < $1.application })
    }

    private static func serve(_ request: HTTPTestServer.Request, _ connection: HTTPTestServer.Connection, _ store: Store) {
        guard request.headers["flotilla-protocol"] == "1", request.headers["authorization"] == "Bearer secret" else {
            return connection.respond(401, json: #"{"error":{"message":"no"}}"#)
        }
        do {
            let body =
                request.headers["content-encoding"] == "gzip" ? try Gzip.decompress(request.body, limit: 64 << 20) : request.body
            let value = try JSON.read(body)
            switch request.path {
            case "/agent/v1/poll": poll(try PollRequest(json: value), connection, store)
            case "/agent/v1/objects":
                let wanted = try ObjectsRequest(json: value).digests
                let found = store.state.withLock { state in wanted.compactMap { state.objects[$0] } }
                connection.respond(200, json: JSON.text(ObjectsResponse(objects: found).json))
            default:
                let report = try Report(json: value)
                let met = store.state.withLock { state in
                    hear(report, &state)
                    let met = state.waiters.filter { $0.test(state.heard) }
                    let heard = state.heard
                    state.waiters.removeAll { $0.test(heard) }
                    return met.map(\.continuation)
                }
                connection.respond(200, json: JSON.text(ReportResponse(acknowledged: report.sequence).json))
                for continuation in met { continuation.resume() }
            }
        } catch {
            connection.respond(400, json: #"{"error":{"message":"malformed"}}"#)
        }
    }

    private static func poll(_ request: PollRequest, _ connection: HTTPTestServer.Connection, _ store: Store) {
        let held = Dictionary(request.held.map { ($0.application, $0.generation) }) { first, _ in first }
        let answer: PollResponse? = store.state.withLock { state in
            let answer = news(state, held)
            if !answer.tasks.isEmpty || request.waitSeconds == 0 { return answer }
            // Answered when there is something; the connection's thread waits for its next request meanwhile.
            state.parked.append((held, connection))
            return nil
        }
        if let answer { connection.respond(200, json: JSON.text(answer.json)) }
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
