// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Glibc
import HTTPTransport
import Manifests
import Synchronization
import Testing

@testable import FleetAgent

@Suite(.timeLimit(.minutes(2))) struct StatusTests {
    private static func answer(_ path: String) -> StatusAnswer? { path == "/healthz" ? StatusAnswer(text: "ok\n") : nil }

    private static func status(of request: String) -> String? {
        var reader = StatusRequest()
        return reader.take(Array(request.utf8), answer).map { String(decoding: $0.prefix { $0 != 13 }, as: UTF8.self) }
    }

    @Test(
        "Only GET and HEAD of what there is are answered",
        arguments: [
            ("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK"), ("GET /healthz HTTP/1.0\n\n", "HTTP/1.1 200 OK"),
            ("GET /healthz?verbose=1 HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK"), ("GET /other HTTP/1.1\r\n\r\n", "HTTP/1.1 404 Not Found"),
            ("POST /healthz HTTP/1.1\r\n\r\n", "HTTP/1.1 405 Method Not Allowed"), ("GET /healthz\r\n\r\n", "HTTP/1.1 400 Bad Request"),
            ("GET  /healthz HTTP/1.1\r\n\r\n", "HTTP/1.1 400 Bad Request"), ("hello\n\n", "HTTP/1.1 400 Bad Request"),
        ])
    func requests(request: String, first: String) {
        #expect(Self.status(of: request) == first)
    }

    @Test("A head arrives in pieces, and is bounded")
    func pieces() {
        var reader = StatusRequest()
        let head = Array("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n".utf8)
        for byte in head.dropLast() { #expect(reader.take([byte], Self.answer) == nil) }
        #expect(reader.take([10], Self.answer) != nil)
        #expect(
            Self.status(of: "GET /healthz HTTP/1.1\r\nX: " + String(repeating: "x", count: 9_000))
                == "HTTP/1.1 431 Request Header Fields Too Large")
        #expect(Self.status(of: "GET /healthz HTTP/1.1\r\nX: y") == nil)
    }

    @Test("HEAD has no body")
    func head() {
        var reader = StatusRequest()
        let bytes = reader.take(Array("HEAD /healthz HTTP/1.1\r\n\r\n".utf8), Self.answer) ?? []
        #expect(String(decoding: bytes, as: UTF8.self).hasSuffix("\r\n\r\n"))
        #expect(String(decoding: bytes, as: UTF8.self).contains("Content-Length: 3\r\n"))
    }

    @Test("Pages are served over HTTP, also beside connections that say nothing")
    func serves() async throws {
        let large = String(repeating: "x", count: 1 << 20)
        let server = try StatusServer(ListenAddress(host: "127.0.0.1", port: 0)) { path in
            path == "/metrics" ? StatusAnswer(text: large) : Self.answer(path)
        }
        let client = HTTPClient()
        var idle: [Int32] = []
        for _ in 0..<6 { idle.append(Self.connect(server.address.port)) }
        #expect(!idle.contains(-1))
        for _ in 0..<20 {
            let answer = try await client.send(HTTPRequest(url: "http://\(server.address)/healthz"))
            #expect(answer.status == 200 && answer.body == Array("ok\n".utf8))
        }
        #expect(try await client.send(HTTPRequest(url: "http://\(server.address)/metrics")).body.count == 1 << 20)
        #expect(try await client.send(HTTPRequest(url: "http://\(server.address)/")).status == 404)
        for descriptor in idle { close(descriptor) }
        await client.shutdown()
        await server.stop()
        #expect(Self.connect(server.address.port) == -1)
    }

    @Test("An address in use is a readable error")
    func inUse() async throws {
        let server = try StatusServer(ListenAddress(host: "127.0.0.1", port: 0), answer: Self.answer)
        #expect(throws: StateError.self) { try StatusServer(server.address, answer: Self.answer) }
        await server.stop()
    }

    @Test(
        "Addresses are IP addresses with a port",
        arguments: [
            ("0.0.0.0:8081", true), ("127.0.0.1:0", true), ("[::]:8081", true), ("[::1]:1", true), (":8081", false), ("8081", false),
            ("localhost:80", false), ("1.2.3.4:99999", false), ("::1:80", false), ("[1.2.3.4]:80", false),
        ])
    func addresses(text: String, isOne: Bool) {
        #expect((ListenAddress(text) != nil) == isOne)
        if let address = ListenAddress(text) { #expect(address.description == text) }
    }

    @Test("A loop that was not heard of in time is named; one that rests is not waited for")
    func pulse() {
        let now = Mutex(Timestamp(seconds: 0))
        let pulse = Pulse(clock: AgentClock(now: { now.withLock { $0 } }, sleep: { _ in }))
        pulse.beat("poll", within: .seconds(10))
        pulse.beat("main", within: .seconds(60))
        pulse.beat("report", within: .seconds(5))
        pulse.rest("report")
        #expect(pulse.stuck == [])
        now.withLock { $0 = Timestamp(seconds: 11) }
        #expect(pulse.stuck == ["poll"])
        pulse.beat("poll", within: .seconds(10))
        #expect(pulse.stuck == [])
        now.withLock { $0 = Timestamp(seconds: 100) }
        #expect(pulse.stuck == ["main", "poll"])
    }

    private static func connect(_ port: UInt16) -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        inet_pton(AF_INET, "127.0.0.1", &address.sin_addr)
        let code = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if code != 0 { close(descriptor) }
        return code == 0 ? descriptor : -1
    }
}
