// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import flotilla

@Suite("Kept credentials") struct StoredCredentialsTests {
    private func entry(_ server: String, _ token: String) -> StoredCredentials.Entry {
        StoredCredentials.Entry(server: server, account: "anna", name: "login", token: token, expiresAt: "")
    }

    @Test("a coordinator is known by its URL, however that is written; the newest comes first")
    func byServer() {
        var stored = StoredCredentials()
        stored.keep(entry("https://Flotilla.Example/", "a"))
        stored.keep(entry("http://127.0.0.1:8480", "b"))
        #expect(stored["https://flotilla.example"]?.token == "a" && stored["http://127.0.0.1:8480/"]?.token == "b")
        #expect(stored["https://flotilla.example.evil"] == nil && stored["http://flotilla.example"] == nil)
        #expect(stored.entries.first?.token == "b")
        stored.keep(entry("HTTPS://flotilla.example", "c"))
        #expect(stored.entries.map(\.token) == ["c", "b"])
        stored.forget("https://flotilla.example/")
        #expect(stored.entries.map(\.token) == ["b"])
        #expect(StoredCredentials.normal("https://Host/Path/") == "https://host/Path")
    }

    @Test("passwords go over encrypted connections, or stay on this machine")
    func isPrivate() {
        for server in ["https://x.example", "http://127.0.0.1:1", "http://localhost", "http://localhost:80/x", "http://[::1]:8480"] {
            #expect(Login.isPrivate(server), "\(server)")
        }
        for server in [
            "http://x.example", "http://localhost.evil.example", "HTTP://x.example", "http://1.2.3.4", "http://127.evil.example",
        ] {
            #expect(!Login.isPrivate(server), "\(server)")
        }
    }

    @Test func theMachinesTokenHasAValidName() {
        #expect(MachineToken.name.hasPrefix("login-") && MachineToken.name.utf8.count <= 64)
    }
}
