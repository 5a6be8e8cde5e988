// SPDX-License-Identifier: Apache-2.0
import HTTPTypes
import Manifests
import PostgresClient
import Promotion

/// What a person may do to a stage. Each looks and acts in one transaction: what was verified is what is acted on.
///
/// An action that does not fit the stage's state throws an `APIFailure` that says what the state is; nothing has changed then.
struct StageActions: Sendable {
    let engine: PromotionEngine

    static let reasonMax = 1_000
    /// Shorter beginnings of a commit are taken for a slip.
    static let prefixMin = 4

    func approve(_ id: StageID, release: String?, rendered: String?, reason: String, by author: Author) async throws {
        try await change(id, "stage.approve", reason: reason, by: author) { transaction, stage in
            guard let waiting = stage.promotion, case .waiting = waiting.phase else {
                throw APIFailure.conflict("nothing-waits", "nothing waits for approval in \(id): \(Self.describe(stage))")
            }
            try Self.match(waiting.candidate, release: release, rendered: rendered, in: id)
            guard waiting.candidate.strategy.approvalsRequired > 0 else {
                throw APIFailure.conflict("no-approval-needed", "\(id) needs no approval; it waits because: \(waiting.waitingFor)")
            }
            guard !waiting.approvals.contains(where: { $0.by == author.name }) else {
                throw APIFailure.conflict("approved-already", "\(author.name) has approved \(waiting.candidate.release.prefix(7)) already")
            }
            try PolicyBefore.check(.approve, of: author, at: id, waiting.candidate, transaction.session)
            let approval = Approval(by: author.name, rendered: waiting.candidate.rendered, at: transaction.now, reason: reason)
            return Change([.approved(approval)], commit: waiting.candidate.release)
        }
    }

    func reject(_ id: StageID, release: String?, rendered: String?, reason: String, by author: Author) async throws {
        try await change(id, "stage.reject", reason: reason, by: author) { transaction, stage in
            guard let waiting = stage.promotion, case .waiting = waiting.phase else {
                throw APIFailure.conflict(
                    "nothing-waits", "nothing waits at the gates of \(id): \(Self.describe(stage))",
                    hint: "to leave what runs, roll back")
            }
            try Self.match(waiting.candidate, release: release, rendered: rendered, in: id)
            try PolicyBefore.check(.approve, of: author, at: id, waiting.candidate, transaction.session)
            return Change(
                [.rejected(rendered: waiting.candidate.rendered, by: Actor(name: author.name, reason: reason))],
                commit: waiting.candidate.release)
        }
    }

    func pause(_ id: StageID, reason: String, by author: Author) async throws {
        try await change(id, "stage.pause", reason: reason, by: author) { _, stage in
            if let paused = stage.paused {
                throw APIFailure.conflict("paused-already", "\(id) has been paused by \(paused.name)" + Self.because(paused.reason))
            }
            return Change([.paused(by: Actor(name: author.name, reason: reason))], commit: stage.running?.commit)
        }
    }

    func resume(_ id: StageID, reason: String, by author: Author) async throws {
        try await change(id, "stage.resume", reason: reason, by: author) { _, stage in
            guard stage.paused != nil || stage.hold != nil else {
                throw APIFailure.conflict("not-stopped", "\(id) is neither paused nor held: \(Self.describe(stage))")
            }
            return Change([.resumed(by: Actor(name: author.name, reason: reason))], commit: stage.running?.commit)
        }
    }

