// SPDX-License-Identifier: Apache-2.0
import Foundation
import Manifests
import Testing

@testable import Promotion

/// A stage with shorthands; answers `inspect` at once, as the coordinator does.
struct Bench {
    var stage = Stage(id: StageID(pipeline: "shop", environment: "production"))
    var now = Timestamp(seconds: 1_000)
    var notCurrent: Set<String> = []
    var offline: Set<String> = []

    static func strategy(
        _ waves: [[String]] = [["a"]], width: Int = 1, waveSoak: Int64 = 0, approvals: Int = 0, expiry: Int64? = nil, soak: Int64 = 0,
        threshold: Int = 1, minimum: Int = 1, offline: Strategy.OfflinePolicy = .skip
    ) -> Strategy {
        Strategy(
            waves: waves.enumerated().map {
                .init(name: "w\($0.offset)", clusters: $0.element, maxUnavailable: width, soakMilliseconds: waveSoak)
            },
            approvalsRequired: approvals, approvalExpiryMilliseconds: expiry, verifySoakMilliseconds: soak, failureThreshold: threshold,
            minimumClusters: minimum, offline: offline)
    }

    static func candidate(
        _ sequence: Int64, _ strategy: Strategy = strategy(), id: String? = nil, rendered: String? = nil, origin: Origin = .release,
        verified: Bool = true, override: Actor? = nil, sameAs: String? = nil
    ) -> Candidate {
        Candidate(
            id: id ?? "p\(sequence)", sequence: sequence, release: "release\(sequence)", fleet: "fleet", origin: origin,
            rendered: rendered ?? "set\(sequence)", root: "root\(sequence)", sameAs: sameAs, predecessorsVerified: verified,
            override: override, strategy: strategy)
    }

    @discardableResult
    mutating func send(_ event: Event) -> [Effect] {
        var all: [Effect] = []
        var queue = [event]
        while !queue.isEmpty {
            for effect in stage.step(queue.removeFirst(), at: now) {
                all.append(effect)
                if case .inspect(let promotion, let wave, let clusters) = effect {
                    queue.append(
                        .inspected(
                            promotion: promotion, wave: wave, notCurrent: notCurrent.intersection(clusters),
                            offline: offline.intersection(clusters)))
                }
            }
        }
        return all
    }

    @discardableResult
    mutating func current(_ promotion: String, _ cluster: String) -> [Effect] {
        send(.observed(promotion: promotion, cluster: cluster, .current))
    }

    @discardableResult
    mutating func failed(_ promotion: String, _ cluster: String) -> [Effect] {
        send(.observed(promotion: promotion, cluster: cluster, .failed(reason: "crashes")))
    }

    @discardableResult
    mutating func tick(after milliseconds: Int64 = 0) -> [Effect] {
        now = now + .milliseconds(milliseconds)
        return send(.tick)
    }

    /// Offers, records and reports Current from one cluster.
    mutating func verify(_ sequence: Int64, rendered: String? = nil) {
        send(.offered(Self.candidate(sequence, rendered: rendered)))
        send(.recorded(promotion: "p\(sequence)", commit: "c\(sequence)"))
        current("p\(sequence)", "a")
    }
}

extension [Effect] {
    var dispatched: [String] { flatMap { if case .dispatch(_, let clusters) = $0 { clusters } else { [String]() } } }
    var recorded: [String] { compactMap { if case .record(let id, _, _, _) = $0 { id } else { nil } } }
    var verified: [Int64] { compactMap { if case .verified(let sequence, _, _) = $0 { sequence } else { nil } } }
    var announced: [Announcement.Kind] { compactMap { if case .announce(let one) = $0 { one.kind } else { nil } } }
}

@Suite struct GateTests {
    @Test func recordsThenRollsThenVerifies() {
        var bench = Bench()
        #expect(bench.send(.offered(Bench.candidate(1))).recorded == ["p1"])
        #expect(bench.stage.promotion?.phase == .recording)
        #expect(bench.send(.recorded(promotion: "p1", commit: "c1")).dispatched == ["a"])
        #expect(bench.stage.running?.verdict == .unverified)
        #expect(bench.current("p1", "a").verified == [1])
        #expect(bench.stage.promotion == nil)
        #expect(bench.stage.running?.verdict == .verified)
    }

