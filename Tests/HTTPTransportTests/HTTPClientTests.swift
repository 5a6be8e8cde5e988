// SPDX-License-Identifier: Apache-2.0
import HTTPTestServer
import HTTPTransport
import Synchronization
import Testing

@Suite("HTTPClient") struct HTTPClientTests {
    let client = HTTPClient(configuration: .init(proxyFromEnvironment: false))

    @Test("sends method, headers and body, and returns status, headers and body", arguments: [0, 5, 200_000])
    func exchange(bodyBytes: Int) async throws {
        let server = try HTTPTestServer { request, connection in
            connection.respond(201, headers: [("X-Answer", "yes"), ("X-Empty", "")], request.body)
        }
        let body = (0..<bodyBytes).map { UInt8(truncatingIfNeeded: $0 * 31) }
        let response = try await client.send(
            HTTPRequest(method: "PATCH", url: server.url + "/a/b?c=d", headers: [("X-Ask", "1"), ("X-None", "")], body: body))
        #expect(response.status == 201)
        #expect(response.headers["x-answer"] == "yes")
        #expect(response.headers["x-empty"] == "")
        #expect(response.body == body)
        let request = try #require(server.requests.first)
        #expect(request.method == "PATCH")
        #expect(request.target == "/a/b?c=d")
        #expect(request.headers["x-ask"] == "1")
        #expect(request.headers["x-none"] == "")
        #expect(request.headers["content-type"] == nil)
        #expect(request.headers["user-agent"] == "flotilla")
    }

    @Test("a body goes with any method, and a method without one sends none", arguments: ["GET", "HEAD", "DELETE", "PUT", "POST"])
    func methods(_ method: String) async throws {
        let server = try HTTPTestServer { _, connection in connection.respond(200) }
        _ = try await client.send(HTTPRequest(method: method, url: server.url))
        if method != "HEAD" { _ = try await client.send(HTTPRequest(method: method, url: server.url, body: [1, 2, 3])) }
        #expect(server.requests.map(\.method).allSatisfy { $0 == method })
        #expect(server.requests.map(\.body.count) == (method == "HEAD" ? [0] : [0, 3]))
    }

    @Test("keeps connections and uses them again") func keepsAlive() async throws {
        let server = try HTTPTestServer { _, connection in connection.respond(200, text: "ok") }
        for _ in 0..<20 { #expect(try await client.send(HTTPRequest(url: server.url)).text == "ok") }
        #expect(server.connectionsAccepted == 1)
    }

    @Test("many requests at once, each with its own answer") func concurrent() async throws {
        let server = try HTTPTestServer { request, connection in connection.respond(200, text: request.path) }
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for index in 0..<100 {
                group.addTask { [client] in
                    try await client.send(HTTPRequest(url: "\(server.url)/\(index)")).text == "/\(index)"
                }
            }
            for try await isRight in group { #expect(isRight) }
        }
    }

    @Test("no more connections to a host than allowed") func connectionLimit() async throws {
        let server = try HTTPTestServer { request, connection in connection.respond(200, text: request.path) }
        let client = HTTPClient(configuration: .init(connectionsPerHostMax: 2, proxyFromEnvironment: false))
        await withTaskGroup(of: Int.self) { group in
            for _ in 0..<30 { group.addTask { (try? await client.send(HTTPRequest(url: server.url)).status) ?? 0 } }
            for await status in group { #expect(status == 200) }
        }
        #expect(server.connectionsAccepted <= 2)
    }

    @Test("who waits for a connection in vain hears so, or can give up") func waitsForConnection() async throws {
        let (arrived, arrival) = AsyncStream.makeStream(of: Void.self)
        let gate = Gate()
        let server = try HTTPTestServer { _, connection in
            arrival.yield()
            gate.wait()
            connection.respond(200)
        }
        let client = HTTPClient(configuration: .init(connectionsPerHostMax: 1, proxyFromEnvironment: false))
        async let first = client.send(HTTPRequest(url: server.url)).status
        for await _ in arrived { break }
        let late = await client.failure(of: HTTPRequest(url: server.url, connectTimeout: .milliseconds(30)))
        #expect(late?.kind == .timeout)
        #expect(late?.message.contains("all connections to the host were in use") == true)
        let cancelled = await withTaskGroup(of: HTTPError?.self) { group in
            group.addTask { await client.failure(of: HTTPRequest(url: server.url)) }
            group.cancelAll()
            return await group.next() ?? nil
        }
        #expect(cancelled?.kind == .cancelled)
        // Another host has connections of its own.
        let other = try HTTPTestServer { _, connection in connection.respond(204) }
        #expect(try await client.send(HTTPRequest(url: other.url)).status == 204)
        async let next = client.send(HTTPRequest(url: server.url)).status
        gate.open()
        gate.open()
        #expect(try await first == 200)
        #expect(try await next == 200)
    }

    @Test("an answer beyond the limit is an error, with and without an announced length", arguments: [true, false])
    func tooLarge(announced: Bool) async throws {
        let server = try HTTPTestServer { _, connection in
            let body = [UInt8](repeating: 65, count: 5_000)
            if announced {
                connection.respond(200, body)
            } else {
                connection.begin(200)
                connection.chunk(body)
                connection.end()
            }
        }
        #expect(try await client.send(HTTPRequest(url: server.url, responseBytesMax: 5_000)).body.count == 5_000)
        let error = await #expect(throws: HTTPError.self) {
            try await client.send(HTTPRequest(url: server.url, responseBytesMax: 4_999))
        }
        #expect(error?.kind == .tooLarge)
    }

    @Test("endless header fields are cut off") func endlessHeaders() async throws {
        let server = try HTTPTestServer { _, connection in
            connection.send(Array("HTTP/1.1 200 OK\r\n".utf8))
            let field = Array("X: \(String(repeating: "a", count: 1_000))\r\n".utf8)
            while connection.send(field) {}
        }
        let error = await #expect(throws: HTTPError.self) { try await client.send(HTTPRequest(url: server.url)) }
        #expect(error?.kind == .tooLarge)
    }

    @Test("the deadline ends an exchange that hangs") func deadline() async throws {
        let server = try HTTPTestServer { _, connection in connection.waitForClose() }
        let error = await #expect(throws: HTTPError.self) {
            try await client.send(HTTPRequest(url: server.url + "/slow?token=secret", deadline: .milliseconds(50)))
        }
        #expect(error?.kind == .timeout)
        #expect(error?.isRetryable == true)
        #expect(error?.message.hasPrefix("GET \(server.url)/slow: ") == true)
        #expect(error?.message.contains("secret") == false)
    }

