// SPDX-License-Identifier: Apache-2.0
import Manifests
import PostgresClient
import Testing

@testable import FleetCoordinator

@Suite("The web pages over HTTP") struct WebRoutesTests {
    private static let html = (name: "Accept", value: "text/html")
    private static let form = (name: "Content-Type", value: "application/x-www-form-urlencoded")

    private static func signIn(_ served: ServedFleet) async throws -> String {
        let answer = try await served.send(
            "POST", "/sign-in", headers: [form], body: Array("token=\(served.token)&next=%2Fclusters".utf8))
        #expect(answer.status == 200 && answer.text.contains("url=/clusters"))
        let cookie = try #require(answer.headers["Set-Cookie"])
        #expect(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict") && !cookie.contains("Secure"))
        return String(cookie.prefix { $0 != ";" })
    }

    @Test func showsEveryPageToWhoSignedIn() async throws {
        try await ServedFleet.with { served async throws in
            let wrong = try await served.send("POST", "/sign-in", headers: [Self.form], body: Array("token=wrong".utf8))
            #expect(wrong.status == 403 && wrong.headers["Set-Cookie"] == nil)
            let cookie = try await Self.signIn(served)
            let pages = [
                "/", "/pipelines", "/pipelines/shop", "/clusters", "/clusters?environment=staging", "/clusters/s1", "/applications",
                "/applications/web", "/events", "/events?cluster=s1", "/search?q=s1",
            ]
            for path in pages {
                let page = try await served.send("GET", path, headers: [(name: "Cookie", value: cookie)])
                #expect(page.status == 200 && page.text.contains("</html>"), "\(path)")
                #expect(try await served.send("GET", path).headers["Location"] == "/sign-in", "\(path)")
            }
            let missing = try await served.send("GET", "/clusters/none", headers: [Self.html, (name: "Cookie", value: cookie)])
            #expect(missing.status == 404 && missing.text.contains("there is no cluster &#39;none&#39;"))
            served.fleet.time.advance(by: .seconds(13 * 3_600))
            #expect(try await served.send("GET", "/", headers: [(name: "Cookie", value: cookie)]).status == 303)
        }
    }

    @Test func actsOnlyWithTheSessionsOwnToken() async throws {
        try await ServedFleet.with { served async throws in
            let cookie = (name: "Cookie", value: try await Self.signIn(served))
            let page = try await served.send("GET", "/pipelines/shop", headers: [cookie]).text
            let match = try #require(page.firstMatch(of: #/name="csrf" value="([^"]+)"/#))
            let token = String(match.1)
            #expect(page.contains("/actions/stages/shop/production/approve"))
            let path = "/actions/stages/shop/production/pause"
            func pause(_ fields: String) async throws -> ServedFleet.Answer {
                try await served.send("POST", path, headers: [cookie, Self.form, Self.html], body: Array(fields.utf8))
            }
            #expect(try await pause("reason=x").status == 403)
            #expect(try await pause("reason=x&csrf=\(token)0").status == 403)
            #expect(try await pause("csrf=\(token)").status == 422)
            let done = try await pause("reason=over+lunch&csrf=\(token)")
            #expect(done.status == 303 && done.headers["Location"] == "/pipelines/shop?done=pause#stage-production")
            #expect(try await served.get("/api/v1/stages/shop/production").json.at("paused", "reason") == "over lunch")
            #expect(try await pause("reason=again&csrf=\(token)").status == 409)
            // The API takes the cookie too, with the token in a header.
            let api = "/api/v1/stages/shop/production/resume"
            #expect(try await served.send("POST", api, headers: [cookie]).status == 403)
            #expect(try await served.send("POST", api, headers: [cookie, (name: "X-Flotilla-CSRF", value: token)]).status == 200)
            let out = try await served.send("POST", "/sign-out", headers: [cookie, Self.form], body: Array("csrf=\(token)".utf8))
            #expect(out.status == 303 && out.headers["Set-Cookie"]?.contains("Max-Age=0") == true)
        }
    }

    @Test func aLinkSignsInOnce() async throws {
        try await ServedFleet.with(settled: false) { served async throws in
            let link = served.web.signInLink()
            let first = try await served.send("GET", link)
            #expect(first.status == 200 && first.headers["Set-Cookie"] != nil)
            let second = try await served.send("GET", link)
            #expect(second.status == 403 && second.headers["Set-Cookie"] == nil)
            let late = served.web.signInLink()
            served.fleet.time.advance(by: .seconds(16 * 60))
            #expect(try await served.send("GET", late).status == 403)
            #expect(try await served.send("GET", "/sign-in?link=link.99999999999999.00").status == 403)
        }
    }

    @Test func escapesHostileNames() async throws {
        try await ServedFleet.with(settled: false) { served async throws in
            let name = "<script>alert(1)</script>\"'"
            try await served.declare([name])
            try await served.fleet.store.database.transaction { session in
                try EventRows.append(
                    session,
                    [
                        FleetEvent(
                            at: served.fleet.time.now, kind: name, cluster: name, actor: name, object: name, message: name, paths: [name])
                    ])
            }
            let path = "/clusters/\(URLText.encode(name))"
            for page in ["/", "/clusters", "/events", path, "/search?q=script"] {
                let text = try await served.get(page).text
                #expect(!text.contains("<script>alert") && text.contains("&lt;script&gt;alert"), "\(page)")
            }
            let metrics = try await served.get("/metrics").text
            #expect(metrics.contains("flotilla_events_total{kind=\"<script>alert(1)</script>\\\"'\"} 1"))
        }
    }

    @Test func sendsNobodyElsewhere() {
        #expect(SignInRoutes.local("/clusters?after=x") == "/clusters?after=x")
        for next in ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/a b", ""] {
            #expect(SignInRoutes.local(next) == "/")
        }
    }
}
