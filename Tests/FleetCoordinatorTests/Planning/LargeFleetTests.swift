// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import GitRepository
import Manifests
import PostgresClient
import Promotion
import Synchronization
import Testing

@testable import FleetCoordinator

/// In a fleet of some hundred applications a commit costs what it changed: renders, rows of plans, desired rows.
@Suite("A commit to a large fleet", .serialized) struct LargeFleetTests {
    static let applications = 300
    /// The first so many take a ConfigMap from one base.
    static let sharing = 100
    static let clusters = ["c1", "c2"]

    static func name(_ index: Int) -> String { "app-\(index)" }
    static func file(_ index: Int) -> String { "fleet/applications/\(name(index))/deploy/configmap.yaml" }
    static func configMap(_ name: String, _ value: Int) -> String {
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: \(name)}\ndata: {value: \"\(value)\"}\n"
    }

    static func application(_ index: Int, force: Bool = false) -> String {
        """
        apiVersion: flotilla.dev/v1alpha1
        kind: Application
        metadata: {name: \(name(index)), labels: {part-of: shop}}
        spec:
          source: {path: fleet/applications/\(name(index))/deploy}
          namespace: shop
          sync: {force: \(force)}
        """
    }

    static var files: [String: String] {
        var files = [
            "fleet/pipelines/shop.yaml": """
            apiVersion: flotilla.dev/v1alpha1
            kind: Pipeline
            metadata: {name: shop}
            spec:
              source: {branch: main}
              applications: {matchLabels: {part-of: shop}}
              stages: [{environment: production, promotion: automatic}]
            """,
            "environments/production/environment.yaml": """
            apiVersion: flotilla.dev/v1alpha1
            kind: Environment
            metadata: {name: production}
            spec:
              clusterSelector: {matchLabels: {tier: production}}
              rollout: {waves: [{name: all, maxUnavailable: 100%}]}
            """,
            "bases/shared/kustomization.yaml": "resources: [configmap.yaml]\n",
            "bases/shared/configmap.yaml": configMap("shared", 0),
        ]
        for cluster in clusters {
            files["fleet/clusters/\(cluster).yaml"] = """
                apiVersion: flotilla.dev/v1alpha1
                kind: Cluster
                metadata: {name: \(cluster), labels: {tier: production}}
                """
        }
        for index in 0..<applications {
            files["fleet/applications/\(name(index))/application.yaml"] = application(index)
            let shared = index < sharing ? ", ../../../../bases/shared" : ""
            files["fleet/applications/\(name(index))/deploy/kustomization.yaml"] = "resources: [configmap.yaml\(shared)]\n"
            files[file(index)] = configMap(name(index), 0)
        }
        return files
    }

    /// What a commit left in the database.
    struct Cost: Equatable {
        var renders: Int64
        var leaves: Int64
        var applications: Int64
        var bundles: Int64
        /// Applications whose desired rows were written, by cluster.
        var desired: [String: [String]]
    }

    /// Every desired row, with the version of it that the database has: a row that is written, with whatever values, gets another one.
    private func versions(_ fleet: TestFleet) async throws -> [String: String] {
        let rows = try await fleet.store.database.read { session in
            try session.query("select cluster || '/' || application as place, xmin::text || ctid::text as version from desired")
                .map { (try $0.text("place"), try $0.text("version")) }
        }
        return Dictionary(rows, uniquingKeysWith: { first, _ in first })
    }

    private func counts(_ fleet: TestFleet) async throws -> [Int64] {
        try await fleet.store.database.read { session in
            let row = try session.query(
                """
                select (select renders from plans order by sequence desc limit 1)::bigint as renders,
                  (select count(*) from plan_leaves) as leaves, (select count(*) from plan_applications) as applications,
                  (select count(*) from bundles) as bundles
                """
            ).first
            return try ["renders", "leaves", "applications", "bundles"].map { try row?.int64($0) ?? 0 }
        }
    }

    private func cost(of changes: [String: String?], _ fleet: TestFleet) async throws -> Cost {
        let (before, versionsBefore) = (try await counts(fleet), try await versions(fleet))
        let commit = try await fleet.push(changes, message: "Change\n")
        try await fleet.settle(clusters: Self.clusters, rounds: 5)
        let running = try #require(try await fleet.stage("shop/production")?.running)
        #expect(running.candidate.release == "\(commit)")
        #expect(running.verdict == .verified)
        let (after, versionsAfter) = (try await counts(fleet), try await versions(fleet))
        var desired: [String: [String]] = [:]
        for (place, version) in versionsAfter where versionsBefore[place] != version {
            let parts = place.split(separator: "/").map(String.init)
            desired[parts[0], default: []].append(parts[1])
        }
        return Cost(
            renders: after[0], leaves: after[1] - before[1], applications: after[2] - before[2], bundles: after[3] - before[3],
            desired: desired.mapValues { $0.sorted() })
    }

    @Test("one file is one render and one application's rows; a shared base is one for each that uses it")
    func costsWhatChanged() async throws {
        let fleet = try await TestFleet(files: Self.files)
        try await fleet.settle(clusters: Self.clusters, rounds: 5)
        #expect(try await fleet.stage("shop/production")?.running?.verdict == .verified)
        let first = try await counts(fleet)
        #expect(first[0] == Int64(Self.applications))
        #expect(first[1] == Int64(Self.applications * Self.clusters.count))

        // Two clusters with the same reads share the render.
        let one = try await cost(of: [Self.file(150): Self.configMap(Self.name(150), 1)], fleet)
        #expect(one == Cost(renders: 1, leaves: 2, applications: 0, bundles: 1, desired: ["c1": ["app-150"], "c2": ["app-150"]]))

        // A declaration alone renders nothing. What the commit before changed is still other than in the base.
        let declared = try await cost(of: ["fleet/applications/app-7/application.yaml": Self.application(7, force: true)], fleet)
        #expect(declared == Cost(renders: 0, leaves: 2, applications: 1, bundles: 0, desired: ["c1": ["app-7"], "c2": ["app-7"]]))

        let sharing = (0..<Self.sharing).map(Self.name).sorted()
        let base = try await cost(of: ["bases/shared/configmap.yaml": Self.configMap("shared", 1)], fleet)
        #expect(base.renders == 100)
        #expect(base.bundles == 100)
        #expect(base.desired == ["c1": sharing, "c2": sharing])

        // So much had changed that the plan was written in full: from it the next one differs by itself alone.
        let last = try await cost(of: [Self.file(299): Self.configMap(Self.name(299), 1)], fleet)
        #expect(last == Cost(renders: 1, leaves: 2, applications: 0, bundles: 1, desired: ["c1": ["app-299"], "c2": ["app-299"]]))

        // The agents were told of these, and hold everything.
        for cluster in Self.clusters {
            let held = fleet.fakes.held.withLock { $0[cluster]?.tasks ?? [:] }
            #expect(held.count == Self.applications)
            let records = Set(held.values.map(\.record.commit))
            #expect(records.count == 4)
        }
    }
}
