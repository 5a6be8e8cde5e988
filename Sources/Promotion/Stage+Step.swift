// SPDX-License-Identifier: Apache-2.0
package import Manifests

extension Stage {
    /// Applies `event` and returns the effects to run, in order. An event that is late, doubled or does not fit changes nothing.
    package mutating func step(_ event: Event, at now: Timestamp) -> [Effect] {
        var effects: [Effect] = []
        switch event {
        case .offered(let candidate): offer(candidate, at: now, &effects)
        case .approved(let approval): approve(approval, at: now, &effects)
        case .rejected(let rendered, let actor): reject(rendered, by: actor, at: now, &effects)
        case .recorded(let promotion, let commit): recorded(promotion, commit, at: now, &effects)
        case .recordOvertaken(let promotion, let reason): recordOvertaken(promotion, reason, at: now, &effects)
        case .adopted(let candidate, let commit, let actor): adopt(candidate, commit, by: actor, at: now, &effects)
        case .restored(let candidate, let commit, let decisions): restore(candidate, commit, decisions, at: now, &effects)
        case .branchLost(let reason):
            guard hold?.cause != .branch else { break }
            setHold(.branch, reason: reason, by: "flotilla", at: now, &effects)
            effects.append(.announce(Announcement(.branchLost, message: reason)))
        case .inspected(let promotion, let wave, let notCurrent, let offline):
            change(promotion) { rollout in
                guard rollout.index == wave else { return }
                rollout.inspected(notCurrent: notCurrent, offline: offline, at: now)
            }
        case .observed(let promotion, let cluster, let state):
            change(promotion) { $0.observe(cluster, state) }
        case .clusterLeft(let cluster):
            leave(cluster)
        case .rollback(let candidate, let actor): rollback(to: candidate, by: actor, at: now, &effects)
        case .paused(let actor):
            guard paused == nil else { break }
            paused = actor
            effects += [
                .journal(decision(.paused, by: actor, at: now)), .announce(Announcement(.paused, message: actor.reason, by: actor.name)),
            ]
        case .resumed(let actor):
            guard paused != nil || hold != nil else { break }
            paused = nil
            hold = nil
            effects += [
                .journal(decision(.resumed, by: actor, at: now)), .announce(Announcement(.resumed, message: actor.reason, by: actor.name)),
            ]
        case .tick: break
        }
        advance(at: now, &effects)
        return effects
    }

    // MARK: - Coming in

    private mutating func offer(_ candidate: Candidate, at now: Timestamp, _ effects: inout [Effect]) {
        // By a person, an older plan may come back; by itself only newer ones do.
        guard candidate.sequence > offered || candidate.override != nil else { return }
        guard note(candidate.id) else { return }
        offered = max(offered, candidate.sequence)
        guard candidate.predecessorsVerified || candidate.override != nil else {
            effects.append(refusal(candidate, "a stage before this one has not verified it"))
            return
        }
        if candidate.override == nil, let rejection = rejection(of: candidate.rendered) {
            effects.append(refusal(candidate, "what it renders to was rejected here: \(rejection.reason)"))
            return
        }
        if let actor = candidate.override {
            effects.append(
                .journal(
                    Decision(
                        kind: .overridden, stage: id, promotion: candidate.id, release: candidate.release, rendered: candidate.rendered,
                        by: actor.name, reason: actor.reason, at: now)))
        }
        guard let inFlight = promotion else {
            enter(candidate, approvals: [], at: now)
            return
        }
        guard case .waiting = inFlight.phase, !inFlight.isUrgent else {
            queue(candidate, at: now, &effects)
            return
        }
        let sameSet = inFlight.candidate.rendered == candidate.rendered
        if inFlight.approvals.isEmpty || sameSet || candidate.override != nil {
            supersede(inFlight.candidate, by: candidate, at: now, &effects)
            enter(candidate, approvals: sameSet ? inFlight.approvals : [], at: now)
        } else {
            queue(candidate, at: now, &effects)
        }
    }

    private mutating func queue(_ candidate: Candidate, at now: Timestamp, _ effects: inout [Effect]) {
        if let old = queued {
            if old.sequence > candidate.sequence, candidate.override == nil {
                supersede(candidate, by: old, at: now, &effects)
                return
            }
            supersede(old, by: candidate, at: now, &effects)
        }
        queued = candidate
        effects.append(
            .announce(
                Announcement(
                    .promotionWaiting, promotion: candidate.id, release: candidate.release, message: "waits for the promotion in progress"))
        )
    }

    private mutating func enter(_ candidate: Candidate, approvals: [Approval], at now: Timestamp) {
        promotion = Promotion(
            candidate: candidate, phase: .waiting, approvals: approvals, evidence: [], startedAt: now, commit: nil, waitingFor: "")
    }

