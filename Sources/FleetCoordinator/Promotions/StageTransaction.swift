// SPDX-License-Identifier: Apache-2.0
import Manifests
import PostgresClient
import Promotion

/// Feeds events to stages inside one database transaction.
///
/// State, desired rows, journal entries and events are written together: a crash leaves all of them or none. The one effect that leaves the
/// database, the record, is kept as an intent and carried out by the `Recorder`.
struct StageTransaction {
    let session: Session
    let epoch: Int64
    let plans: PlanMemory
    /// Clusters are offline only so long after this; see `ClusterRows.offline`.
    let readyAt: Timestamp
    let now: Timestamp
    /// Makes promotions' identifiers.
    let identifiers: Identifiers

    /// Clusters whose desired state changed.
    private(set) var woken: Set<String> = []
    /// There are records to write.
    private(set) var wantsRecord = false
    /// There are decisions for the journal.
    private(set) var wantsJournal = false
    /// What the audit trail is given when the transaction is about to commit.
    private(set) var audited: [AuditEntry] = []

    init(session: Session, epoch: Int64, plans: PlanMemory, readyAt: Timestamp, now: Timestamp, identifiers: Identifiers) {
        self.session = session
        self.epoch = epoch
        self.plans = plans
        self.readyAt = readyAt
        self.now = now
        self.identifiers = identifiers
    }

    /// Applies `events` to the stage and everything that follows from them; the new state is stored.
    @discardableResult
    mutating func apply(_ events: [Event], to id: StageID) throws -> Stage? {
        guard var stage = try StageRows.lock(session, id) else { return nil }
        try apply(events, to: &stage)
        return stage
    }

    /// The same for a stage whose row is locked already.
    mutating func apply(_ events: [Event], to stage: inout Stage) throws {
        let before = stage
        var queue = events[...]
        var announcements: [FleetEvent] = []
        // Every event can cause a bounded number of others; the bound below only guards against a mistake in the machine.
        var budget = 100_000
        while let event = queue.popFirst() {
            budget -= 1
            guard budget > 0 else { throw PromotionError.endless(stage.id) }
            if case .offered(let candidate) = event { try PromotionRows.add(session, candidate, stage: stage.id, at: now) }
            if case .adopted(let candidate, _, _) = event { try PromotionRows.add(session, candidate, stage: stage.id, at: now) }
            if case .restored(let candidate, _, _) = event { try PromotionRows.add(session, candidate, stage: stage.id, at: now) }
            if case .rollback(let candidate, _) = event { try PromotionRows.add(session, candidate, stage: stage.id, at: now) }
            for effect in stage.step(event, at: now) {
                queue += try run(effect, of: stage)
                if case .announce(let announcement) = effect { announcements.append(Self.event(announcement, stage: stage.id, at: now)) }
            }
        }
        guard stage != before || !announcements.isEmpty else { return }
        try EventRows.append(session, announcements)
        auditOwn(events, from: before, to: stage)
        try noteProgress(from: before, to: stage, announcements)
        try StageRows.save(session, stage)
    }

    /// Audits what the coordinator does of itself: clusters change by records, and by what a new database takes up.
    private mutating func auditOwn(_ events: [Event], from before: Stage, to after: Stage) {
        for event in events {
            let (action, commit, reason): (String, String, String)
            switch event {
            case .recorded(_, let record):
                (action, commit, reason) = ("stage.record", record, after.running?.candidate.origin.rawValue ?? "")
            case .restored(_, let head, _): (action, commit, reason) = ("stage.restore", head, "taken up from Git by a new database")
            default: continue
            }
            guard after.running?.commit == commit, before.running?.commit != commit else { continue }
            audit(
                AuditEntry(
                    at: now, by: .coordinator, action, on: "\(after.id)", reason: reason, commit: commit, before: before.audited,
                    after: after.audited))
        }
    }