    @Test func refusesWhatPredecessorsHaveNotVerified() {
        var bench = Bench()
        #expect(bench.send(.offered(Bench.candidate(1, verified: false))).announced == [.refused])
        #expect(bench.send(.offered(Bench.candidate(1, id: "o", verified: false, override: Actor(name: "Ada")))).recorded == ["o"])
    }

    @Test func approvalsBindToTheSetAndToPersons() {
        var bench = Bench()
        bench.send(.offered(Bench.candidate(1, Bench.strategy(approvals: 2))))
        bench.send(.approved(Approval(by: "Ada", rendered: "other", at: bench.now)))
        #expect(bench.stage.promotion?.approvals.isEmpty == true)
        bench.send(.approved(Approval(by: "Ada", rendered: "set1", at: bench.now)))
        bench.send(.approved(Approval(by: "Ada", rendered: "set1", at: bench.now)))
        #expect(bench.stage.promotion?.waitingFor == "needs an approval")
        #expect(bench.send(.approved(Approval(by: "Bob", rendered: "set1", at: bench.now))).recorded == ["p1"])
    }

    @Test func approvalsExpireAndMayBeGivenAgain() {
        var bench = Bench()
        bench.send(.offered(Bench.candidate(1, Bench.strategy(approvals: 2, expiry: 1_000))))
        bench.send(.approved(Approval(by: "Ada", rendered: "set1", at: bench.now)))
        #expect(bench.stage.deadline == bench.now + .milliseconds(1_000))
        bench.now = bench.now + .milliseconds(1_000)
        bench.send(.approved(Approval(by: "Ada", rendered: "set1", at: bench.now)))
        #expect(bench.stage.promotion?.approvals.count == 1)
        #expect(bench.tick(after: 1_000).announced.contains(.approvalExpired))
    }

    @Test func newerOnesSupersedeUnlessApproved() {
        let strategy = Bench.strategy(approvals: 2)
        var bench = Bench()
        bench.send(.offered(Bench.candidate(1, strategy)))
        #expect(bench.send(.offered(Bench.candidate(2, strategy))).announced.contains(.superseded))
        bench.send(.approved(Approval(by: "Ada", rendered: "set1", at: bench.now)))
        #expect(bench.stage.promotion?.approvals.isEmpty == true)
        bench.send(.approved(Approval(by: "Ada", rendered: "set2", at: bench.now)))
        bench.send(.offered(Bench.candidate(3, strategy)))
        #expect(bench.stage.promotion?.candidate.sequence == 2)
        #expect(bench.stage.queued?.sequence == 3)
        bench.send(.offered(Bench.candidate(4, strategy, rendered: "set2")))
        #expect(bench.stage.promotion?.candidate.sequence == 4)
        #expect(bench.stage.promotion?.approvals.count == 1)
    }

    @Test func rejectedSetsDoNotComeBackByThemselves() {
        var bench = Bench()
        bench.send(.offered(Bench.candidate(1, Bench.strategy(approvals: 1))))
        bench.send(.rejected(rendered: "set1", by: Actor(name: "Ada", reason: "no")))
        #expect(bench.stage.promotion == nil)
        #expect(bench.send(.offered(Bench.candidate(2, rendered: "set1"))).announced == [.refused])
        #expect(bench.send(.offered(Bench.candidate(2, id: "o", rendered: "set1", override: Actor(name: "Bob")))).recorded == ["o"])
    }

    @Test func whatRendersToTheSameIsNotExercised() {
        var bench = Bench()
        bench.verify(1)
        let effects = bench.send(.offered(Bench.candidate(2, Bench.strategy(approvals: 1), rendered: "set1", sameAs: "p1")))
        #expect(effects.recorded.isEmpty)
        #expect(effects.verified == [2])
    }

