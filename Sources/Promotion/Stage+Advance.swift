// SPDX-License-Identifier: Apache-2.0
import Manifests

// Moving on: gates, waves, verification and failure, as far as the state allows.
extension Stage {
    /// Does whatever the state allows at `now`, until nothing more can be done.
    mutating func advance(at now: Timestamp, _ effects: inout [Effect]) {
        takeQueued(at: now, &effects)
        guard let current = promotion else { return }
        switch current.phase {
        case .waiting: passGates(current, at: now, &effects)
        case .recording: break
        case .rolling(let rollout): roll(current, rollout, at: now, &effects)
        case .verifying(let until, let rollout):
            if rollout.hasFailed {
                fail(current, rollout, at: now, &effects)
            } else if rollout.provesNothing {
                roll(current, rollout, at: now, &effects)
            } else if now >= until, rollout.isSettled, paused == nil || current.isUrgent {
                verify(current, at: now, &effects)
            }
        }
    }

    /// Lets the queued candidate in where nothing is in flight; a queued rollback does not wait for a rollout to end.
    mutating func takeQueued(at now: Timestamp, _ effects: inout [Effect]) {
        if var next = rollbackNext, promotion?.phase != .recording {
            next.strategy = next.strategy.urgent(first: promotion?.rollout?.changed ?? [])
            rollbackNext = nil
            requeue(for: next, at: now, &effects)
            enter(next, approvals: [], at: now)
            return
        }
        guard promotion == nil, let next = queued else { return }
        queued = nil
        // What it renders to may have been rejected since it was offered.
        if next.override == nil, let rejection = rejection(of: next.rendered) {
            effects.append(refusal(next, "what it renders to was rejected here: \(rejection.reason)"))
            return
        }
        enter(next, approvals: [], at: now)
    }

    mutating func passGates(_ waiting: Promotion, at now: Timestamp, _ effects: inout [Effect]) {
        var current = waiting
        expireApprovals(&current, at: now, &effects)
        if let reason = obstacle(for: current) {
            if current.waitingFor != reason.text {
                current.waitingFor = reason.text
                effects.append(
                    .announce(
                        Announcement(reason.kind, promotion: current.candidate.id, release: current.candidate.release, message: reason.text)
                    ))
            }
            promotion = current
            return
        }
        if let head = running, current.candidate.sameAs == head.promotion, !current.isUrgent {
            promotion = nil
            notExercised(current.candidate, head: head, at: now, &effects)
            advance(at: now, &effects)
            return
        }
        if hold?.liftedByOther == true, !current.isUrgent {
            hold = nil
            effects += [
                .journal(
                    Decision(
                        kind: .resumed, stage: id, promotion: current.candidate.id, release: current.candidate.release, by: "flotilla",
                        reason: "a release with other contents passed all gates", at: now))
            ]
        }
        current.waitingFor = ""
        current.evidence = evidence(for: current)
        current.phase = .recording
        promotion = current
        effects.append(
            .record(
                promotion: current.candidate.id, candidate: current.candidate, approvals: current.approvals, evidence: current.evidence))
    }

    func expireApprovals(_ current: inout Promotion, at now: Timestamp, _ effects: inout [Effect]) {
        guard let expiry = current.candidate.strategy.approvalExpiryMilliseconds else { return }
        for approval in current.approvals where approval.at + .milliseconds(expiry) <= now {
            effects.append(
                .announce(
                    Announcement(
                        .approvalExpired, promotion: current.candidate.id, release: current.candidate.release,
                        message: "the approval by \(approval.by) has expired")))
        }
        current.approvals.removeAll { $0.at + .milliseconds(expiry) <= now }
    }

    /// What keeps a waiting promotion from being recorded; the first of several.
    func obstacle(for waiting: Promotion) -> (kind: Announcement.Kind, text: String)? {
        let candidate = waiting.candidate
        if !waiting.isUrgent {
            if let paused { return (.promotionWaiting, "paused by \(paused.name)" + (paused.reason.isEmpty ? "" : ": \(paused.reason)")) }
            if let hold, candidate.override == nil {
                if !hold.liftedByOther { return (.held, "held: \(hold.reason) (resume to continue)") }
                if running?.candidate.rendered == candidate.rendered {
                    return (.held, "held: \(hold.reason)")
                }
            }
            let missing = candidate.strategy.approvalsRequired - waiting.approvals.count
            // What changes nothing needs nobody's approval.
            if missing > 0, running == nil || candidate.sameAs != running?.promotion {
                return (.approvalNeeded, missing == 1 ? "needs an approval" : "needs \(missing) more approvals")
            }
        }
        if let hold, hold.cause == .branch { return (.held, "held: \(hold.reason) (resume to continue)") }
        if candidate.strategy.clusters.isEmpty { return (.promotionWaiting, "no cluster belongs to \(id.environment)") }
        return nil
    }

    func evidence(for promotion: Promotion) -> [String] {
        var lines = promotion.candidate.verifiedIn.map { "verified in \($0)" }
        if let actor = promotion.candidate.override {
            lines.append("override by \(actor.name)" + (actor.reason.isEmpty ? "" : ": \(actor.reason)"))
        }
        return lines
    }

