// SPDX-License-Identifier: Apache-2.0
import HTTPTransport
import Manifests

/// Talks to a coordinator's API, version 1.
final class CoordinatorClient: Sendable {
    let server: String
    /// What says who calls.
    private let credentials: [(name: String, value: String)]
    private let http: HTTPClient

    convenience init(server: String, token: String, trust: TrustSettings = .system) {
        self.init(server: server, credentials: [("Authorization", "Bearer \(token)")], trust: trust)
    }

    init(server: String, credentials: [(name: String, value: String)], trust: TrustSettings) {
        self.server = String(server.reversed().drop { $0 == "/" }.reversed())
        self.credentials = credentials
        http = HTTPClient(configuration: HTTPClient.Configuration(userAgent: "flotilla/\(programVersion)", trust: trust))
    }

    func shutdown() async { await http.shutdown() }

    /// Reads one document below `/api/v1`.
    func get(_ path: String, query: [(name: String, value: String)] = []) async throws -> Value {
        try await document(request("GET", path, query))
    }

    /// The same where the answer may take long: the coordinator reads through something large first.
    func get(_ path: String, within patience: Duration) async throws -> Value {
        var request = request("GET", path, [])
        request.deadline = patience
        return try await document(request)
    }

    /// Does one thing below `/api/v1`.
    func post(_ path: String, _ body: Map = Map()) async throws -> Value { try await change("POST", path, body) }

    func put(_ path: String, _ body: Map) async throws -> Value { try await change("PUT", path, body) }

    func delete(_ path: String, _ body: Map = Map()) async throws -> Value { try await change("DELETE", path, body) }

    private func change(_ method: String, _ path: String, _ body: Map) async throws -> Value {
        var request = request(method, path, [])
        request.headers.append(("Content-Type", "application/json"))
        request.body = JSON.write(.map(body))
        return try await document(request)
    }

    /// Signs in with a local account's password.
    /// - Returns: the headers by which a client acts in the session that this opens; it lasts until it is signed out of.
    func signIn(account: String, password: String) async throws -> [(name: String, value: String)] {
        var request = request("POST", "/session", [])
        request.headers.append(("Content-Type", "application/json"))
        request.body = JSON.write(.map(["account": .string(account), "password": .string(password)]))
        let response = try await answer(request)
        guard let cookie = response.headers["Set-Cookie"]?.prefix(while: { $0 != ";" }),
            let csrf = (try? JSON.read(response.body))?["csrf"]?.string
        else { throw Failure("\(server): the answer opens no session; is this a Flotilla coordinator?") }
        return [("Cookie", String(cookie)), ("X-Flotilla-CSRF", csrf)]
    }

    /// Reads a text below `/api/v1`.
    func text(_ path: String) async throws -> String { try await answer(request("GET", path, [])).text }

    /// Every item of a list, page by page.
    func items(_ path: String, query: [(name: String, value: String)] = []) async throws -> [Value] {
        var items: [Value] = []
        var next: String?
        repeat {
            var query = query + [("limit", "500")]
            if let next { query.append(("after", next)) }
            let page = try await get(path, query: query)
            items += page["items"]?.list ?? []
            next = page["next"]?.string
        } while next != nil
        return items
    }

    /// Whether the coordinator answers that it is ready.
    func isReady() async -> Bool {
        let request = HTTPRequest(url: "\(server)/readyz", deadline: .seconds(5), connectTimeout: .seconds(2))
        return (try? await http.send(request).status) == 200
    }

    /// Tells the coordinator that a repository has changed, as a Git host's webhook does.
    func announceChange() async throws {
        let request = HTTPRequest(method: "POST", url: "\(server)/webhooks/git", deadline: .seconds(10))
        let status = try await http.send(request).status
        // 429: it has just been told.
        guard (200..<300).contains(status) || status == 429 else { throw Failure("POST \(server)/webhooks/git: status \(status)") }
    }

    /// The fleet's events as they happen, from the one after `after` on (without it: from now on), until the connection ends.
    func events(after: Int64?, query: [(name: String, value: String)] = []) async throws -> FleetEvents {
        var query = query
        if let after { query.append(("after", "\(after)")) }
        var request = request("GET", "/events/stream", query)
        request.headers.append(("Accept", "text/event-stream"))
        // Heartbeats come every 15 seconds.
        request.idleTimeout = .seconds(45)
        let response = try await http.stream(request)
        guard response.status == 200 else {
            throw Self.failure(request, response.status, try await response.body.collect(upTo: 1 << 20))
        }
        return FleetEvents(body: response.body)
    }

    /// Reads an answer below `/api/v1` that may be of any length, piece by piece.
    func stream(_ path: String, query: [(name: String, value: String)] = []) async throws -> HTTPBody {
        var request = request("GET", path, query)
        request.acceptGzip = false
        request.idleTimeout = .seconds(60)
        let response = try await http.stream(request)
        guard response.status == 200 else {
            throw Self.failure(request, response.status, try await response.body.collect(upTo: 1 << 20))
        }
        return response.body
    }

    private func request(_ method: String, _ path: String, _ query: [(name: String, value: String)]) -> HTTPRequest {
        var url = "\(server)/api/v1\(path)"
        if !query.isEmpty { url += "?" + query.map { "\(Percent.encode($0.name))=\(Percent.encode($0.value))" }.joined(separator: "&") }
        return HTTPRequest(
            method: method, url: url, headers: credentials + [("Accept", "application/json")],
            responseBytesMax: 64 << 20, acceptGzip: true)
    }

    private func answer(_ request: HTTPRequest) async throws -> HTTPResponse {
        let response: HTTPResponse
        do {
            response = try await http.send(request)
        } catch {
            let isAway = error.kind == .connect || error.kind == .resolve
            throw Failure(error.message, hint: isAway ? "is the coordinator running? `flotilla up` starts one on this machine" : nil)
        }
        guard (200..<300).contains(response.status) else { throw Self.failure(request, response.status, response.body) }
        return response
    }

    private func document(_ request: HTTPRequest) async throws -> Value {
        let response = try await answer(request)
        do {
            return try JSON.read(response.body)
        } catch {
            throw Failure("\(request.method) \(request.endpoint): the answer is not JSON (\(error)); is this a Flotilla coordinator?")
        }
    }

    /// What the coordinator says went wrong.
    private static func failure(_ request: HTTPRequest, _ status: Int, _ body: [UInt8]) -> APIFailure {
        let error = (try? JSON.read(body))?["error"]
        return APIFailure(
            status: status, code: error?["code"]?.string ?? "",
            message: error?["message"]?.string ?? "\(request.method) \(request.endpoint): status \(status)",
            hint: error?["hint"]?.string ?? (status == 401 ? "sign in with `flotilla login`, or name the right --token-file" : nil))
    }
}

/// The coordinator refused a request.
struct APIFailure: Error, CustomStringConvertible {
    /// The HTTP status.
    var status: Int
    /// A stable name in kebab case; may be empty.
    var code: String
    var message: String
    var hint: String?

    var description: String { hint.map { "\(message)\n  hint: \($0)" } ?? message }
}

/// Percent-encoding of a URL's parts (RFC 3986 §2.3): all but unreserved characters.
enum Percent {
    static func encode(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                bytes.append(byte)
            default:
                bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
