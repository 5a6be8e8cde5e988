// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@testable import GitRepository

@Suite("Proxies") struct ProxyTests {
    private func open(_ box: GitSandbox, _ settings: RemoteSettings, at name: String = "mirror") async throws -> GitMirror {
        try await GitMirror.open(at: "\(box.root)/\(name)", remote: settings, threads: box.threads)
    }

    private func error(_ box: GitSandbox, _ settings: RemoteSettings) async -> GitError? {
        do {
            _ = try await open(box, settings)
            return nil
        } catch { return error as? GitError }
    }

    @Test("https fetches and pushes go through it, with its credential", .enabled(if: GitWebServer.isAvailable))
    func web() async throws {
        let box = try await GitSandbox()
        try await box.git(in: box.remote, "config", "http.receivepack", "true")
        let server = try await GitWebServer(box, token: "t")
        let proxy = try TestProxy(authorization: "Basic \(Base64.encode(Array("ada:open sesame".utf8)))")
        var settings = server.settings("remote.git", token: "t")
        settings.proxy = try ProxySettings(url: "http://127.0.0.1:\(proxy.port)", username: "ada", password: "open sesame")
        let mirror = try await open(box, settings)
        let head = try #require(try await mirror.head(of: "main"))
        let before = proxy.requests
        #expect(!before.isEmpty && before.allSatisfy { $0.hasPrefix("CONNECT localhost:\(server.port) HTTP/1.1\r\n") })
        let tree = try await mirror.writeTree(base: head, changes: ["x": Array("1".utf8)])
        let id = try await mirror.store(commit: CommitDraft(tree: tree, parents: [head], author: ada, message: "x").build().bytes)
        try await mirror.push(commit: id, to: "refs/heads/main", expecting: head)
        #expect(try await box.id("main", in: box.remote) == id && proxy.requests.count > before.count)
        // The token is for the host alone.
        let token = Base64.encode(Array("git:t".utf8))
        #expect(!proxy.requests.contains { $0.contains(token) })

        let after = proxy.requests.count
        settings.proxy = try ProxySettings(url: "http://127.0.0.1:\(proxy.port)", exceptions: ["localhost"])
        _ = try await open(box, settings, at: "direct")
        #expect(proxy.requests.count == after)
    }

    @Test("ssh goes through it too", .enabled(if: SSHServer.isAvailable))
    func shell() async throws {
        let box = try await GitSandbox()
        let server = try await SSHServer(box)
        let proxy = try TestProxy()
        var settings = try server.settings()
        settings.proxy = try ProxySettings(url: "127.0.0.1:\(proxy.port)")
        #expect(try await open(box, settings).head(of: "main") != nil)
        #expect(proxy.requests.first?.hasPrefix("CONNECT 127.0.0.1:\(server.port) HTTP/1.1\r\n") == true)
    }

    @Test("what a proxy refuses, or does not understand, is said without its password")
    func refusals() async throws {
        let box = try await GitSandbox()
        let strict = try TestProxy(authorization: "Basic other")
        var settings = RemoteSettings(url: "https://git.example.com/x.git")
        settings.proxy = try ProxySettings(url: "http://127.0.0.1:\(strict.port)", username: "ada", password: "sesame")
        guard case .authentication(_, let wanted)? = await error(box, settings) else {
            Issue.record("a wrong password")
            return
        }
        #expect(wanted.contains("the proxy ***@127.0.0.1:\(strict.port) answers 407") && !wanted.contains("sesame"))
        for (answer, part) in [
            ("HTTP/1.1 403 Not \u{1b}[31mhere\r\n\r\n", "answers 403 Not [31mhere"),
            ("220 mail.example.com\r\n\r\n", "does not answer in HTTP"),
            ("", "ended the connection"), ("HTTP/1.1 200 OK\r\n", "ended the connection"),
            ("HTTP/1.1 200 OK\r\n" + String(repeating: "a: b\r\n", count: 5_000), "more than 16384 bytes"),
        ] {
            let proxy = try TestProxy(answer: answer)
            settings.proxy = try ProxySettings(url: "http://127.0.0.1:\(proxy.port)")
            guard case .unreachable(_, let reason)? = await error(box, settings) else {
                Issue.record("\(answer.prefix(40))")
                continue
            }
            #expect(reason.contains(part), "\(reason)")
        }
        settings.proxy = try ProxySettings(url: "http://127.0.0.1:1")
        guard case .unreachable(_, let closed)? = await error(box, settings) else {
            Issue.record("a closed port")
            return
        }
        #expect(closed.contains("the proxy 127.0.0.1:1") && closed.contains("refused"))
        let mute = try ByteServer { _ in }
        settings.proxy = try ProxySettings(url: "http://127.0.0.1:\(mute.port)")
        settings.limits.connectTimeout = .milliseconds(200)
        guard case .timedOut? = await error(box, settings) else {
            Issue.record("a mute proxy")
            return
        }
    }

