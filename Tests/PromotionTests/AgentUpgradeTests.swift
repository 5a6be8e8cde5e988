// SPDX-License-Identifier: Apache-2.0
import Foundation
import Manifests
import Testing

@testable import Promotion

@Suite("Agent upgrades") struct AgentUpgradeTests {
    private static let image = "registry.example/agent:2"
    private static let ada = Actor(name: "ada", reason: "")

    private func strategy(_ waves: [[String]], soak: Int64 = 0, offline: Strategy.OfflinePolicy = .skip, wide: Int = 10) -> Strategy {
        Strategy(
            waves: waves.enumerated().map { index, clusters in
                Strategy.Wave(name: "w\(index)", clusters: clusters, maxUnavailable: wide, soakMilliseconds: soak)
            }, offline: offline)
    }

    private func begin(_ strategy: Strategy) -> (AgentUpgrade, [AgentUpgrade.Effect]) {
        AgentUpgrade.begin(
            id: "u1", environment: "production", image: Self.image, strategy: strategy, timeoutMilliseconds: 300_000, by: Self.ada,
            at: Timestamp(seconds: 0))
    }

    private func asked(_ effects: [AgentUpgrade.Effect]) -> [String] {
        effects.flatMap { effect -> [String] in if case .ask(let clusters) = effect { clusters } else { [] } }
    }

    private func back(_ cluster: String) -> AgentUpgrade.Event {
        .heard(cluster: cluster, .runs(image: Self.image, version: "2", isTooNew: false))
    }

    @Test("each wave begins when all agents of the one before have come back")
    func waves() {
        var (run, effects) = begin(strategy([["a"], ["b", "c"]]))
        #expect(effects.contains(.inspect(wave: 0, clusters: ["a"])))
        effects = run.step(.inspected(wave: 0, offline: []), at: Timestamp(seconds: 1))
        #expect(asked(effects) == ["a"] && run.wanting == ["a"])
        _ = run.step(.heard(cluster: "a", .runs(image: "old", version: "1", isTooNew: false)), at: Timestamp(seconds: 2))
        #expect(run.wanting == ["a"])
        effects = run.step(back("a"), at: Timestamp(seconds: 3))
        #expect(effects.contains(.inspect(wave: 1, clusters: ["b", "c"])) && run.wanting.isEmpty)
        effects = run.step(.inspected(wave: 1, offline: []), at: Timestamp(seconds: 4))
        #expect(asked(effects) == ["b", "c"])
        _ = run.step(back("b"), at: Timestamp(seconds: 5))
        #expect(run.wanting == ["c"] && !run.isOver)
        _ = run.step(back("c"), at: Timestamp(seconds: 6))
        #expect(run.phase == .finished(at: Timestamp(seconds: 6)))
    }

