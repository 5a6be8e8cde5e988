// SPDX-License-Identifier: Apache-2.0
import Foundation
import Manifests

@testable import Promotion

/// One pipeline, its Git remote, its database and its clusters; every choice comes from one seed.
///
/// A step of a stage and what it decided are stored in one transaction, as the coordinator does. The crash comes before it (nothing
/// happened) or after it (everything is read back from what was stored).
struct World {
    struct Broken: Error, CustomStringConvertible {
        let description: String
    }

    struct Plan {
        let sequence: Int64
        let rendered: String
        var isBad: Bool { World.isBad(rendered) }
    }

    /// A record that waits for its push.
    struct Intent {
        let promotion: String
        let parent: String?
        let rendered: String
        /// Built and stored: from here on the same commit is pushed.
        var commit: String?
    }

    struct Commit {
        let id: String
        let parent: String?
        let promotion: String?
        let rendered: String
    }

    struct Cluster {
        let name: String
        /// The promotion that it is to run, and what that renders to.
        var desired: (promotion: String, rendered: String)?
        var actual: (promotion: String, state: ClusterState)?
        var isOffline = false
        var hasLeft = false
    }

    /// Everything that is kept of a stage, and beside it what a checker knows.
    struct Place {
        var stage: Stage
        var strategy: Strategy
        var clusters: [Cluster]
        var intent: Intent?
        /// The remote's branch.
        var branch: String?
        var everVerified: Set<Int64> = []
        /// The rollout's clusters that were Current, have the release, and have not said that they are Current with it.
        var out: Set<String> = []
        /// Clusters that use no budget in this rollout.
        var free: Set<String> = []
        var given: Set<String> = []
        var rollout = ""
    }

    var chance: Chance
    var now = Timestamp(seconds: 1_000_000)
    var places: [Place] = []
    var plans: [Plan] = []
    var commits: [String: Commit] = [:]
    var reports: [(place: Int, event: Event)] = []
    var gitIsDown = false
    var names = 0
    var digest = Digest.sha256([])
    var isFaulty = true

    static func isBad(_ rendered: String) -> Bool { rendered.hasPrefix("bad") }

    init(seed: UInt64) {
        chance = Chance(seed: seed)
        for position in 0..<(2 + chance.below(2)) {
            var waves: [Strategy.Wave] = []
            var clusters: [Cluster] = []
            for wave in 0..<(1 + chance.below(3)) {
                let names = (0..<(1 + chance.below(4))).map { "\(position)-\(wave)-\($0)" }
                clusters += names.map { Cluster(name: $0) }
                waves.append(
                    .init(
                        name: "w\(wave)", clusters: names, maxUnavailable: 1 + chance.below(2),
                        soakMilliseconds: Int64(chance.below(3)) * 1_000))
            }
            let strategy = Strategy(
                waves: waves, approvalsRequired: chance.below(3), approvalExpiryMilliseconds: chance.percent(50) ? 60_000 : nil,
                verifySoakMilliseconds: Int64(chance.below(3)) * 2_000, failureThreshold: 1 + chance.below(2),
                minimumClusters: 1 + chance.below(2), offline: chance.percent(70) ? .skip : .wait)
            places.append(
                Place(stage: Stage(id: StageID(pipeline: "p", environment: "e\(position)")), strategy: strategy, clusters: clusters))
        }
    }

    mutating func name(_ prefix: String) -> String {
        names += 1
        return "\(prefix)\(names)"
    }

    // MARK: - Transactions

    /// One event, its effects, and what they bring to light; all of it or (after a crash) nothing.
    mutating func send(_ event: Event, to position: Int) throws {
        digest = Digest.sha256(digest.bytes + Array("\(position) \(label(event))".utf8))
        if isFaulty, chance.percent(2) {
            // Died before the transaction was committed.
            var lost = places[position].stage
            _ = lost.step(event, at: now)
            try restart()
            return
        }
        var queue = [event]
        var budget = 10_000
        while !queue.isEmpty {
            budget -= 1
            guard budget > 0 else { throw Broken(description: "a stage does not come to rest") }
            let event = queue.removeFirst()
            if case .observed(let promotion, let cluster, let state) = event { noteReport(position, promotion, cluster, state) }
            for effect in places[position].stage.step(event, at: now) { queue += try run(effect, position) }
        }
        try check(position)
        if isFaulty, chance.percent(2) { try restart() }
        // Whoever has verified something lets the next ones have it.
        if case .offered = event { return }
        try offerAll()
    }

    /// The process comes up again with what is stored.
    mutating func restart() throws {
        for position in places.indices {
            let bytes = try JSONEncoder().encode(places[position].stage)
            let stage = try JSONDecoder().decode(Stage.self, from: bytes)
            guard stage == places[position].stage else { throw Broken(description: "a stored stage reads as another one") }
            places[position].stage = stage
        }
    }

