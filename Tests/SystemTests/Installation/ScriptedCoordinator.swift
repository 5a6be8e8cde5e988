// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Compression
import Foundation
import HTTPTestServer
import Manifests
import Synchronization
import TLSTestServer

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
        var front: TLSFront?
        /// The names in the certificates that were shown.
        var callers: Set<String> = []
    }

    private final class Store: Sendable {
        let state = Mutex(State())
        let authority: TestAuthority
        init(_ authority: TestAuthority) { self.authority = authority }
    }

    static let cluster = "c"
    static let agentToken = "flotilla-enroll-abcdef"
    static let administratorToken = "administrator-token"
    private let store: Store
    private let server: HTTPTestServer
    private let front: TLSFront

    init() async throws {
        let authority = try TestAuthority()
        let store = Store(authority)
        self.store = store
        server = try HTTPTestServer { request, connection in Self.serve(request, connection, store) }
        front = try await TLSFront(before: server.port, authority: authority)
        let front = front
        store.state.withLock { $0.front = front }
    }

    var url: String { server.url }
    var heard: Heard { store.state.withLock { $0.heard } }
    /// Whom agents said to be.
    var callers: Set<String> { store.state.withLock { $0.callers } }

    func stop() async {
        await front.stop()
        server.stop()
    }

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
        if request.path.hasPrefix("/api/v1/") {
            guard request.headers["authorization"] == "Bearer \(administratorToken)", request.path.hasSuffix("/enrollments") else {
                return connection.respond(401, json: #"{"error":{"message":"no"}}"#)
            }
            let url = store.state.withLock { $0.front?.url }
            let answer: Value = [
                "cluster": .string(cluster), "token": .string(agentToken), "agentUrl": url.map { .string($0) } ?? .null,
                "authorities": .string((try? store.authority.pem) ?? ""), "agentImage": .null, "expires": "2026-11-21T00:00:00Z",
            ]
            return connection.respond(201, json: JSON.text(answer))
        }
        let shown = store.state.withLock { $0.front }?.client(request.port)
        if let shown { store.state.withLock { _ = $0.callers.insert(shown.name) } }
        guard shown != nil || request.path == "/agent/v1/enroll" else {
            return connection.respond(401, json: #"{"error":{"message":"no certificate"}}"#)
        }
        do {
            let isCompressed = request.headers["content-encoding"] == "gzip"
            let value = try JSON.read(isCompressed ? try Gzip.decompress(request.body, limit: 64 << 20) : request.body)
            switch request.path {
            case "/agent/v1/enroll":
                let enrolment = try EnrolmentRequest(json: value)
                guard enrolment.token == agentToken else { return connection.respond(401, json: #"{"error":{"message":"no"}}"#) }
                let ends = Date() + 86_400
                let certificate = try store.authority.client(
                    enrolment.certificateRequest, name: cluster, begins: Date() - 60, ends: ends)
                let seconds = Int64(ends.timeIntervalSince1970)
                let issued = IssuedCertificate(
                    certificate: certificate, authorities: try store.authority.pem, renewAfter: Timestamp(seconds: seconds - 30_000),
                    expires: Timestamp(seconds: seconds))
                connection.respond(200, json: JSON.text(CertificateAnswer.issued(issued).json))
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
