// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@testable import FleetCoordinator

@Suite("The account's page") struct AccountPageTests {
    private static let form = (name: "Content-Type", value: "application/x-www-form-urlencoded")
    private static let html = (name: "Accept", value: "text/html")

    @Test func showsOnesOwnAndActsOnIt() async throws {
        try await ServedFleet.with(settled: false) { served async throws in
            try await served.create("anna")
            let (browser, other) = (try await served.browser("anna"), try await served.browser("anna"))
            let cookie = (name: "Cookie", value: browser.cookie)
            func page(_ path: String = "/account") async throws -> ServedFleet.Answer {
                try await served.send("GET", path, headers: [cookie, Self.html])
            }
            func post(_ path: String, _ fields: String) async throws -> ServedFleet.Answer {
                let csrf = try #require(try await page().text.firstMatch(of: #/name="csrf" value="([^"]+)"/#)?.1)
                return try await served.send(
                    "POST", path, headers: [cookie, Self.form, Self.html], body: Array("csrf=\(csrf)&\(fields)".utf8))
            }
            // Whoever has no session is sent to sign in; a program is told.
            #expect(try await served.send("GET", "/account", headers: [Self.html]).headers["Location"] == "/sign-in")
            #expect(try await served.send("GET", "/account").status == 401)
            let first = try await page()
            #expect(first.status == 200 && first.text.contains("This one") && first.text.contains("There are none."))
            let made = try await post("/account/tokens", "name=ci&days=30&role=viewer&pipelines=shop%2C+web&environments=")
            let token = try #require(made.text.firstMatch(of: #/flotilla_pat_[0-9A-Za-z]+/#).map { String($0.0) })
            #expect(made.status == 200 && TokenText.isOne(token) && made.text.contains("in shop, web"))
            #expect(try await !page().text.contains(token))
            #expect(try await served.send("GET", "/api/v1/whoami", token: token).json["permissions"]?.list == ["read"])
            let twice = try await post("/account/tokens", "name=ci&days=30")
            #expect(twice.status == 409 && twice.text.contains("there is a token &#39;ci&#39;"))
            let revocation = try #require(
                try await page().text.firstMatch(of: #/"(\/account\/tokens\/[0-9a-f]+\/revoke)"/#).map { String($0.1) })
            #expect(try await served.send("POST", revocation, headers: [cookie, Self.form], body: []).status == 403)
            #expect(try await post(revocation, "").headers["Location"] == "/account?done=revoked")
            #expect(try await served.send("GET", "/api/v1/whoami", token: token).status == 401)
            let ending = try #require(
                try await page().text.firstMatch(of: #/"(\/account\/sessions\/[0-9a-f]+\/end)"/#).map { String($0.1) })
            #expect(try await post(ending, "").status == 303)
            #expect(try await !other.isSignedIn)
            let unlike = try await post("/account/password", "current=x&password=another+horse+battery&again=another")
            #expect(unlike.text.contains("not typed alike"))
            let done = try await post(
                "/account/password", "current=correct+horse+battery&password=another+horse+battery&again=another+horse+battery")
            #expect(done.headers["Location"] == "/account?done=password", "\(done.text)")
            #expect(try await served.tryToSignIn("anna", "another horse battery").status == 200)
            #expect(try await post("/account/sessions/end-others", "").status == 303)
            #expect(try await page().text.contains("aria-label=\"Account anna\""))
        }
    }

    @Test func theSignInPageTakesAnAccountOrTheToken() async throws {
        try await ServedFleet.with(settled: false) { served async throws in
            try await served.create("anna")
            let page = try await served.send("GET", "/sign-in?next=%2Fclusters", headers: [Self.html])
            #expect(page.text.contains("name=\"account\"") && page.text.contains("name=\"token\"") && page.text.contains("/clusters"))
            func signIn(_ fields: String) async throws -> ServedFleet.Answer {
                try await served.send("POST", "/sign-in", headers: [Self.form, Self.html], body: Array(fields.utf8))
            }
            let wrong = try await signIn("account=anna&password=wrong&next=%2Fclusters")
            #expect(wrong.status == 403 && wrong.text.contains("do not go together") && wrong.text.contains("/clusters"))
            #expect(try await signIn("account=anna").status == 422)
            let done = try await signIn("account=Anna&password=correct+horse+battery&next=%2Fclusters%3Fa%3D1%26b%3D2")
            #expect(done.status == 200 && done.text.contains("url=/clusters?a=1&amp;b=2"))
            #expect(done.headers["Set-Cookie"]?.hasPrefix("flotilla_session=") == true)
            #expect(try await signIn("account=anna&password=correct+horse+battery&next=%2F%2Fevil.example").text.contains("url=/\""))
        }
    }

    @Test("accounts that are named at the start are made where they are not there")
    func seeds() async throws {
        try await ServedFleet.with(settled: false) { served async throws in
            let document: Value = .map([
                "accounts": .list([.map(["name": "ada", "groups": ["approvers"], "password": "correct horse battery"])])
            ])
            let seeds = try SeedAccount.list(document)
            let actions = served.identities.accountActions
            try await actions.seed(seeds)
            #expect(try await served.browser("ada").isSignedIn)
            #expect(try await served.post("/api/v1/accounts/ada/password", .map(["password": "another horse battery"])).status == 200)
            try await actions.seed(seeds)
            #expect(try await served.tryToSignIn("ada", "another horse battery").status == 200)
            #expect(try await served.audited("account.create").count == 1)
            #expect(throws: ShapeError.self) { try SeedAccount.list(.map(["accounts": .list([.map(["name": "x"])])])) }
        }
    }
}
