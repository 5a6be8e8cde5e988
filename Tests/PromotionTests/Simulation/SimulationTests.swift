// SPDX-License-Identifier: Apache-2.0
import Foundation
import Manifests
import Testing

@testable import Promotion

/// Random schedules against the promises that a stage makes.
///
/// `FLOTILLA_SEED=n` replays one seed, `FLOTILLA_SIMULATION_SEEDS=n` runs so many.
@Suite struct SimulationTests {
    static let events = 1_000

    static var seeds: [UInt64] {
        let environment = ProcessInfo.processInfo.environment
        if let seed = environment["FLOTILLA_SEED"].flatMap(UInt64.init) { return [seed] }
        return Array(1...(environment["FLOTILLA_SIMULATION_SEEDS"].flatMap(UInt64.init) ?? 200))
    }

    static func run(seed: UInt64) throws -> Digest {
        var world = World(seed: seed)
        for _ in 0..<events { try world.happen() }
        try world.settle()
        return world.digest
    }

    @Test func promisesHoldOnRandomSchedules() {
        var failures = 0
        for seed in Self.seeds where failures < 5 {
            do { _ = try Self.run(seed: seed) } catch {
                failures += 1
                Issue.record("seed \(seed): \(error)\nreplay: FLOTILLA_SEED=\(seed) swift test --filter SimulationTests")
            }
        }
    }

    @Test func aSeedIsOneSchedule() throws {
        for seed: UInt64 in [1, 7, 42] {
            let digest = try Self.run(seed: seed)
            #expect(try Self.run(seed: seed) == digest)
        }
    }
}
