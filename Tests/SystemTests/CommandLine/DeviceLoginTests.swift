// SPDX-License-Identifier: Apache-2.0
import HTTPTestServer
import HTTPTransport
import Manifests
import Synchronization
import Testing

@testable import flotilla

@Suite("Signing in with an identity provider from a terminal") struct DeviceLoginTests {
    private final class Notes: Sendable {
        let pauses = Mutex<[Duration]>([])
        let shown = Mutex<[String]>([])
    }

    private static let begun = #"""
        {"handle": "h", "userCode": "WDJB-MJHT", "verificationURL": "https://id.example/activate", "completeVerificationURL": null,
         "expiresAt": "2027-01-15T08:10:00Z", "intervalSeconds": 5}
        """#

    /// Answers the polls one after the other.
    private static func login(_ polls: [(Int, String)], begin: (Int, String) = (200, begun)) async throws -> (
        Result<StoredCredentials.Entry, any Error>, Notes
    ) {
        let rest = Mutex(polls)
        let server = try HTTPTestServer { request, connection in
            switch request.path {
            case "/api/v1/session/devices": connection.respond(begin.0, json: begin.1)
            case "/api/v1/session/devices/poll":
                let next = rest.withLock { $0.isEmpty ? (500, "{}") : $0.removeFirst() }
                connection.respond(next.0, json: next.1)
            case "/api/v1/session/providers": connection.respond(200, json: #"{"items": [{"name": "corp"}], "next": null}"#)
            default: connection.respond(404)
            }
        }
        let notes = Notes()
        let client = CoordinatorClient(server: server.url, credentials: [], trust: .system)
        let login = DeviceLogin(
            client: client, provider: "corp", wait: { pause in notes.pauses.withLock { $0.append(pause) } },
            show: { line in notes.shown.withLock { $0.append(line) } })
        var result: Result<StoredCredentials.Entry, any Error>
        do { result = .success(try await login.run(lasting: TimeSpan(seconds: 3_600))) } catch { result = .failure(error) }
        await client.shutdown()
        server.stop()
        return (result, notes)
    }

    @Test("the code is shown, and the coordinator asked no faster than it says")
    func grants() async throws {
        let (result, notes) = try await Self.login([
            (200, #"{"state": "pending"}"#), (200, #"{"state": "slowDown"}"#), (502, #"{"error": {"code": "provider-unavailable"}}"#),
            (
                200,
                #"{"state": "granted", "token": "flotilla_pat_x", "account": "anna", "name": "login-x", "expiresAt": "2027-01-15T09:00:00Z"}"#
            ),
        ])
        let entry = try result.get()
        #expect(entry.token == "flotilla_pat_x" && entry.account == "anna" && entry.name == "login-x")
        #expect(notes.pauses.withLock { $0 } == [.seconds(5), .seconds(5), .seconds(10), .seconds(15)])
        #expect(notes.shown.withLock { $0 } == ["open https://id.example/activate and confirm the code WDJB-MJHT"])
    }

    @Test("a refusal ends it, and an unknown provider is told with those that there are")
    func refusals() async throws {
        let (denied, notes) = try await Self.login([(403, #"{"error": {"code": "provider-refused", "message": "'Corp' was told not to"}}"#)]
        )
        #expect(throws: APIFailure.self) { try denied.get() }
        #expect(notes.pauses.withLock { $0.count } == 1)
        let (unknown, _) = try await Self.login([], begin: (404, #"{"error": {"code": "not-found", "message": "none"}}"#))
        do {
            _ = try unknown.get()
            Issue.record("it signed in")
        } catch { #expect("\(error)".contains("no identity provider 'corp'") && "\(error)".contains("there are: corp")) }
    }
}