    private func label(_ event: Event) -> String {
        switch event {
        case .offered(let candidate): "offered \(candidate.id)"
        case .adopted(let candidate, _, _): "adopted \(candidate.id)"
        case .rollback(let candidate, _): "rollback \(candidate.id)"
        case .observed(let promotion, let cluster, let state): "observed \(promotion) \(cluster) \(state)"
        case .recorded(let promotion, _): "recorded \(promotion)"
        case .recordOvertaken(let promotion, _): "overtaken \(promotion)"
        case .clusterLeft(let cluster): "left \(cluster)"
        case .approved(let approval): "approved \(approval.by)"
        case .rejected(let rendered, _): "rejected \(rendered)"
        case .branchLost: "lost"
        case .paused: "paused"
        case .resumed: "resumed"
        case .tick: "tick"
        case .restored, .inspected: "other"
        }
    }

    private mutating func run(_ effect: Effect, _ position: Int) throws -> [Event] {
        switch effect {
        case .record(let promotion, let candidate, _, _):
            if candidate.origin == .release, candidate.override == nil {
                for before in places[..<position] where !before.everVerified.contains(candidate.sequence) {
                    throw Broken(
                        description: "\(promotion) (\(candidate.sequence)) goes past \(before.stage.id), which has not verified it")
                }
            }
            places[position].intent = Intent(
                promotion: promotion, parent: places[position].stage.running?.commit, rendered: candidate.rendered, commit: nil)
            return []
        case .inspect(let promotion, let wave, let clusters):
            let mine = places[position].clusters.filter { clusters.contains($0.name) }
            let offline = Set(mine.filter { $0.isOffline }.map(\.name))
            let notCurrent = Set(mine.filter { $0.actual != nil && $0.actual?.state != .current }.map(\.name))
            if places[position].rollout != promotion {
                places[position].rollout = promotion
                places[position].out = []
                places[position].free = []
                places[position].given = []
            }
            places[position].free.formUnion(notCurrent.subtracting(places[position].given))
            return [.inspected(promotion: promotion, wave: wave, notCurrent: notCurrent, offline: offline)]
        case .dispatch(let promotion, let clusters):
            try dispatch(promotion, clusters, position)
            return []
        case .verified(let sequence, _, _):
            places[position].everVerified.insert(sequence)
            return []
        case .journal, .announce: return []
        }
    }

    private mutating func dispatch(_ promotion: String, _ clusters: [String], _ position: Int) throws {
        guard let head = places[position].stage.running, head.promotion == promotion else {
            throw Broken(description: "\(promotion) is given out and is not what the stage runs")
        }
        guard commits[head.commit] != nil else { throw Broken(description: "\(promotion) is given out before its record is written") }
        // What was skipped when its wave began is given the release when the wave is over, and counts neither way.
        let rollout = places[position].stage.promotion?.rollout
        let skipped = Set(rollout?.clusters.filter { $0.progress == .skipped }.map(\.name) ?? [])
        var width: Int?
        for index in places[position].clusters.indices where clusters.contains(places[position].clusters[index].name) {
            let name = places[position].clusters[index].name
            places[position].clusters[index].desired = (promotion, head.candidate.rendered)
            guard rollout != nil, !skipped.contains(name) else { continue }
            places[position].given.insert(name)
            guard !places[position].free.contains(name) else { continue }
            places[position].out.insert(name)
            width = rollout?.waves.first { $0.clusters.contains { $0.name == name } }?.maxUnavailable
        }
        if let width, places[position].out.count > width {
            throw Broken(description: "\(places[position].out.sorted()) are out at once in \(promotion), \(width) may be")
        }
    }

    private mutating func noteReport(_ position: Int, _ promotion: String, _ cluster: String, _ state: ClusterState) {
        guard places[position].rollout == promotion, places[position].given.contains(cluster),
            places[position].clusters.contains(where: { $0.name == cluster && !$0.hasLeft })
        else { return }
        if state == .current {
            places[position].out.remove(cluster)
        } else if !places[position].free.contains(cluster) {
            places[position].out.insert(cluster)
        }
    }

    private func check(_ position: Int) throws {
        let stage = places[position].stage
        if let running = stage.running {
            guard commits[running.commit] != nil else { throw Broken(description: "\(stage.id) runs a record that is not in Git") }
        }
        if let promotion = stage.promotion, promotion.commit != nil, stage.running?.promotion != promotion.candidate.id {
            throw Broken(description: "two rollouts at once in \(stage.id)")
        }
        if let queued = stage.queued, queued.id == stage.promotion?.candidate.id {
            throw Broken(description: "\(queued.id) waits behind itself")
        }
    }

    // MARK: - The coordinator's loops

    func candidate(_ plan: Plan, _ position: Int, id: String, origin: Origin = .release, override: Actor? = nil) -> Candidate {
        let place = places[position]
        let before = places[..<position].filter { $0.stage.verifiedSequences.contains(plan.sequence) }
        var strategy = place.strategy
        for cluster in place.clusters where cluster.hasLeft { strategy.remove(cluster.name) }
        let sameAs = place.stage.running.flatMap { $0.candidate.rendered == plan.rendered ? $0.promotion : nil }
        return Candidate(
            id: id, sequence: plan.sequence, release: "release\(plan.sequence)", fleet: "f", origin: origin, rendered: plan.rendered,
            root: plan.rendered, sameAs: origin == .release ? sameAs : nil, verifiedIn: before.map(\.stage.id.environment),
            predecessorsVerified: before.count == position, override: override, strategy: strategy)
    }

