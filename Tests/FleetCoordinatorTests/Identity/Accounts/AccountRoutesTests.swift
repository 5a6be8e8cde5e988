// SPDX-License-Identifier: Apache-2.0
import Manifests
import PostgresClient
import Testing

@testable import FleetCoordinator

@Suite("Accounts over the API") struct AccountRoutesTests {
    @Test func areMadeListedChangedAndRemoved() async throws {
        try await ServedFleet.with(settled: false) { served async throws in
            #expect(try await served.get("/api/v1/accounts").json["items"]?.list?.isEmpty == true)
            let made = try await served.post(
                "/api/v1/accounts", .map(["name": "anna", "displayName": "Anna", "groups": ["web", "ops"], "reason": "joined"]))
            let password = try #require(made.json["password"]?.string)
            #expect(made.status == 201 && password.count == 23)
            #expect(try await served.browser("anna", password).isSignedIn)
            #expect(try await served.post("/api/v1/accounts", .map(["name": "anna"])).code == "account-exists")
            for name in ["Anna", "administrator", "a b", ""] {
                #expect(try await served.post("/api/v1/accounts", .map(["name": .string(name)])).status == 422)
            }
            #expect(try await served.post("/api/v1/accounts", .map(["name": "bert", "password": "short"])).status == 422)
            try await served.create("bert")
            let first = try await served.get("/api/v1/accounts?limit=1").json
            #expect(first["items"]?.list?.first?["name"] == "anna" && first["next"] == "anna")
            #expect(try await served.get("/api/v1/accounts?after=anna").json["items"]?.list?.count == 1)
            let changed = try await served.send(
                "PUT", "/api/v1/accounts/anna", token: served.token,
                body: JSON.write(.map(["groups": ["web"], "email": "anna@example.com"])))
            #expect(changed.json["groups"]?.list == ["web"] && changed.json["email"] == "anna@example.com")
            #expect(changed.json["displayName"] == "Anna" && changed.json["password"] == nil)
            #expect(try await served.send("DELETE", "/api/v1/accounts/bert", token: served.token).status == 200)
            #expect(try await served.send("DELETE", "/api/v1/accounts/bert", token: served.token).status == 404)
            #expect(try await served.get("/api/v1/accounts/bert").status == 404)
            #expect(try await served.post("/api/v1/accounts/bert/disable").status == 404)
            let created = try await served.audited("account.create")
            #expect(created.map(\.target) == ["account bert", "account anna"] && created.allSatisfy { !$0.text.contains("hash\\\":") })
            #expect(created.last?.text.contains("joined") == true && created.last?.means == "administrator token")
            #expect(try await served.audited("account.update").count == 1)
            #expect(try await served.audited("account.delete").count == 1)
        }
    }

    @Test("a change that cannot be written is not told of, and nothing else of it happens")
    func nothingWithoutTheFile() async throws {
        try await ServedFleet.with(settled: false) { served async throws in
            try await served.create("anna")
            let browser = try await served.browser("anna")
            let path = "\(served.fleet.folder)/keys/accounts.json"
            let held = HeldLock(path: "\(path).lock")
            let answer = try await served.post("/api/v1/accounts/anna/disable")
            #expect(answer.status == 503 && answer.code == "accounts-locked")
            #expect(try await browser.isSignedIn)
            #expect(try await served.audited("account.disable").isEmpty)
            held.release()
            #expect(try await served.post("/api/v1/accounts/anna/disable").status == 200)
        }
    }

    @Test func needAnAdministrator() async throws {
        try await ServedFleet.with(settled: false) { served async throws in
            try await served.create("anna")
            let browser = try await served.browser("anna")
            #expect(try await browser.send("GET", "/api/v1/accounts").status == 403)
            #expect(try await browser.send("POST", "/api/v1/accounts", .map(["name": "eve"])).status == 403)
            #expect(try await browser.send("POST", "/api/v1/accounts/anna/password", .map([:])).status == 403)
            #expect(try await browser.send("GET", "/api/v1/accounts/anna/tokens").status == 403)
        }
    }
}