    /// - Parameter release: the beginning of a release's commit, or `latest`.
    func promote(_ id: StageID, release: String, override: Bool, reason: String, by author: Author) async throws {
        try Self.check(prefix: release == "latest" ? nil : release, "release")
        try await engine.transaction { transaction in
            let rows = try StageRows.lockAll(transaction.session, pipeline: id.pipeline)
            guard let row = rows.first(where: { $0.stage.id == id }) else { throw Self.unknown(id) }
            var stage = row.stage
            let sequence =
                release == "latest"
                ? try PlanRows.latest(transaction.session, pipeline: id.pipeline)
                : try PlanRows.sequence(transaction.session, pipeline: id.pipeline, releasePrefix: release)
            guard let sequence, let offer = try PlanRows.offer(transaction.session, stage: id, sequence: sequence) else {
                if release != "latest",
                    let refused = try ReadReleases.named(transaction.session, pipeline: id.pipeline, prefix: release)
                {
                    let why = refused.error.isEmpty ? "it has nothing for this environment" : refused.error
                    throw APIFailure.conflict("not-deployable", "release \(refused.release.prefix(7)) cannot be promoted: \(why)")
                }
                throw APIFailure.notFound("pipeline '\(id.pipeline)' has no release '\(release)'")
            }
            let predecessors = rows.filter { row.predecessors.contains($0.stage.id.environment) }.map(\.stage)
            let actor = Actor(name: author.name, reason: reason)
            let candidate = try transaction.candidate(
                offer, for: stage, predecessors: predecessors, override: override ? actor : nil)
            if override { try PolicyBefore.check(.administer, of: author, at: id, candidate, transaction.session) }
            try Self.checkPromotion(candidate, of: stage, predecessors: predecessors)
            let before = stage
            try transaction.apply([.offered(candidate)], to: &stage)
            Self.audit(
                &transaction, override ? "stage.override" : "stage.promote", before, stage, reason: reason, commit: candidate.release,
                by: author)
            try transaction.offer(pipeline: id.pipeline)
        }
    }

    /// - Parameter target: the beginning of a record's or a release's commit; `nil` goes to the newest head that was verified here, is not
    ///   rejected and renders differently.
    func rollback(_ id: StageID, to target: String?, reason: String, by author: Author) async throws {
        try Self.check(prefix: target, "to")
        try await change(id, "stage.rollback", reason: reason, by: author) { transaction, stage in
            guard let running = stage.running else {
                throw APIFailure.conflict("nothing-runs", "nothing runs in \(id) yet")
            }
            let head: Head
            if let target {
                guard
                    let found = stage.verifiedHeads.first(where: {
                        $0.commit.hasPrefix(target) || $0.candidate.release.hasPrefix(target)
                    })
                else {
                    throw APIFailure.conflict(
                        "not-verified", "no head or release that begins with '\(target)' has been verified in \(id)",
                        hint: "the history of the stage shows what was verified")
                }
                head = found
            } else {
                guard let found = stage.rollbackTarget(from: running.candidate.rendered) else {
                    throw APIFailure.conflict("no-target", "\(id) has no other verified head to go back to")
                }
                head = found
            }
            guard head.commit != running.commit else {
                throw APIFailure.conflict("runs-already", "\(id) runs \(running.candidate.release.prefix(7)) already")
            }
            if let inFlight = stage.promotion, inFlight.candidate.origin == .rollback,
                inFlight.candidate.sequence == head.candidate.sequence
            {
                throw APIFailure.conflict(
                    "in-progress", "the rollback of \(id) to \(head.candidate.release.prefix(7)) is in progress already")
            }
            var candidate = head.candidate
            candidate.id = transaction.identifiers.next(at: transaction.now)
            candidate.origin = .rollback
            candidate.sameAs = nil
            candidate.override = nil
            candidate.verifiedIn = []
            candidate.predecessorsVerified = true
            return Change([.rollback(candidate, by: Actor(name: author.name, reason: reason))], commit: head.commit)
        }
    }

    // MARK: - Small things

    /// What an action comes to: events for the stage, and the commit that it is about.
    private struct Change {
        var events: [Event]
        var commit: String?

        init(_ events: [Event], commit: String?) {
            self.events = events
            self.commit = commit
        }
    }

    private func change(
        _ id: StageID, _ action: String, reason: String, by author: Author,
        _ decide: @escaping @Sendable (inout StageTransaction, Stage) throws -> Change
    ) async throws {
        try await engine.transaction { transaction in
            guard var stage = try StageRows.lock(transaction.session, id) else { throw Self.unknown(id) }
            let change = try decide(&transaction, stage)
            let before = stage
            try transaction.apply(change.events, to: &stage)
            Self.audit(&transaction, action, before, stage, reason: reason, commit: change.commit, by: author)
            try transaction.offer(pipeline: id.pipeline)
        }
    }

