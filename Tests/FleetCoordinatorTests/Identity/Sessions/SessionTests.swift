// SPDX-License-Identifier: Apache-2.0
import HTTPTypes
import Manifests
import PostgresClient
import Testing

@testable import FleetCoordinator

@Suite("Sessions") struct SessionTests {
    @Test func lastAsLongAsTheyAreUsedAndNoLongerThanHalfADay() async throws {
        try await ServedFleet.with(settled: false) { served async throws in
            try await served.create("anna")
            let idle = try await served.browser("anna")
            let busy = try await served.browser("anna")
            for _ in 0..<4 {
                served.fleet.time.advance(by: .seconds(1_799))
                #expect(try await busy.isSignedIn)
            }
            served.fleet.time.advance(by: .seconds(10))
            #expect(try await !idle.isSignedIn)
            for _ in 0..<19 {
                served.fleet.time.advance(by: .seconds(1_799))
                #expect(try await busy.isSignedIn)
            }
            served.fleet.time.advance(by: .seconds(1_830))
            #expect(try await !busy.isSignedIn)
            #expect(try await busy.send("GET", "/").status == 303)
        }
    }

    @Test func endWhenTheyAreRevoked() async throws {
        try await ServedFleet.with(settled: false) { served async throws in
            try await served.create("anna")
            try await served.create("bert")
            let (one, two, three) = (try await served.browser("anna"), try await served.browser("anna"), try await served.browser("anna"))
            let bert = try await served.browser("bert")
            let list = try await one.send("GET", "/api/v1/sessions").json["items"]?.list ?? []
            #expect(list.count == 3 && list.filter { $0["current"] == true }.count == 1)
            let other = try #require(try await two.send("GET", "/api/v1/sessions").json["items"]?.list?.first { $0["current"] == true })
            let id = try #require(other["id"]?.string)
            // Nobody ends somebody else's by knowing its name.
            #expect(try await bert.send("DELETE", "/api/v1/sessions/\(id)").status == 404)
            #expect(try await two.isSignedIn)
            #expect(try await one.send("DELETE", "/api/v1/sessions/\(id)").status == 200)
            #expect(try await !two.isSignedIn)
            #expect(try await one.send("DELETE", "/api/v1/sessions").json["ended"] == 1)
            #expect(try await one.isSignedIn)
            #expect(try await !three.isSignedIn)
            #expect(try await one.send("DELETE", "/api/v1/session").status == 200)
            #expect(try await !one.isSignedIn)
            let again = try await served.browser("anna")
            let ended = try await served.send("DELETE", "/api/v1/accounts/anna/sessions", token: served.token)
            #expect(ended.json["ended"] == 1)
            #expect(try await !again.isSignedIn)
            #expect(try await bert.isSignedIn)
            #expect(try await served.audited("session.sign-in").first?.means == "password")
            #expect(try await served.audited("session.revoke").count == 3)
            #expect(try await served.audited("session.sign-out").first?.actor == "anna")
        }
    }

