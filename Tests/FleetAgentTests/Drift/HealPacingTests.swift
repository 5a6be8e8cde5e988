// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@testable import FleetAgent

@Suite struct HealPacingTests {
    @Test("Single edits are healed at once, a fight ever more slowly, and peace is forgiven")
    func pacing() {
        var pacing = HealPacing()
        var now = Timestamp(seconds: 1_000)
        for _ in 0..<5 {
            let wait = pacing.wait(at: now)
            let isFight = pacing.healed(at: now)
            #expect(wait == .zero && !isFight)
            now = now + .seconds(1)
        }
        let begins = pacing.healed(at: now)
        #expect(begins)
        #expect(pacing.wait(at: now) == .seconds(1))
        now = now + .seconds(1)
        let beginsAgain = pacing.healed(at: now)
        #expect(!beginsAgain)
        #expect(pacing.wait(at: now) == .seconds(2))
        now = now + .seconds(300)
        #expect(pacing.isQuiet(at: now))
        let isFight = pacing.healed(at: now)
        #expect(!isFight)
        #expect(pacing.wait(at: now) == .zero)
    }

    @Test("Against writers of every kind healing is bounded, ends in what is desired, and is quick again afterwards", arguments: 1...200)
    func fights(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var pacing = HealPacing()
        var now = Timestamp(seconds: 1_000_000)
        let end = now + .seconds(Int64.random(in: 60...7_200, using: &random))
        // From a controller that answers within milliseconds to one that resyncs every few seconds.
        let slowest = [5, 200, 3_000, 9_000].randomElement(using: &random) ?? 5
        var heals: [Timestamp] = []
        var recognised: Timestamp?
        while now < end {
            now = now + pacing.wait(at: now)
            heals.append(now)
            if pacing.healed(at: now) { recognised = recognised ?? now }
            now = now + .milliseconds(Int64.random(in: 1...Int64(slowest), using: &random))
        }
        #expect(recognised.map { $0 == heals[HealPacing.freeHeals] } ?? (heals.count <= HealPacing.freeHeals), "seed \(seed)")
        #expect(pacing.isFighting)
        // A free few, one per doubling, then one per longest delay.
        let lasted = Int((end - heals[0]).components.seconds)
        #expect(heals.count <= HealPacing.freeHeals + 12 + lasted / 300, "seed \(seed)")
        // The last write is healed too, soon enough, and nothing is held against an object for ever.
        let last = now + pacing.wait(at: now)
        #expect(last - now <= HealPacing.longestDelay)
        _ = pacing.healed(at: last)
        let quiet = last + max(HealPacing.window, HealPacing.longestDelay * 2)
        #expect(pacing.isQuiet(at: quiet) && pacing.quietAt.map { $0 <= quiet } == true)
        #expect(pacing.wait(at: quiet) == .zero)
    }
}
