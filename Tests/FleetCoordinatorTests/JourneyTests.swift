// SPDX-License-Identifier: Apache-2.0
import GitRepository
import Manifests
import PostgresClient
import Promotion
import Synchronization
import Testing

@testable import FleetCoordinator

/// A commit's way from the trunk to production, over a real database and a real Git remote.
@Suite("A release's journey", .serialized) struct JourneyTests {
    static let clusters = ["p1", "p2", "p3", "s1"]

    static func files(image: String = "registry.example/web:1", approvals: Int = 1) -> [String: String] {
        var files = [
            "fleet/pipelines/shop.yaml": """
            apiVersion: flotilla.dev/v1alpha1
            kind: Pipeline
            metadata: {name: shop}
            spec:
              source: {branch: main}
              applications: {names: [web]}
              stages:
              - environment: staging
                promotion: automatic
                verify: [{soak: 5s}]
              - environment: production
                promotion: {approvals: {required: \(approvals)}}
            """,
            "fleet/applications/web/application.yaml": """
            apiVersion: flotilla.dev/v1alpha1
            kind: Application
            metadata: {name: web}
            spec:
              source: {path: "environments/${environment.name}/web"}
              namespace: shop
            """,
        ]
        for (environment, tier) in [("staging", "staging"), ("production", "production")] {
            files["environments/\(environment)/environment.yaml"] = """
                apiVersion: flotilla.dev/v1alpha1
                kind: Environment
                metadata: {name: \(environment)}
                spec:
                  clusterSelector: {matchLabels: {tier: \(tier)}}
                  rollout:
                    waves: [{name: canary, clusterSelector: {matchLabels: {ring: canary}}, soak: 3s}, {name: rest}]
                """
            files["environments/\(environment)/web/web.yaml"] = deployment(image)
        }
        for cluster in clusters {
            files["fleet/clusters/\(cluster).yaml"] = """
                apiVersion: flotilla.dev/v1alpha1
                kind: Cluster
                metadata: {name: \(cluster), labels: {tier: \(cluster == "s1" ? "staging" : "production"), ring: \(cluster == "p1" ? "canary" : "stable")}}
                """
        }
        return files
    }

    static func deployment(_ image: String) -> String {
        """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec: {containers: [{name: web, image: "\(image)"}]}
        """
    }

    static func images(_ image: String) -> [String: String?] {
        ["environments/staging/web/web.yaml": deployment(image), "environments/production/web/web.yaml": deployment(image)]
    }

    func approve(_ fleet: TestFleet) async throws {
        let stage = try #require(try await fleet.stage("shop/production"))
        let rendered = try #require(stage.promotion?.candidate.rendered)
        try await fleet.engine.send([.approved(Approval(by: "ada", rendered: rendered, at: fleet.time.now))], to: stage.id)
    }

