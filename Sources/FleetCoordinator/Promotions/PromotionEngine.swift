// SPDX-License-Identifier: Apache-2.0
import Logging
import Manifests
import PostgresClient
import Promotion
import Synchronization

/// Carries events to stages and tells the rest of the coordinator what came of it.
struct PromotionEngine: Sendable {
    let store: Store
    let time: WallTime
    let readyAt: Timestamp
    let identifiers: Identifiers
    let bells: Bells
    let waker: ClusterWaker

    /// Runs `body` with a stage transaction; wakes agents, recorder, journalist and readers after it has committed.
    @discardableResult
    func transaction<T: Sendable>(_ body: @escaping @Sendable (inout StageTransaction) throws -> T) async throws -> T {
        let now = time.now
        let (result, woken, wantsRecord, wantsJournal) = try await store.database.transaction { session in
            var transaction = StageTransaction(
                session: session, epoch: store.epoch, plans: store.plans, readyAt: readyAt, now: now, identifiers: identifiers)
            let result = try body(&transaction)
            try store.audit.append(session, transaction.audited)
            return (result, transaction.woken, transaction.wantsRecord, transaction.wantsJournal)
        }
        CrashPoint.reached(.stageStored)
        waker.wake(woken)
        if wantsRecord { bells.recorder.ring() }
        if wantsJournal { bells.journalist.ring() }
        bells.timers.ring()
        bells.readers.ring()
        return result
    }

    func send(_ events: [Event], to stage: StageID) async throws {
        try await transaction { transaction in
            guard try transaction.apply(events, to: stage) != nil else { throw PromotionError.noSuchStage(stage) }
            try transaction.offer(pipeline: stage.pipeline)
        }
    }

    /// Offers what there is to offer in every pipeline; harmless to repeat.
    func offerEverything() async throws {
        let pipelines = try await store.database.read { try StageRows.pipelines($0) }
        for pipeline in pipelines { try await transaction { try $0.offer(pipeline: pipeline) } }
    }

    /// Shows the stages that roll out what these clusters' agents have reported.
    func observe(_ clusters: [String]) async throws {
        let stages = try await store.database.read { try StageRows.rolling($0, clusters: clusters) }
        for id in stages {
            try await transaction { transaction in
                guard var stage = try StageRows.lock(transaction.session, id), let promotion = stage.promotion?.candidate.id else { return }
                let verifiedBefore = stage.verifiedSequences
                let events = try transaction.observations(promotion: promotion, clusters: clusters)
                try transaction.apply(events, to: &stage)
                if stage.verifiedSequences != verifiedBefore { try transaction.offer(pipeline: id.pipeline) }
            }
        }
        if !clusters.isEmpty {
            try await store.database.read { try DesiredRows.forgetRemoved($0, clusters: clusters) }
        }
    }

    /// Shows every stage that rolls out where its clusters stand: what a crash kept from being seen is seen here.
    func observeEverything() async throws {
        let clusters = try await store.database.read { try ClusterRows.inRollouts($0) }
        if !clusters.isEmpty { try await observe(clusters) }
    }

    /// Lets time pass for the stages that wait for it; returns when the next one does.
    func tick() async throws -> Timestamp? {
        let now = time.now
        for id in try await store.database.read({ try StageRows.due($0, at: now) }) { try await send([.tick], to: id) }
        return try await store.database.read { try StageRows.nextDeadline($0) }
    }
}

/// The bells of the coordinator's loops.
struct Bells: Sendable {
    let follower = Bell()
    let recorder = Bell()
    let journalist = Bell()
    let timers = Bell()
    /// Rung when there are new events to read.
    let readers = Bell()
}

/// Wakes the polls of clusters whose desired state changed: in this process at once, in the others by a coalesced NOTIFY.
struct ClusterWaker: Sendable {
    static let channel = "flotilla_desired"

    let waiters: PollWaiters
    let outgoing: ChangedClusters
    let bell: Bell

    func wake(_ clusters: Set<String>) {
        guard !clusters.isEmpty else { return }
        waiters.wake(clusters)
        outgoing.add(clusters)
        bell.ring()
    }
}

/// Clusters that other coordinators have not been told of yet.
final class ChangedClusters: Sendable {
    private let clusters = Mutex<Set<String>>([])

    func add(_ more: Set<String>) { clusters.withLock { $0.formUnion(more) } }

    func take() -> Set<String> {
        clusters.withLock { clusters in
            defer { clusters = [] }
            return clusters
        }
    }
}