    mutating func roll(_ rolling: Promotion, _ before: Rollout, at now: Timestamp, _ effects: inout [Effect]) {
        var current = rolling
        var rollout = before
        if rollout.hasFailed {
            fail(current, rollout, at: now, &effects)
            return
        }
        let id = current.candidate.id
        // A pause stops before the next cluster, not in the middle of one. Urgent ones are not paused.
        let mayGoOn = paused == nil || current.isUrgent
        if mayGoOn {
            if rollout.takeInspection(at: now), let wave = rollout.wave {
                effects.append(.inspect(promotion: id, wave: rollout.index, clusters: wave.clusters.map(\.name)))
            }
            let next = rollout.takeNext()
            if !next.isEmpty { effects.append(.dispatch(promotion: id, clusters: next)) }
            let finished = rollout.wave?.name ?? ""
            let (began, skipped) = rollout.advance(at: now)
            if !skipped.isEmpty { effects.append(.dispatch(promotion: id, clusters: skipped)) }
            if rollout.index != before.index {
                effects.append(
                    .announce(
                        Announcement(
                            .waveFinished, promotion: id, release: current.candidate.release, message: "wave \(finished) is Current")))
            }
            if began {
                current.phase = .rolling(rollout)
                promotion = current
                begin(current, &effects)
                return
            }
        }
        if rollout.provesNothing {
            promotion = nil
            effects.append(refusal(current.candidate, "every cluster left or was out of reach before it was verified"))
            advance(at: now, &effects)
            return
        }
        // Whoever has fallen out of Current since its wave is waited for: the soak is one of a fleet that is Current as a whole.
        guard rollout.isOver, rollout.isSettled, rollout.currentCount >= 1 else {
            current.phase = .rolling(rollout)
            wait(for: mayGoOn ? rollout.obstacle : "paused", &current, &effects)
            promotion = current
            return
        }
        current.waitingFor = ""
        let until = now + .milliseconds(current.candidate.strategy.verifySoakMilliseconds)
        current.phase = .verifying(until: until, rollout)
        promotion = current
        if until > now {
            effects.append(
                .announce(
                    Announcement(
                        .verifying, promotion: id, release: current.candidate.release,
                        message: "soaks for \(current.candidate.strategy.verifySoakMilliseconds / 1_000) s")))
        } else {
            verify(current, at: now, &effects)
        }
    }

    mutating func verify(_ current: Promotion, at now: Timestamp, _ effects: inout [Effect]) {
        running?.verdict = .verified
        if let head = running {
            verifiedHeads.removeAll { $0.commit == head.commit }
            verifiedHeads.insert(head, at: 0)
            if verifiedHeads.count > Self.historyMax { verifiedHeads.removeLast() }
        }
        promotion = nil
        effects += [
            .journal(
                Decision(
                    kind: .verified, stage: id, promotion: current.candidate.id, release: current.candidate.release,
                    rendered: current.candidate.rendered, by: "flotilla", reason: "", at: now)),
            .announce(
                Announcement(.verified, promotion: current.candidate.id, release: current.candidate.release, message: "verified")),
        ]
        // What a person pushed or went back to is never a release for later stages.
        if !current.isUrgent { markVerified(current.candidate, exercised: true, &effects) }
        advance(at: now, &effects)
    }

    /// A release that renders to what the stage already runs inherits the verdict of what is running.
    mutating func notExercised(_ candidate: Candidate, head: Head, at now: Timestamp, _ effects: inout [Effect]) {
        guard head.verdict == .verified else {
            effects.append(
                .announce(
                    Announcement(
                        .refused, promotion: candidate.id, release: candidate.release,
                        message: "renders to what runs here, which is not verified")))
            return
        }
        effects += [
            .journal(
                Decision(
                    kind: .verified, stage: id, promotion: candidate.id, release: candidate.release, rendered: candidate.rendered,
                    by: "flotilla", reason: "not exercised here: renders to what runs", at: now)),
            .announce(
                Announcement(
                    .notExercised, promotion: candidate.id, release: candidate.release, message: "not exercised here: renders to what runs")
            ),
        ]
        markVerified(candidate, exercised: false, &effects)
    }

    mutating func markVerified(_ candidate: Candidate, exercised: Bool, _ effects: inout [Effect]) {
        verifiedSequences.removeAll { $0 == candidate.sequence }
        verifiedSequences.append(candidate.sequence)
        verifiedSequences.sort()
        if verifiedSequences.count > Self.historyMax { verifiedSequences.removeFirst() }
        effects.append(.verified(sequence: candidate.sequence, release: candidate.release, exercised: exercised))
    }

    mutating func fail(_ current: Promotion, _ rollout: Rollout, at now: Timestamp, _ effects: inout [Effect]) {
        let reason = rollout.failures.map { "\($0.cluster): \($0.reason)" }.joined(separator: "; ")
        running?.verdict = .failed
        keepRejection(of: current.candidate.rendered, reason: reason, by: "flotilla", at: now)
        promotion = nil
        effects += [
            .journal(
                Decision(
                    kind: .failed, stage: id, promotion: current.candidate.id, release: current.candidate.release,
                    rendered: current.candidate.rendered, by: "flotilla", reason: reason, at: now)),
            .announce(
                Announcement(.rolloutFailed, promotion: current.candidate.id, release: current.candidate.release, message: reason)),
        ]
        // What a person held stays theirs to resume.
        if hold == nil || hold?.liftedByOther == true {
            setHold(
                .failure, reason: "the rollout of \(current.candidate.release.prefix(7)) failed: \(reason)", by: "flotilla", at: now,
                &effects)
        }
        if queued?.rendered == current.candidate.rendered { queued = nil }
        advance(at: now, &effects)
    }
}
