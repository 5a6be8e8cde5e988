// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Compression
import HTTPTypes
import Hummingbird
import Manifests
import NIOCore
import Synchronization
import TLSTestServer

/// A coordinator's side of the agent protocol for one agent: hands out the tasks that a benchmark gives it, and notes when it heard what.
///
/// It has no database and plans nothing: what is measured against it is the agent's.
final class TaskServer: Sendable {
    private struct State {
        var tasks: [String: SyncTask] = [:]
        var objects: [Digest: Value] = [:]
        var parked: [CheckedContinuation<Void, Never>] = []
        var isClosing = false
        /// When a poll was answered with tasks last.
        var handedOut: Double?
        var reports: [String: ApplicationReport] = [:]
        /// When all applications were first reported to be applied, and to be healthy, in their present generation.
        var applied: Double?
        var healthy: Double?
        var polls = 0
        var events: [AgentEvent] = []
    }

    private let state = Mutex(State())
    private let port = Mutex<Int?>(nil)
    private let authority: TestAuthority
    private let front = Mutex<TLSFront?>(nil)

    private init() throws { authority = try TestAuthority() }

    /// Serves beside `body`.
    static func run<Result: Sendable>(_ body: @escaping @Sendable (TaskServer) async throws -> Result) async throws -> Result {
        let server = try TaskServer()
        let router = Router()
        router.post("agent/v1/enroll") { request, _ in try await server.enrol(request) }
        router.post("agent/v1/poll") { request, _ in try await server.poll(request) }
        router.post("agent/v1/objects") { request, _ in try await server.objects(request) }
        router.post("agent/v1/report") { request, _ in try await server.report(request) }
        let application = Application(
            router: router, configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in server.port.withLock { $0 = channel.localAddress?.port } }, logger: quietLogger)
        return try await alongside(
            { try await application.run() },
            do: {
                let port = try await eventually("the task server listens", atMost: 30) { server.port.withLock { $0 } }
                let front = try await TLSFront(before: UInt16(port), authority: server.authority)
                server.front.withLock { $0 = front }
                do {
                    let result = try await body(server)
                    server.close()
                    await front.stop()
                    return result
                } catch {
                    server.close()
                    await front.stop()
                    throw error
                }
            })
    }

    var url: String { front.withLock { $0 }?.url ?? "" }
    /// The authority by which it is known, in PEM.
    var authorities: String { get throws { try authority.pem } }

    /// Waits until an agent has asked for tasks and holds all there are.
    func waitForIdlePoll() async throws {
        _ = try await eventually("the agent polls") { self.state.withLock { $0.parked.isEmpty ? nil : true } }
    }

    /// Hands tasks out, at once where the agent waits for some.
    func give(_ tasks: [SyncTask], _ objects: [Value]) {
        let parked = state.withLock { state in
            for task in tasks { state.tasks[task.application] = task }
            for object in objects { state.objects[Canonical.digest(object)] = object }
            (state.handedOut, state.applied, state.healthy) = (nil, nil, nil)
            defer { state.parked = [] }
            return state.parked
        }
        for continuation in parked { continuation.resume() }
    }

    func give(_ workload: AgentWorkload, generation: Int64) {
        give(workload.tasks(generation), workload.applications.flatMap(\.objects))
    }

    /// Waits until everything is applied; seconds from the answer that handed the tasks out to the report that said so.
    func applied(atMost seconds: Double = 120) async throws -> Double {
        try await eventually("everything is applied", atMost: seconds) {
            self.state.withLock { state in state.applied.map { $0 - (state.handedOut ?? $0) } }
        }
    }

    /// The same until everything is healthy.
    func healthy(atMost seconds: Double = 120) async throws -> Double {
        try await eventually("everything is healthy", atMost: seconds) {
            self.state.withLock { state in state.healthy.map { $0 - (state.handedOut ?? $0) } }
        }
    }

    var polls: Int { state.withLock { $0.polls } }
    var events: [AgentEvent] { state.withLock { $0.events } }

    private func close() {
        let parked = state.withLock { state in
            state.isClosing = true
            defer { state.parked = [] }
            return state.parked
        }
        for continuation in parked { continuation.resume() }
    }

    // MARK: Requests

    private func enrol(_ request: Request) async throws -> Response {
        let enrolment = try EnrolmentRequest(json: try await Self.body(request))
        let end = Timestamp(seconds: wallTime.seconds + 86_400)
        let certificate = try authority.client(
            enrolment.certificateRequest, name: SimulatorProcess.cluster, from: wallTime.seconds - 60, to: end.seconds)
        let issued = IssuedCertificate(
            certificate: certificate, authorities: try authority.pem, renewAfter: Timestamp(seconds: end.seconds - 40_000), expires: end)
        return Self.response(CertificateAnswer.issued(issued).json)
    }

    private func poll(_ request: Request) async throws -> Response {
        let poll = try PollRequest(json: try await Self.body(request))
        state.withLock { $0.polls += 1 }
        var news = news(poll)
        if news.isEmpty, poll.waitSeconds > 0 {
            await withCheckedContinuation { continuation in
                let waits = state.withLock { state in
                    guard !state.isClosing, Self.news(state, poll).isEmpty else { return false }
                    state.parked.append(continuation)
                    return true
                }
                if !waits { continuation.resume() }
            }
            news = self.news(poll)
        }
        let response = Self.response(PollResponse(tasks: news).json)
        if !news.isEmpty { state.withLock { if $0.handedOut == nil { $0.handedOut = Clock.monotonic } } }
        return response
    }

    private func news(_ poll: PollRequest) -> [SyncTask] { state.withLock { Self.news($0, poll) } }

    private static func news(_ state: State, _ poll: PollRequest) -> [SyncTask] {
        let held = Dictionary(poll.held.map { ($0.application, $0.generation) }) { first, _ in first }
        return state.tasks.values.filter { held[$0.application] != $0.generation }.sorted { $0.application < $1.application }
    }

    private func objects(_ request: Request) async throws -> Response {
        let wanted = try ObjectsRequest(json: try await Self.body(request)).digests
        let found = state.withLock { state in wanted.compactMap { state.objects[$0] } }
        return Self.response(ObjectsResponse(objects: found).json)
    }

    private func report(_ request: Request) async throws -> Response {
        let report = try Report(json: try await Self.body(request))
        let now = Clock.monotonic
        state.withLock { state in
            for application in report.applications { state.reports[application.application] = application }
            state.events += report.events
            let current = state.tasks.values.map { task in
                state.reports[task.application].flatMap { $0.generation == task.generation ? $0 : nil }
            }
            let isApplied = !current.isEmpty && current.allSatisfy { $0?.phase == .synced }
            if isApplied, state.applied == nil { state.applied = now }
            if isApplied, state.healthy == nil, current.allSatisfy({ $0?.health == .current }) { state.healthy = now }
        }
        return Self.response(ReportResponse(acknowledged: report.sequence).json)
    }

    private static func body(_ request: Request) async throws -> Value {
        var bytes = Array(buffer: try await request.body.collect(upTo: 64 << 20))
        if request.headers[.contentEncoding] == "gzip" { bytes = try Gzip.decompress(bytes, limit: 64 << 20) }
        return try JSON.read(bytes)
    }

    private static func response(_ value: Value) -> Response {
        Response(
            status: .ok, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: JSON.write(value))))
    }
}
