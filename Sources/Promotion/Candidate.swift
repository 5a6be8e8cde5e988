// SPDX-License-Identifier: Apache-2.0

/// Why a promotion exists; written as the trailer `Flotilla-Origin`.
package enum Origin: String, Sendable, Codable, CaseIterable {
    case release, fleet, engine, cluster, rollback
    /// A head that a person pushed to the environment branch.
    case human
}

/// A person's word for an action, as it goes into events, trailers and the journal.
package struct Actor: Sendable, Equatable, Codable {
    package var name: String
    package var reason: String

    package init(name: String, reason: String = "") {
        self.name = name
        self.reason = reason
    }
}

/// One release, pinned to everything that determines it, that a stage may run: a frozen copy of what it was decided from.
package struct Candidate: Sendable, Equatable, Codable {
    /// The promotion's identifier, chosen before anything is written (ULID).
    package var id: String
    /// Grows with every (release, fleet commit) that the pipeline planned; a larger one is newer.
    package var sequence: Int64
    /// The release: a commit of the pipeline's source branch, in hex.
    package var release: String
    /// The fleet commit, in hex.
    package var fleet: String
    package var origin: Origin
    /// The rendered set: digest over the sorted distinct bundle digests per application. Approvals and rejections bind to it.
    package var rendered: String
    /// Merkle root over (cluster, application, bundle digest).
    package var root: String
    /// The promotion whose head already is this, cluster by cluster, so that there is nothing to roll out; `nil` where there is something.
    package var sameAs: String?
    /// The stages before this one that have verified it, for the evidence in the record.
    package var verifiedIn: [String]
    /// Whether every stage before this one has verified it.
    package var predecessorsVerified: Bool
    /// A person who promotes past a stage that has not verified this, or back to a rejected one.
    package var override: Actor?
    package var strategy: Strategy

    package init(
        id: String, sequence: Int64, release: String, fleet: String, origin: Origin, rendered: String, root: String,
        sameAs: String? = nil, verifiedIn: [String] = [], predecessorsVerified: Bool, override: Actor? = nil, strategy: Strategy
    ) {
        self.id = id
        self.sequence = sequence
        self.release = release
        self.fleet = fleet
        self.origin = origin
        self.rendered = rendered
        self.root = root
        self.sameAs = sameAs
        self.verifiedIn = verifiedIn
        self.predecessorsVerified = predecessorsVerified
        self.override = override
        self.strategy = strategy
    }
}

/// How a candidate enters the stage and moves through its clusters: durations in milliseconds, quotas already resolved to counts.
package struct Strategy: Sendable, Equatable, Codable {
    package struct Wave: Sendable, Equatable, Codable {
        package var name: String
        /// The clusters of this wave when the candidate was planned, sorted.
        package var clusters: [String]
        /// At most so many clusters of the wave may be out of Current because of this rollout; at least 1.
        package var maxUnavailable: Int
        package var soakMilliseconds: Int64

        package init(name: String, clusters: [String], maxUnavailable: Int, soakMilliseconds: Int64) {
            self.name = name
            self.clusters = clusters
            self.maxUnavailable = max(1, maxUnavailable)
            self.soakMilliseconds = soakMilliseconds
        }
    }

    package enum OfflinePolicy: String, Sendable, Codable { case skip, wait }

    package var waves: [Wave]
    package var approvalsRequired: Int
    /// How long an approval counts; `nil` for as long as the candidate waits.
    package var approvalExpiryMilliseconds: Int64?
    package var verifySoakMilliseconds: Int64
    /// So many failed clusters fail the rollout; at least 1.
    package var failureThreshold: Int
    /// A wave completes with at least so many of its clusters Current (or all, where it has fewer).
    package var minimumClusters: Int
    package var offline: OfflinePolicy
    /// A cluster counts as offline after so long without contact.
    package var offlineAfterMilliseconds: Int64

    package init(
        waves: [Wave], approvalsRequired: Int = 0, approvalExpiryMilliseconds: Int64? = nil, verifySoakMilliseconds: Int64 = 0,
        failureThreshold: Int = 1, minimumClusters: Int = 1, offline: OfflinePolicy = .skip,
        offlineAfterMilliseconds: Int64 = 600_000
    ) {
        self.waves = waves.filter { !$0.clusters.isEmpty }
        self.approvalsRequired = approvalsRequired
        self.approvalExpiryMilliseconds = approvalExpiryMilliseconds
        self.verifySoakMilliseconds = verifySoakMilliseconds
        self.failureThreshold = max(1, failureThreshold)
        self.minimumClusters = max(1, minimumClusters)
        self.offline = offline
        self.offlineAfterMilliseconds = offlineAfterMilliseconds
    }

    package var clusters: [String] { waves.flatMap(\.clusters) }

    /// Takes a cluster that has left the environment out of its wave.
    mutating func remove(_ cluster: String) {
        for index in waves.indices { waves[index].clusters.removeAll { $0 == cluster } }
        waves.removeAll { $0.clusters.isEmpty }
    }

    /// A share of a wave's frozen clusters: rounded down, at least 1.
    package static func share(percent: Int, of count: Int) -> Int { max(1, count * percent / 100) }

    /// The same clusters without approvals, soaks and verification: how a rollback and a human head roll out.
    package func urgent(first: Set<String> = []) -> Strategy {
        var copy = self
        copy.approvalsRequired = 0
        copy.verifySoakMilliseconds = 0
        for index in copy.waves.indices { copy.waves[index].soakMilliseconds = 0 }
        guard !first.isEmpty else { return copy }
        // Clusters that a failed rollout changed go back first, whatever wave they are in.
        let changed = copy.waves.flatMap { $0.clusters.filter(first.contains) }
        let width = copy.waves.map(\.maxUnavailable).max() ?? 1
        copy.waves = copy.waves.map {
            Wave(
                name: $0.name, clusters: $0.clusters.filter { !first.contains($0) }, maxUnavailable: $0.maxUnavailable, soakMilliseconds: 0)
        }
        copy.waves.removeAll { $0.clusters.isEmpty }
        if !changed.isEmpty {
            copy.waves.insert(Wave(name: "changed", clusters: changed, maxUnavailable: width, soakMilliseconds: 0), at: 0)
        }
        return copy
    }
}
