// SPDX-License-Identifier: Apache-2.0
import FleetModel
import Foundation
import Manifests
import Testing

@Suite("Fleet parser") struct FleetParserTests {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    static let fixtures = root.appending(path: "Fixtures")

    static var cases: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: fixtures.path)) ?? []).filter { !$0.hasPrefix(".") }.sorted()
    }

    /// All YAML files below a folder, by their path in it.
    static func files(below folder: URL) throws -> [SourceFile] {
        var files: [SourceFile] = []
        func walk(_ tree: FolderTree, _ path: String) throws {
            for name in try tree.list(path) {
                let child = path.isEmpty ? name : "\(path)/\(name)"
                switch try tree.entry(at: child) {
                case .folder: try walk(tree, child)
                case .file where name.hasSuffix(".yaml"): files.append(SourceFile(path: child, bytes: try tree.read(child, limit: 1 << 20)))
                case .file, .symbolicLink, nil: break
                }
            }
        }
        try walk(FolderTree(root: folder.path(percentEncoded: false)), "")
        return files
    }

    @Test("each fixture has the findings it expects", arguments: cases)
    func golden(_ name: String) throws {
        let folder = Self.fixtures.appending(path: name)
        let result = FleetParser.parse(try Self.files(below: folder))
        let found = result.diagnostics.map { "\($0)\n" }.joined()
        let golden = folder.appending(path: "expected.txt")
        if ProcessInfo.processInfo.environment["FLOTILLA_UPDATE_GOLDEN"] == "1" {
            try found.write(to: golden, atomically: true, encoding: .utf8)
        }
        #expect(found == (try String(contentsOf: golden, encoding: .utf8)))
        #expect((result.fleet == nil) == result.diagnostics.contains { $0.severity == .error })
    }

    @Test("each fixture that is named after a code has it") func codes() throws {
        let others: Set = ["valid", "all-fields", "policies", "foreign-files", "repositories", "repository-addresses"]
        for name in Self.cases where !others.contains(name) {
            let found = try String(contentsOf: Self.fixtures.appending(path: "\(name)/expected.txt"), encoding: .utf8)
            #expect(found.contains("[\(name)]"), "\(name)")
        }
    }

    static func fixture(_ name: String) throws -> ParseResult { FleetParser.parse(try files(below: fixtures.appending(path: name))) }

    @Test("every field reaches its place") func allFields() throws {
        let fleet = try #require(try Self.fixture("all-fields").fleet)
        let cluster = try #require(fleet.cluster("one"))
        #expect(cluster.labels == ["tier": "staging", "topology.kubernetes.io/region": "eu", "ring": ""])
        #expect(cluster.variables == ["replicas": "6"])
        #expect(cluster.paused)
        #expect(fleet.cluster("two")?.paused == false)
        #expect(fleet.cluster("three") == nil)

        let application = try #require(fleet.application("web"))
        #expect(application.source.path == "environments/${environment.name}/web")
        #expect(application.namespace == "web")
        #expect(application.clusterSelector?.matchExpressions.map(\.operator) == [.notIn, .exists])
        let sync = application.sync
        #expect(!sync.prune && sync.force && sync.createNamespace && !sync.adopt)
        #expect(sync.pruneProtectionPercentMax == 10)
        #expect(sync.drift == .alert)
        #expect(sync.retry.limit == 0 && sync.retry.backoff == .milliseconds(500) && sync.retry.maxBackoff == .seconds(5_400))
        #expect(sync.timeout == .seconds(90))
        #expect(sync.ignore.first?.paths.map(\.description) == ["/spec/replicas", "/metadata/annotations/a~1b"])
        #expect(application.health.timeout == .seconds(120))
        #expect(
            application.health.rules == [
                .init(
                    group: "example.dev", kind: "Widget", path: JSONPointer(["status", "phase"]), comparison: .equals("Ready"),
                    failed: .init(comparison: .oneOf(["Broken", "Lost"]))),
                .init(
                    group: "", kind: "Node", path: JSONPointer(["status", "ready"]), comparison: .oneOf([1, true]),
                    failed: .init(path: JSONPointer(["status", "error"]), comparison: .notEquals(""))),
            ])
        #expect(application.sync.serviceAccount == "deployer")

        let environment = try #require(fleet.environment("staging"))
        #expect(environment.variables == ["logLevel": "info"])
        #expect(environment.rollout.waves.map(\.name) == ["canary", "rest"])
        #expect(environment.rollout.waves[0].soak == .seconds(600))
        #expect(environment.rollout.waves[0].maxUnavailable == .percent(25))
        #expect(environment.rollout.waves[1].maxUnavailable == .count(10))
        #expect(environment.rollout.failureThreshold == .percent(50))
        #expect(environment.rollout.offline.after == .seconds(300))
        #expect(environment.rollout.offline.policy == .wait)

        let pipeline = try #require(fleet.pipeline("web"))
        #expect(pipeline.source.branch == "trunk")
        let bounds = try #require(pipeline.bounds)
        #expect(bounds.namespaces == ["web", "shop-*"] && bounds.clusterScoped == ["Namespace", "Widget.example.dev"])
        #expect(bounds.serviceAccounts == ["deployer"] && bounds.repositories == ["fleet"])
        let stage = try #require(pipeline.stages.first)
        #expect(stage.promotion.approvals?.required == 1)
        #expect(stage.promotion.approvals?.expires == .seconds(86_400))
        #expect(!stage.promotion.isAutomatic)
        #expect(stage.soak == .seconds(300))
        #expect(stage.minimumClusters == 2)
        #expect(fleet.applications(of: pipeline).map(\.name) == ["web"])
        #expect(fleet.pipeline(of: application) == pipeline)
        #expect(fleet.environment(of: cluster) == environment)
        #expect(fleet.clusters(in: environment, for: application).map(\.name) == ["one", "two"])
    }

    @Test("what a later version acts on is parsed in full") func notYet() throws {
        let result = try Self.fixture("not-yet")
        #expect(result.errors.allSatisfy { $0.code == "not-yet" })
        #expect(result.errors.count == 17)
    }

    @Test("an invalid application refuses its release, not the fleet") func applicationErrors() throws {
        let result = try Self.fixture("application-in-two-pipelines")
        #expect(result.fleet == nil)
        #expect(result.declarations?.applications == [])
        #expect(result.declarations?.pipelines.count == 2)
        #expect(try Self.fixture("wrong-type").declarations == nil)
        #expect(try Self.fixture("syntax").declarations == nil)
    }

    @Test("a repository has an address and a signature rule") func repositories() throws {
        let fleet = try #require(try Self.fixture("repositories").declarations)
        let first = try #require(fleet.repository("trunk"))
        #expect(first.url == "https://git.example/team/fleet.git")
        #expect(first.signatures.require == .all && first.signatures.allowedSigners == "keys/signers")
        #expect(first.signatures.openPGPKeys == "keys/people.asc")
        #expect(fleet.repository("short")?.signatures.require == Repository.Signatures.Requirement.none)
    }

    @Test("no repository is called what the fleet repository is") func fleetRepository() throws {
        let text =
            "apiVersion: flotilla.dev/v1alpha1\nkind: Repository\nmetadata: {name: fleet}\nspec: {url: 'https://git.example/f.git'}\n"
        let result = FleetParser.parse([SourceFile(path: "fleet/repository.yaml", bytes: Array(text.utf8))])
        let found = result.errors.first { $0.code == "invalid-name" }
        #expect(found?.line == 3 && found?.column == 18)
        #expect(found?.message == "'fleet' is what the fleet repository is called in 'bounds.repositories'")
    }

    @Test("a release's applications are judged by the bounds of the fleet commit") func boundsOfRelease() throws {
        let files = try Self.files(below: Self.fixtures.appending(path: "valid"))
        let fleet = try #require(FleetParser.parse(files).fleet)
        var pipeline = try #require(fleet.pipeline("web"))
        var bounds = Pipeline.Bounds()
        bounds.namespaces = ["shop"]
        pipeline.bounds = bounds
        let bounded = Fleet(clusters: fleet.clusters, environments: fleet.environments, pipelines: [pipeline])
        let release = FleetParser.release(files, of: pipeline, in: bounded)
        #expect(
            release.errors.map(\.description) == [
                "fleet/applications/web/application.yaml:6:14: error[out-of-bounds]: namespace 'web' is not among the 'bounds.namespaces' "
                    + "of pipeline 'web' (shop)\n  hint: add it there, or choose another"
            ])
    }

    @Test("a release's applications are judged by another commit's declarations") func release() throws {
        let fleet = try #require(try Self.fixture("valid").fleet)
        let pipeline = try #require(fleet.pipeline("web"))
        let valid = FleetParser.release(try Self.files(below: Self.fixtures.appending(path: "valid")), of: pipeline, in: fleet)
        #expect(valid.isValid)
        #expect(valid.applications.map(\.name) == ["web"])

        let invalid = FleetParser.release(
            try Self.files(below: Self.fixtures.appending(path: "undefined-variable")), of: pipeline, in: fleet)
        #expect(!invalid.isValid)
        #expect(invalid.errors.allSatisfy { $0.subject?.kind == .application })

        var named = pipeline
        named.applications = .names(["web", "gone"])
        let lacking = FleetParser.release(try Self.files(below: Self.fixtures.appending(path: "valid")), of: named, in: fleet)
        #expect(lacking.errors.map(\.code) == ["missing-reference"])

        let others = FleetParser.release(
            [SourceFile(path: "fleet/applications/x/application.yaml", bytes: Array("apiVersion: [".utf8))], of: pipeline, in: fleet)
        #expect(others.errors.map(\.code) == ["syntax"])
    }

    @Test(
        "where declarations are looked for",
        arguments: [
            ("fleet/clusters/a.yaml", true), ("fleet/a.yml", true), ("fleet/applications/x/base/a.yaml", true),
            ("environments/staging/environment.yaml", true), ("environments/staging/web/environment.yaml", false),
            ("environments/environment.yaml", false), ("environments/staging/kustomization.yaml", false), ("fleet/README.md", false),
            ("other/fleet/a.yaml", false), ("fleets/a.yaml", false),
        ])
    func declarationPaths(_ path: String, _ expected: Bool) { #expect(FleetParser.isDeclarationPath(path) == expected) }

    @Test("the example fleet is valid") func example() throws {
        let repository = Self.root.deletingLastPathComponent().deletingLastPathComponent()
        let files = try ["fleet", "environments"].flatMap { folder in
            try Self.files(below: repository.appending(path: folder)).map { SourceFile(path: "\(folder)/\($0.path)", bytes: $0.bytes) }
        }
        let result = FleetParser.parse(files)
        #expect(result.diagnostics == [])
        let fleet = try #require(result.fleet)
        #expect(fleet.clusters.count == 6)
        #expect(fleet.applications.map(\.name) == ["api", "platform", "storefront"])
        let pipeline = try #require(fleet.pipeline("shop"))
        #expect(pipeline.stages.map(\.environment) == ["staging", "production"])
        let production = try #require(fleet.environment("production"))
        let waves = production.rollout.divide(fleet.clusters(in: production))
        #expect(waves.map { $0.clusters.map(\.name) } == [["prod-eu-1"], ["prod-eu-2", "prod-us-1", "prod-us-2"]])
    }
}
