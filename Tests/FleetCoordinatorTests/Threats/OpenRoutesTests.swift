// SPDX-License-Identifier: Apache-2.0
import HTTPTypes
import Manifests
import Testing

@testable import FleetCoordinator

/// What answers somebody who has nothing to show, on both listeners. The lists here are the whole of it: a route that opens has to be added.
@Suite("What is open to everybody") struct OpenRoutesTests {
    private static let people: Set = [
        "GET /healthz", "GET /readyz", "GET /metrics", "GET /assets/{asset}", "GET /sign-in", "POST /sign-in", "POST /api/v1/session",
        "POST /webhooks/git",
        // Signing in with an identity provider, where one is configured.
        "GET /sign-in/{provider}", "GET /sign-in/{provider}/callback", "GET /api/v1/session/providers", "POST /api/v1/session/devices",
        "POST /api/v1/session/devices/poll",
    ]
    private static let agents: Set = ["GET /healthz", "POST /agent/v1/enroll"]

    /// What somebody may send who has no credential, and what proxies and frameworks elsewhere take for one.
    private static let pretences: [[(name: String, value: String)]] = [
        [], [(name: "Authorization", value: "Bearer ")], [(name: "Authorization", value: "Bearer null")],
        [(name: "Authorization", value: "Basic YWRtaW5pc3RyYXRvcjo=")], [(name: "Authorization", value: "Bearer administrator")],
        [(name: "Cookie", value: "flotilla_session=; flotilla-session=administrator; session=1")],
        [
            (name: "X-Forwarded-For", value: "127.0.0.1"), (name: "X-Real-IP", value: "127.0.0.1"),
            (name: "X-Forwarded-User", value: "administrator"), (name: "X-Remote-User", value: "administrator"),
            (name: "X-Original-URL", value: "/healthz"), (name: "X-HTTP-Method-Override", value: "GET"),
            (name: "X-Client-Certificate", value: "s1"), (name: "X-SSL-Client-Verify", value: "SUCCESS"),
        ],
    ]

    private static func path(_ route: Route) -> String {
        let names = ["pipeline": "shop", "environment": "production", "cluster": "s1", "application": "web", "asset": "flotilla.css"]
        return "/"
            + route.path.split(separator: "/").map { part in
                part.hasPrefix("{") ? names[String(part.dropFirst().dropLast())] ?? "none" : String(part)
            }.joined(separator: "/")
    }

    @Test("the people's listener answers nothing else to who has no credential, whatever they pretend")
    func people() async throws {
        try await ServedFleet.with { served async throws in
            var refused = 0
            for route in served.table.routes {
                let name = "\(route.method.rawValue) \(route.path)"
                guard !Self.people.contains(name) else { continue }
                for pretence in Self.pretences {
                    let status = try await served.status(route.method.rawValue, Self.path(route), headers: pretence)
                    // A page sends a browser to the sign-in page.
                    #expect(status == 401 || route.access.isPage && status == 303, "\(name) with \(pretence): \(status)")
                    refused += 1
                }
            }
            #expect(refused > 300)
            // Nor by a credential in the address, which logs would keep.
            for name in ["token", "access_token", "session", "key"] {
                #expect(try await served.send("GET", "/api/v1/status?\(name)=\(served.token)").status == 401)
            }
            for path in [
                "/debug", "/admin", "/internal", "/actuator", "/.git/config", "/api", "/api/v2/status", "//api/v1/status", "/server-status",
            ] {
                #expect([401, 404].contains(try await served.send("GET", path).status), "\(path)")
            }
            // The measure itself: who has a credential is answered.
            #expect(try await served.get("/api/v1/status").status == 200)
        }
    }

    @Test("what is open changes nothing and tells nothing of the fleet")
    func whatIsOpenTellsNothing() async throws {
        try await ServedFleet.with { served async throws in
            let before = try await served.get("/api/v1/stages/shop/production").text
            for route in served.table.routes where Self.people.contains("\(route.method.rawValue) \(route.path)") {
                guard route.path != "/metrics" else { continue }
                let answer = try await served.send(
                    route.method.rawValue, Self.path(route), headers: [(name: "Content-Type", value: "application/json")],
                    body: route.method == .get ? [] : Array("{}".utf8))
                for word in ["shop", "production", "registry.example", served.fleet.remote, served.token] {
                    #expect(!answer.text.contains(word), "\(route.path) tells \(word)")
                }
            }
            #expect(try await served.get("/api/v1/stages/shop/production").text == before && before.contains("production"))
        }
    }

    @Test("the agents' listener answers nothing else without a certificate, whatever is pretended")
    func agents() async throws {
        try await ServedFleet.with(settled: false) { served async throws in
            let nobody = ServedAgent(served)
            let token = [(name: "Authorization", value: "Bearer \(served.token)")]
            var refused = 0
            for route in served.web.listener.routes(served.fleet.agents, served.web.counters).routes {
                let name = "\(route.method.rawValue) \(route.path)"
                guard !Self.agents.contains(name) else { continue }
                for pretence in Self.pretences + [token] {
                    let answer = try await nobody.send(
                        route.method.rawValue, Self.path(route), headers: ServedAgent.headers + pretence, body: Array("{}".utf8))
                    #expect(answer.status == 401, "\(name) with \(pretence): \(answer.status)")
                    refused += 1
                }
            }
            #expect(refused >= 4 * Self.pretences.count)
            // Nothing of the people's API is here.
            for route in served.table.routes where !route.path.hasPrefix("/agent/") && route.path != "/healthz" && route.method == .get {
                #expect(try await nobody.send("GET", Self.path(route), headers: token).status == 404, "\(route.path)")
            }
        }
    }
}