    private static func checkPromotion(_ candidate: Candidate, of stage: Stage, predecessors: [Stage]) throws(APIFailure) {
        let name = candidate.release.prefix(7)
        if let inFlight = stage.promotion, inFlight.candidate.sequence == candidate.sequence {
            guard candidate.override != nil, case .waiting = inFlight.phase, inFlight.candidate.override == nil else {
                let waits = inFlight.waitingFor.isEmpty ? "" : " (\(inFlight.waitingFor))"
                throw .conflict("in-progress", "release \(name) is \(inFlight.phaseName) in \(stage.id) already\(waits)")
            }
        } else if stage.promotion == nil, let running = stage.running, running.candidate.sequence == candidate.sequence {
            throw .conflict("runs-already", "\(stage.id) runs release \(name) already")
        }
        guard candidate.override == nil else { return }
        let hint = "override promotes it anyway, and is recorded with your reason"
        guard candidate.predecessorsVerified else {
            let missing = predecessors.filter { !$0.verifiedSequences.contains(candidate.sequence) }.map(\.id.environment)
            throw .conflict("not-verified", "release \(name) has not been verified in \(missing.joined(separator: ", "))", hint: hint)
        }
        if let rejection = stage.rejection(of: candidate.rendered) {
            throw .conflict(
                "rejected", "what release \(name) renders to was rejected in \(stage.id) by \(rejection.by)" + because(rejection.reason),
                hint: hint)
        }
        guard candidate.sequence > stage.offered else {
            throw .conflict(
                "not-newer", "release \(name) is not newer than what \(stage.id) was offered before",
                hint: "to go back, roll back; \(hint)")
        }
    }

    private static func audit(
        _ transaction: inout StageTransaction, _ action: String, _ before: Stage, _ after: Stage, reason: String, commit: String?,
        by author: Author
    ) {
        transaction.audit(
            AuditEntry(
                at: transaction.now, by: author, action, on: "\(after.id)", reason: reason, commit: commit, before: before.audited,
                after: after.audited))
    }

    private static func match(_ candidate: Candidate, release: String?, rendered: String?, in id: StageID) throws(APIFailure) {
        try check(prefix: release, "release")
        if let release, !candidate.release.hasPrefix(release) {
            throw .conflict("other-release", "\(id) waits with release \(candidate.release.prefix(7)), not \(release.prefix(40))")
        }
        if let rendered, rendered != candidate.rendered {
            throw .conflict(
                "other-rendered-set", "what waits in \(id) is not what you looked at: it renders to \(candidate.rendered)",
                hint: "look at it again, then decide")
        }
    }

    private static func check(prefix: String?, _ name: String) throws(APIFailure) {
        guard let prefix else { return }
        guard prefix.utf8.count >= prefixMin, prefix.utf8.count <= 64, prefix.allSatisfy({ $0.isHexDigit && !$0.isUppercase }) else {
            throw .invalid("'\(name)' is no commit: give at least \(prefixMin) of its hexadecimal digits")
        }
    }

    private static func unknown(_ id: StageID) -> APIFailure { .notFound("there is no stage '\(id)'") }
    private static func because(_ reason: String) -> String { reason.isEmpty ? "" : ": \(reason)" }

    /// The state in a few words, for refusals.
    static func describe(_ stage: Stage) -> String {
        if let promotion = stage.promotion {
            let release = promotion.candidate.release.prefix(7)
            return switch promotion.phase {
            case .waiting: "release \(release) waits" + because(promotion.waitingFor)
            case .recording: "release \(release) is being recorded"
            case .rolling: "release \(release) is rolling out"
            case .verifying: "release \(release) is being verified"
            }
        }
        guard let running = stage.running else { return "nothing runs here yet" }
        return "it runs release \(running.candidate.release.prefix(7)), \(running.verdict.rawValue)"
    }
}
