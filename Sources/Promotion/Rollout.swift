// SPDX-License-Identifier: Apache-2.0
package import Manifests

/// What reports say of one cluster under one promotion. Only reports that name the promotion's generation count.
package enum ClusterState: Sendable, Equatable, Codable {
    case progressing
    case current
    case failed(reason: String)
}

/// One promotion's way through its waves.
///
/// The budget: a cluster that was Current when its wave began and has been given the new release counts as unavailable until it
/// reports Current. Clusters that were not Current go first and use no budget: they can only get better.
package struct Rollout: Sendable, Equatable, Codable {
    package enum Progress: Sendable, Equatable, Codable {
        case pending
        case dispatched
        case current
        case failed(reason: String)
        /// Offline when its wave began, with the policy `skip`: gets the release when it is back, and counts neither way.
        case skipped
        /// Left the environment; counts neither way.
        case left
    }

    package struct Cluster: Sendable, Equatable, Codable {
        package let name: String
        package internal(set) var progress: Progress
        /// Not Current when the wave began.
        package internal(set) var wasUnavailable: Bool
    }

    package enum WavePhase: Sendable, Equatable, Codable {
        /// Waits to learn which clusters are not Current and which are offline.
        case inspecting
        case syncing
        case soaking(until: Timestamp)
    }

    package struct Wave: Sendable, Equatable, Codable {
        package let name: String
        package internal(set) var clusters: [Cluster]
        package let maxUnavailable: Int
        package let soakMilliseconds: Int64
    }

    package internal(set) var waves: [Wave]
    package internal(set) var index: Int
    package internal(set) var phase: WavePhase
    /// When to look again at a wave that could not begin because too few of its clusters are in reach.
    package internal(set) var inspectAgainAt: Timestamp?
    let failureThreshold: Int
    let minimumClusters: Int
    let offline: Strategy.OfflinePolicy

    static let inspectAgainMilliseconds: Int64 = 10_000

    init(_ strategy: Strategy) {
        waves = strategy.waves.map { wave in
            Wave(
                name: wave.name,
                clusters: wave.clusters.map { Cluster(name: $0, progress: .pending, wasUnavailable: false) },
                maxUnavailable: wave.maxUnavailable, soakMilliseconds: wave.soakMilliseconds)
        }
        index = 0
        phase = .inspecting
        failureThreshold = strategy.failureThreshold
        minimumClusters = strategy.minimumClusters
        offline = strategy.offline
    }

    package var clusters: some Sequence<Cluster> { waves.lazy.flatMap(\.clusters) }
    package var wave: Wave? { waves.indices.contains(index) ? waves[index] : nil }
    package var isOver: Bool { index >= waves.count }

    package var failures: [(cluster: String, reason: String)] {
        clusters.compactMap { if case .failed(let reason) = $0.progress { ($0.name, reason) } else { nil } }
    }

    package var hasFailed: Bool { failures.count >= failureThreshold }

    /// Clusters that have been given this release.
    package var changed: Set<String> {
        Set(
            clusters.compactMap {
                switch $0.progress {
                case .dispatched, .current, .failed: $0.name
                case .pending, .skipped, .left: nil
                }
            })
    }

    /// Clusters out of Current because of this rollout.
    package var unavailable: Int {
        clusters.count { cluster in
            switch cluster.progress {
            case .dispatched, .failed: !cluster.wasUnavailable
            case .pending, .current, .skipped, .left: false
            }
        }
    }

    mutating func inspected(notCurrent: Set<String>, offline offlineClusters: Set<String>, at now: Timestamp) {
        guard case .inspecting = phase, !isOver else { return }
        // A wave that skipped its way below the minimum could never complete: it begins when enough clusters are back.
        let counting = waves[index].clusters.filter { $0.progress != .left }
        let inReach = counting.count { $0.progress == .current || !offlineClusters.contains($0.name) }
        if offline == .skip, inReach < min(minimumClusters, counting.count) {
            inspectAgainAt = now + .milliseconds(Self.inspectAgainMilliseconds)
            return
        }
        inspectAgainAt = nil
        for position in waves[index].clusters.indices {
            let name = waves[index].clusters[position].name
            guard waves[index].clusters[position].progress == .pending else { continue }
            if offlineClusters.contains(name), offline == .skip {
                waves[index].clusters[position].progress = .skipped
            }
            waves[index].clusters[position].wasUnavailable = notCurrent.contains(name)
        }
        phase = .syncing
    }

    mutating func observe(_ cluster: String, _ state: ClusterState) {
        update(cluster) { progress in
            switch (progress, state) {
            case (.pending, _), (.skipped, _), (.left, _): break  // has not been given this release: cannot be about it
            case (.dispatched, .progressing): break
            case (_, .progressing): progress = .dispatched
            case (_, .current): progress = .current
            case (_, .failed(let reason)): progress = .failed(reason: reason)
            }
        }
        // A cluster that falls out of Current while its wave soaks makes the wave wait for it again.
        if case .soaking = phase, !settled { phase = .syncing }
    }

    mutating func leave(_ cluster: String) { update(cluster) { $0 = .left } }

    /// The clusters to give the release to now, within the budget.
    mutating func takeNext() -> [String] {
        guard !isOver, case .syncing = phase, !hasFailed else { return [] }
        var taken: [String] = []
        for position in waves[index].clusters.indices
        where waves[index].clusters[position].progress == .pending && waves[index].clusters[position].wasUnavailable {
            waves[index].clusters[position].progress = .dispatched
            taken.append(waves[index].clusters[position].name)
        }
        var room = waves[index].maxUnavailable - unavailable
        for position in waves[index].clusters.indices where room > 0 {
            guard waves[index].clusters[position].progress == .pending else { continue }
            waves[index].clusters[position].progress = .dispatched
            taken.append(waves[index].clusters[position].name)
            room -= 1
        }
        return taken
    }

    /// Moves past what is finished at `now`; says whether a new wave began and which clusters were left for later.
    mutating func advance(at now: Timestamp) -> (began: Bool, caughtUpLater: [String]) {
        guard !isOver, !hasFailed else { return (false, []) }
        switch phase {
        case .inspecting: return (false, [])
        case .syncing:
            guard settled else {
                lookAgainAtSkipped(at: now)
                return (false, [])
            }
            phase = .soaking(until: now + .milliseconds(waves[index].soakMilliseconds))
            return advance(at: now)
        case .soaking(let until):
            guard now >= until else { return (false, []) }
            let skipped = waves[index].clusters.filter { $0.progress == .skipped }.map(\.name)
            index += 1
            phase = .inspecting
            return (!isOver, skipped)
        }
    }

    /// The clusters that were to carry the wave left or failed, and nobody is on the way: those that were skipped may be back.
    private mutating func lookAgainAtSkipped(at now: Timestamp) {
        let members = waves[index].clusters
        guard members.contains(where: { $0.progress == .skipped }),
            !members.contains(where: { $0.progress == .pending || $0.progress == .dispatched })
        else { return }
        for position in members.indices where members[position].progress == .skipped {
            waves[index].clusters[position].progress = .pending
        }
        phase = .inspecting
        inspectAgainAt = now + .milliseconds(Self.inspectAgainMilliseconds)
    }

    /// Whether the wave is to be looked at again; says so once.
    mutating func takeInspection(at now: Timestamp) -> Bool {
        guard case .inspecting = phase, !isOver, let time = inspectAgainAt, time <= now else { return false }
        inspectAgainAt = nil
        return true
    }

    package var deadline: Timestamp? {
        guard !isOver else { return nil }
        switch phase {
        case .inspecting: return inspectAgainAt
        case .syncing: return nil
        case .soaking(let until): return until
        }
    }

    /// Why the wave does not go on by itself, in words; empty where it does.
    var obstacle: String {
        guard let wave, !hasFailed else { return "" }
        if inspectAgainAt != nil { return "wave \(wave.name) begins when at least \(minimumClusters) of its clusters are in reach" }
        guard case .syncing = phase, !failures.isEmpty else { return "" }
        let failed = failures.map { "\($0.cluster) (\($0.reason))" }.joined(separator: ", ")
        if wave.clusters.contains(where: { $0.progress == .pending }), unavailable >= wave.maxUnavailable {
            return "no more than \(wave.maxUnavailable) may be unavailable at a time, and failed clusters are: \(failed)"
        }
        return isSettled ? "too few clusters of wave \(wave.name) are Current; failed: \(failed)" : ""
    }

    /// Nothing is left that could prove the release: every cluster left, or was skipped.
    var provesNothing: Bool { isOver && !clusters.contains { $0.progress != .left && $0.progress != .skipped } }

    /// Every cluster of the wave is Current or does not count, and enough of them are Current.
    private var settled: Bool {
        guard let wave else { return true }
        var current = 0
        var counting = 0
        for cluster in wave.clusters {
            switch cluster.progress {
            case .current:
                current += 1
                counting += 1
            case .pending, .dispatched: return false
            case .failed: counting += 1  // below the threshold: the wave goes on without it
            case .skipped: counting += 1
            case .left: break
            }
        }
        // All left: nothing to wait for, and nothing verified by it either; the promotion as a whole asks for one Current cluster.
        return counting == 0 || current >= min(minimumClusters, counting)
    }

    /// No cluster is on its way.
    var isSettled: Bool { !clusters.contains { $0.progress == .dispatched || (isOver && $0.progress == .pending) } }

    var currentCount: Int { clusters.count { $0.progress == .current } }

    private mutating func update(_ cluster: String, _ body: (inout Progress) -> Void) {
        for wave in waves.indices {
            for position in waves[wave].clusters.indices where waves[wave].clusters[position].name == cluster {
                body(&waves[wave].clusters[position].progress)
            }
        }
    }
}
