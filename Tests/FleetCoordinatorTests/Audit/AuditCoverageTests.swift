// SPDX-License-Identifier: Apache-2.0
import HTTPTypes
import Manifests
import PostgresClient
import Testing

@testable import FleetCoordinator

/// Every route that changes something makes exactly one entry, and no route that only reads makes any.
@Suite("Every change is audited") struct AuditCoverageTests {
    /// Routes with another method than GET that change nothing which anybody decides, and why.
    static let exempt: [String: String] = [
        "POST /webhooks/git": "asks for a fetch that happens anyway",
        "POST /api/v1/session/devices": "a sign-in with an identity provider that has only begun",
        "POST /api/v1/session/devices/poll": "asks a provider; the tests of devices see to its entries",
    ]

    static let cases = fleetCases + identityCases + enrolmentCases

    private static func path(_ route: String, _ environment: String, _ more: [String: String] = [:]) -> String {
        var path = String(route.drop { $0 != " " }.dropFirst()).replacing("{environment}", with: environment)
        for (name, value) in more.merging(names, uniquingKeysWith: { one, _ in one }) {
            path = path.replacing("{\(name)}", with: URLText.encode(value))
        }
        return path
    }

    /// The trail after an entry, but for the administrator's token's being used at all.
    private static func trail(_ served: ServedFleet, after mark: Int64) async throws -> [AuditLink] {
        try await served.fleet.store.auditTrail(after: mark).filter { $0.action != "administrator-token.use" }
    }

    @Test("makes one entry, with who, why, and what changed", arguments: cases)
    func audits(_ one: Case) async throws {
        try await ServedFleet.with(settled: !one.isBare) { served async throws in
            if one.isBare { try await served.create("anna") }
            let browser = one.caller == .anna ? try await served.browser("anna") : nil
            try await one.prepare(served)
            let body = try await one.makeBody?(served) ?? one.body
            let path = Self.path(one.route, one.environment, try await one.parameters(served))
            let mark = try await served.fleet.store.auditTrail().last?.sequence ?? 0
            let answer = try await Self.call(one, path, body, browser, served)
            #expect((200..<400).contains(answer.status), "\(answer.status) \(answer.text)")
            let made = try await Self.trail(served, after: mark)
            #expect(made.map(\.action) == [one.action])
            let entry = try #require(made.first)
            #expect(entry.actor == one.actor && entry.address == "127.0.0.1" && entry.means != "coordinator")
            #expect(entry.outcome == "done")
            if let reason = body["reason"]?.string { #expect(entry.reason == reason) }
            if !["session.sign-out"].contains(one.action) { #expect(entry.before != nil || entry.after != nil) }
            if one.action.hasPrefix("stage.") {
                #expect(entry.before != nil && entry.after != nil && entry.before != entry.after && entry.commit?.count ?? 40 == 40)
                #expect(entry.target == "shop/\(one.environment)")
            }
            for secret in [ServedFleet.password, served.token, browser?.cookie].compactMap(\.self) {
                #expect(entry.before?.contains(secret) != true && entry.after?.contains(secret) != true)
            }
            // What did not work has changed nothing, and leaves the trail as it is.
            let end = made.last?.sequence ?? 0
            _ = try await served.post("/api/v1/stages/shop/nowhere/pause", ["reason": "x"])
            #expect(try await Self.trail(served, after: end).isEmpty)
            #expect(try await served.get("/api/v1/audit/verification").json["intact"] == true)
        }
    }

    private static func call(
        _ one: Case, _ path: String, _ body: Value, _ browser: ServedFleet.Browser?, _ served: ServedFleet
    ) async throws -> ServedFleet.Answer {
        let isForm = !one.route.contains(" /api/")
        let fields = (body.map?.entries ?? []).map { "\($0.key)=\(URLText.encode($0.value.string ?? "\($0.value)"))" }
        var headers = [(name: "Content-Type", value: isForm ? "application/x-www-form-urlencoded" : "application/json")]
        if let browser { headers += [(name: "Cookie", value: browser.cookie), (name: "X-Flotilla-CSRF", value: browser.csrf)] }
        return try await served.send(
            String(one.route.prefix { $0 != " " }), path, token: one.caller == .administrator ? served.token : nil, headers: headers,
            body: isForm ? Array(fields.joined(separator: "&").utf8) : JSON.write(body))
    }

    /// What agents say of themselves is told of where it is taken in.
    private static func isForAgents(_ route: Route) -> Bool { route.access == .agent || route.access == .enrolment }

    @Test("no route is forgotten, and reading leaves no entry")
    func everyRoute() async throws {
        try await ServedFleet.with { served async throws in
            let routes = served.web.routes(listensOnLoopback: true, usesTLS: false).routes
            let changing = routes.filter { $0.method != .get && !Self.isForAgents($0) }.map { "\($0.method.rawValue) \($0.path)" }
            #expect(Set(changing) == Set(Self.cases.map(\.route)).union(Self.exempt.keys))
            let mark = try await served.fleet.store.auditTrail().last?.sequence ?? 0
            for route in routes where route.method == .get && !Self.isForAgents(route) {
                _ = try await served.status(
                    "GET", Self.path("GET \(route.path)", "production"), headers: [(name: "Authorization", value: "Bearer \(served.token)")]
                )
            }
            #expect(try await Self.trail(served, after: mark).isEmpty)
        }
    }

    @Test("a job's manifest stays out of the trail")
    func noSecrets() async throws {
        try await ServedFleet.with { served async throws in
            let job: Value = [
                "apiVersion": "batch/v1", "kind": "Job", "metadata": ["name": "migrate"],
                "spec": ["template": ["spec": ["containers": [["name": "a", "env": [["name": "P", "value": "swordfish-4711"]]]]]]],
            ]
            let answer = try await served.post(
                "/api/v1/clusters/s1/commands", ["kind": "runJob", "parameters": ["namespace": "shop", "manifest": job]])
            #expect(answer.status == 201, "\(answer.text)")
            let entry = try #require(try await served.fleet.store.auditTrail().last)
            #expect(entry.action == "cluster.command" && entry.after?.contains("run job migrate in shop") == true)
            #expect(try await !served.get("/api/v1/audit").text.contains("swordfish"))
        }
    }

    @Test("calls that were refused to somebody who is known are told of once a minute for each route")
    func denials() async throws {
        try await ServedFleet.with(settled: false) { served async throws in
            try await served.create("anna")
            let browser = try await served.browser("anna")
            for _ in 0..<5 { #expect(try await browser.send("GET", "/api/v1/audit").status == 403) }
            for _ in 0..<5 { #expect(try await browser.send("GET", "/api/v1/audit/export").status == 403) }
            let told = try await served.get("/api/v1/audit?action=access.denied").json["items"]?.list ?? []
            #expect(told.map { $0["actor"] } == ["anna", "anna"] && told.allSatisfy { $0["outcome"] == "denied" })
            #expect(told.last?["reason"]?.string?.contains("GET /api/v1/audit needs") == true)
            served.fleet.time.advance(by: .seconds(61))
            #expect(try await browser.send("GET", "/api/v1/audit").status == 403)
            #expect(try await served.get("/api/v1/audit?action=access.denied").json["items"]?.list?.count == 3)
        }
    }
}
