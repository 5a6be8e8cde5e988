// SPDX-License-Identifier: Apache-2.0
import FleetModel
import HTTPTypes
import Manifests
import PostgresClient
import Promotion
import Testing

@testable import FleetCoordinator

/// A fleet of teams that must not see each other, with names that are found wherever they leak.
///
/// `walrus` and `otter` share the environment `arctic` with its cluster `igloo`; `zebra` is alone in `savanna`, on `kraal`. Each has one
/// application, named after it, and needs an approval.
enum TwoTeams {
    static let clusters = ["igloo", "kraal"]
    static let walrus = ["pipeline": "walrus", "environment": "arctic", "cluster": "igloo", "application": "walrus-web"]
    static let zebra = ["pipeline": "zebra", "environment": "savanna", "cluster": "kraal", "application": "zebra-web"]
    static let absent = ["pipeline": "nemo", "environment": "nowhere", "cluster": "nolan", "application": "nix-web"]
    /// What nobody may find in an answer to somebody of the walrus who sees the arctic.
    static let zebrasWords = ["zebra", "savanna", "kraal"]

    /// What a policy's role is limited to.
    enum Limit: String, CaseIterable { case all, environment, pipeline }

    static func group(_ role: AccessPolicy.Role, _ limit: Limit) -> String { "\(role.rawValue)s-of-\(limit.rawValue)" }

    static func member(_ role: AccessPolicy.Role, _ limit: Limit) -> Principal {
        Principal(name: "mary", displayName: "Mary", groups: [group(role, limit)], means: .token("t1"))
    }

    static let nobody = Principal(name: "nobody", displayName: "Nobody", groups: ["others"], means: .token("t2"))

    static func policy(_ name: String, _ subjects: String, _ role: AccessPolicy.Role, _ scope: String = "") -> String {
        """
        apiVersion: flotilla.dev/v1alpha1
        kind: AccessPolicy
        metadata: {name: \(name)}
        spec:
          subjects: [\(subjects)]
          role: \(role.rawValue)
        \(scope.isEmpty ? "" : "  scope: \(scope)\n")
        """
    }

    static func files() -> [String: String] {
        var files: [String: String] = [:]
        for (pipeline, environment) in [("walrus", "arctic"), ("otter", "arctic"), ("zebra", "savanna")] {
            files["fleet/pipelines/\(pipeline).yaml"] = """
                apiVersion: flotilla.dev/v1alpha1
                kind: Pipeline
                metadata: {name: \(pipeline)}
                spec:
                  source: {branch: main}
                  applications: {names: [\(pipeline)-web]}
                  stages:
                  - environment: \(environment)
                    promotion: {approvals: {required: 1}}
                """
            files["fleet/applications/\(pipeline)-web/application.yaml"] = """
                apiVersion: flotilla.dev/v1alpha1
                kind: Application
                metadata: {name: \(pipeline)-web}
                spec:
                  source: {path: "environments/${environment.name}/\(pipeline)"}
                  namespace: \(pipeline)
                """
            files["environments/\(environment)/\(pipeline)/web.yaml"] = JourneyTests.deployment("registry.example/\(pipeline):1")
        }
        for (environment, cluster) in [("arctic", "igloo"), ("savanna", "kraal")] {
            files["environments/\(environment)/environment.yaml"] = """
                apiVersion: flotilla.dev/v1alpha1
                kind: Environment
                metadata: {name: \(environment)}
                spec: {clusterSelector: {matchLabels: {where: \(environment)}}}
                """
            files["fleet/clusters/\(cluster).yaml"] = """
                apiVersion: flotilla.dev/v1alpha1
                kind: Cluster
                metadata: {name: \(cluster), labels: {where: \(environment)}}
                """
        }
        for role in AccessPolicy.Role.allCases {
            for limit in Limit.allCases {
                let scope =
                    switch limit {
                    case .all: ""
                    case .environment: "{environments: [arctic]}"
                    case .pipeline: "{pipelines: [walrus]}"
                    }
                let name = group(role, limit)
                files["fleet/access/\(name).yaml"] = policy(name, "{group: \(name)}", role, scope)
            }
        }
        return files
    }

    /// Serves it with everything approved and running.
    static func with(running: Bool = true, _ body: @escaping @Sendable (ServedFleet) async throws -> Void) async throws {
        try await ServedFleet.with(files: files(), clusters: clusters) { served async throws in
            if running {
                for stage in try await served.fleet.store.database.read({ try StageRows.all($0) }) {
                    let id = stage.stage.id
                    let author = Author(name: "ada")
                    try await StageActions(engine: served.fleet.engine).approve(id, release: nil, rendered: nil, reason: "", by: author)
                }
                try await served.fleet.settle(clusters: clusters, rounds: 10)
            }
            try await body(served)
        }
    }
}

extension ServedFleet {
    /// What a route answers somebody, found by the same decisions as over HTTP.
    func reply(
        _ route: Route, _ path: [String: String], as principal: Principal, query: [String: String] = [:], body: [UInt8] = []
    ) async throws -> Reply {
        let responder = RouteResponder(route: route, gate: web.gate(listensOnLoopback: true), permits: permits)
        let names = Set(route.parameters)
        let call = Call(
            path: path.filter { names.contains($0.key) }, query: Query(query), headers: [:], body: [], caller: .person(principal))
        return try await responder.reply(to: call) { body }
    }

    var permits: Permits { Permits(store: fleet.store, time: fleet.time.wall, listensOnLoopback: true) }
    var table: RouteTable { web.routes(listensOnLoopback: true, usesTLS: false) }

    func route(_ method: String, _ path: String) throws -> Route {
        try #require(table.routes.first { $0.method.rawValue == method && $0.path == path })
    }
}
