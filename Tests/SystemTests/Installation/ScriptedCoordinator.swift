// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Compression
import HTTPTestServer
import Manifests
import Synchronization

/// A coordinator that enrols one cluster, hands out what a test wants there, and remembers what the agent says.
final class ScriptedCoordinator: Sendable {
    struct Heard: Sendable {
        var reports: [String: ApplicationReport] = [:]
        var events: [AgentEvent] = []
        var polls: [PollRequest] = []
    }

    private struct State {
        var tasks: [String: SyncTask] = [:]
        var objects: [Digest: Value] = [:]
        var heard = Heard()
        /// The image that the agent is to move to.
        var image: String?
        var parked: [(request: PollRequest, connection: HTTPTestServer.Connection)] = []
    }

    private final class Store: Sendable { let state = Mutex(State()) }

    static let cluster = "c"
    static let agentToken = "flotilla-agent.c.0.abcdef"
    static let administratorToken = "administrator-token"
    private let store = Store()
    private let server: HTTPTestServer

    init() throws {
        let store = store
        server = try HTTPTestServer { request, connection in Self.serve(request, connection, store) }
    }

    var url: String { server.url }
    var heard: Heard { store.state.withLock { $0.heard } }
    func stop() { server.stop() }

    /// Sets an application's desired state and wakes the agent.
    func want(
        _ application: String, _ counter: Int64, _ objects: [Value], namespace: String, _ change: (inout SyncOptions) -> Void = { _ in }
    ) {
        var options = SyncOptions()
        options.retryBackoffMilliseconds = 100
        change(&options)
        let bundle = Bundle(entries: objects.map { Bundle.Entry(object: Canonical.digest($0)) })
        let tree = MerkleTree([MerkleLeaf(cluster: Self.cluster, application: application, bundle: bundle.digest)])
        let task = SyncTask(
            application: application, namespace: namespace, generation: Generation(epoch: 1, counter: counter), bundle: bundle,
            record: RecordReference(
                commit: "0123456789abcdef", release: "fedcba", promotion: "p\(counter)", root: tree.root,
                path: tree.path(cluster: Self.cluster, application: application) ?? []), options: options)
        update { state in
            state.tasks[application] = task
            for object in objects { state.objects[Canonical.digest(object)] = object }
        }
    }

    /// Asks the agent to move to an image.
    func ask(_ image: String?) { update { $0.image = image } }

    private func update(_ body: (inout State) -> Void) {
        let answers = store.state.withLock { state in
            body(&state)
            defer { state.parked = [] }
            return state.parked.map { ($0.connection, Self.answer(state, $0.request)) }
        }
        for (connection, answer) in answers { connection.respond(200, json: JSON.text(answer.json)) }
    }

    struct TimeIsUp: Error {}

    /// Waits until what was heard meets the test.
    /// - Throws: when that takes so long that it will not come.
    func wait(_ test: (Heard) -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while !test(heard) {
            guard ContinuousClock.now < deadline else { throw TimeIsUp() }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// Waits for a report on this application that says so, and gives it.
    func report(
        _ application: String, _ counter: Int64, _ test: (ApplicationReport) -> Bool
    ) async throws -> ApplicationReport? {
        try await wait { $0.reports[application].map { $0.generation.counter == counter && test($0) } ?? false }
        return heard.reports[application]
    }

    private static func answer(_ state: State, _ request: PollRequest) -> PollResponse {
        let held = Dictionary(request.held.map { ($0.application, $0.generation) }) { first, _ in first }
        let isNew = request.image?.taken != state.image && request.image?.running != state.image
        return PollResponse(
            tasks: state.tasks.values.filter { held[$0.application] != $0.generation }.sorted { $0.application < $1.application },
            agentImage: isNew ? state.image : nil)
    }

    private static func serve(_ request: HTTPTestServer.Request, _ connection: HTTPTestServer.Connection, _ store: Store) {
        let isAdministrators = request.path.hasPrefix("/api/v1/")
        guard request.headers["authorization"] == "Bearer \(isAdministrators ? administratorToken : agentToken)" else {
            return connection.respond(401, json: #"{"error":{"message":"no"}}"#)
        }
        if isAdministrators {
            let answer: Value = [
                "cluster": .string(cluster), "token": .string(agentToken), "coordinator": .null, "agentImage": .null, "credentialEpoch": 0,
            ]
            return connection.respond(200, json: JSON.text(answer))
        }
        do {
            let isCompressed = request.headers["content-encoding"] == "gzip"
            let value = try JSON.read(isCompressed ? try Gzip.decompress(request.body, limit: 64 << 20) : request.body)
            switch request.path {
            case "/agent/v1/poll":
                let poll = try PollRequest(json: value)
                let answer = store.state.withLock { state -> PollResponse? in
                    state.heard.polls.append(poll)
                    let answer = Self.answer(state, poll)
                    if !answer.tasks.isEmpty || answer.agentImage != nil || poll.waitSeconds == 0 { return answer }
                    state.parked.append((poll, connection))
                    return nil
                }
                if let answer { connection.respond(200, json: JSON.text(answer.json)) }
            case "/agent/v1/objects":
                let wanted = try ObjectsRequest(json: value).digests
                let found = store.state.withLock { state in wanted.compactMap { state.objects[$0] } }
                connection.respond(200, json: JSON.text(ObjectsResponse(objects: found).json))
            default:
                let report = try Report(json: value)
                store.state.withLock { state in
                    state.heard.events += report.events
                    for application in report.applications { state.heard.reports[application.application] = application }
                }
                connection.respond(200, json: JSON.text(ReportResponse(acknowledged: report.sequence).json))
            }
        } catch {
            connection.respond(400, json: #"{"error":{"message":"malformed"}}"#)
        }
    }
}