    private func supersede(_ old: Candidate, by candidate: Candidate, at now: Timestamp, _ effects: inout [Effect]) {
        let message = "superseded by release \(candidate.release.prefix(7))"
        effects += [
            .journal(
                Decision(
                    kind: .superseded, stage: id, promotion: old.id, release: old.release, rendered: old.rendered, by: "flotilla",
                    reason: message, at: now)),
            .announce(Announcement(.superseded, promotion: old.id, release: old.release, message: message)),
        ]
    }

    private mutating func approve(_ approval: Approval, at now: Timestamp, _ effects: inout [Effect]) {
        guard var current = promotion, case .waiting = current.phase, current.candidate.rendered == approval.rendered else { return }
        // One that has expired does not keep its author from approving again.
        expireApprovals(&current, at: now, &effects)
        promotion = current
        guard !current.approvals.contains(where: { $0.by == approval.by }) else { return }
        current.approvals.append(approval)
        promotion = current
        effects += [
            .journal(
                Decision(
                    kind: .approved, stage: id, promotion: current.candidate.id, release: current.candidate.release,
                    rendered: approval.rendered, by: approval.by, reason: approval.reason, at: now)),
            .announce(
                Announcement(
                    .approved, promotion: current.candidate.id, release: current.candidate.release, message: approval.reason,
                    by: approval.by)),
        ]
    }

    private mutating func reject(_ rendered: String, by actor: Actor, at now: Timestamp, _ effects: inout [Effect]) {
        guard rejection(of: rendered) == nil else { return }
        keepRejection(of: rendered, reason: actor.reason, by: actor.name, at: now)
        let matching = promotion?.candidate.rendered == rendered ? promotion : nil
        effects += [
            .journal(
                Decision(
                    kind: .rejected, stage: id, promotion: matching?.candidate.id, release: matching?.candidate.release, rendered: rendered,
                    by: actor.name, reason: actor.reason, at: now)),
            .announce(
                Announcement(
                    .rejected, promotion: matching?.candidate.id, release: matching?.candidate.release, message: actor.reason,
                    by: actor.name)),
        ]
        if let matching, case .waiting = matching.phase { promotion = nil }
        if queued?.rendered == rendered { queued = nil }
    }

    // MARK: - The record

    private mutating func recorded(_ promotionID: String, _ commit: String, at now: Timestamp, _ effects: inout [Effect]) {
        guard var current = promotion, current.candidate.id == promotionID, case .recording = current.phase else { return }
        _ = note(commit)
        current.commit = commit
        current.phase = .rolling(Rollout(current.candidate.strategy))
        running = Head(promotion: promotionID, commit: commit, candidate: current.candidate, recordedAt: now, verdict: .unverified)
        promotion = current
        effects.append(
            .announce(
                Announcement(
                    .recorded, promotion: promotionID, release: current.candidate.release, message: "recorded as \(commit.prefix(7))")))
        begin(current, &effects)
    }

    private mutating func recordOvertaken(_ promotionID: String, _ reason: String, at now: Timestamp, _ effects: inout [Effect]) {
        guard var current = promotion, current.candidate.id == promotionID, case .recording = current.phase else { return }
        // The head that was found comes as `adopted` or `branchLost`; until then nobody writes.
        current.phase = .waiting
        current.waitingFor = reason
        promotion = current
        hold = Hold(cause: .branch, reason: reason, by: "flotilla", at: now)
        effects.append(
            .announce(Announcement(.recordOvertaken, promotion: promotionID, release: current.candidate.release, message: reason)))
    }

    private func begin(_ current: Promotion, _ effects: inout [Effect]) {
        guard let rollout = current.rollout, let wave = rollout.wave else { return }
        effects += [
            .announce(
                Announcement(
                    .waveStarted, promotion: current.candidate.id, release: current.candidate.release,
                    message: "wave \(wave.name): \(wave.clusters.map(\.name).joined(separator: ", "))")),
            .inspect(promotion: current.candidate.id, wave: rollout.index, clusters: wave.clusters.map(\.name)),
        ]
    }

    // MARK: - People

