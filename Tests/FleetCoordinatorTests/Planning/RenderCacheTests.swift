// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Foundation
import GitRepository
import Manifests
import PostgresClient
import RandomRepositories
import Rendering
import Testing
import Threads

@testable import FleetCoordinator

/// The render cache as the coordinator has it, with random repositories in a real Git and what is kept in a real PostgreSQL.
///
/// `FLOTILLA_SEED=n` replays one seed, `FLOTILLA_CACHE_SEEDS=n` runs so many.
@Suite("The render cache over Git and PostgreSQL", .serialized) struct RenderCacheTests {
    private static let steps = 20

    private static var seeds: [UInt64] {
        let environment = ProcessInfo.processInfo.environment
        if let seed = environment["FLOTILLA_SEED"].flatMap(UInt64.init) { return [seed] }
        return Array(1_001...(1_000 + max(1, environment["FLOTILLA_CACHE_SEEDS"].flatMap(UInt64.init) ?? 5)))
    }

    @Test("equals fresh renders after any change, with the fewest renders", arguments: seeds)
    func equalsFreshRenders(_ seed: UInt64) async throws {
        var world = RandomWorld(seed: seed)
        let repository = try await Repository()
        defer { repository.remove() }
        let store = try await Store.open(try await TestDatabase.shared.make(), now: Timestamp(seconds: 0))
        let sealing = try SealingKeys(parsing: String(repeating: "5e", count: 32))
        let records = StoredRenders(store: store, sealing: sealing)
        let trees = MirrorTrees(mirror: repository.mirror, threads: ThreadPool(name: "render", count: 2), sealing: sealing)
        let caches = (0..<2).map { _ in RenderCache(records: records, trees: trees, width: 3) }
        var oracle = RenderOracle { objects in Bundle(entries: objects.map { Bundle.Entry(object: $0) }).digest }
        var story: [String] = []
        for step in 0..<Self.steps {
            if step > 0 { story.append(world.change()) }
            let cache = caches[world.chance(0.2) ? 1 : 0]
            if world.chance(0.1) { cache.forget() }
            let line = RenderLine(name: "main", moves: !world.chance(0.15))
            let tree = try await repository.commit(world.tree)
            let expected = try oracle.look(at: world)
            let resolution = try await cache.resolve(
                world.targets, facts: world.clusters, at: tree, line: line, now: Timestamp(seconds: Int64(step)))
            let replay =
                "seed \(seed), step \(step): \(story.suffix(3)); replay: FLOTILLA_SEED=\(seed) swift test --filter RenderCacheTests"
            #expect(resolution.outcomes == expected.outcomes, "\(replay)")
            #expect(resolution.renders == expected.renders, "\(replay)")
            guard resolution.outcomes == expected.outcomes, resolution.renders == expected.renders else { break }
        }
        await store.database.close()
    }

    /// A bare repository that whole trees are imported into, and its mirror.
    private struct Repository {
        let folder: String
        let mirror: GitMirror

        init() async throws {
            folder = "/tmp/flotilla-test-\(getpid())-\(UInt64.random(in: .min ... .max))"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try Self.git(["init", "--quiet", "--bare", "--initial-branch", "main", "\(folder)/remote.git"], input: nil)
            try Self.git(["-C", "\(folder)/remote.git", "fast-import", "--quiet"], input: Self.stream([:], hasParent: false))
            mirror = try await GitMirror.open(
                at: "\(folder)/mirror", remote: RemoteSettings(url: "\(folder)/remote.git"), threads: ThreadPool(name: "git", count: 2))
        }

        /// Makes this the head's tree, and returns the tree's id.
        func commit(_ tree: IndexedTree) async throws -> String {
            try Self.git(["-C", "\(folder)/remote.git", "fast-import", "--quiet"], input: Self.stream(tree.nodes, hasParent: true))
            _ = try await mirror.fetch()
            let head = try #require(try await mirror.head(of: "main"))
            return "\(try await mirror.treeID(of: head))"
        }

        func remove() { try? FileManager.default.removeItem(atPath: folder) }

        /// In the format of git-fast-import(1).
        private static func stream(_ nodes: [String: IndexedTree.Node], hasParent: Bool) -> String {
            var text = "commit refs/heads/main\ncommitter A <a@example.com> 1800000000 +0000\ndata 0\n"
            if hasParent { text += "from refs/heads/main^0\n" }
            text += "deleteall\n"
            for (path, node) in nodes.sorted(by: { $0.key < $1.key }) {
                switch node {
                case .file(let content): text += "M 100644 inline \(path)\ndata \(content.utf8.count)\n\(content)\n"
                case .link(let target): text += "M 120000 inline \(path)\ndata \(target.utf8.count)\n\(target)\n"
                }
            }
            return text
        }

        private static func git(_ arguments: [String], input: String?) throws {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = ["git"] + arguments
            let pipe = Pipe()
            process.standardInput = pipe
            process.standardOutput = FileHandle.nullDevice
            try process.run()
            try pipe.fileHandleForWriting.write(contentsOf: Data((input ?? "").utf8))
            try pipe.fileHandleForWriting.close()
            process.waitUntilExit()
            #expect(process.terminationStatus == 0)
        }
    }
}
