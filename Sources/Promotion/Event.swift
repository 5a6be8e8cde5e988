// SPDX-License-Identifier: Apache-2.0
package import Manifests

/// What happens to a stage.
package enum Event: Sendable, Equatable, Codable {
    /// A newer plan is there that every predecessor has verified, or that a person promotes.
    case offered(Candidate)
    case approved(Approval)
    /// A person refuses a rendered set here.
    case rejected(rendered: String, by: Actor)
    /// The record of a promotion is on the environment branch.
    case recorded(promotion: String, commit: String)
    /// The record could not be written because the branch has moved; the new head comes as an event of its own.
    case recordOvertaken(promotion: String, reason: String)
    /// A head that the coordinator did not write, descending from the last one, is adopted.
    case adopted(Candidate, commit: String, by: Actor)
    /// A new database found this head, with the coordinator's own signature, and these decisions in the journal.
    case restored(Candidate, commit: String, decisions: Restored)
    /// The branch was deleted or replaced by unrelated history: keep the last head.
    case branchLost(reason: String)
    /// Which clusters of the wave that begins are not Current, and which are offline.
    case inspected(promotion: String, wave: Int, notCurrent: Set<String>, offline: Set<String>)
    case observed(promotion: String, cluster: String, ClusterState)
    case clusterLeft(String)
    /// A person goes back to an earlier head; the candidate carries its tree.
    case rollback(Candidate, by: Actor)
    case paused(by: Actor)
    /// Ends a pause and lifts a hold.
    case resumed(by: Actor)
    /// Time has passed.
    case tick
}

/// A stage's decisions as its journal keeps them.
package struct Restored: Sendable, Equatable, Codable {
    package var rejected: [Stage.Rejection]
    package var hold: Hold?
    package var paused: Actor?

    package init(rejected: [Stage.Rejection] = [], hold: Hold? = nil, paused: Actor? = nil) {
        self.rejected = rejected
        self.hold = hold
        self.paused = paused
    }
}

/// What the shell must do. Every effect is safe to run again: a crash between an effect and its acknowledgement neither loses nor doubles it.
package enum Effect: Sendable, Equatable, Codable {
    /// Write the record of this promotion, then say `recorded`.
    case record(promotion: String, candidate: Candidate, approvals: [Approval], evidence: [String])
    /// Find out about the clusters of a wave, then say `inspected`.
    case inspect(promotion: String, wave: Int, clusters: [String])
    /// Give these clusters the promotion's bundles.
    case dispatch(promotion: String, clusters: [String])
    /// A decision that deploys nothing, for the journal.
    case journal(Decision)
    /// Something that people want to know.
    case announce(Announcement)
    /// This plan is verified here: the next stages may have it.
    case verified(sequence: Int64, release: String, exercised: Bool)
}

/// A decision as the journal keeps it.
package struct Decision: Sendable, Equatable, Codable {
    package enum Kind: String, Sendable, Codable, CaseIterable {
        case verified, failed, rejected, approved, held, resumed, paused, superseded, overridden, adopted
        /// Drift of an application on one cluster is not healed for a while, and is again.
        case driftPaused, driftResumed
    }

    package var kind: Kind
    package var stage: StageID
    package var promotion: String?
    package var release: String?
    package var rendered: String?
    package var by: String
    package var reason: String
    package var at: Timestamp
    /// Of decisions about an application on one cluster.
    package var cluster: String?
    package var application: String?
    package var until: Timestamp?

    package init(
        kind: Kind, stage: StageID, promotion: String? = nil, release: String? = nil, rendered: String? = nil, by: String, reason: String,
        at: Timestamp, cluster: String? = nil, application: String? = nil, until: Timestamp? = nil
    ) {
        self.kind = kind
        self.stage = stage
        self.promotion = promotion
        self.release = release
        self.rendered = rendered
        self.by = by
        self.reason = reason
        self.at = at
        self.cluster = cluster
        self.application = application
        self.until = until
    }
}

package struct Announcement: Sendable, Equatable, Codable {
    package enum Kind: String, Sendable, Codable, CaseIterable {
        case promotionWaiting, approvalNeeded, approved, approvalExpired, rejected, superseded, refused, recorded, waveStarted,
            waveWaiting, waveFinished,
            rolloutFailed, verifying, verified, notExercised, held, resumed, paused, adopted, rollbackStarted, branchLost, recordOvertaken,
            restored
    }

    package var kind: Kind
    package var promotion: String?
    package var release: String?
    package var message: String
    package var by: String?

    package init(_ kind: Kind, promotion: String? = nil, release: String? = nil, message: String, by: String? = nil) {
        self.kind = kind
        self.promotion = promotion
        self.release = release
        self.message = message
        self.by = by
    }
}
