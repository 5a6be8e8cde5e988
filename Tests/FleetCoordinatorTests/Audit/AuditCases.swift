// SPDX-License-Identifier: Apache-2.0
import Manifests
import PostgresClient
import Testing

@testable import FleetCoordinator

extension AuditCoverageTests {
    /// A route with what it needs to work: another one that changes something has to be added here, or to `exempt`.
    struct Case: Sendable, CustomTestStringConvertible {
        enum Caller: Sendable { case administrator, anna, nobody }

        var route: String
        var action: String
        var body: Value = [:]
        /// `{pipeline}` and others are filled from here, then from `names`.
        var environment = "production"
        var prepare: @Sendable (ServedFleet) async throws -> Void = { _ in }
        /// Makes the body where it depends on what was prepared.
        var makeBody: (@Sendable (ServedFleet) async throws -> Value)?

        /// `anna` has an account, and a session in a browser.
        var caller = Caller.administrator
        /// Further names for the path, made after what prepares.
        var parameters: @Sendable (ServedFleet) async throws -> [String: String] = { _ in [:] }
        /// Needs no fleet that rolls anything out.
        var isBare = false
        /// The name that the entry has to have.
        var actor: String { caller == .administrator ? "administrator" : "anna" }

        var testDescription: String { route }
    }

    static let names = ["pipeline": "shop", "cluster": "s1", "application": "web"]
    private static let stage = "/api/v1/stages/{pipeline}/{environment}"
    private static let forms = "/actions/stages/{pipeline}/{environment}"
    private static let instance = "/actions/clusters/{cluster}/applications/{application}"
    private static let drift = "/api/v1/clusters/{cluster}/applications/{application}/drift-pause"
    private static let agents = "/api/v1/environments/{environment}/agent-upgrade"
    private static let image: Value = ["image": "registry.example/agent:0.1.0", "timeoutSeconds": 10, "reason": "why"]

    @Sendable private static func pause(_ served: ServedFleet) async throws {
        _ = try await served.post("/api/v1/stages/shop/production/pause", ["reason": "lunch"])
    }

    /// A second release in staging, so that there is a first one to go back to.
    @Sendable private static func second(_ served: ServedFleet) async throws {
        try await served.fleet.push(
            ["environments/staging/web/web.yaml": JourneyTests.deployment("registry.example/web:2")], message: "Second\n")
        try await served.fleet.settle(clusters: ["s1"], rounds: 15)
    }

    @Sendable private static func first(_ served: ServedFleet) async throws -> Value {
        let history = try await served.get("/api/v1/stages/shop/staging/history").json
        return .map(["reason": "worse", "to": history["items"]?.list?.last?["release"] ?? .null])
    }

    @Sendable private static func pauseHealing(_ served: ServedFleet) async throws {
        _ = try await served.send(
            "PUT", "/api/v1/clusters/s1/applications/web/drift-pause", token: served.token,
            headers: [(name: "Content-Type", value: "application/json")], body: JSON.write(["seconds": 600, "reason": "night"]))
    }

    @Sendable private static func upgrade(_ served: ServedFleet) async throws {
        _ = try await served.post("/api/v1/environments/production/agent-upgrade", image)
    }

    @Sendable private static func stopUpgrade(_ served: ServedFleet) async throws {
        try await upgrade(served)
        served.fleet.time.advance(by: .seconds(60))
        _ = try await served.fleet.agents.upgrades.tick()
    }

    /// What is done to stages, clusters and the trail itself.
    static let fleetCases: [Case] = [
        Case(route: "POST \(stage)/approve", action: "stage.approve", body: ["reason": "why"]),
        Case(route: "POST \(stage)/reject", action: "stage.reject", body: ["reason": "why"]),
        Case(route: "POST \(stage)/pause", action: "stage.pause", body: ["reason": "why"]),
        Case(route: "POST \(stage)/resume", action: "stage.resume", body: ["reason": "why"], prepare: pause),
        Case(
            route: "POST \(stage)/promote", action: "stage.override", body: ["release": "latest", "override": true, "reason": "why"],
            prepare: { _ = try await $0.post("/api/v1/stages/shop/production/reject", ["reason": "no"]) }),
        Case(route: "POST \(stage)/rollback", action: "stage.rollback", environment: "staging", prepare: second, makeBody: first),
        Case(
            route: "POST /api/v1/clusters/{cluster}/commands", action: "cluster.command",
            body: ["kind": "syncNow", "parameters": ["application": "web"], "reason": "why"]),
        Case(route: "PUT \(drift)", action: "drift.pause", body: ["seconds": 600, "reason": "why"]),
        Case(route: "DELETE \(drift)", action: "drift.resume", prepare: pauseHealing),
        Case(route: "POST \(agents)", action: "agents.upgrade", body: image),
        Case(route: "POST \(agents)/resume", action: "agents.resume", prepare: stopUpgrade),
        Case(route: "POST \(agents)/abort", action: "agents.abort", prepare: upgrade),
        Case(
            route: "POST /api/v1/audit/prune", action: "audit.prune",
            makeBody: { served in
                let export = try await served.get("/api/v1/audit/export?through=1").body
                return ["through": 1, "export": .string("\(Digest.sha256(export))")]
            }),
        Case(route: "POST \(forms)/approve", action: "stage.approve"),
        Case(route: "POST \(forms)/reject", action: "stage.reject", body: ["reason": "why"]),
        Case(route: "POST \(forms)/pause", action: "stage.pause", body: ["reason": "why"]),
        Case(route: "POST \(forms)/resume", action: "stage.resume", prepare: pause),
        Case(route: "POST \(forms)/rollback", action: "stage.rollback", environment: "staging", prepare: second, makeBody: first),
        Case(route: "POST \(instance)/sync", action: "cluster.command"),
        Case(route: "POST \(instance)/dry-run", action: "cluster.command"),
        Case(route: "POST \(instance)/pause-healing", action: "drift.pause", body: ["seconds": "600", "reason": "why"]),
        Case(route: "POST \(instance)/resume-healing", action: "drift.resume", prepare: pauseHealing),
    ]
}