    @Test("one that does not come back stops the run, says what is known of it, and is given time again by a resume")
    func stops() {
        var (run, _) = begin(strategy([["a"], ["b"]]))
        _ = run.step(.inspected(wave: 0, offline: []), at: Timestamp(seconds: 0))
        _ = run.step(.heard(cluster: "a", .runs(image: "old", version: "1", isTooNew: false)), at: Timestamp(seconds: 2))
        #expect(run.deadline == Timestamp(seconds: 300))
        _ = run.step(.tick, at: Timestamp(seconds: 299))
        #expect(run.phase == .rolling)
        let effects = run.step(.tick, at: Timestamp(seconds: 300))
        #expect(
            run.phase
                == .stopped(reason: "a: has not come back with registry.example/agent:2 within 300 s; its agent 1 still runs old"))
        #expect(effects.count == 1 && asked(effects).isEmpty && run.wanting == ["a"])
        // It comes back late: nobody else is asked before a person says so.
        #expect(asked(run.step(back("a"), at: Timestamp(seconds: 400))).isEmpty)
        _ = run.step(.resumed(by: Self.ada), at: Timestamp(seconds: 500))
        #expect(run.phase == .rolling && run.rollout.index == 1)
    }

    @Test("one that cannot move itself stays, is named, and holds nobody up")
    func refuses() {
        var (run, _) = begin(strategy([["a"], ["b"]]))
        _ = run.step(.inspected(wave: 0, offline: []), at: Timestamp(seconds: 0))
        let effects = run.step(.heard(cluster: "a", .refuses(reason: "no Deployment")), at: Timestamp(seconds: 1))
        #expect(effects.contains(.inspect(wave: 1, clusters: ["b"])))
        #expect(run.refusals == ["a": "no Deployment"] && run.wanting.isEmpty)
    }

    @Test("an agent newer than the coordinator stops the run")
    func tooNew() {
        var (run, _) = begin(strategy([["a"], ["b"]]))
        _ = run.step(.inspected(wave: 0, offline: []), at: Timestamp(seconds: 0))
        _ = run.step(.heard(cluster: "a", .runs(image: Self.image, version: "9.0.0", isTooNew: true)), at: Timestamp(seconds: 1))
        #expect(run.phase == .stopped(reason: "a: its agent 9.0.0 is newer than the coordinator: upgrade the coordinator first"))
    }

    @Test("offline clusters are skipped and told on their return, or waited for, as the environment says")
    func offline() {
        var (skipping, _) = begin(strategy([["a", "b"], ["c"]]))
        let effects = skipping.step(.inspected(wave: 0, offline: ["b"]), at: Timestamp(seconds: 0))
        #expect(Set(asked(effects)) == ["a", "b"])
        _ = skipping.step(back("a"), at: Timestamp(seconds: 1))
        #expect(skipping.rollout.index == 1 && skipping.wanting == ["b"])
        _ = skipping.step(.inspected(wave: 1, offline: []), at: Timestamp(seconds: 2))
        _ = skipping.step(back("c"), at: Timestamp(seconds: 3))
        #expect(skipping.isOver && skipping.wanting == ["b"])
        _ = skipping.step(back("b"), at: Timestamp(seconds: 4))
        #expect(skipping.wanting.isEmpty)

        var (waiting, _) = begin(strategy([["a", "b"], ["c"]], offline: .wait))
        _ = waiting.step(.inspected(wave: 0, offline: ["b"]), at: Timestamp(seconds: 0))
        _ = waiting.step(back("a"), at: Timestamp(seconds: 1))
        #expect(waiting.rollout.index == 0 && waiting.wanting == ["b"])
    }

    @Test("an aborted run asks nobody any more")
    func aborts() {
        var (run, _) = begin(strategy([["a"], ["b"]]))
        _ = run.step(.inspected(wave: 0, offline: []), at: Timestamp(seconds: 0))
        _ = run.step(.aborted(by: Self.ada), at: Timestamp(seconds: 1))
        #expect(run.isOver && run.wanting.isEmpty && run.deadline == nil)
        #expect(run.step(back("a"), at: Timestamp(seconds: 2)).count == 1)
        #expect(run.step(.resumed(by: Self.ada), at: Timestamp(seconds: 3)).isEmpty && run.isOver)
    }

    @Test("whatever agents do: one wave at a time, nobody asked while stopped, and an end", arguments: 0..<200)
    func simulation(_ seed: UInt64) throws {
        var chance = Chance(seed: seed)
        var clusters = (0..<(1 + chance.below(12))).map { "c\($0)" }
        var waves: [[String]] = []
        while !clusters.isEmpty {
            let count = 1 + chance.below(4)
            waves.append(Array(clusters.prefix(count)))
            clusters.removeFirst(min(count, clusters.count))
        }
        var now = Timestamp(seconds: 0)
        var (run, pending) = begin(
            strategy(
                waves, soak: Int64(chance.below(3)) * 60_000, offline: chance.percent(70) ? .skip : .wait, wide: 1 + chance.below(4)))
        var offline: Set<String> = []
        /// What the agents that were asked will do: nothing, refuse, or come back.
        var fates: [String: Int] = [:]
        for _ in 0..<5_000 where !run.isOver {
            var queue = pending[...]
            pending = []
            while let effect = queue.popFirst() {
                switch effect {
                case .inspect(let wave, let members):
                    queue += run.step(.inspected(wave: wave, offline: offline.intersection(members)), at: now)
                case .ask(let asked):
                    #expect(run.phase == .rolling || run.isOver)
                    let allowed = Set(waves[...run.rollout.index.clamped(waves.count)].flatMap { $0 })
                    #expect(allowed.isSuperset(of: asked), "seed \(seed)")
                    for cluster in asked { fates[cluster] = chance.below(20) }
                case .announce: break
                }
            }
            // All that were asked and are awaited are of the wave that is under way.
            let awaited = Set(run.rollout.clusters.filter { $0.progress == .dispatched }.map(\.name))
            if let wave = run.rollout.wave { #expect(awaited.isSubset(of: wave.clusters.map(\.name)), "seed \(seed)") }
            #expect(try JSONDecoder().decode(AgentUpgrade.self, from: JSONEncoder().encode(run)) == run)

            now = now + .seconds(Int64(1 + chance.below(40)))
            let everyone = waves.flatMap { $0 }
            if chance.percent(5) { offline.formUnion([everyone[chance.below(everyone.count)]]) }
            if chance.percent(30) { offline.removeAll() }
            for cluster in run.wanting where !offline.contains(cluster) && chance.percent(40) {
                let event: AgentUpgrade.Event =
                    switch fates[cluster] ?? 19 {
                    case 0: .heard(cluster: cluster, .runs(image: "old", version: "1", isTooNew: false))
                    case 1: .heard(cluster: cluster, .refuses(reason: "may not"))
                    default: back(cluster)
                    }
                pending += run.step(event, at: now)
            }
            if chance.percent(1) { pending += run.step(.left(cluster: everyone[chance.below(everyone.count)]), at: now) }
            pending += run.step(.tick, at: now)
            if case .stopped(let reason) = run.phase {
                #expect(!reason.isEmpty)
                // A person mends what does not come back, and goes on.
                for cluster in fates.keys where fates[cluster] == 0 { fates[cluster] = 19 }
                if chance.percent(50) { pending += run.step(.resumed(by: Self.ada), at: now) }
            }
        }
        #expect(run.isOver, "seed \(seed): \(run.phase)")
    }
}

extension Int {
    fileprivate func clamped(_ count: Int) -> Int { Swift.min(self, count - 1) }
}
