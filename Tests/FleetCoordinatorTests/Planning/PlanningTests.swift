// SPDX-License-Identifier: Apache-2.0
import GitRepository
import Manifests
import PostgresClient
import Promotion
import Rendering
import Testing
import Threads

@testable import FleetCoordinator

/// What a plan costs, over a real database and a real Git remote: only what a commit changed.
@Suite("Planning", .serialized) struct PlanningTests {
    static let overlays = 12

    /// Two pipelines: `shop` with overlays of one base for two clusters, `tools` with an application of its own.
    static func files() -> [String: String] {
        var files = [
            "fleet/clusters/one.yaml": cluster("one"), "fleet/clusters/two.yaml": cluster("two"),
            "environments/production/environment.yaml": """
            apiVersion: flotilla.dev/v1alpha1
            kind: Environment
            metadata: {name: production}
            spec: {clusterSelector: {matchLabels: {tier: production}}}
            """,
            "base/kustomization.yaml": "resources: [config.yaml]", "base/config.yaml": config("base", "1"),
            "fleet/pipelines/shop.yaml": pipeline("shop"), "fleet/pipelines/tools.yaml": pipeline("tools"),
            "tools/config.yaml": config("tools", "1"), "fleet/applications/tools/application.yaml": application("tools", "tools", "tools"),
        ]
        for index in 0..<overlays {
            files["overlays/o\(index)/kustomization.yaml"] = "resources: [../../base, own.yaml]"
            files["overlays/o\(index)/own.yaml"] = config("own", "\(index)")
            files["fleet/applications/o\(index)/application.yaml"] = application("o\(index)", "overlays/o\(index)", "shop")
        }
        return files
    }

    static func cluster(_ name: String) -> String {
        "apiVersion: flotilla.dev/v1alpha1\nkind: Cluster\nmetadata: {name: \(name), labels: {tier: production}}\n"
    }

    static func pipeline(_ name: String) -> String {
        """
        apiVersion: flotilla.dev/v1alpha1
        kind: Pipeline
        metadata: {name: \(name)}
        spec:
          source: {branch: main}
          applications: {matchLabels: {team: \(name)}}
          stages: [{environment: production, promotion: automatic}]
        """
    }

    static func application(_ name: String, _ path: String, _ team: String) -> String {
        """
        apiVersion: flotilla.dev/v1alpha1
        kind: Application
        metadata: {name: \(name), labels: {team: \(team)}}
        spec: {namespace: \(name), source: {path: \(path), substitute: \(name == "tools")}}
        """
    }

    static func config(_ name: String, _ value: String) -> String {
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: \(name)}\ndata: {value: \"\(value)\"}\n"
    }

    struct Planned: Equatable {
        var renders: Int
        var error: String
    }

    /// One round of following; the newest plan of each pipeline.
    func plans(_ fleet: TestFleet) async throws -> [String: Planned] {
        try await fleet.follower.round()
        fleet.time.advance(by: .seconds(1))
        return try await fleet.store.database.read { session in
            var plans: [String: Planned] = [:]
            for row in try session.query("select pipeline, renders, error from plans order by sequence") {
                plans[try row.text("pipeline")] = Planned(renders: try row.int("renders"), error: try row.text("error"))
            }
            return plans
        }
    }

    @Test("each commit renders what it changed, whatever happened to the coordinator in between")
    func rendersWhatChanged() async throws {
        let fleet = try await TestFleet(files: Self.files())
        // Two clusters share a render that asks nothing about them.
        #expect(try await plans(fleet) == ["shop": Planned(renders: Self.overlays, error: ""), "tools": Planned(renders: 1, error: "")])

        try await fleet.push(["readme.md": "x"], message: "Nothing\n")
        #expect(try await plans(fleet).values.map(\.renders) == [0, 0])

        try await fleet.push(["overlays/o3/own.yaml": Self.config("own", "new")], message: "One\n")
        #expect(try await plans(fleet).mapValues(\.renders) == ["shop": 1, "tools": 0])

        try await fleet.push(["base/config.yaml": Self.config("base", "2")], message: "All\n")
        #expect(try await plans(fleet).mapValues(\.renders) == ["shop": Self.overlays, "tools": 0])

        // A comment changes a file, not what it renders to: then nothing is to be done in any cluster.
        try await fleet.push(["tools/config.yaml": Self.config("tools", "1") + "# comment\n"], message: "Comment\n")
        #expect(try await plans(fleet).mapValues(\.renders) == ["shop": 0, "tools": 1])
        let distinct = try await fleet.store.database.read { session in
            try session.query(
                "select count(distinct bundle) as count from planned_leaves where pipeline = 'tools'"
            )[0].int("count")
        }
        #expect(distinct == 1)

        // A coordinator that starts again has nothing in memory.
        fleet.cache.forget()
        try await fleet.push(["readme.md": "y"], message: "Nothing again\n")
        #expect(try await plans(fleet).values.map(\.renders) == [0, 0])

        // What was before is found again.
        try await fleet.push(["base/config.yaml": Self.config("base", "1")], message: "Revert\n")
        #expect(try await plans(fleet).mapValues(\.renders) == ["shop": 0, "tools": 0])

        // One more cluster, which asks for nothing of its own.
        try await fleet.push(["fleet/clusters/three.yaml": Self.cluster("three")], message: "Third\n")
        #expect(try await plans(fleet).mapValues(\.renders) == ["shop": 0, "tools": 0])

        // A kustomization appears where its absence was read.
        try await fleet.push(["tools/kustomization.yaml": "resources: [config.yaml]"], message: "Kustomization\n")
        #expect(try await plans(fleet).mapValues(\.renders) == ["shop": 0, "tools": 1])
        #expect(fleet.counters[.renders] == 2 * Self.overlays + 4)
    }