    /// Carries out an effect in the database and returns what it brought to light.
    private mutating func run(_ effect: Effect, of stage: Stage) throws -> [Event] {
        switch effect {
        case .record(let promotion, _, let approvals, let evidence):
            try PromotionRows.wantRecord(
                session, promotion,
                PromotionRows.RecordRequest(approvals: approvals, evidence: evidence, parent: stage.running?.commit, decidedAt: now))
            wantsRecord = true
            return []
        case .inspect(let promotion, let wave, let clusters):
            guard let candidate = stage.promotion?.candidate else { return [] }
            let offline = try ClusterRows.offline(
                session, clusters, afterMilliseconds: candidate.strategy.offlineAfterMilliseconds, readyAt: readyAt, at: now)
            let notCurrent = try DesiredRows.notCurrent(session, stage: stage.id, clusters: clusters)
            return [.inspected(promotion: promotion, wave: wave, notCurrent: notCurrent, offline: offline)]
        case .dispatch(let promotion, let clusters):
            guard let head = stage.running, head.promotion == promotion else { return [] }
            let changed = try DesiredRows.dispatch(
                session,
                DesiredRows.Dispatch(
                    stage: stage.id, promotion: promotion, sequence: head.candidate.sequence, commit: head.commit,
                    release: head.candidate.release, clusters: clusters),
                plans: plans, epoch: epoch, at: now)
            woken.formUnion(changed)
            return try observations(promotion: promotion, clusters: clusters)
        case .journal(let decision):
            try JournalRows.append(session, decision)
            wantsJournal = true
            return []
        case .announce, .verified: return []
        }
    }

    /// Keeps a decision that no stage's state holds for the journal.
    mutating func journal(_ decision: Decision) throws {
        try JournalRows.append(session, decision)
        wantsJournal = true
    }

    /// Audits something that this transaction does; it is appended last, so that the trail's head is not locked for long.
    mutating func audit(_ entry: AuditEntry) { audited.append(entry) }

    /// Lets the cluster's agent look again once this has been committed.
    mutating func wake(_ cluster: String) { woken.insert(cluster) }

    /// What the reports say of these clusters under the promotion, as events.
    func observations(promotion: String, clusters: [String]) throws -> [Event] {
        try DesiredRows.observations(session, promotion: promotion, clusters: clusters).map {
            .observed(promotion: promotion, cluster: $0.cluster, $0.state)
        }
    }

    /// Offers every stage of the pipeline the newest plan that it may have; stages that already run it take in clusters that joined.
    mutating func offer(pipeline: String) throws {
        var rows = try StageRows.lockAll(session, pipeline: pipeline)
        let latest = try PlanRows.latest(session, pipeline: pipeline)
        for index in rows.indices {
            let predecessors = rows.filter { rows[index].predecessors.contains($0.stage.id.environment) }.map(\.stage)
            var stage = rows[index].stage
            guard let sequence = Offering.next(for: stage, after: predecessors, latest: latest),
                let offer = try PlanRows.offer(session, stage: stage.id, sequence: sequence)
            else { continue }
            let candidate = try candidate(offer, for: stage, predecessors: predecessors)
            try takeInJoiners(of: candidate, to: stage)
            try apply([.offered(candidate)], to: &stage)
            rows[index].stage = stage
        }
    }

    /// The candidate that a plan makes for a stage.
    func candidate(_ offer: PlanRows.Offer, for stage: Stage, predecessors: [Stage], override: Actor? = nil) throws -> Candidate {
        let verifiedIn = predecessors.filter { $0.verifiedSequences.contains(offer.sequence) }.map(\.id.environment)
        var candidate = Candidate(
            id: identifiers.next(at: now), sequence: offer.sequence, release: offer.release, fleet: offer.fleet, origin: offer.origin,
            rendered: offer.rendered, root: offer.root, verifiedIn: verifiedIn,
            predecessorsVerified: verifiedIn.count == predecessors.count, override: override, strategy: offer.strategy)
        if let running = stage.running,
            try PlanRows.same(session, stage: stage.id, running.candidate.sequence, offer.sequence)
        {
            candidate.sameAs = running.promotion
        }
        return candidate
    }