    mutating func offerAll() throws {
        for position in places.indices {
            let before = position == 0 ? [] : [places[position - 1].stage]
            guard let sequence = Offering.next(for: places[position].stage, after: before, latest: plans.last?.sequence),
                let plan = plans.first(where: { $0.sequence == sequence })
            else { continue }
            let id = name("p")
            try send(.offered(candidate(plan, position, id: id)), to: position)
        }
    }

    /// Pushes the record that waits in this stage; dies at any point of it.
    mutating func record(_ position: Int) throws {
        guard !gitIsDown, var intent = places[position].intent, places[position].stage.promotion?.phase == .recording,
            places[position].stage.promotion?.candidate.id == intent.promotion
        else { return }
        if intent.commit == nil { intent.commit = name("c") }
        guard let commit = intent.commit else { return }
        places[position].intent = intent
        if isFaulty, chance.percent(5) { return try restart() }
        if places[position].branch == intent.parent {
            guard !isWritten(intent.promotion, on: intent.parent) else {
                throw Broken(description: "the record of \(intent.promotion) is written twice")
            }
            commits[commit] = Commit(id: commit, parent: intent.parent, promotion: intent.promotion, rendered: intent.rendered)
            places[position].branch = commit
        } else if !isAncestor(commit, of: places[position].branch) {
            return try send(.recordOvertaken(promotion: intent.promotion, reason: "moved"), to: position)
        }
        if isFaulty, chance.percent(15) { return try restart() }
        // Somebody pushes right on top of it.
        if isFaulty, chance.percent(5) { pushHead(position) }
        try send(.recorded(promotion: intent.promotion, commit: commit), to: position)
    }

    func isAncestor(_ commit: String, of head: String?) -> Bool {
        var next = head
        while let id = next, let found = commits[id] {
            if id == commit { return true }
            next = found.parent
        }
        return false
    }

    /// Whether the promotion's record is in the history of this head.
    func isWritten(_ promotion: String, on head: String?) -> Bool {
        var next = head
        while let id = next, let found = commits[id] {
            if found.promotion == promotion { return true }
            next = found.parent
        }
        return false
    }

    mutating func pushHead(_ position: Int) {
        guard let head = places[position].branch else { return }
        let id = name("h")
        commits[id] = Commit(id: id, parent: head, promotion: nil, rendered: chance.percent(20) && isFaulty ? name("bad") : name("set"))
        places[position].branch = id
    }

    mutating func follow(_ position: Int) throws {
        guard !gitIsDown, let running = places[position].stage.running, places[position].branch != running.commit else { return }
        // Mostly seen in time; sometimes the stage has begun to record since it was looked at.
        if places[position].stage.promotion?.phase == .recording, !chance.percent(20) { return }
        guard let head = places[position].branch, let commit = commits[head], isAncestor(running.commit, of: head) else {
            if isAncestor(places[position].branch ?? "", of: running.commit) { return }
            return try send(.branchLost(reason: "gone"), to: position)
        }
        let id = name("p")
        let plan = Plan(sequence: running.candidate.sequence, rendered: commit.rendered)
        let human = candidate(plan, position, id: id, origin: .human)
        try send(.adopted(human, commit: head, by: Actor(name: "Ada", reason: "by hand")), to: position)
        if chance.percent(10) { try send(.adopted(human, commit: head, by: Actor(name: "Ada")), to: position) }
    }

    // MARK: - Clusters

    mutating func act(_ position: Int, _ index: Int) {
        var cluster = places[position].clusters[index]
        guard !cluster.isOffline, !cluster.hasLeft, let desired = cluster.desired else { return }
        if cluster.actual?.promotion != desired.promotion {
            cluster.actual = (desired.promotion, .progressing)
        } else if isFaulty, chance.percent(10) {
            cluster.actual = (desired.promotion, .progressing)
        } else {
            cluster.actual = (desired.promotion, Self.isBad(desired.rendered) ? .failed(reason: "crashes") : .current)
        }
        places[position].clusters[index] = cluster
        report(position, index)
    }

    mutating func report(_ position: Int, _ index: Int) {
        let cluster = places[position].clusters[index]
        guard !cluster.isOffline, !cluster.hasLeft, let actual = cluster.actual else { return }
        let event = Event.observed(promotion: actual.promotion, cluster: cluster.name, actual.state)
        if isFaulty, chance.percent(15) { return }
        reports.append((position, event))
        if isFaulty, chance.percent(15) { reports.append((position, event)) }
    }

    mutating func deliver() throws {
        guard !reports.isEmpty else { return }
        let report = reports.remove(at: isFaulty ? chance.below(reports.count) : 0)
        try send(report.event, to: report.place)
    }
}