    @Test("exceptions are hosts, those below them, ports, addresses and networks")
    func exceptions() throws {
        func direct(_ exceptions: String..., host: String, port: Int = 443) throws -> Bool {
            try !ProxySettings(url: "proxy:1", exceptions: exceptions).applies(to: host, port: port)
        }
        #expect(try direct("example.com", host: "example.com"))
        #expect(try direct("Example.com", host: "git.EXAMPLE.com"))
        #expect(try direct(".example.com", host: "git.example.com"))
        #expect(try direct("*.example.com", host: "git.example.com"))
        #expect(try !direct("example.com", host: "badexample.com"))
        #expect(try !direct("git.example.com", host: "example.com"))
        #expect(try direct("example.com:443", host: "example.com"))
        #expect(try !direct("example.com:80", host: "example.com"))
        #expect(try direct("other", "*", host: "anything"))
        #expect(try direct("10.0.0.0/8", host: "10.1.2.3"))
        #expect(try !direct("10.0.0.0/8", host: "11.1.2.3"))
        #expect(try direct("192.168.4.0/22", host: "192.168.7.255"))
        #expect(try !direct("192.168.4.0/22", host: "192.168.8.0"))
        #expect(try direct("fd00::/8", host: "fd12::1"))
        #expect(try !direct("fd00::/8", host: "10.1.2.3"))
        #expect(try direct("::1", host: "::1"))
        #expect(try direct("0.0.0.0/0", host: "10.1.2.3"))
        #expect(try !direct(host: "example.com"))
        for text in ["10.0.0.0/33", "a b", "10.0.0.0/x", "name/8", ""] {
            #expect(throws: GitError.self, "\(text)") { try ProxySettings(url: "proxy:1", exceptions: [text]) }
        }
    }

    @Test("addresses are read, and what cannot be used is refused without its password")
    func addresses() throws {
        let plain = try ProxySettings(url: "http://Proxy.example.com/")
        #expect(plain.host == "proxy.example.com" && plain.port == 3_128 && "\(plain)" == "proxy.example.com:3128")
        #expect(try ProxySettings(url: "[::1]:8080").host == "::1")
        for url in [
            "https://proxy:1", "socks5://proxy:1", "", "http://", "http://u:secret@proxy:1", "proxy:0", "proxy:x", "a/b", "pro\rxy",
        ] {
            #expect {
                _ = try ProxySettings(url: url)
            } throws: { !"\($0)".contains("secret") }
        }
        #expect(throws: GitError.self) { try ProxySettings(url: "proxy", username: "a:b") }
        #expect(throws: GitError.self) { try ProxySettings(url: "proxy", username: "a", password: "b\r\nX: y") }
        let settings = RemoteSettings(
            url: "https://h/x", proxy: try ProxySettings(url: "proxy", username: "ada", password: "open sesame"))
        var dumped = ""
        dump(settings, to: &dumped)
        #expect(!"\(settings)\(String(reflecting: settings))\(dumped)".contains("sesame"))
        #expect(settings.redacted("it was open sesame") == "it was ***")
    }

    @Test("the usual variables are understood when they are given")
    func variables() throws {
        func proxy(_ variables: [String: String], _ url: String = "https://git.example.com/x") throws -> ProxySettings? {
            try ProxySettings.from(variables: variables, remote: url)
        }
        #expect(try proxy([:]) == nil)
        #expect(try proxy(["https_proxy": ""]) == nil)
        #expect(try proxy(["HTTPS_PROXY": "http://p:1"]) == ProxySettings(url: "p:1"))
        #expect(try proxy(["https_proxy": "p:1", "HTTPS_PROXY": "q:2"]) == ProxySettings(url: "p:1"))
        #expect(try proxy(["ALL_PROXY": "p:1"]) == ProxySettings(url: "p:1"))
        #expect(try proxy(["http_proxy": "p:1"]) == nil)
        #expect(try proxy(["http_proxy": "p:1"], "http://h/x") == ProxySettings(url: "p:1"))
        #expect(try proxy(["HTTP_PROXY": "p:1"], "http://h/x") == nil)
        #expect(try proxy(["all_proxy": "p:1"], "ssh://h/x") == nil)
        let full = try #require(
            try proxy(["https_proxy": "http://ada:open%20s%40same@p:1/", "NO_PROXY": "localhost, 10.0.0.0/8,.example.com"]))
        #expect(
            full
                == (try ProxySettings(
                    url: "p:1", username: "ada", password: "open s@same", exceptions: ["localhost", "10.0.0.0/8", ".example.com"])))
        #expect(!full.applies(to: "git.example.com", port: 443) && full.applies(to: "example.org", port: 443))
    }
}