    @Test("a cancelled task ends its exchange at once and closes the connection") func cancellation() async throws {
        let (arrived, arrival) = AsyncStream.makeStream(of: Void.self)
        let (closed, closing) = AsyncStream.makeStream(of: Void.self)
        let server = try HTTPTestServer { _, connection in
            arrival.yield()
            connection.waitForClose()
            closing.yield()
        }
        let result = await withTaskGroup(of: HTTPError?.self) { group in
            group.addTask { [client] in await client.failure(of: HTTPRequest(url: server.url)) }
            for await _ in arrived { break }
            group.cancelAll()
            return await group.next() ?? nil
        }
        #expect(result?.kind == .cancelled)
        for await _ in closed { break }
    }

    @Test("a task cancelled before it asks sends nothing") func cancelledBefore() async throws {
        let server = try HTTPTestServer { _, connection in connection.respond(200) }
        let kind = await withTaskGroup(of: HTTPError.Kind?.self) { group in
            group.cancelAll()
            group.addTask { [client] in await client.failure(of: HTTPRequest(url: server.url))?.kind }
            return await group.next() ?? nil
        }
        #expect(kind == .cancelled)
        await client.shutdown()
        #expect(server.requests.isEmpty)
    }

    @Test("a connection that breaks, or that nobody accepts, is an error that says so") func broken() async throws {
        let server = try HTTPTestServer { _, connection in
            connection.send(Array("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc".utf8))
            connection.drop()
        }
        let cut = await #expect(throws: HTTPError.self) { try await client.send(HTTPRequest(url: server.url)) }
        #expect(cut?.kind == .disconnected)
        #expect(cut?.isRetryable == true)
        server.stop()
        let refused = await #expect(throws: HTTPError.self) { try await client.send(HTTPRequest(url: server.url)) }
        #expect(refused?.kind == .connect)
    }

    @Test(
        "what cannot be sent is refused",
        arguments: [
            HTTPRequest(url: "ftp://host/"), HTTPRequest(url: "http://127.0.0.1:1/a b"), HTTPRequest(method: "GE T", url: "http://host"),
            HTTPRequest(url: "http://host", headers: [("A", "b\r\nC: d")]), HTTPRequest(url: "http://host", headers: [("A:", "b")]),
        ])
    func refused(_ request: HTTPRequest) async {
        let error = await #expect(throws: HTTPError.self) { try await client.send(request) }
        #expect(error?.kind == .invalidRequest)
    }

    /// 100,000 zero bytes in gzip's format.
    private static let zeros: [UInt8] =
        [
            0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0xff, 0xed, 0xc1, 0x31, 0x01, 0x00, 0x00, 0x00, 0xc2, 0xa0, 0xf5, 0x4f,
            0x6d, 0x0d, 0x0f, 0xa0,
        ]
        + [UInt8](repeating: 0, count: 96)
        + [0x80, 0x57, 0x03, 0x7d, 0x95, 0x11, 0xd4, 0xa0, 0x86, 0x01, 0x00]

    @Test("asks for gzip only when told, and bounds what comes out of it") func gzip() async throws {
        let server = try HTTPTestServer { request, connection in
            if request.headers["accept-encoding"] == "gzip" {
                connection.respond(200, headers: [("Content-Encoding", "gzip")], Self.zeros)
            } else {
                connection.respond(200, text: "plain")
            }
        }
        #expect(try await client.send(HTTPRequest(url: server.url)).text == "plain")
        let response = try await client.send(HTTPRequest(url: server.url, acceptGzip: true))
        #expect(response.body == [UInt8](repeating: 0, count: 100_000))
        let error = await #expect(throws: HTTPError.self) {
            try await client.send(HTTPRequest(url: server.url, responseBytesMax: 99_999, acceptGzip: true))
        }
        #expect(error?.kind == .tooLarge)
    }

    @Test("after a shutdown nothing runs and nothing starts") func shutdown() async throws {
        let (arrived, arrival) = AsyncStream.makeStream(of: Void.self)
        let server = try HTTPTestServer { _, connection in
            arrival.yield()
            connection.waitForClose()
        }
        async let running = client.failure(of: HTTPRequest(url: server.url))
        for await _ in arrived { break }
        await client.shutdown()
        #expect(await running == HTTPError(kind: .closed, message: "GET \(server.url): the HTTP client was shut down", isRetryable: false))
        let later = await #expect(throws: HTTPError.self) { try await client.send(HTTPRequest(url: server.url)) }
        #expect(later?.kind == .closed)
        await client.shutdown()
    }
}

extension HTTPClient {
    /// How a request fails; `nil` when it is answered.
    func failure(of request: HTTPRequest) async -> HTTPError? {
        do {
            _ = try await send(request)
            return nil
        } catch { return error }
    }
}
