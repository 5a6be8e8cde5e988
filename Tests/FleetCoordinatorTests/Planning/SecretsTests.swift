// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Foundation
import GitRepository
import Logging
import Manifests
import PostgresClient
import Promotion
import SecretsDecryption
import Synchronization
import Testing

@testable import FleetCoordinator

/// Secrets on their way through the coordinator, and what of them stays behind in a real database.
@Suite("Secrets in the coordinator", .serialized) struct SecretsTests {
    private let identity: AgeIdentity
    /// Found nowhere but where it belongs.
    private let seeds: [String: String]

    init() throws {
        var random = SystemRandomNumberGenerator()
        identity = try AgeIdentity.generate(using: &random)
        func seed() -> String { "seed" + KeyFolder.hex((0..<12).map { _ in UInt8.random(in: .min ... .max) }) }
        seeds = ["staging": seed(), "production": seed(), "encrypted staging": seed(), "encrypted production": seed(), "broken": seed()]
    }

    private func secret(_ name: String, _ value: String) -> Value {
        ["apiVersion": "v1", "kind": "Secret", "metadata": ["name": .string(name)], "stringData": ["password": .string(value)]]
    }

    private func files() throws -> [String: String] {
        var files = JourneyTests.files(approvals: 0)
        files["fleet/applications/web/application.yaml"]? += "\n  allowClearSecrets: true\n"
        for environment in ["staging", "production"] {
            files["environments/\(environment)/web/clear.yaml"] = YAML.write(secret("clear", seeds[environment] ?? ""))
            files["environments/\(environment)/web/encrypted.yaml"] = try encrypted(seeds["encrypted \(environment)"] ?? "")
        }
        return files
    }

    private func encrypted(_ value: String) throws -> String {
        var random = SystemRandomNumberGenerator()
        return YAML.write(
            try SOPS.encrypt(
                secret("encrypted", value), for: ["\(identity.recipient)"], using: &random, at: Timestamp(seconds: 1_800_000_000)))
    }

    private func bundle(_ fleet: TestFleet, _ cluster: String) throws -> AgentProtocol.Bundle {
        try #require(fleet.fakes.held.withLock { $0[cluster]?.tasks["web"]?.bundle })
    }

    /// Rows of all tables, as text, in which one of the seeds is, in any notation.
    private func leaks(_ store: Store) async throws -> [String] {
        let forms = seeds.values.flatMap { seed in
            [seed, Data(seed.utf8).base64EncodedString()]
        }
        // The search itself finds what is there.
        #expect(try await DatabaseSearch.tables(holding: ["Ada Developer"], in: store.database).contains("fleet_commits"))
        return try await DatabaseSearch.tables(holding: forms, in: store.database)
    }

