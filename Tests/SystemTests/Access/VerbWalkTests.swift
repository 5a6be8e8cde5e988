// SPDX-License-Identifier: Apache-2.0
import FleetModel
import Foundation
import GitRepository
import Logging
import Manifests
import PostgresClient
import Testing
import Threads

@testable import FleetCoordinator

/// Every verb, for every role whose scope is staging, at staging and at production, against a coordinator that serves.
@Suite("Roles and verbs") struct VerbWalkTests {
    private static let none = "nobody"
    private static let runsAtOnce = 6

    private static func files() -> [String: String] {
        var files = [
            "fleet/pipelines/shop.yaml": """
            apiVersion: flotilla.dev/v1alpha1
            kind: Pipeline
            metadata: {name: shop}
            spec:
              applications: {names: [web]}
              stages:
              - {environment: staging, promotion: {approvals: {required: 1}}}
              - {environment: production, promotion: {approvals: {required: 1}}}
            """,
            "fleet/applications/web/application.yaml": """
            apiVersion: flotilla.dev/v1alpha1
            kind: Application
            metadata: {name: web}
            spec: {source: {path: "environments/${environment.name}/web"}, namespace: shop}
            """,
        ]
        for environment in ["staging", "production"] {
            files["environments/\(environment)/environment.yaml"] = """
                apiVersion: flotilla.dev/v1alpha1
                kind: Environment
                metadata: {name: \(environment)}
                spec: {clusterSelector: {matchLabels: {tier: \(environment)}}}
                """
            files["environments/\(environment)/web/web.yaml"] = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n"
            files["fleet/clusters/\(environment)-1.yaml"] = """
                apiVersion: flotilla.dev/v1alpha1
                kind: Cluster
                metadata: {name: \(environment)-1, labels: {tier: \(environment)}}
                """
        }
        for role in AccessPolicy.Role.allCases {
            files["fleet/access/\(role.rawValue).yaml"] = """
                apiVersion: flotilla.dev/v1alpha1
                kind: AccessPolicy
                metadata: {name: \(role.rawValue)s}
                spec: {subjects: [{group: \(role.rawValue)s}], role: \(role.rawValue), scope: {environments: [staging]}}
                """
        }
        return files
    }

    private enum Outcome: String { case admitted, forbidden, absent, misused }

    private static func outcome(_ result: ProgramResult) -> Outcome {
        if result.code == 2 { return .misused }
        if result.errors.contains("may not") { return .forbidden }
        if result.errors.contains("there is no cluster") || result.errors.contains("there is no stage")
            || result.errors.contains("there is no environment") || result.errors.contains("there is no application")
            || result.errors.contains("is not on cluster")
        {
            return .absent
        }
        return .admitted
    }

    private static func expected(_ need: VerbTable.Need, _ role: AccessPolicy.Role?, isOwn: Bool) -> Outcome {
        switch need {
        case .nothing, .signedIn: .admitted
        case .anything: role == nil ? .forbidden : .admitted
        case .fleet: .forbidden
        case .place(let permission):
            if let role, isOwn {
                Permission(rawValue: permission).map(role.permissions.contains) == true ? .admitted : .forbidden
            } else {
                .absent
            }
        }
    }

