// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Compression
import HTTPTransport
import Manifests
import Synchronization

/// Why the coordinator did not do what it was asked.
struct CoordinatorError: Error, Sendable, Hashable, CustomStringConvertible {
    var status: Int
    var message: String
    /// Somebody has to mend it (a token, a version, another agent): asking often does not help.
    var isSlow: Bool { status == 401 || status == 403 || status == 409 || status == 426 }
    /// The coordinator does not accept who this agent says it is.
    var refusesIdentity: Bool { status == 401 || status == 403 }
    /// The coordinator is not known by the authorities that this agent trusts.
    var isDistrust = false
    /// Another instance speaks for this cluster.
    var isOtherInstance: Bool { status == 409 }
    /// The answer did not fit; asking for less may help.
    var isTooLarge = false

    var description: String { message }
}

/// Speaks the agent protocol: JSON over HTTP/1.1, over connections that show who the agent is.
final class CoordinatorClient: Sendable {
    /// Owns the thread that all of its clients share.
    private let bare: HTTPClient
    private let base: String
    private let current: Mutex<HTTPClient?>
    /// Open while there is something to show.
    let identified = Gate()

    private static let compressedFrom = 1_024
    private static let objectsAtOnce = 100
    /// One on its way while another one is checked and stored.
    private static let batchesAtOnce = 2

    init(_ configuration: AgentConfiguration) {
        base = configuration.coordinator
        bare = HTTPClient(
            configuration: HTTPClient.Configuration(connectionsPerHostMax: 4, userAgent: "flotilla-agent/\(configuration.version)"))
        switch configuration.identification {
        case .certificate: current = Mutex(nil)
        case .none:
            current = Mutex(bare)
            identified.open()
        }
    }

    // MARK: Identity

    /// Shows this to the coordinator, and trusts it by this, from the next request on; what is on its way goes on as it began.
    /// - Parameter trust: `nil` where there is nothing to show: then nothing is asked.
    func use(_ trust: TrustSettings?) {
        guard let trust else {
            identified.close()
            return current.withLock { $0 = nil }
        }
        let client = client(trust)
        current.withLock { now in if now?.configuration.trust != trust { now = client } }
        identified.open()
    }

    private func client(_ trust: TrustSettings) -> HTTPClient {
        var configuration = bare.configuration
        configuration.trust = trust
        return HTTPClient(configuration: configuration, sharingThreadOf: bare)
    }

    /// Whether there is something to show.
    var isIdentified: Bool { current.withLock { $0 != nil } }

    func enrol(_ request: EnrolmentRequest, trust: TrustSettings) async throws(CoordinatorError) -> CertificateAnswer {
        let answer = try await post("enroll", request.json, wait: .seconds(30), bytesMax: 1 << 20, by: client(trust))
        return try read(answer) { (value) throws(ShapeError) in try CertificateAnswer(json: value) }
    }

    func renew(_ request: RenewalRequest) async throws(CoordinatorError) -> CertificateAnswer {
        let answer = try await post("renew", request.json, wait: .seconds(30), bytesMax: 1 << 20)
        return try read(answer) { (value) throws(ShapeError) in try CertificateAnswer(json: value) }
    }

    // MARK: Work

    func poll(_ request: PollRequest) async throws(CoordinatorError) -> PollResponse {
        let answer = try await post("poll", request.json, wait: .seconds(request.waitSeconds + 20), bytesMax: 64 << 20)
        return try read(answer) { (value) throws(ShapeError) in try PollResponse(json: value) }
    }

    func report(_ report: Report) async throws(CoordinatorError) -> ReportResponse {
        let answer = try await post("report", report.json, wait: .seconds(30), bytesMax: 1 << 20)
        return try read(answer) { (value) throws(ShapeError) in try ReportResponse(json: value) }
    }

    func results(_ results: CommandResults) async throws(CoordinatorError) -> CommandResultsResponse {
        let answer = try await post("command-results", results.json, wait: .seconds(60), bytesMax: 1 << 20)
        return try read(answer) { (value) throws(ShapeError) in try CommandResultsResponse(json: value) }
    }

