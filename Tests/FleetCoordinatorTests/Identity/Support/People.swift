// SPDX-License-Identifier: Apache-2.0
import Manifests
import PostgresClient
import Testing

@testable import FleetCoordinator

/// What people do at a served fleet.
extension ServedFleet {
    static let password = "correct horse battery"

    /// A browser that has signed in.
    struct Browser: Sendable {
        let served: ServedFleet
        let cookie: String
        let csrf: String

        func send(_ method: String, _ path: String, _ body: Value? = nil, csrf: String? = nil) async throws -> Answer {
            try await served.send(
                method, path,
                headers: [
                    (name: "Cookie", value: cookie), (name: "X-Flotilla-CSRF", value: csrf ?? self.csrf),
                    (name: "Content-Type", value: "application/json"),
                ], body: body.map { JSON.write($0) } ?? [])
        }

        var isSignedIn: Bool {
            get async throws { try await send("GET", "/api/v1/whoami").status == 200 }
        }
    }

    func create(_ name: String, groups: [String] = ["web"], password: String = ServedFleet.password) async throws {
        let answer = try await post(
            "/api/v1/accounts", .map(["name": .string(name), "groups": .texts(groups), "password": .string(password)]))
        #expect(answer.status == 201, "\(answer.text)")
    }

    func tryToSignIn(_ name: String, _ password: String = ServedFleet.password, headers: [(name: String, value: String)] = []) async throws
        -> Answer
    {
        try await send(
            "POST", "/api/v1/session", headers: headers + [(name: "Content-Type", value: "application/json")],
            body: JSON.write(.map(["account": .string(name), "password": .string(password)])))
    }

    func browser(_ name: String, _ password: String = ServedFleet.password) async throws -> Browser {
        let answer = try await tryToSignIn(name, password)
        #expect(answer.status == 200, "\(answer.text)")
        let cookie = try #require(answer.headers["Set-Cookie"]).prefix { $0 != ";" }
        return Browser(served: self, cookie: String(cookie), csrf: try #require(answer.json["csrf"]?.string))
    }

    /// The audit trail's newest entries of an action.
    func audited(_ action: String) async throws -> [(actor: String, means: String, target: String, outcome: String, text: String)] {
        try await fleet.store.database.read { session in
            try session.query("select *, audit::text as line from audit where action = $1 order by sequence desc", [.text(action)]).map {
                (
                    try $0.text("actor"), try $0.text("means"), try $0.text("target"), try $0.text("outcome"), try $0.text("line")
                )
            }
        }
    }
}