    @Test("a second coordinator with the same database renders nothing again")
    func sharesTheDatabase() async throws {
        let fleet = try await TestFleet(files: Self.files())
        _ = try await plans(fleet)
        let other = try await TestFleet(files: [:], time: fleet.time, database: fleet.store.database, remote: fleet.remote)
        try await fleet.push(["overlays/o1/own.yaml": Self.config("own", "x")], message: "One\n")
        // The other one follows now.
        await fleet.follower.releaseLease()
        #expect(try await plans(other).mapValues(\.renders) == ["shop": 1, "tools": 0])
        try await fleet.push(["overlays/o2/own.yaml": Self.config("own", "y")], message: "Two\n")
        await other.follower.releaseLease()
        #expect(try await plans(fleet).mapValues(\.renders) == ["shop": 1, "tools": 0])
    }

    @Test("one broken application refuses its pipeline's release, is rendered once, and holds up nobody else")
    func isolatesFailures() async throws {
        var files = Self.files()
        files["overlays/o5/own.yaml"] = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: own}\ndata:\n  a: [\n"
        files["overlays/o7/own.yaml"] = "apiVersion: v1\nkind: ConfigMap\n"
        let fleet = try await TestFleet(files: files)
        let first = try await plans(fleet)
        #expect(first["tools"] == Planned(renders: 1, error: ""))
        let error = try #require(first["shop"]?.error)
        #expect(error.contains("application 'o5' for cluster 'one' and 1 more in 'production': overlays/o5/own.yaml:"))
        #expect(error.contains("application 'o7' for cluster 'one' and 1 more in 'production': overlays/o7/own.yaml:"))
        #expect(fleet.counters[.renders] == Self.overlays + 1)

        // Another commit, the same mistake: the failure is known, and so are all the others.
        try await fleet.push(["readme.md": "x"], message: "Nothing\n")
        let second = try await plans(fleet)
        #expect(second["shop"]?.error == error)
        #expect(fleet.counters[.renders] == Self.overlays + 1)

        try await fleet.push(
            ["overlays/o5/own.yaml": Self.config("own", "5"), "overlays/o7/own.yaml": Self.config("own", "7")], message: "Mend\n")
        #expect(try await plans(fleet)["shop"] == Planned(renders: 2, error: ""))
    }

    @Test("what no plan has used for a month goes, with its reads, and what is used stays")
    func removesWhatIsUnused() async throws {
        let fleet = try await TestFleet(files: Self.files())
        _ = try await plans(fleet)
        try await fleet.push(["tools/config.yaml": Self.config("tools", "2")], message: "Second\n")
        _ = try await plans(fleet)
        #expect(try await count("renders", fleet) == Self.overlays + 2)
        fleet.time.advance(by: .seconds(31 * 86_400))
        // What stands was not used either, but only since nothing happened.
        try await fleet.push(["readme.md": "x"], message: "Later\n")
        #expect(try await plans(fleet).mapValues(\.renders) == ["shop": 0, "tools": 0])
        #expect(try await count("renders", fleet) == Self.overlays + 1)
        #expect(try await count("render_reads", fleet) == Self.overlays + 1)
        #expect(try await count("(select distinct reads from render_questions)", fleet) == Self.overlays + 1)
        #expect(try await count("render_line_reads", fleet) == Self.overlays + 1)
        // Too many: the ones unused for longest go, and whoever held them looks again.
        try await fleet.store.database.transaction { session in
            _ = try RenderRows.removeUnused(session, at: fleet.time.now, age: .seconds(86_400), countMax: 3, limit: 100)
        }
        #expect(try await count("renders", fleet) == 3)
        #expect(try await count("render_line_reads", fleet) == 3)
        try await fleet.push(["readme.md": "z"], message: "All again\n")
        let again = try await plans(fleet)
        #expect(again.values.reduce(0) { $0 + $1.renders } == Self.overlays - 2)
    }

    private func count(_ table: String, _ fleet: TestFleet) async throws -> Int {
        try await fleet.store.database.read { session in
            try session.query("select count(*) as count from \(table) as counted")[0].int("count")
        }
    }
}