    /// Fetches objects in batches and stores each that is what it should be.
    /// - Throws: `CoordinatorError` when one is not given out, `StateError` when it cannot be stored.
    func fetch(_ digests: [Digest], into state: StateFolder) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            var rest = digests[...]
            func addNext() {
                let batch = rest.prefix(Self.objectsAtOnce)
                rest = rest.dropFirst(batch.count)
                if !batch.isEmpty { group.addTask { try await self.fetchBatch(batch, into: state) } }
            }
            for _ in 0..<Self.batchesAtOnce { addNext() }
            while try await group.next() != nil { addNext() }
        }
    }

    private func fetchBatch(_ digests: ArraySlice<Digest>, into state: StateFolder) async throws {
        var rest = digests
        var size = Self.objectsAtOnce
        while !rest.isEmpty {
            let batch = Array(rest.prefix(size))
            guard let response = try await objects(batch, mayBeTooLarge: size > 1) else {
                size /= 4
                continue
            }
            let wanted = Set(batch)
            var found: [(digest: Digest, bytes: [UInt8])] = []
            var secret: Set<Digest> = []
            for object in response.objects {
                let bytes = Canonical.bytes(object)
                let digest = Digest.sha256(bytes)
                guard wanted.contains(digest) else { continue }
                found.append((digest, bytes))
                // What holds secrets in clear is never stored so.
                if Plaintexts.isSecret(object) || object[SecretSalt.member] != nil { secret.insert(digest) }
            }
            let originals = response.originals.map { Array($0.utf8) }.map { (digest: Digest.sha256($0), bytes: $0) }.filter {
                wanted.contains($0.digest)
            }
            let got = Set(found.map(\.digest)).union(originals.map(\.digest))
            if let absent = batch.first(where: { !got.contains($0) }) {
                throw CoordinatorError(status: 404, message: "the coordinator did not give out the object \(absent)")
            }
            try await state.store(found, sealing: secret, originals: originals)
            rest = rest.dropFirst(batch.count)
        }
    }

    /// `nil` where the answer would be too large and less may be asked for.
    private func objects(_ digests: [Digest], mayBeTooLarge: Bool) async throws(CoordinatorError) -> ObjectsResponse? {
        do {
            let answer = try await post("objects", ObjectsRequest(digests: digests).json, wait: .seconds(60), bytesMax: 32 << 20)
            return try read(answer) { (value) throws(ShapeError) in try ObjectsResponse(json: value) }
        } catch {
            if error.isTooLarge, mayBeTooLarge { return nil }
            throw error
        }
    }

    func shutdown() async {
        await bare.shutdown()
    }

    // MARK: Requests

    private func post(
        _ what: String, _ message: Value, wait: Duration, bytesMax: Int, by client: HTTPClient? = nil
    ) async throws(CoordinatorError) -> Value {
        guard let http = client ?? current.withLock({ $0 }) else {
            throw CoordinatorError(status: 0, message: "this agent has no certificate to show to the coordinator")
        }
        let response = try await send(what, message, wait: wait, bytesMax: bytesMax, by: http)
        guard response.status == 200 else { throw refusal(response, what) }
        do { return try JSON.read(response.body) } catch {
            throw CoordinatorError(status: 0, message: "POST \(base)/agent/v1/\(what): the answer is not JSON: \(error.message)")
        }
    }

    private func send(
        _ what: String, _ message: Value, wait: Duration, bytesMax: Int, by http: HTTPClient
    ) async throws(CoordinatorError) -> HTTPResponse {
        var body = JSON.write(message)
        var headers: [(name: String, value: String)] = [
            ("Content-Type", "application/json"), ("Accept", "application/json"), (ProtocolVersion.header, "\(ProtocolVersion.current)"),
        ]
        if body.count >= Self.compressedFrom, let compressed = try? Gzip.compress(body) {
            body = compressed
            headers.append(("Content-Encoding", "gzip"))
        }
        do {
            return try await http.send(
                HTTPRequest(
                    method: "POST", url: "\(base)/agent/v1/\(what)", headers: headers, body: body, deadline: wait,
                    responseBytesMax: bytesMax, acceptGzip: true, receiveBufferBytes: what == "poll" ? 1_024 : nil))
        } catch {
            throw CoordinatorError(
                status: 0, message: error.message, isDistrust: error.kind == .tls && !error.isRetryable,
                isTooLarge: error.kind == .tooLarge)
        }
    }

    private func refusal(_ response: HTTPResponse, _ what: String) -> CoordinatorError {
        let document = try? JSON.read(response.body)
        let said = document?.at("error", "message")?.string ?? document?["message"]?.string ?? document?["detail"]?.string
        let text = said ?? String(decoding: response.body.prefix(300), as: UTF8.self)
        let meaning =
            switch response.status {
            case 401, 403:
                "the coordinator does not accept this agent's \(what == "enroll" ? "enrolment token" : "certificate")"
            case 409: "another agent instance polls for this cluster"
            case 426: "the coordinator does not speak this agent's protocol version: upgrade the older of the two"
            case 429: "the coordinator asks to slow down"
            default: "the coordinator answered \(response.status)"
            }
        return CoordinatorError(
            status: response.status, message: "POST \(base)/agent/v1/\(what): \(meaning)\(text.isEmpty ? "" : ": \(text)")")
    }

    private func read<Message>(_ value: Value, _ body: (Value) throws(ShapeError) -> Message) throws(CoordinatorError) -> Message {
        do { return try body(value) } catch {
            throw CoordinatorError(status: 0, message: "\(base): the coordinator's answer is not understood: \(error)")
        }
    }
}