    @Test("from the first commit through approval to every cluster, recorded in Git")
    func reachesProduction() async throws {
        let fleet = try await TestFleet(files: Self.files())
        try await fleet.settle(clusters: Self.clusters, rounds: 12)
        #expect(try await fleet.stage("shop/staging")?.running?.verdict == .verified)
        let waiting = try #require(try await fleet.stage("shop/production"))
        #expect(waiting.running == nil)
        #expect(waiting.promotion?.waitingFor == "needs an approval")

        try await approve(fleet)
        try await fleet.settle(clusters: Self.clusters, rounds: 16)
        let production = try #require(try await fleet.stage("shop/production"))
        #expect(production.running?.verdict == .verified)
        for cluster in Self.clusters { #expect(fleet.fakes.held.withLock { $0[cluster]?.tasks.count } == 1, "\(cluster)") }

        let head = try #require(try await fleet.mirror.head(of: "flotilla/shop/production"))
        #expect("\(head)" == production.running?.commit)
        let commit = try await fleet.mirror.commit(head)
        let trunk = try await fleet.mirror.commit(try #require(try await fleet.mirror.head(of: "main")))
        #expect(commit.tree == trunk.tree)
        #expect(commit.trailer("Flotilla-Release") == "\(trunk.id)")
        #expect(commit.trailer("Flotilla-Approved-By")?.hasPrefix("ada ") == true)
        let verifier = try SSHSignatureVerifier(allowedSigners: fleet.signer.allowedSignersLine(principal: Recorder.committerEmail))
        #expect(verifier.verify(commit).isGood)
        let journal = try await Journalist.state(in: fleet.mirror, at: try await fleet.mirror.head(of: "flotilla-journal/shop"))
        #expect(journal.stages["production"]?.verified.count == 1)
    }

    @Test("a broken release stops in staging, and the next good one goes on")
    func stopsInStaging() async throws {
        let fleet = try await TestFleet(files: Self.files(approvals: 0))
        try await fleet.settle(clusters: Self.clusters, rounds: 30)
        let good = try #require(try await fleet.stage("shop/production")?.running)
        #expect(good.verdict == .verified)

        try await fleet.push(Self.images("registry.example/web:broken"), message: "Break it\n")
        try await fleet.settle(clusters: Self.clusters, rounds: 12)
        let staging = try #require(try await fleet.stage("shop/staging"))
        #expect(staging.running?.verdict == .failed)
        #expect(staging.hold?.cause == .failure)
        #expect(try await fleet.stage("shop/production")?.running == good)

        let fixed = try await fleet.push(Self.images("registry.example/web:3"), message: "Mend it\n")
        try await fleet.settle(clusters: Self.clusters, rounds: 30)
        #expect(try await fleet.stage("shop/staging")?.hold == nil)
        #expect(try await fleet.stage("shop/production")?.running?.candidate.release == "\(fixed)")
        #expect(try await fleet.stage("shop/production")?.running?.verdict == .verified)
    }

    @Test("a head that a person pushes to the environment branch is adopted, and holds until somebody resumes")
    func adopts() async throws {
        let fleet = try await TestFleet(files: Self.files(approvals: 0))
        try await fleet.settle(clusters: Self.clusters, rounds: 30)
        let first = try #require(try await fleet.mirror.head(of: "flotilla/shop/production"))
        try await fleet.push(Self.images("registry.example/web:2"), message: "Second\n")
        try await fleet.settle(clusters: Self.clusters, rounds: 30)
        let second = try #require(try await fleet.mirror.head(of: "flotilla/shop/production"))
        #expect(first != second)

        // What `git revert HEAD` makes.
        let tree = try await fleet.mirror.treeID(of: first)
        let revert = try await fleet.push(tree: tree, parent: second, message: "Revert\n", branch: "flotilla/shop/production")
        try await fleet.settle(clusters: Self.clusters, rounds: 20)
        let stage = try #require(try await fleet.stage("shop/production"))
        #expect(stage.running?.commit == "\(revert)")
        #expect(stage.running?.candidate.origin == .human)
        #expect(stage.hold?.cause == .human)

        try await fleet.push(Self.images("registry.example/web:3"), message: "Third\n")
        try await fleet.settle(clusters: Self.clusters, rounds: 15)
        #expect(try await fleet.stage("shop/production")?.running?.commit == "\(revert)")
        try await fleet.engine.send([.resumed(by: Actor(name: "ada"))], to: stage.id)
        try await fleet.settle(clusters: Self.clusters, rounds: 20)
        #expect(try await fleet.stage("shop/production")?.running?.candidate.origin == .release)
    }

    @Test("a person's rollback is one more signed commit with the earlier tree, and holds")
    func rollsBack() async throws {
        let fleet = try await TestFleet(files: Self.files(approvals: 0))
        try await fleet.settle(clusters: Self.clusters, rounds: 30)
        let first = try #require(try await fleet.stage("shop/production")?.running)
        try await fleet.push(Self.images("registry.example/web:2"), message: "Second\n")
        try await fleet.settle(clusters: Self.clusters, rounds: 30)
        let second = try #require(try await fleet.stage("shop/production")?.running)
        #expect(second.candidate.rendered != first.candidate.rendered)

        try await StageActions(engine: fleet.engine).rollback(
            StageID(pipeline: "shop", environment: "production"), to: nil, reason: "checkout fails", by: Author(name: "ada"))
        try await fleet.settle(clusters: Self.clusters, rounds: 20)
        let stage = try #require(try await fleet.stage("shop/production"))
        #expect(stage.running?.candidate.release == first.candidate.release)
        #expect(stage.running?.candidate.origin == .rollback)
        #expect(stage.running?.verdict == .verified)
        #expect(stage.hold?.cause == .rollback)
        #expect(stage.rejection(of: second.candidate.rendered) != nil)
        let head = try #require(try await fleet.mirror.head(of: "flotilla/shop/production"))
        let commit = try await fleet.mirror.commit(head)
        #expect(commit.title.hasPrefix("Roll back shop to "))
        #expect(commit.parents.map { "\($0)" } == [second.commit])
        let earlier = try await fleet.mirror.treeID(of: try #require(ObjectID(hex: first.commit)))
        #expect(commit.tree == earlier)
    }

    @Test("a new database takes up what Git has recorded, and changes nothing in the clusters")
    func rebuilds() async throws {
        let fleet = try await TestFleet(files: Self.files(approvals: 0))
        try await fleet.settle(clusters: Self.clusters, rounds: 30)
        let before = try #require(try await fleet.stage("shop/production")?.running)
        let again = try await TestFleet(files: [:], time: fleet.time, remote: fleet.remote, signer: fleet.signer)
        try await again.settle(clusters: Self.clusters, rounds: 30)
        let after = try #require(try await again.stage("shop/production")?.running)
        #expect(after.commit == before.commit)
        #expect(after.verdict == .verified)
        #expect(after.candidate.rendered == before.candidate.rendered)
    }

    @Test("a new database takes up a person's head on top of the last record, and goes on holding")
    func rebuildsAdoptedHead() async throws {
        let fleet = try await TestFleet(files: Self.files(approvals: 0))
        try await fleet.settle(clusters: Self.clusters, rounds: 30)
        let first = try #require(try await fleet.mirror.head(of: "flotilla/shop/production"))
        try await fleet.push(Self.images("registry.example/web:2"), message: "Second\n")
        try await fleet.settle(clusters: Self.clusters, rounds: 30)
        let second = try #require(try await fleet.mirror.head(of: "flotilla/shop/production"))
        let tree = try await fleet.mirror.treeID(of: first)
        let revert = try await fleet.push(tree: tree, parent: second, message: "Revert\n", branch: "flotilla/shop/production")
        try await fleet.settle(clusters: Self.clusters, rounds: 20)

        let again = try await TestFleet(files: [:], time: fleet.time, remote: fleet.remote, signer: fleet.signer)
        try await again.settle(clusters: Self.clusters, rounds: 30)
        let stage = try #require(try await again.stage("shop/production"))
        #expect(stage.running?.commit == "\(revert)")
        #expect(stage.running?.candidate.origin == .human)
        #expect(stage.hold != nil)
        #expect(try await again.mirror.head(of: "flotilla/shop/production") == revert)
    }

    @Test("an application that a release drops is pruned where it was")
    func prunes() async throws {
        var files = Self.files(approvals: 0)
        files["fleet/pipelines/shop.yaml"] = files["fleet/pipelines/shop.yaml"]?.replacing("names: [web]", with: "matchLabels: {}")
        files["fleet/applications/extra/application.yaml"] = files["fleet/applications/web/application.yaml"]?
            .replacing("name: web", with: "name: extra").replacing("/web\"", with: "/extra\"")
        for environment in ["staging", "production"] {
            files["environments/\(environment)/extra/map.yaml"] =
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: extra}\ndata: {a: b}\n"
        }
        let fleet = try await TestFleet(files: files)
        try await fleet.settle(clusters: Self.clusters, rounds: 30)
        #expect(fleet.fakes.held.withLock { $0["p3"]?.tasks.keys.sorted() } == ["extra", "web"])
        try await fleet.push(["fleet/applications/extra/application.yaml": nil], message: "Drop it\n")
        try await fleet.settle(clusters: Self.clusters, rounds: 30)
        #expect(fleet.fakes.held.withLock { $0["p3"]?.tasks.keys.sorted() } == ["web"])
        let left = try await fleet.store.database.read { try DesiredRows.generations($0, cluster: "p3").map(\.application) }
        #expect(left == ["web"])
    }
}
