// SPDX-License-Identifier: Apache-2.0
import Manifests
import PostgresClient
import Testing

@testable import FleetCoordinator

extension AuditCoverageTests {
    private static let account = "/api/v1/accounts/{account}"
    private static let why: Value = ["reason": "why"]

    /// A further session of anna's.
    @Sendable private static func session(_ served: ServedFleet) async throws -> [String: String] {
        _ = try await served.browser("anna")
        let sessions = try await served.get("/api/v1/accounts/anna/sessions").json["items"]?.list
        return ["account": "anna", "session": try #require(sessions?.first?["id"]?.string)]
    }

    /// A token of anna's.
    @Sendable private static func token(_ served: ServedFleet) async throws -> [String: String] {
        let made = try await served.browser("anna").send("POST", "/api/v1/tokens", ["name": "ci", "expiresSeconds": 600])
        #expect(made.status == 200 || made.status == 201, "\(made.text)")
        return ["account": "anna", "token": "ci"]
    }

    @Sendable private static func anna(_ served: ServedFleet) async throws -> [String: String] { ["account": "anna"] }

    @Sendable private static func disable(_ served: ServedFleet) async throws {
        _ = try await served.post("/api/v1/accounts/anna/disable")
    }

    private static let signIn: Value = ["account": "anna", "password": .string(ServedFleet.password)]

    /// What is done to accounts, sessions and tokens.
    static let identityCases: [Case] = [
        Case(route: "POST /sign-in", action: "session.sign-in", body: signIn, caller: .nobody),
        Case(route: "POST /sign-out", action: "session.sign-out", caller: .anna),
        Case(route: "POST /api/v1/session", action: "session.sign-in", body: signIn, caller: .nobody),
        Case(route: "DELETE /api/v1/session", action: "session.sign-out", caller: .anna),
        Case(route: "DELETE /api/v1/sessions", action: "session.revoke", caller: .anna),
        Case(route: "DELETE /api/v1/sessions/{session}", action: "session.revoke", caller: .anna, parameters: session),
        Case(
            route: "POST /api/v1/session/password", action: "account.set-password",
            body: ["current": .string(ServedFleet.password), "password": "another horse battery"], caller: .anna),
        Case(route: "POST /api/v1/tokens", action: "token.create", body: ["name": "ci", "expiresSeconds": 600], caller: .anna),
        Case(route: "DELETE /api/v1/tokens/{token}", action: "token.revoke", caller: .anna, parameters: token),
        Case(route: "POST /api/v1/accounts", action: "account.create", body: ["name": "ben", "reason": "why"]),
        Case(route: "PUT \(account)", action: "account.update", body: ["displayName": "Anna A", "reason": "why"], parameters: anna),
        Case(route: "POST \(account)/password", action: "account.set-password", body: why, parameters: anna),
        Case(route: "POST \(account)/disable", action: "account.disable", body: why, parameters: anna),
        Case(route: "POST \(account)/enable", action: "account.enable", body: why, prepare: disable, parameters: anna),
        Case(route: "DELETE \(account)", action: "account.delete", body: why, parameters: anna),
        Case(route: "DELETE \(account)/sessions", action: "session.revoke", parameters: anna),
        Case(route: "DELETE \(account)/sessions/{session}", action: "session.revoke", parameters: session),
        Case(route: "DELETE \(account)/tokens/{token}", action: "token.revoke", parameters: token),
        Case(route: "POST /account/sessions/{session}/end", action: "session.revoke", caller: .anna, parameters: session),
        Case(route: "POST /account/sessions/end-others", action: "session.revoke", caller: .anna),
        Case(route: "POST /account/tokens", action: "token.create", body: ["name": "ci", "days": "7"], caller: .anna),
        Case(route: "POST /account/tokens/{token}/revoke", action: "token.revoke", caller: .anna, parameters: token),
        Case(
            route: "POST /account/password", action: "account.set-password",
            body: [
                "current": .string(ServedFleet.password), "password": "another horse battery", "again": "another horse battery",
            ], caller: .anna),
    ].map { one in
        var bare = one
        bare.isBare = true
        return bare
    }
}
