// SPDX-License-Identifier: Apache-2.0
import FleetModel
import Manifests
import PostgresClient
import Testing

@testable import FleetCoordinator

@Suite("API tokens") struct TokenTests {
    private static func request(_ name: String, _ seconds: Int64, _ more: Map = [:]) -> Value {
        var map: Map = ["name": .string(name), "expiresSeconds": .int(seconds)]
        for entry in more.entries { map[entry.key] = entry.value }
        return .map(map)
    }

    @Test func areShownOnceAndEnd() async throws {
        try await ServedFleet.with(settled: false) { served async throws in
            try await served.create("anna")
            let browser = try await served.browser("anna")
            let made = try await browser.send("POST", "/api/v1/tokens", Self.request("ci", 3_600))
            let token = try #require(made.json["token"]?.string)
            #expect(TokenText.isOne(token))
            let who = try await served.send("GET", "/api/v1/whoami", token: token)
            #expect(who.json["account"] == "anna" && who.json["groups"]?.list == ["web"])
            #expect(who.json["means"]?.string == "token \(made.json["id"]?.string ?? "")")
            let list = try await browser.send("GET", "/api/v1/tokens")
            #expect(!list.text.contains(token) && list.json["items"]?.list?.first?["lastUsedAt"]?.isNull == false)
            #expect(try await browser.send("POST", "/api/v1/tokens", Self.request("ci", 3_600)).status == 409)
            for seconds in [0, 59, 366 * 86_400] as [Int64] {
                #expect(try await browser.send("POST", "/api/v1/tokens", Self.request("other", seconds)).status == 422)
            }
            #expect(try await browser.send("POST", "/api/v1/tokens", .map(["name": "other"])).status == 422)
            served.fleet.time.advance(by: .seconds(3_600))
            #expect(try await served.send("GET", "/api/v1/whoami", token: token).status == 401)
            // Its name is free again.
            #expect(try await served.browser("anna").send("POST", "/api/v1/tokens", Self.request("ci", 3_600)).status == 200)
            #expect(try await served.audited("token.create").first?.text.contains(token) == false)
        }
    }

