// SPDX-License-Identifier: Apache-2.0
import Manifests
import PostgresClient
import Testing

@testable import FleetCoordinator

extension AuditCoverageTests {
    private static let cluster = "/api/v1/clusters/{cluster}"
    private static let why: Value = ["reason": "why"]

    @Sendable private static func edge(_ served: ServedFleet) async throws -> [String: String] { ["cluster": "edge"] }

    @Sendable private static func declare(_ served: ServedFleet) async throws { try await served.declare(["edge"]) }

    /// A cluster that was declared, and is not any more.
    @Sendable private static func leave(_ served: ServedFleet) async throws {
        try await served.declare(["edge", "other"])
        try await served.declare(["other"])
    }

    /// An agent that waits for somebody to approve its key.
    @Sendable private static func wait(_ served: ServedFleet) async throws {
        try await declare(served)
        _ = try await ServedAgent(served).enroll(try await served.token("edge", ["requireApproval": true]))
    }

    @Sendable private static func rotate(_ served: ServedFleet) async throws { _ = try await served.post("/api/v1/authorities/rotate") }

    @Sendable private static func oldest(_ served: ServedFleet) async throws -> [String: String] {
        let authorities = try await served.get("/api/v1/authorities").json["items"]?.list
        return ["authority": try #require(authorities?.first?["fingerprint"]?.string)]
    }

    /// What is done to agents' credentials.
    static let enrolmentCases: [Case] = [
        Case(route: "POST \(cluster)/enrollments", action: "cluster.enroll", body: why, prepare: declare, parameters: edge),
        Case(route: "POST \(cluster)/enrollments/approve", action: "cluster.approve", body: why, prepare: wait, parameters: edge),
        Case(route: "POST \(cluster)/revoke", action: "cluster.revoke", body: why, prepare: declare, parameters: edge),
        Case(route: "POST \(cluster)/release", action: "cluster.release", body: why, prepare: leave, parameters: edge),
        Case(route: "POST \(cluster)/remove", action: "cluster.remove", body: why, prepare: leave, parameters: edge),
        Case(route: "POST /api/v1/authorities/rotate", action: "authority.rotate", body: why),
        Case(
            route: "POST /api/v1/authorities/{authority}/retire", action: "authority.retire", body: ["reason": "why", "force": true],
            prepare: rotate, parameters: oldest),
    ].map { one in
        var bare = one
        bare.isBare = true
        return bare
    }
}
