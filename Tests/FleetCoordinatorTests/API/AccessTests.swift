// SPDX-License-Identifier: Apache-2.0
import HTTPTypes
import Manifests
import PostgresClient
import Testing

@testable import FleetCoordinator

@Suite("Who may call what") struct AccessTests {
    /// The route's path with its parameters filled in.
    private static func path(_ route: Route) -> String {
        "/"
            + route.path.split(separator: "/").map { part in
                switch part {
                case "{pipeline}": "shop"
                case "{environment}": "production"
                case "{cluster}": "s1"
                case "{application}": "web"
                case "{asset}": "flotilla.css"
                case "{command}": "1.1"
                case "{account}": "anna"
                case "{session}", "{token}", "{provider}": "none"
                case "{authority}": "00000000"
                default: String(part)
                }
            }.joined(separator: "/")
    }

    @Test func everyRouteAsksForWhatItDeclares() async throws {
        try await ServedFleet.with { served async throws in
            let table = served.web.routes(listensOnLoopback: true, usesTLS: false)
            #expect(table.routes.count > 40)
            #expect(Set(table.routes.map { "\($0.method) \($0.path)" }).count == table.routes.count)
            for route in table.routes {
                func status(_ token: String?) async throws -> Int {
                    let headers = token.map { [(name: "Authorization", value: "Bearer \($0)")] } ?? []
                    return try await served.status(route.method.rawValue, Self.path(route), headers: headers)
                }
                let nobody = try await status(nil)
                let asAdministrator = try await status(served.token)
                let asForger = try await status(served.token.dropLast() + (served.token.hasSuffix("0") ? "1" : "0"))
                let comment = Comment(rawValue: "\(route.method) \(route.path)")
                switch route.access {
                case .open, .monitoring:
                    #expect(nobody != 401, comment)
                case .agent, .enrolment: Issue.record("\(route.path) is for agents: they have a listener of their own")
                case .signedIn, .needs:
                    #expect(nobody == 401, comment)
                    #expect(asForger == 401, comment)
                    #expect(asAdministrator != 401 && asAdministrator != 500, comment)
                case .page:
                    #expect(nobody == 303, comment)
                    #expect(asAdministrator != 500 && asAdministrator != 401, comment)
                }
            }
        }
    }

    @Test func metricsAreClosedBeyondLoopback() async throws {
        try await ServedFleet.with(host: "0.0.0.0", settled: false) { served async throws in
            #expect(try await served.send("GET", "/metrics").status == 401)
            #expect(try await served.get("/metrics").status == 200)
            #expect(try await served.send("GET", "/healthz").status == 200)
        }
    }

    @Test func answersCarryHeadersThatProtectBrowsers() async throws {
        try await ServedFleet.with(settled: false) { served async throws in
            for path in ["/sign-in", "/api/v1/status", "/nowhere", "/assets/flotilla.js"] {
                let answer = try await served.get(path)
                #expect(answer.headers["Content-Security-Policy"]?.contains("default-src 'none'") == true)
                #expect(answer.headers["X-Content-Type-Options"] == "nosniff")
                #expect(answer.headers["X-Frame-Options"] == "DENY")
            }
        }
    }
}

extension ServedFleet {
    /// Declares clusters, all in staging.
    func declare(_ names: [String], epoch: Int64 = 0) async throws {
        try await fleet.store.database.transaction { session in
            _ = try ClusterRows.declare(
                session,
                names.map {
                    ClusterRows.Declared(
                        name: $0, environment: "staging", labels: ["tier": "staging"], paused: false, credentialEpoch: epoch)
                })
        }
    }
}