    @Test("a sign-in gives a new cookie and ends the one that came with it; one that nobody gave is none")
    func isNotFixed() async throws {
        try await ServedFleet.with(settled: false) { served async throws in
            try await served.create("anna")
            let planted = String(repeating: "ab", count: 32)
            let first = try await served.tryToSignIn("anna", headers: [(name: "Cookie", value: "flotilla_session=\(planted)")])
            let cookie = try #require(first.headers["Set-Cookie"])
            #expect(!cookie.contains(planted))
            #expect(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"))
            #expect(
                try await served.send("GET", "/api/v1/whoami", headers: [(name: "Cookie", value: "flotilla_session=\(planted)")]).status
                    == 401)
            let own = String(cookie.prefix { $0 != ";" })
            let second = try await served.tryToSignIn("anna", headers: [(name: "Cookie", value: own)])
            #expect(second.status == 200)
            #expect(try await served.send("GET", "/api/v1/whoami", headers: [(name: "Cookie", value: own)]).status == 401)
        }
    }

    @Test func changesNeedTheSessionsTokenAndAPageOfOurs() async throws {
        try await ServedFleet.with(settled: false) { served async throws in
            try await served.create("anna")
            let (one, two) = (try await served.browser("anna"), try await served.browser("anna"))
            let wanted: Value = .map(["name": "ci", "expiresSeconds": 3_600])
            for csrf in ["", two.csrf, one.csrf + "0", one.cookie] {
                #expect(try await one.send("POST", "/api/v1/tokens", wanted, csrf: csrf).status == 403)
            }
            let cookie = (name: "Cookie", value: one.cookie)
            let csrf = (name: "X-Flotilla-CSRF", value: one.csrf)
            for foreign in [
                (name: "Sec-Fetch-Site", value: "cross-site"), (name: "Sec-Fetch-Site", value: "same-site"),
                (name: "Origin", value: "https://evil.example"), (name: "Origin", value: "null"),
            ] {
                let answer = try await served.send(
                    "POST", "/api/v1/tokens", headers: [cookie, csrf, foreign], body: JSON.write(wanted))
                #expect(answer.code == "cross-origin")
                // Nor is anybody signed in from there.
                #expect(try await served.tryToSignIn("anna", headers: [foreign]).code == "cross-origin")
                #expect(
                    try await served.send("POST", "/sign-in", headers: [foreign], body: Array("token=\(served.token)".utf8)).status == 403)
            }
            let own = (name: "Origin", value: served.url)
            #expect(try await served.send("POST", "/api/v1/tokens", headers: [cookie, csrf, own], body: JSON.write(wanted)).status == 200)
        }
    }

    @Test("a credential that is no good is not made up for by a cookie")
    func theHeaderGoesFirst() async throws {
        try await ServedFleet.with(settled: false) { served async throws in
            try await served.create("anna")
            let browser = try await served.browser("anna")
            let answer = try await served.send("GET", "/api/v1/whoami", token: "wrong", headers: [(name: "Cookie", value: browser.cookie)])
            #expect(answer.status == 401)
        }
    }

    @Test func endWithTheAccountAndItsPassword() async throws {
        try await ServedFleet.with(settled: false) { served async throws in
            try await served.create("anna")
            let first = try await served.browser("anna")
            served.fleet.time.advance(by: .seconds(1))
            let made = try await served.post("/api/v1/accounts/anna/password")
            let generated = try #require(made.json["password"]?.string)
            #expect(try await !first.isSignedIn)
            #expect(try await served.tryToSignIn("anna").status == 403)
            let second = try await served.browser("anna", generated)
            let other = try await served.browser("anna", generated)
            // One's own: the present password is asked for, other sessions end.
            let change: Value = .map(["current": .string(generated), "password": "another horse battery"])
            #expect(
                try await second.send("POST", "/api/v1/session/password", .map(["current": "x", "password": "another horse battery"]))
                    .status == 403)
            #expect(try await second.send("POST", "/api/v1/session/password", change).status == 200)
            #expect(try await second.isSignedIn)
            #expect(try await !other.isSignedIn)
            #expect(try await served.post("/api/v1/accounts/anna/disable").json["disabled"] == true)
            #expect(try await !second.isSignedIn)
            #expect(try await served.tryToSignIn("anna", "another horse battery").status == 403)
            #expect(try await served.post("/api/v1/accounts/anna/enable").status == 200)
            let third = try await served.browser("anna", "another horse battery")
            #expect(try await served.send("DELETE", "/api/v1/accounts/anna", token: served.token).status == 200)
            #expect(try await !third.isSignedIn)
            served.fleet.time.advance(by: .seconds(1))
            try await served.create("anna")
            #expect(try await !third.isSignedIn)
        }
    }

    @Test("another coordinator refuses what was revoked here, at the latest two seconds later")
    func reachesOtherCoordinators() async throws {
        try await ServedFleet.with(settled: false) { served async throws in
            try await served.create("anna")
            let browser = try await served.browser("anna")
            let cookie = String(browser.cookie.drop { $0 != "=" }.dropFirst())
            let elsewhere = Identities(
                store: served.fleet.store, time: served.fleet.time.wall, credentials: served.credentials,
                accountsPath: "\(served.fleet.folder)/keys/accounts.json", logger: served.web.logger)
            #expect(try await elsewhere.reader.principal(session: cookie, from: nil)?.name == "anna")
            #expect(try await browser.send("DELETE", "/api/v1/session").status == 200)
            #expect(try await elsewhere.reader.principal(session: cookie, from: nil) != nil)
            served.fleet.time.advance(by: .seconds(2))
            #expect(try await elsewhere.reader.principal(session: cookie, from: nil) == nil)
            // Told of it, at once.
            let again = try await served.browser("anna")
            let other = String(again.cookie.drop { $0 != "=" }.dropFirst())
            #expect(try await elsewhere.reader.principal(session: other, from: nil) != nil)
            #expect(try await again.send("DELETE", "/api/v1/session").status == 200)
            elsewhere.reader.forget()
            #expect(try await elsewhere.reader.principal(session: other, from: nil) == nil)
        }
    }

    @Test func theAdministratorsOwnEndWithItsToken() async throws {
        try await ServedFleet.with(settled: false) { served async throws in
            let opened = try await served.identities.signIns.administratorToken(served.token, SignIns.Visitor(address: "192.0.2.1"))
            #expect(try await served.identities.reader.principal(session: opened.cookie, from: nil)?.isAdministrator == true)
            #expect(try await served.audited("session.sign-in").first?.means == "administrator token")
            let keys = try KeyFolder(path: "\(served.fleet.folder)/keys", administratorTokenPath: "\(served.fleet.folder)/another-token")
            let elsewhere = Identities(
                store: served.fleet.store, time: served.fleet.time.wall, credentials: Credentials(keys: keys),
                accountsPath: "\(served.fleet.folder)/keys/accounts.json", logger: served.web.logger)
            #expect(try await elsewhere.reader.principal(session: opened.cookie, from: nil) == nil)
            #expect(try await served.audited("administrator-token.use").count == 0)
            for _ in 0..<3 { _ = try await served.get("/api/v1/whoami") }
            #expect(try await served.audited("administrator-token.use").count == 1)
        }
    }

    @Test func cookiesAreSecureWhereTLSIs() {
        let secure = SessionCookie(isSecure: true)
        #expect(secure.header("x", seconds: 1) == "__Host-flotilla_session=x; Path=/; Max-Age=1; HttpOnly; SameSite=Strict; Secure")
        #expect(secure.value(in: [.cookie: "flotilla_session=a; __Host-flotilla_session=b"]) == "b")
        #expect(SessionCookie(isSecure: false).value(in: [.cookie: "a=b; flotilla_session=c"]) == "c")
        #expect(SessionCookie.isOne(SessionCookie.new()) && !SessionCookie.isOne("x"))
    }

    @Test("nothing in the database is a cookie, a token or a password")
    func keepsDigestsOnly() async throws {
        try await ServedFleet.with(settled: false) { served async throws in
            try await served.create("anna")
            let browser = try await served.browser("anna")
            let made = try await browser.send("POST", "/api/v1/tokens", .map(["name": "ci", "expiresSeconds": 3_600]))
            let token = try #require(made.json["token"]?.string)
            #expect(try await served.send("GET", "/api/v1/whoami", token: token).status == 200)
            let secrets = [token, String(token.dropFirst(13)), String(browser.cookie.drop { $0 != "=" }.dropFirst()), ServedFleet.password]
            let found = try await served.fleet.store.database.read { session in
                let tables = try session.query("select tablename from pg_tables where schemaname = 'public'").map {
                    try $0.text("tablename")
                }
                #expect(tables.contains("tokens") && tables.contains("sessions") && tables.contains("audit"))
                return try tables.filter { table in
                    try secrets.contains { secret in
                        let query = "select count(*) as found from \(Session.quoted(table)) t where strpos(t::text, $1) > 0"
                        return try session.query(query, [.text(secret)]).first?.int("found") != 0
                    }
                }
            }
            #expect(found.isEmpty)
        }
    }
}
