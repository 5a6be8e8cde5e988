// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Compression
import Foundation
import HTTPTestServer
import Manifests
import Synchronization
import TLSTestServer

/// A coordinator behind TLS that enrols agents by tokens, knows them by their certificates, and renews these.
final class EnrollingCoordinator: Sendable {
    struct Heard: Sendable {
        /// What was asked, in order, such as `poll`, with the answer's status.
        var requests: [(what: String, status: Int)] = []
        /// The certificates that polls came with.
        var polls: [ShownCertificate] = []
        var certificates: [String] = []
        /// The keys that tokens are bound to.
        var keys: [String: [UInt8]] = [:]
        var reports: [Report] = []
        var bodies: [[UInt8]] = []
    }

    struct State {
        /// Tokens that are good, and what they are good for.
        var tokens: Set<String> = ["token-1"]
        var issued: [String: IssuedCertificate] = [:]
        var needsApproval = false
        /// Takes what is asked, and ends the connection instead of answering; so many times.
        var losesAnswers = 0
        var refusesRenewals = false
        /// By serial number.
        var revoked: Set<String> = []
        var lifetime = Duration.seconds(86_400)
        var authority: TestAuthority
        /// What agents are told to trust.
        var told: [TestAuthority]
        var parked: [(connection: HTTPTestServer.Connection, port: UInt16)] = []
        var heard = Heard()
        var front: TLSFront?
        var waiters: [(test: @Sendable (Heard) -> Bool, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private final class Store: Sendable {
        let state: Mutex<State>
        let now: @Sendable () -> Timestamp
        init(_ state: State, _ now: @escaping @Sendable () -> Timestamp) {
            self.state = Mutex(state)
            self.now = now
        }
    }

    private let store: Store
    private let server: HTTPTestServer
    private let front: TLSFront

    init(now: @escaping @Sendable () -> Timestamp) async throws {
        let authority = try TestAuthority()
        let store = Store(State(authority: authority, told: [authority]), now)
        self.store = store
        server = try HTTPTestServer { request, connection in Self.serve(request, connection, store) }
        front = try await TLSFront(before: server.port, authority: authority)
        let front = front
        store.state.withLock { $0.front = front }
    }

    var url: String { front.url }
    var heard: Heard { store.state.withLock { $0.heard } }
    var authority: TestAuthority { store.state.withLock { $0.authority } }

    func set(_ change: (inout State) -> Void) { store.state.withLock { change(&$0) } }

    func stop() async {
        await front.stop()
        server.stop()
    }

    /// Shows and issues by another authority from now on; connections that there are end.
    func serve(by authority: TestAuthority, accepting clients: [TestAuthority]) throws {
        set { $0.authority = authority }
        try front.use(authority, clients: clients)
        front.closeConnections()
    }

    /// Answers the polls that wait.
    func releasePolls() {
        let parked = store.state.withLock { state in
            defer { state.parked = [] }
            return state.parked
        }
        for (connection, _) in parked { connection.respond(200, json: JSON.text(PollResponse(tasks: []).json)) }
    }

    var parked: Int { store.state.withLock { $0.parked.count } }

    func wait(_ test: @escaping @Sendable (Heard) -> Bool) async {
        await withCheckedContinuation { continuation in
            let isMet = store.state.withLock { state in
                if test(state.heard) { return true }
                state.waiters.append((test, continuation))
                return false
            }
            if isMet { continuation.resume() }
        }
    }

    /// How often something was asked and answered so.
    func count(_ what: String, _ status: Int? = nil) -> Int {
        heard.requests.count { $0.what == what && (status ?? $0.status) == $0.status }
    }

    // MARK: Answering

    private static func serve(_ request: HTTPTestServer.Request, _ connection: HTTPTestServer.Connection, _ store: Store) {
        let what = String(request.path.dropFirst("/agent/v1/".count))
        let client = store.state.withLock { $0.front }?.client(request.port)
        let bytes = request.headers["content-encoding"] == "gzip" ? try? Gzip.decompress(request.body, limit: 8 << 20) : request.body
        guard let bytes, let value = try? JSON.read(bytes) else { return connection.drop() }
        let (answer, met): ((status: Int, body: Value?), [CheckedContinuation<Void, Never>]) = store.state.withLock { state in
            state.heard.bodies.append(bytes)
            let answer = Self.answer(what, value, client, store.now(), &state)
            state.heard.requests.append((what, answer.status))
            if answer.status == 200, answer.body == nil { state.parked.append((connection, request.port)) }
            let heard = state.heard
            let met = state.waiters.filter { $0.test(heard) }
            state.waiters.removeAll { $0.test(heard) }
            return (answer, met.map(\.continuation))
        }
        if answer.status == 0 {
            connection.drop()
        } else if let body = answer.body {
            connection.respond(answer.status, json: JSON.text(body))
        }
        for continuation in met { continuation.resume() }
    }

    private static func no(_ status: Int, _ message: String) -> (status: Int, body: Value?) {
        (status, ["error": ["message": .string(message)]])
    }

    /// Without a body it is answered later, with the status 0 never.
    private static func answer(
        _ what: String, _ value: Value, _ client: ShownCertificate?, _ now: Timestamp, _ state: inout State
    ) -> (status: Int, body: Value?) {
        do {
            if what == "enroll" { return try enrol(EnrolmentRequest(json: value), now, &state) }
            guard let client else { return no(401, "no certificate was shown") }
            guard !state.revoked.contains(client.serial) else { return no(403, "this certificate was revoked") }
            switch what {
            case "renew":
                let request = try RenewalRequest(json: value).certificateRequest
                guard !state.refusesRenewals else { return no(503, "not now") }
                guard try requestedKey(request) == client.publicKey else { return no(403, "another key") }
                return (200, CertificateAnswer.issued(try issue(request, to: client.name, now, &state)).json)
            case "poll":
                state.heard.polls.append(client)
                let poll = try PollRequest(json: value)
                return (200, poll.waitSeconds == 0 ? PollResponse(tasks: []).json : nil)
            default:
                let report = try Report(json: value)
                state.heard.reports.append(report)
                return (200, ReportResponse(acknowledged: report.sequence).json)
            }
        } catch {
            return no(400, "\(error)")
        }
    }

    private static func enrol(_ request: EnrolmentRequest, _ now: Timestamp, _ state: inout State) throws -> (status: Int, body: Value?) {
        guard state.tokens.contains(request.token) else { return no(401, "no such token") }
        let key = try requestedKey(request.certificateRequest)
        if let bound = state.heard.keys[request.token], bound != key { return no(403, "this token was used with another key") }
        state.heard.keys[request.token] = key
        guard !state.needsApproval else { return (200, CertificateAnswer.pending(retrySeconds: 1).json) }
        let issued = try state.issued[request.token] ?? issue(request.certificateRequest, to: "test-1", now, &state)
        state.issued[request.token] = issued
        guard state.losesAnswers == 0 else {
            state.losesAnswers -= 1
            return (0, nil)
        }
        return (200, CertificateAnswer.issued(issued).json)
    }

    private static func issue(_ request: String, to name: String, _ now: Timestamp, _ state: inout State) throws -> IssuedCertificate {
        let ends = now + state.lifetime
        // The machine's own clock decides when TLS takes it.
        let pem = try state.authority.client(
            request, name: name, begins: Date() - 60, ends: Date(timeIntervalSince1970: Double(ends.seconds)))
        state.heard.certificates.append(pem)
        return IssuedCertificate(
            certificate: pem, authorities: try state.told.map { try $0.pem }.joined(), renewAfter: now + state.lifetime / 2, expires: ends)
    }
}