    /// Clusters that joined get what the stage's last verified wave runs; where that is this plan, at once.
    private mutating func takeInJoiners(of candidate: Candidate, to stage: Stage) throws {
        guard let running = stage.running, candidate.sameAs == running.promotion, running.verdict == .verified else { return }
        let joiners = try DesiredRows.joiners(session, stage: stage.id, sequence: candidate.sequence)
        guard !joiners.isEmpty else { return }
        let changed = try DesiredRows.dispatch(
            session,
            DesiredRows.Dispatch(
                stage: stage.id, promotion: running.promotion, sequence: candidate.sequence, commit: running.commit,
                release: running.candidate.release, clusters: joiners),
            plans: plans, epoch: epoch, at: now)
        woken.formUnion(changed)
        try EventRows.append(
            session,
            joiners.map {
                FleetEvent(
                    at: now, kind: "clusterJoined", pipeline: stage.id.pipeline, environment: stage.id.environment, cluster: $0,
                    promotion: running.promotion, release: running.candidate.release, message: "receives what the stage runs")
            })
    }

    /// Keeps the promotions' own rows in step with the machine, for people who look.
    private func noteProgress(from before: Stage, to after: Stage, _ announcements: [FleetEvent]) throws {
        for announcement in announcements {
            guard let promotion = announcement.promotion else { continue }
            switch Announcement.Kind(rawValue: announcement.kind) {
            case .promotionWaiting, .approvalNeeded, .held, .recordOvertaken:
                try PromotionRows.setState(session, promotion, "waiting", reason: announcement.message)
            case .superseded, .rejected:
                try PromotionRows.setState(session, promotion, "superseded", reason: announcement.message, finishedAt: now)
            case .refused: try PromotionRows.setState(session, promotion, "refused", reason: announcement.message, finishedAt: now)
            case .recorded, .adopted, .restored:
                try PromotionRows.setState(
                    session, promotion, "rolling", reason: "", recordedAt: now, commit: after.running?.commit)
            case .rolloutFailed: try PromotionRows.setState(session, promotion, "failed", reason: announcement.message, finishedAt: now)
            case .verified: try PromotionRows.setState(session, promotion, "verified", reason: "", finishedAt: now)
            case .notExercised:
                try PromotionRows.setState(session, promotion, "notExercised", reason: announcement.message, finishedAt: now)
            case .approved, .approvalExpired, .waveStarted, .waveWaiting, .waveFinished, .verifying, .resumed, .paused, .rollbackStarted,
                .branchLost,
                nil:
                break
            }
        }
    }

    private static func event(_ announcement: Announcement, stage: StageID, at now: Timestamp) -> FleetEvent {
        let severity: FleetEvent.Severity =
            switch announcement.kind {
            case .rolloutFailed, .branchLost: .error
            case .held, .waveWaiting, .refused, .adopted, .restored, .rollbackStarted, .recordOvertaken, .approvalNeeded, .rejected,
                .approvalExpired:
                .warning
            case .promotionWaiting, .approved, .superseded, .recorded, .waveStarted, .waveFinished, .verifying, .verified, .notExercised,
                .resumed, .paused:
                .info
            }
        return FleetEvent(
            at: now, kind: announcement.kind.rawValue, severity: severity, pipeline: stage.pipeline, environment: stage.environment,
            promotion: announcement.promotion, release: announcement.release, actor: announcement.by, message: announcement.message)
    }
}

enum PromotionError: Error, CustomStringConvertible {
    case endless(StageID)
    case noSuchStage(StageID)

    var description: String {
        switch self {
        case .endless(let id): "the stage \(id) did not come to rest"
        case .noSuchStage(let id): "there is no stage \(id)"
        }
    }
}