    /// Files of the server, tables and logs, in which one of the seeds is as it was given.
    private func leakingFiles(_ store: Store) async throws -> [String] {
        try await store.database.read { _ = try $0.execute("checkpoint") }
        let folder = await TestDatabase.shared.folder
        let seeds = seeds.values.map { Data($0.utf8) }
        var found: [String] = []
        var count = 0
        for case let path as String in try #require(FileManager.default.enumerator(atPath: folder)) {
            guard let data = FileManager.default.contents(atPath: "\(folder)/\(path)") else { continue }
            count += 1
            if seeds.contains(where: { data.range(of: $0) != nil }) { found.append(path) }
        }
        #expect(count > 500)
        return found
    }

    @Test("agents get theirs, nobody else does, and the database holds nothing that can be read")
    func journey() async throws {
        let fleet = try await TestFleet(files: try files())
        try await fleet.settle(clusters: JourneyTests.clusters, rounds: 25)
        let bundles = (staging: try bundle(fleet, "s1"), production: try bundle(fleet, "p1"))
        #expect(bundles.staging.entries.compactMap(\.original).count == 1)
        let staging = bundles.staging.entries.map(\.object) + bundles.staging.entries.compactMap(\.original)

        let fetched = try await fleet.agents.objects(ObjectsRequest(digests: staging), cluster: "s1")
        let objects = try fetched.objects.map { try JSON.read($0) }
        #expect(objects.map { Canonical.digest($0) } == bundles.staging.entries.map(\.object))
        var clear = try #require(objects.first { $0.at("metadata", "name") == "clear" })
        #expect(clear[SecretSalt.member] != nil)
        SecretSalt.remove(from: &clear)
        var expected = secret("clear", seeds["staging"] ?? "")
        expected["metadata"]?["namespace"] = "shop"
        #expect(clear == expected)
        // The digest that is kept is not one that somebody could try values for.
        #expect(!staging.contains(Canonical.digest(expected)))

        let encrypted = try #require(objects.first { $0.at("metadata", "name") == "encrypted" })
        let original = try #require(fetched.originals.first)
        #expect(fetched.originals.count == 1 && Manifests.Digest.sha256(original) == bundles.staging.entries.compactMap(\.original).first)
        #expect(encrypted["sops"] == nil && encrypted[SecretSalt.member] == nil)
        let opened = try SOPS.merge(rendered: encrypted, original: Array(original.utf8), identities: Identities([identity]))
        #expect(opened.at("stringData", "password")?.string == seeds["encrypted staging"])

        // Another cluster's own bundle has neither the Secrets nor the originals, only what is the same everywhere.
        let foreign = try await fleet.agents.objects(ObjectsRequest(digests: staging), cluster: "p1")
        #expect(try foreign.objects.map { try JSON.read($0)["kind"] } == ["Deployment"] && foreign.originals.isEmpty)
        let unknown = try await fleet.agents.objects(ObjectsRequest(digests: staging), cluster: "p9")
        #expect(unknown.objects.isEmpty && unknown.originals.isEmpty)

        // The same file encrypted anew is a change.
        try await fleet.push(
            ["environments/staging/web/encrypted.yaml": try self.encrypted(seeds["encrypted staging"] ?? "")], message: "Rotate")
        try await fleet.settle(clusters: JourneyTests.clusters, rounds: 10)
        #expect(try bundle(fleet, "s1").digest != bundles.staging.digest && bundle(fleet, "p1").digest == bundles.production.digest)

        #expect(try await leaks(fleet.store) == [])
        #expect(try await leakingFiles(fleet.store) == [])
        // Nor a hash of a file that holds it.
        let head = try #require(try await fleet.mirror.head(of: "main"))
        let blob = try await fleet.mirror.read(at: head) { try $0.fileID(at: "environments/staging/web/clear.yaml").map { "\($0)" } }
        #expect(try await DatabaseSearch.tables(holding: [try #require(blob)], in: fleet.store.database) == [])
        try await fleet.store.database.read { session in
            let kept = try session.query(
                "select count(*) filter (where sealed is not null) as sealed, count(*) filter (where body is not null) as readable from objects"
            )
            #expect(try kept.first?.int("sealed") == 2 && (kept.first?.int("readable") ?? 0) >= 3)
        }
    }

    @Test("releases that are refused leave nothing behind either")
    func refusals() async throws {
        var all = try files()
        all["fleet/applications/web/application.yaml"] = JourneyTests.files()["fleet/applications/web/application.yaml"]
        let fleet = try await TestFleet(files: all)
        let seed = seeds["broken"] ?? ""
        let head = "apiVersion: v1\nkind: Secret\nmetadata: {name: broken}\n"
        let broken = [
            head + "stringData: {password: \(seed)}\n", head + "stringData: {password: \(seed)\n",
            head + "stringData:\n  password: [\(seed)]\n",
            head + "stringData:\n  a: &\(seed) x\n  b: *\(seed)x\n", head + "stringData: \(seed)\n",
            head + "stringData:\n  password: \"\(seed)\\q\"\n", head + "stringData:\n password: \(seed)\n  more: \(seed)\n",
            head + "data:\n  <<: \(seed)\n", head + "data: {a: !!int \(seed)}\n",
            try encrypted("x").replacing("stringData:", with: "stringData:\n    added: \(seed)"),
            "apiVersion: v1\nkind: Secret\nmetadata: {name: [\(seed)]}\n", head + head.replacing("v1", with: seed),
        ]
        let generators = [
            "secretGenerator: [{name: a, literals: [\(seed)]}]\n",
            "secretGenerator: [{name: a, literals: [\"a=\(seed)\", \"a=\(seed)\"]}]\n",
            "resources: [a.yaml]\npatches: [{patch: '- {op: test, path: /stringData/password, value: x\(seed)}', target: {kind: Secret}}]\n",
            "resources: [a.yaml]\npatches: [{patch: '- {op: add, path: /stringData/password/x, value: \(seed)}', target: {kind: Secret}}]\n",
            "secretGenerator: [{name: a, envs: [secret.env]}]\n",
            """
            resources: [a.yaml, web.yaml]
            replacements:
            - source: {kind: Secret, fieldPath: stringData.password}
              targets: [{select: {kind: Deployment}, fieldPaths: [spec.replicas]}]

            """,
        ]
        let folder = "environments/staging/web"
        for text in broken {
            try await fleet.push(["\(folder)/a.yaml": text], message: "Break")
            try await fleet.follower.round()
        }
        for text in generators {
            try await fleet.push(
                [
                    "\(folder)/kustomization.yaml": text, "\(folder)/a.yaml": head + "stringData: {password: \(seed)}\n",
                    "\(folder)/secret.env": "A=\(seed)\nA=\(seed)\n",
                    "\(folder)/web.yaml": JourneyTests.deployment("web:1").replacing("  selector", with: "  replicas: 1\n  selector"),
                ], message: "Break")
            try await fleet.follower.round()
        }
        let refused = try await fleet.store.database.read {
            try $0.query("select error from plans where error <> ''").map { try $0.text("error") }
        }
        #expect(refused.count == broken.count + generators.count, "\(refused)")
        #expect(try await leaks(fleet.store) == [])
    }

    @Test("a new sealing key takes over, and a lost one is told of")
    func rotation() async throws {
        let (old, new) = (String(repeating: "0a", count: 32), String(repeating: "0b", count: 32))
        let fleet = try await TestFleet(files: try files(), sealing: try SealingKeys(parsing: old))
        try await fleet.settle(clusters: JourneyTests.clusters, rounds: 25)
        let before = try bundle(fleet, "s1")
        let request = ObjectsRequest(digests: before.entries.map(\.object))
        let objects = try await fleet.agents.objects(request, cluster: "s1")

        func agents(_ keys: String) throws -> AgentService {
            AgentService(
                store: fleet.store, time: fleet.time.wall, waiters: PollWaiters(), reports: fleet.reports,
                sealing: try SealingKeys(parsing: keys), desk: CommandDesk(engine: fleet.engine),
                upgrades: AgentUpgrades(engine: fleet.engine, fleet: { nil }, version: FlotillaVersion.current))
        }
        let lost = try agents(new)
        await #expect(throws: AgentService.Refusal.self) { _ = try await lost.objects(request, cluster: "s1") }
        #expect(try await agents("\(new)\n\(old)").objects(request, cluster: "s1").objects == objects.objects)

        let planner = Planner(
            store: fleet.store, mirror: fleet.mirror, cache: fleet.cache, sealing: try SealingKeys(parsing: "\(new)\n\(old)"),
            counters: fleet.counters, time: fleet.time.wall, logger: Logger(label: "test"))
        await planner.tidy()
        // The old one is no longer needed.
        #expect(try await lost.objects(request, cluster: "s1").objects == objects.objects)
    }
}
