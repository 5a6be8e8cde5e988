// SPDX-License-Identifier: Apache-2.0
import Manifests

// Heads that come past the gates: pushed by a person, gone back to, or found in Git by a new database.
extension Stage {
    mutating func adopt(
        _ candidate: Candidate, _ commit: String, by actor: Actor, at now: Timestamp, _ effects: inout [Effect]
    ) {
        // A record that is being written is finished first: it may be on the branch, beneath this head. The head is found again after it.
        guard promotion?.phase != .recording, running?.commit != commit, note(commit) else { return }
        _ = note(candidate.id)
        // What was to be gone back from is gone.
        dropRollback(by: candidate, at: now, &effects)
        requeue(for: candidate, at: now, &effects)
        var urgent = candidate
        urgent.strategy = candidate.strategy.urgent(first: promotion?.rollout?.changed ?? [])
        let adopted = Promotion(
            candidate: urgent, phase: .rolling(Rollout(urgent.strategy)), approvals: [], evidence: [], startedAt: now, commit: commit,
            waitingFor: "")
        promotion = adopted
        running = Head(promotion: urgent.id, commit: commit, candidate: urgent, recordedAt: now, verdict: .unverified)
        hold = Hold(cause: .human, reason: actor.reason, by: actor.name, at: now)
        effects += [
            .journal(
                Decision(
                    kind: .adopted, stage: id, promotion: urgent.id, release: urgent.release, rendered: urgent.rendered, by: actor.name,
                    reason: actor.reason, at: now)),
            .announce(
                Announcement(
                    .adopted, promotion: urgent.id, release: urgent.release, message: "head \(commit.prefix(7)) adopted: \(actor.reason)",
                    by: actor.name)),
        ]
        begin(adopted, &effects)
    }

    /// Takes up a recorded head in a new database: unverified, and rolled out in wave order where it was not.
    mutating func restore(
        _ candidate: Candidate, _ commit: String, _ decisions: Restored, at now: Timestamp, _ effects: inout [Effect]
    ) {
        guard running == nil, promotion == nil else { return }
        rejected = decisions.rejected.suffix(Self.rejectedMax)
        hold = decisions.hold
        paused = decisions.paused
        offered = max(offered, candidate.sequence)
        _ = note(candidate.id)
        _ = note(commit)
        running = Head(promotion: candidate.id, commit: commit, candidate: candidate, recordedAt: now, verdict: .unverified)
        let restored = Promotion(
            candidate: candidate, phase: .rolling(Rollout(candidate.strategy)), approvals: [], evidence: [], startedAt: now, commit: commit,
            waitingFor: "")
        promotion = restored
        effects.append(
            .announce(
                Announcement(
                    .restored, promotion: candidate.id, release: candidate.release,
                    message: "head \(commit.prefix(7)) taken up from Git; unverified until its clusters report")))
        begin(restored, &effects)
    }

    mutating func rollback(to candidate: Candidate, by actor: Actor, at now: Timestamp, _ effects: inout [Effect]) {
        guard note(candidate.id) else { return }
        if let leaving = running?.candidate.rendered, leaving != candidate.rendered, rejection(of: leaving) == nil {
            keepRejection(of: leaving, reason: "rolled back: \(actor.reason)", by: actor.name, at: now)
            effects.append(
                .journal(
                    Decision(
                        kind: .rejected, stage: id, promotion: running?.promotion, release: running?.candidate.release, rendered: leaving,
                        by: actor.name, reason: "rolled back: \(actor.reason)", at: now)))
        }
        // A record that is being written is finished first: its outcome is not known. The rollback follows at once.
        var urgent = candidate
        if let inFlight = promotion, case .recording = inFlight.phase {
            urgent.strategy = candidate.strategy.urgent()
            dropRollback(by: candidate, at: now, &effects)
            rollbackNext = urgent
        } else {
            requeue(for: candidate, at: now, &effects)
            urgent.strategy = candidate.strategy.urgent(first: promotion?.rollout?.changed ?? [])
            promotion = nil
            enter(urgent, approvals: [], at: now)
        }
        setHold(.rollback, reason: actor.reason, by: actor.name, at: now, &effects)
        effects.append(
            .announce(
                Announcement(
                    .rollbackStarted, promotion: urgent.id, release: urgent.release,
                    message: "back to \(urgent.release.prefix(7)): \(actor.reason)", by: actor.name)))
    }

    /// What waited at the gates goes back into the queue when something more urgent comes.
    mutating func requeue(for urgent: Candidate, at now: Timestamp, _ effects: inout [Effect]) {
        guard let inFlight = promotion else { return }
        switch inFlight.phase {
        case .waiting, .recording:
            // The newer one of what waits goes on waiting, whoever asked for the older one.
            if !inFlight.isUrgent, let queued, queued.sequence > inFlight.candidate.sequence {
                supersede(inFlight.candidate, by: queued, at: now, &effects)
            } else if inFlight.isUrgent {
                supersede(inFlight.candidate, by: urgent, at: now, &effects)
            } else {
                queue(inFlight.candidate, at: now, &effects)
            }
        case .rolling, .verifying:
            // Interrupted in the middle: a later release may carry it on, this one is not verified.
            if running?.promotion == inFlight.candidate.id { running?.verdict = .failed }
        }
    }
}
