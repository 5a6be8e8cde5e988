// SPDX-License-Identifier: Apache-2.0
import Foundation
import Manifests
import RandomRepositories
import Rendering
import Testing

/// Random repositories, random changes: what the cache says is what a fresh render says, always, and it renders no more than it must.
///
/// `FLOTILLA_SEED=n` replays one seed, `FLOTILLA_CACHE_SEEDS=n` runs so many.
@Suite("The render cache") struct RenderCachePropertyTests {
    private static let steps = 30

    private static var seeds: [UInt64] {
        let environment = ProcessInfo.processInfo.environment
        if let seed = environment["FLOTILLA_SEED"].flatMap(UInt64.init) { return [seed] }
        let count = environment["FLOTILLA_CACHE_SEEDS"].flatMap(UInt64.init) ?? 40
        return Array(1...max(1, count))
    }

    @Test("equals fresh renders after any change, with the fewest renders", arguments: seeds)
    func equalsFreshRenders(_ seed: UInt64) async throws {
        var world = RandomWorld(seed: seed)
        let records = MemoryRecords()
        let trees = MemoryTrees()
        // Two coordinators that share what is kept: now the one plans, now the other.
        let caches = (0..<2).map { _ in RenderCache(records: records, trees: trees, width: 3) }
        var oracle = RenderOracle(bundle: MemoryRecords.bundle)
        var story: [String] = []
        for step in 0..<Self.steps {
            if step > 0 { story.append(world.change()) }
            let cache = caches[world.chance(0.2) ? 1 : 0]
            if world.chance(0.1) { cache.forget() }
            await trees.setBlind(world.chance(0.05))
            // Sometimes what is planned is not the line's head, such as a person's commit on another branch.
            let line = RenderLine(name: "main", moves: !world.chance(0.15))
            let tree = world.tree
            let expected = try oracle.look(at: world)
            let resolution = try await cache.resolve(
                world.targets, facts: world.clusters, at: await trees.add(tree), line: line, now: Timestamp(seconds: Int64(step)))
            let replay =
                "seed \(seed), step \(step): \(story.suffix(3)); replay: FLOTILLA_SEED=\(seed) swift test --filter equalsFreshRenders"
            #expect(resolution.outcomes == expected.outcomes, "\(replay)")
            #expect(resolution.renders == expected.renders, "\(replay)")
            guard resolution.outcomes == expected.outcomes, resolution.renders == expected.renders else { return }
        }
    }

}