    @Test func pausedStagesWaitAndTimeDoesNotWakeThem() {
        var bench = Bench()
        bench.send(.offered(Bench.candidate(1, Bench.strategy(soak: 1_000))))
        bench.send(.recorded(promotion: "p1", commit: "c1"))
        bench.current("p1", "a")
        #expect(bench.stage.deadline != nil)
        bench.send(.paused(by: Actor(name: "Ada")))
        #expect(bench.stage.deadline == nil)
        #expect(bench.tick(after: 5_000).isEmpty)
        #expect(bench.send(.resumed(by: Actor(name: "Ada"))).verified == [1])
    }
}

@Suite struct RolloutTests {
    @Test func keepsTheBudgetAndTakesBrokenClustersFirst() {
        var bench = Bench()
        bench.notCurrent = ["c"]
        bench.send(.offered(Bench.candidate(1, Bench.strategy([["a", "b", "c"]]))))
        #expect(bench.send(.recorded(promotion: "p1", commit: "c1")).dispatched == ["c", "a"])
        #expect(bench.current("p1", "c").dispatched.isEmpty)
        #expect(bench.current("p1", "a").dispatched == ["b"])
        #expect(bench.current("p1", "b").verified == [1])
    }

    @Test func soaksBeginAgainWhenAClusterFallsOut() {
        var bench = Bench()
        bench.send(.offered(Bench.candidate(1, Bench.strategy([["a"], ["b"]], waveSoak: 1_000, soak: 1_000))))
        bench.send(.recorded(promotion: "p1", commit: "c1"))
        bench.current("p1", "a")
        bench.tick(after: 900)
        bench.send(.observed(promotion: "p1", cluster: "a", .progressing))
        bench.current("p1", "a")
        #expect(bench.tick(after: 900).dispatched.isEmpty)
        #expect(bench.tick(after: 100).dispatched == ["b"])
        bench.current("p1", "b")
        bench.tick(after: 1_000)
        bench.tick(after: 900)
        bench.send(.observed(promotion: "p1", cluster: "a", .progressing))
        #expect(bench.stage.deadline == nil)
        bench.current("p1", "a")
        #expect(bench.tick(after: 900).verified.isEmpty)
        #expect(bench.tick(after: 100).verified == [1])
    }

    @Test func aFailureHoldsUntilOtherContentsCome() {
        var bench = Bench()
        bench.verify(1)
        bench.send(.offered(Bench.candidate(2)))
        bench.send(.recorded(promotion: "p2", commit: "c2"))
        #expect(bench.failed("p2", "a").announced.contains(.rolloutFailed))
        #expect(bench.stage.hold?.cause == .failure)
        #expect(bench.send(.offered(Bench.candidate(3, rendered: "set2"))).announced == [.refused])
        #expect(bench.send(.offered(Bench.candidate(4))).recorded == ["p4"])
        #expect(bench.stage.hold == nil)
    }

    @Test func saysWhyFailedClustersStopAWave() {
        var bench = Bench()
        bench.send(.offered(Bench.candidate(1, Bench.strategy([["a", "b"]], threshold: 2))))
        bench.send(.recorded(promotion: "p1", commit: "c1"))
        #expect(bench.failed("p1", "a").announced == [.waveWaiting])
        #expect(bench.stage.promotion?.waitingFor.contains("a (crashes)") == true)
        #expect(bench.current("p1", "a").dispatched == ["b"])
        #expect(bench.stage.promotion?.waitingFor == "")
    }

    @Test func skipsOfflineClustersButNotAWholeWave() {
        var bench = Bench()
        bench.offline = ["a", "b"]
        bench.send(.offered(Bench.candidate(1, Bench.strategy([["a", "b"]], width: 2))))
        #expect(bench.send(.recorded(promotion: "p1", commit: "c1")).dispatched.isEmpty)
        #expect(bench.stage.deadline != nil)
        bench.offline = ["b"]
        #expect(bench.tick(after: 10_000).dispatched == ["a"])
        let effects = bench.current("p1", "a")
        #expect(effects.dispatched == ["b"])
        #expect(effects.verified == [1])
    }