    @Test func areRevokedAtOnce() async throws {
        try await ServedFleet.with(settled: false) { served async throws in
            try await served.create("anna")
            try await served.create("bert")
            let (anna, bert) = (try await served.browser("anna"), try await served.browser("bert"))
            var tokens: [(id: String, text: String)] = []
            for name in ["a", "b", "c", "d"] {
                let made = try await anna.send("POST", "/api/v1/tokens", Self.request(name, 3_600)).json
                tokens.append((try #require(made["id"]?.string), try #require(made["token"]?.string)))
            }
            func works(_ index: Int) async throws -> Bool {
                try await served.send("GET", "/api/v1/whoami", token: tokens[index].text).status == 200
            }
            for index in tokens.indices { #expect(try await works(index)) }
            #expect(try await bert.send("DELETE", "/api/v1/tokens/\(tokens[0].id)").status == 404)
            #expect(try await anna.send("DELETE", "/api/v1/tokens/a").status == 200)
            #expect(try await !works(0))
            #expect(try await anna.send("DELETE", "/api/v1/tokens/\(tokens[1].id)").status == 200)
            #expect(try await !works(1))
            // Signing out revokes the token that does it, and no other.
            #expect(try await served.send("DELETE", "/api/v1/session", token: tokens[2].text).status == 200)
            #expect(try await !works(2))
            #expect(try await works(3))
            #expect(try await served.post("/api/v1/accounts/anna/disable").status == 200)
            #expect(try await !works(3))
            #expect(try await served.post("/api/v1/accounts/anna/enable").status == 200)
            #expect(try await works(3))
            #expect(try await served.send("DELETE", "/api/v1/accounts/anna/tokens/d", token: served.token).status == 200)
            #expect(try await !works(3))
            #expect(try await served.audited("token.revoke").count == 4)
        }
    }

    @Test("a token may less than its account, and one that it makes no more than itself")
    func narrow() async throws {
        try await ServedFleet.with(settled: false) { served async throws in
            let (tokens, time) = (served.identities.tokens, served.fleet.time)
            let anna = Principal(name: "anna", displayName: "Anna", means: .session("s"))
            let author = Author(name: "anna")
            try await served.create("anna")
            let narrow = try await tokens.make(
                TokenRequest(name: "narrow", lifetime: .seconds(7_200), role: .operator, pipelines: ["shop"]), for: anna, by: author)
            let principal = try #require(try await served.identities.reader.principal(bearer: narrow.text, from: nil))
            #expect(principal.permissions == [.read, .operate])
            #expect(principal.narrowing == Principal.Narrowing(pipelines: ["shop"], environments: nil))
            #expect(principal.expiresAt == time.now + .seconds(7_200))
            func refused(_ request: TokenRequest) async -> Bool {
                do {
                    _ = try await tokens.make(request, for: principal, by: author)
                    return false
                } catch { return error is APIFailure }
            }
            #expect(await refused(TokenRequest(name: "x", lifetime: .seconds(60), role: .approver)))
            #expect(await refused(TokenRequest(name: "x", lifetime: .seconds(60), role: .administrator)))
            #expect(await refused(TokenRequest(name: "x", lifetime: .seconds(60), pipelines: ["shop", "other"])))
            #expect(await refused(TokenRequest(name: "x", lifetime: .seconds(7_201))))
            let inherited = try await tokens.make(TokenRequest(name: "y", lifetime: .seconds(60)), for: principal, by: author)
            #expect(inherited.token.role == .operator && inherited.token.narrowing == principal.narrowing)
            let less = try await tokens.make(
                TokenRequest(name: "z", lifetime: .seconds(60), role: .viewer, environments: ["staging"]), for: principal, by: author)
            #expect(less.token.narrowing == Principal.Narrowing(pipelines: ["shop"], environments: ["staging"]))
            // The administrator of the data folder has none.
            await #expect(throws: APIFailure.self) {
                try await tokens.make(TokenRequest(name: "x", lifetime: .seconds(60)), for: .administrator, by: author)
            }
            // What a policy gives is cut to the token's places.
            let rule = AccessRule(
                name: "p", users: ["anna"], groups: [], role: .administrator, scope: Reach.Scope(pipelines: nil, environments: nil),
                place: "")
            let grants = Grants([rule], for: principal)
            #expect(grants.reach(.operate).covers("shop", "staging") && !grants.reach(.operate).covers("other", "staging"))
            #expect(!grants.reach(.read).isUnlimited && grants.reach(.administer).isNowhere)
        }
    }

    @Test func credentialsAreFoundByIndex() async throws {
        let store = try await Store.open(try await TestDatabase.shared.make(connections: 1), now: Timestamp(seconds: 0))
        try await store.database.read { session in
            try session.script(
                """
                insert into sessions select 's' || i, 'd' || i, 'local', 'a' || i % 1000, 'password', '', i, i, 1000000000 + i, null, ''
                  from generate_series(1, 20000) i;
                insert into tokens select 't' || i, 'd' || i, 'local', 'a' || i % 1000, 'n' || i, null, null, null, i, 1000000000 + i, i, null
                  from generate_series(1, 20000) i;
                insert into sign_in_failures select 'account:' || i, 1, 1000000000 + i, 0 from generate_series(1, 20000) i;
                analyze;
                """)
            func walked() throws -> Int64 {
                _ = try session.query("select pg_stat_force_next_flush()")
                _ = try session.query("select pg_stat_clear_snapshot()")
                return try session.query(
                    "select coalesce(sum(seq_tup_read), 0)::bigint as walked from pg_stat_user_tables where relname = any($1)",
                    [.textArray(["sessions", "tokens", "sign_in_failures"])]
                ).first?.int64("walked") ?? 0
            }
            let before = try walked()
            let now = Timestamp(milliseconds: 100_000)
            _ = try SessionRows.use(session, digest: Digest.sha256("x"), at: now)
            _ = try TokenRows.use(session, digest: Digest.sha256("x"), from: nil, at: now)
            #expect(try SessionRows.of(session, account: "a7", origin: .local, at: now).count == 20)
            #expect(try TokenRows.of(session, account: "a7", origin: nil).count == 20)
            #expect(try SessionRows.end(session, id: "s7", account: "a7", origin: .local) != nil)
            #expect(try TokenRows.revoke(session, named: "n7", account: "a7", origin: .local) != nil)
            _ = try SignInFailureRows.begin(session, [SignInFailureRows.Subject(name: "account:x", delay: .account)], at: now)
            #expect(try walked() == before)
        }
    }
}