    private mutating func adopt(
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
    private mutating func restore(
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

    private mutating func rollback(to candidate: Candidate, by actor: Actor, at now: Timestamp, _ effects: inout [Effect]) {
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
    private mutating func requeue(for urgent: Candidate, at now: Timestamp, _ effects: inout [Effect]) {
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

    // MARK: - Moving on

    /// Does whatever the state allows at `now`, until nothing more can be done.
    private mutating func advance(at now: Timestamp, _ effects: inout [Effect]) {
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
    private mutating func takeQueued(at now: Timestamp, _ effects: inout [Effect]) {
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

    private mutating func passGates(_ waiting: Promotion, at now: Timestamp, _ effects: inout [Effect]) {
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

    private func expireApprovals(_ current: inout Promotion, at now: Timestamp, _ effects: inout [Effect]) {
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
    private func obstacle(for waiting: Promotion) -> (kind: Announcement.Kind, text: String)? {
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

    private func evidence(for promotion: Promotion) -> [String] {
        var lines = promotion.candidate.verifiedIn.map { "verified in \($0)" }
        if let actor = promotion.candidate.override {
            lines.append("override by \(actor.name)" + (actor.reason.isEmpty ? "" : ": \(actor.reason)"))
        }
        return lines
    }

    private mutating func roll(_ rolling: Promotion, _ before: Rollout, at now: Timestamp, _ effects: inout [Effect]) {
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

    private mutating func verify(_ current: Promotion, at now: Timestamp, _ effects: inout [Effect]) {
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
    private mutating func notExercised(_ candidate: Candidate, head: Head, at now: Timestamp, _ effects: inout [Effect]) {
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

    private mutating func markVerified(_ candidate: Candidate, exercised: Bool, _ effects: inout [Effect]) {
        verifiedSequences.removeAll { $0 == candidate.sequence }
        verifiedSequences.append(candidate.sequence)
        verifiedSequences.sort()
        if verifiedSequences.count > Self.historyMax { verifiedSequences.removeFirst() }
        effects.append(.verified(sequence: candidate.sequence, release: candidate.release, exercised: exercised))
    }

    private mutating func fail(_ current: Promotion, _ rollout: Rollout, at now: Timestamp, _ effects: inout [Effect]) {
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

    // MARK: - Small things

    private mutating func change(_ promotionID: String, _ body: (inout Rollout) -> Void) {
        guard var current = promotion, current.candidate.id == promotionID else { return }
        switch current.phase {
        case .waiting, .recording: return
        case .rolling(var rollout):
            body(&rollout)
            current.phase = .rolling(rollout)
        case .verifying(let until, var rollout):
            body(&rollout)
            // The soak begins again when the cluster is back.
            current.phase = rollout.isSettled ? .verifying(until: until, rollout) : .rolling(rollout)
        }
        promotion = current
    }

    private mutating func leave(_ cluster: String) {
        queued?.strategy.remove(cluster)
        rollbackNext?.strategy.remove(cluster)
        switch promotion?.phase {
        case .waiting, .recording: promotion?.candidate.strategy.remove(cluster)
        case .rolling, .verifying: if let id = promotion?.candidate.id { change(id) { $0.leave(cluster) } }
        case nil: break
        }
    }

    /// `true` for an identifier or a commit that has not been taken up here.
    private mutating func note(_ identifier: String) -> Bool {
        guard !seen.contains(identifier) else { return false }
        seen.append(identifier)
        if seen.count > Self.seenMax { seen.removeFirst() }
        return true
    }

    private mutating func dropRollback(by candidate: Candidate, at now: Timestamp, _ effects: inout [Effect]) {
        guard let old = rollbackNext else { return }
        rollbackNext = nil
        supersede(old, by: candidate, at: now, &effects)
    }

    private func wait(for reason: String, _ current: inout Promotion, _ effects: inout [Effect]) {
        guard current.waitingFor != reason else { return }
        current.waitingFor = reason
        guard !reason.isEmpty else { return }
        effects.append(
            .announce(Announcement(.waveWaiting, promotion: current.candidate.id, release: current.candidate.release, message: reason)))
    }

    private mutating func setHold(_ cause: Hold.Cause, reason: String, by: String, at now: Timestamp, _ effects: inout [Effect]) {
        hold = Hold(cause: cause, reason: reason, by: by, at: now)
        effects += [
            .journal(decision(.held, by: Actor(name: by, reason: reason), at: now)),
            .announce(Announcement(.held, message: reason, by: by)),
        ]
    }

    private mutating func keepRejection(of rendered: String, reason: String, by: String, at now: Timestamp) {
        guard rejection(of: rendered) == nil else { return }
        rejected.append(Rejection(rendered: rendered, reason: reason, by: by, at: now))
        if rejected.count > Self.rejectedMax { rejected.removeFirst() }
    }

    private func decision(_ kind: Decision.Kind, by actor: Actor, at now: Timestamp) -> Decision {
        Decision(
            kind: kind, stage: id, promotion: promotion?.candidate.id, release: promotion?.candidate.release ?? running?.candidate.release,
            rendered: promotion?.candidate.rendered, by: actor.name, reason: actor.reason, at: now)
    }

    private func refusal(_ candidate: Candidate, _ reason: String) -> Effect {
        .announce(Announcement(.refused, promotion: candidate.id, release: candidate.release, message: reason))
    }
}