    @Test func everyVerbHasAnEntry() {
        let known = Set(VerbTable.entries.map(\.verb))
        for verb in VerbTable.verbs() { #expect(known.contains(verb), "'\(verb)' has no entry in the table of what verbs need") }
        #expect(VerbTable.verbs().count > 20)
    }

    @Test func everyVerbDecidesByRole() async throws {
        try await withTemporaryFolder { folder in
            try await Self.withCoordinator(in: folder) { coordinator, url in
                let people = try await Self.people(coordinator, in: folder)
                let job = "\(folder)/job.yaml"
                try """
                apiVersion: batch/v1
                kind: Job
                metadata: {name: once}
                spec: {template: {spec: {restartPolicy: Never, containers: [{name: once, image: "registry.example/once:1"}]}}}
                """.write(toFile: job, atomically: true, encoding: .utf8)
                let verbs = Set(VerbTable.verbs())
                var runs: [(VerbTable.Entry, AccessPolicy.Role?, String)] = []
                for entry in VerbTable.entries where verbs.contains(entry.verb) {
                    if case .nothing = entry.need { continue }
                    for role in AccessPolicy.Role.allCases.map(Optional.some) + [nil] {
                        runs.append((entry, role, "staging"))
                        if case .place = entry.need { runs.append((entry, role, "production")) }
                    }
                }
                #expect(runs.count > 100)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for (index, (entry, role, environment)) in runs.enumerated() {
                        if index >= Self.runsAtOnce { try await group.next() }
                        let token = try #require(people[role?.rawValue ?? Self.none])
                        group.addTask {
                            let words = (entry.verb + " " + entry.arguments).split(separator: " ").map { word in
                                String(word).replacingOccurrences(of: "{stage}", with: "shop/\(environment)")
                                    .replacingOccurrences(of: "{cluster}", with: "\(environment)-1")
                                    .replacingOccurrences(of: "{environment}", with: environment)
                                    .replacingOccurrences(of: "{job}", with: job).replacingOccurrences(of: "{scratch}", with: folder)
                            }
                            let result = try await run(
                                try PackageFolder.program("flotilla"), words,
                                environment: ["FLOTILLA_SERVER": url, "FLOTILLA_TOKEN_FILE": token], folder: folder)
                            let wanted = Self.expected(entry.need, role, isOwn: environment == "staging")
                            let who = role?.rawValue ?? Self.none
                            #expect(
                                Self.outcome(result) == wanted,
                                "'\(words.joined(separator: " "))' as \(who): \(result.code) \(result.errors) \(result.output.prefix(200))")
                        }
                    }
                    try await group.waitForAll()
                }
            }
        }
    }

    // MARK: - The coordinator

    /// Serves a fleet in which `web` is desired on both clusters, whose agents never call.
    private static func withCoordinator(
        in folder: String, _ body: @escaping @Sendable (Coordinator, _ url: String) async throws -> Void
    ) async throws {
        let postgres = EmbeddedPostgres.temporary()
        let settings = try await postgres.start()
        let threads = ThreadPool(name: "git", count: 1)
        _ = try await GitMirror.initializeBare(
            at: "\(folder)/fleet.git", branch: "main", files: files().mapValues { Array($0.utf8) }, message: "Begin\n",
            author: CommitPerson(name: "Ada", email: "ada@example.com", when: Timestamp(seconds: 1_700_000_000)), threads: threads)
        var configuration = CoordinatorConfiguration(
            database: settings, fleetRepository: RemoteSettings(url: "\(folder)/fleet.git"), dataDirectory: "\(folder)/data")
        configuration.port = 0
        var logger = Logger(label: "walk")
        logger.logLevel = .error
        let (urls, ready) = AsyncStream.makeStream(of: String.self)
        let coordinator = try await Coordinator.prepare(configuration, logger: logger) { ready.yield($0) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try? await coordinator.run() }
            var iterator = urls.makeAsyncIterator()
            let url = try #require(await iterator.next())
            _ = try await eventually("the stages are there", within: .seconds(60)) {
                try await coordinator.store.database.read { try StageRows.pipelines($0) }.isEmpty ? nil : ()
            }
            try await coordinator.store.database.transaction { session in
                try session.script(
                    """
                    insert into desired select e || '-1', 'web', 'shop', e, 'p', 'apply', 'shop', 1, 1, 'sha256:' || repeat('0', 64), '{}', '{}',
                      'k', 'r', 'sha256:' || repeat('0', 64), '[]', 0 from unnest('{staging,production}'::text[]) e;
                    """)
            }
            do { try await body(coordinator, url) } catch {
                group.cancelAll()
                throw error
            }
            group.cancelAll()
        }
        await postgres.stop()
    }

    /// Token files: of a member of each role's group, and of somebody whom no policy names.
    private static func people(_ coordinator: Coordinator, in folder: String) async throws -> [String: String] {
        let author = Author(name: Principal.administratorName)
        var files: [String: String] = [:]
        for name in AccessPolicy.Role.allCases.map(\.rawValue) + [none] {
            _ = try await coordinator.identities.accountActions.create(
                AccountActions.New(name: "\(name)-1", groups: ["\(name)s"]), by: author)
            let principal = Principal(name: "\(name)-1", displayName: name, groups: ["\(name)s"], means: .session("walk"))
            let made = try await coordinator.identities.tokens.make(
                TokenRequest(name: "walk", lifetime: .seconds(3_600)), for: principal, by: author)
            let path = "\(folder)/\(name).token"
            try made.text.write(toFile: path, atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
            files[name] = path
        }
        return files
    }
}
