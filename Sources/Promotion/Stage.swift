// SPDX-License-Identifier: Apache-2.0
package import Manifests

/// What a stage runs: the head of its environment branch, as far as the coordinator has recorded or adopted it.
package struct Head: Sendable, Equatable, Codable {
    package enum Verdict: String, Sendable, Codable { case unverified, verified, failed }

    /// The promotion that recorded it.
    package var promotion: String
    /// The record's commit on the environment branch, in hex.
    package var commit: String
    package var candidate: Candidate
    package var recordedAt: Timestamp
    package var verdict: Verdict

    package init(promotion: String, commit: String, candidate: Candidate, recordedAt: Timestamp, verdict: Verdict) {
        self.promotion = promotion
        self.commit = commit
        self.candidate = candidate
        self.recordedAt = recordedAt
        self.verdict = verdict
    }
}

package struct Approval: Sendable, Equatable, Codable {
    package var by: String
    /// The rendered set that was approved; an approval dies with it.
    package var rendered: String
    package var at: Timestamp
    package var reason: String

    package init(by: String, rendered: String, at: Timestamp, reason: String = "") {
        self.by = by
        self.rendered = rendered
        self.at = at
        self.reason = reason
    }
}

/// A promotion in flight.
package struct Promotion: Sendable, Equatable, Codable {
    package enum Phase: Sendable, Equatable, Codable {
        /// At the gates.
        case waiting
        /// The record is being written; nothing is rolled out before it is.
        case recording
        case rolling(Rollout)
        case verifying(until: Timestamp, Rollout)
    }

    package internal(set) var candidate: Candidate
    package internal(set) var phase: Phase
    package internal(set) var approvals: [Approval]
    /// What the gates said, as the record's `Flotilla-Gate` trailers.
    package internal(set) var evidence: [String]
    package internal(set) var startedAt: Timestamp
    /// The record's commit, once it is written.
    package internal(set) var commit: String?
    /// Why it waits, in words; empty when nothing is in its way.
    package internal(set) var waitingFor: String

    package var rollout: Rollout? {
        switch phase {
        case .waiting, .recording: nil
        case .rolling(let rollout), .verifying(_, let rollout): rollout
        }
    }

    /// A rollback or a human head: goes before everything else, past gates, soaks and holds.
    var isUrgent: Bool { candidate.origin == .rollback || candidate.origin == .human }
}

/// Why nothing is promoted automatically, until somebody resumes or (where `liftedByOther`) a release with another rendered set comes.
package struct Hold: Sendable, Equatable, Codable {
    package enum Cause: String, Sendable, Codable { case failure, rollback, human, branch }

    package var cause: Cause
    package var reason: String
    package var by: String
    package var at: Timestamp

    package init(cause: Cause, reason: String, by: String, at: Timestamp) {
        self.cause = cause
        self.reason = reason
        self.by = by
        self.at = at
    }

    /// A failed rollout is overtaken by a better release; what a person did is not.
    package var liftedByOther: Bool { cause == .failure }
}

/// The state of one stage: a pure value that changes by `step` alone.
package struct Stage: Sendable, Equatable, Codable {
    package let id: StageID
    /// The last recorded head: what the stage is pinned to.
    package internal(set) var running: Head?
    package internal(set) var promotion: Promotion?
    /// The newest candidate that waits behind the promotion in flight.
    package internal(set) var queued: Candidate?
    /// A rollback that waits for the outcome of a record that is being written.
    package internal(set) var rollbackNext: Candidate?
    /// Identifiers and commits that were taken up here, newest last, so that what comes twice is known. The last `Stage.seenMax` are kept.
    package internal(set) var seen: [String]
    package internal(set) var hold: Hold?
    package internal(set) var paused: Actor?
    /// Rendered sets that failed or were refused here, and why. The newest `Stage.rejectedMax` are kept.
    package internal(set) var rejected: [Rejection]
    /// Heads that were verified here, newest first; the last `Stage.historyMax` are kept.
    package internal(set) var verifiedHeads: [Head]
    /// Sequences of plans that this stage has verified, ascending; the newest `Stage.historyMax` are kept.
    package internal(set) var verifiedSequences: [Int64]
    /// The newest plan that was offered here.
    package internal(set) var offered: Int64

    package struct Rejection: Sendable, Equatable, Codable {
        package var rendered: String
        package var reason: String
        package var by: String
        package var at: Timestamp

        package init(rendered: String, reason: String, by: String, at: Timestamp) {
            self.rendered = rendered
            self.reason = reason
            self.by = by
            self.at = at
        }
    }

    package static let historyMax = 50
    package static let rejectedMax = 200
    package static let seenMax = 200

    package init(id: StageID) {
        self.id = id
        rejected = []
        verifiedHeads = []
        verifiedSequences = []
        offered = 0
        seen = []
    }

    /// When time alone can move this stage on; `nil` when only an event can.
    package var deadline: Timestamp? {
        guard let promotion else { return nil }
        switch promotion.phase {
        case .waiting:
            guard let expiry = promotion.candidate.strategy.approvalExpiryMilliseconds else { return nil }
            return promotion.approvals.map { $0.at + .milliseconds(expiry) }.min()
        case .recording: return nil
        case .rolling(let rollout): return isPaused(promotion) ? nil : rollout.deadline
        case .verifying(let until, _): return isPaused(promotion) ? nil : until
        }
    }

    /// Paused, it is a person's word that moves a rollout on, not time.
    private func isPaused(_ promotion: Promotion) -> Bool { paused != nil && !promotion.isUrgent }

    package func rejection(of rendered: String) -> Rejection? { rejected.last { $0.rendered == rendered } }

    /// The newest head verified here that has not been rejected since: what a rollback goes to by default.
    /// - Parameter rendered: the rendered set to get away from.
    package func rollbackTarget(from rendered: String?) -> Head? {
        verifiedHeads.first { $0.candidate.rendered != rendered && rejection(of: $0.candidate.rendered) == nil }
    }
}