    @Test func waitsForOfflineClustersWhereAsked() {
        var bench = Bench()
        bench.offline = ["a"]
        bench.send(.offered(Bench.candidate(1, Bench.strategy([["a", "b"]], width: 2, offline: .wait))))
        bench.send(.recorded(promotion: "p1", commit: "c1"))
        #expect(bench.current("p1", "b").verified.isEmpty)
        #expect(bench.current("p1", "a").verified == [1])
    }

    @Test func whoLeavesCountsNeitherWay() {
        var bench = Bench()
        bench.send(.offered(Bench.candidate(1, Bench.strategy([["a", "b"]], width: 2))))
        bench.send(.clusterLeft("b"))
        #expect(bench.send(.recorded(promotion: "p1", commit: "c1")).dispatched == ["a"])
        #expect(bench.send(.clusterLeft("a")).verified.isEmpty)
        #expect(bench.stage.promotion == nil)
        #expect(bench.stage.running?.verdict == .unverified)
        #expect(bench.send(.offered(Bench.candidate(2))).recorded == ["p2"])
    }
}

@Suite struct PersonTests {
    @Test func aHumanHeadPreemptsAndHolds() {
        var bench = Bench()
        bench.verify(1)
        bench.send(.offered(Bench.candidate(2, Bench.strategy(approvals: 1))))
        let human = Bench.candidate(3, id: "h", origin: .human)
        let effects = bench.send(.adopted(human, commit: "x", by: Actor(name: "Ada", reason: "revert")))
        #expect(effects.dispatched == ["a"])
        #expect(bench.stage.hold?.cause == .human)
        #expect(bench.stage.queued?.id == "p2")
        #expect(bench.current("h", "a").verified.isEmpty)
        #expect(bench.stage.promotion?.waitingFor.contains("resume") == true)
        #expect(bench.send(.adopted(human, commit: "x", by: Actor(name: "Ada"))).isEmpty)
        bench.send(.resumed(by: Actor(name: "Ada")))
        #expect(bench.send(.approved(Approval(by: "Ada", rendered: "set2", at: bench.now))).recorded == ["p2"])
    }

    @Test func aHumanHeadWaitsForTheRecordBeneathIt() {
        var bench = Bench()
        bench.verify(1)
        bench.send(.offered(Bench.candidate(2)))
        let human = Event.adopted(Bench.candidate(3, id: "h", origin: .human), commit: "x", by: Actor(name: "Ada"))
        #expect(bench.send(human).isEmpty)
        bench.send(.recorded(promotion: "p2", commit: "c2"))
        #expect(bench.send(human).dispatched == ["a"])
        #expect(bench.stage.queued == nil)
        #expect(bench.stage.running?.commit == "x")
    }

    @Test func anOvertakenRecordHoldsUntilTheHeadIsAdopted() {
        var bench = Bench()
        bench.verify(1)
        bench.send(.offered(Bench.candidate(2)))
        bench.send(.recordOvertaken(promotion: "p2", reason: "moved"))
        #expect(bench.stage.hold?.cause == .branch)
        #expect(bench.tick(after: 60_000).recorded.isEmpty)
        bench.send(.adopted(Bench.candidate(3, id: "h", origin: .human), commit: "x", by: Actor(name: "Ada")))
        #expect(bench.stage.hold?.cause == .human)
        #expect(bench.stage.promotion?.candidate.id == "h")
    }

    @Test func aRollbackGoesFirstWhereTheReleaseWas() {
        let strategy = Bench.strategy([["a"], ["b"], ["c"]])
        var bench = Bench()
        bench.send(.offered(Bench.candidate(1, strategy)))
        bench.send(.recorded(promotion: "p1", commit: "c1"))
        bench.current("p1", "a")
        let back = Bench.candidate(0, strategy, id: "back", origin: .rollback)
        #expect(bench.send(.rollback(back, by: Actor(name: "Ada", reason: "slow"))).recorded == ["back"])
        #expect(bench.stage.promotion?.candidate.strategy.waves.map(\.clusters) == [["a", "b"], ["c"]])
        #expect(bench.send(.rollback(back, by: Actor(name: "Ada"))).isEmpty)
        bench.send(.recorded(promotion: "back", commit: "c0"))
        for cluster in ["a", "b", "c"] { bench.current("back", cluster) }
        #expect(bench.stage.running?.verdict == .verified)
        #expect(bench.stage.hold?.cause == .rollback)
        #expect(bench.send(.offered(Bench.candidate(2, rendered: "set1"))).announced == [.refused])
        #expect(bench.send(.offered(Bench.candidate(3))).recorded.isEmpty)
        #expect(bench.send(.resumed(by: Actor(name: "Ada"))).recorded == ["p3"])
    }

    @Test func aRollbackWhileRecordingFollowsAtOnceAndDropsNothing() {
        var bench = Bench()
        bench.verify(1)
        bench.send(.offered(Bench.candidate(2)))
        bench.send(.offered(Bench.candidate(3)))
        let back = Bench.candidate(0, id: "back", origin: .rollback)
        bench.send(.rollback(back, by: Actor(name: "Ada", reason: "slow")))
        bench.send(.offered(Bench.candidate(4)))
        #expect(bench.stage.rollbackNext?.id == "back")
        #expect(bench.send(.recorded(promotion: "p2", commit: "c2")).recorded == ["back"])
        bench.send(.offered(Bench.candidate(5)))
        #expect(bench.stage.promotion?.candidate.id == "back")
        #expect(bench.stage.queued?.sequence == 5)
    }

    @Test func aQueuedSetThatIsRejectedMeanwhileIsRefused() {
        var bench = Bench()
        bench.verify(1, rendered: "A")
        bench.send(.offered(Bench.candidate(2, Bench.strategy(soak: 1_000))))
        bench.send(.offered(Bench.candidate(3, rendered: "A")))
        bench.send(.rejected(rendered: "A", by: Actor(name: "Ada")))
        #expect(bench.stage.queued == nil)
    }

    @Test func restoredHeadsAreUnverifiedUntilReported() {
        var bench = Bench()
        let hold = Hold(cause: .human, reason: "wait", by: "Ada", at: bench.now)
        bench.send(.restored(Bench.candidate(7), commit: "c7", decisions: Restored(hold: hold)))
        #expect(bench.stage.running?.verdict == .unverified)
        #expect(bench.current("p7", "a").verified == [7])
        #expect(bench.stage.hold == hold)
    }

    @Test func offersTheNewestThatAllPredecessorsVerified() {
        var first = Bench()
        first.verify(1)
        first.verify(2)
        var second = Bench()
        second.verify(1)
        let third = Stage(id: StageID(pipeline: "shop", environment: "third"))
        #expect(Offering.next(for: third, after: [first.stage, second.stage], latest: 9) == 1)
        #expect(Offering.next(for: third, after: [], latest: 9) == 9)
        #expect(Offering.next(for: first.stage, after: [], latest: 2) == nil)
    }

    @Test func everyPhaseSurvivesCoding() throws {
        func check(_ stage: Stage) throws {
            #expect(try JSONDecoder().decode(Stage.self, from: JSONEncoder().encode(stage)) == stage)
        }
        var bench = Bench()
        try check(bench.stage)
        bench.send(.offered(Bench.candidate(1, Bench.strategy([["a"], ["b"]], waveSoak: 10, approvals: 1, soak: 10))))
        try check(bench.stage)
        bench.send(.approved(Approval(by: "Ada", rendered: "set1", at: bench.now)))
        try check(bench.stage)
        bench.send(.recorded(promotion: "p1", commit: "c1"))
        try check(bench.stage)
        bench.current("p1", "a")
        try check(bench.stage)
        bench.tick(after: 10)
        bench.current("p1", "b")
        bench.tick(after: 10)
        try check(bench.stage)
        bench.tick(after: 10)
        #expect(bench.stage.running?.verdict == .verified)
        try check(bench.stage)
    }
}
