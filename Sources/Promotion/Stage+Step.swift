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

    mutating func offer(_ candidate: Candidate, at now: Timestamp, _ effects: inout [Effect]) {
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

    mutating func queue(_ candidate: Candidate, at now: Timestamp, _ effects: inout [Effect]) {
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

    mutating func enter(_ candidate: Candidate, approvals: [Approval], at now: Timestamp) {
        promotion = Promotion(
            candidate: candidate, phase: .waiting, approvals: approvals, evidence: [], startedAt: now, commit: nil, waitingFor: "")
    }

    func supersede(_ old: Candidate, by candidate: Candidate, at now: Timestamp, _ effects: inout [Effect]) {
        let message = "superseded by release \(candidate.release.prefix(7))"
        effects += [
            .journal(
                Decision(
                    kind: .superseded, stage: id, promotion: old.id, release: old.release, rendered: old.rendered, by: "flotilla",
                    reason: message, at: now)),
            .announce(Announcement(.superseded, promotion: old.id, release: old.release, message: message)),
        ]
    }

    mutating func approve(_ approval: Approval, at now: Timestamp, _ effects: inout [Effect]) {
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

    mutating func reject(_ rendered: String, by actor: Actor, at now: Timestamp, _ effects: inout [Effect]) {
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

    mutating func recorded(_ promotionID: String, _ commit: String, at now: Timestamp, _ effects: inout [Effect]) {
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

    mutating func recordOvertaken(_ promotionID: String, _ reason: String, at now: Timestamp, _ effects: inout [Effect]) {
        guard var current = promotion, current.candidate.id == promotionID, case .recording = current.phase else { return }
        // The head that was found comes as `adopted` or `branchLost`; until then nobody writes.
        current.phase = .waiting
        current.waitingFor = reason
        promotion = current
        hold = Hold(cause: .branch, reason: reason, by: "flotilla", at: now)
        effects.append(
            .announce(Announcement(.recordOvertaken, promotion: promotionID, release: current.candidate.release, message: reason)))
    }

    func begin(_ current: Promotion, _ effects: inout [Effect]) {
        guard let rollout = current.rollout, let wave = rollout.wave else { return }
        effects += [
            .announce(
                Announcement(
                    .waveStarted, promotion: current.candidate.id, release: current.candidate.release,
                    message: "wave \(wave.name): \(wave.clusters.map(\.name).joined(separator: ", "))")),
            .inspect(promotion: current.candidate.id, wave: rollout.index, clusters: wave.clusters.map(\.name)),
        ]
    }

    // MARK: - Small things

    mutating func change(_ promotionID: String, _ body: (inout Rollout) -> Void) {
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

    mutating func leave(_ cluster: String) {
        queued?.strategy.remove(cluster)
        rollbackNext?.strategy.remove(cluster)
        switch promotion?.phase {
        case .waiting, .recording: promotion?.candidate.strategy.remove(cluster)
        case .rolling, .verifying: if let id = promotion?.candidate.id { change(id) { $0.leave(cluster) } }
        case nil: break
        }
    }

    /// `true` for an identifier or a commit that has not been taken up here.
    mutating func note(_ identifier: String) -> Bool {
        guard !seen.contains(identifier) else { return false }
        seen.append(identifier)
        if seen.count > Self.seenMax { seen.removeFirst() }
        return true
    }

    mutating func dropRollback(by candidate: Candidate, at now: Timestamp, _ effects: inout [Effect]) {
        guard let old = rollbackNext else { return }
        rollbackNext = nil
        supersede(old, by: candidate, at: now, &effects)
    }

    func wait(for reason: String, _ current: inout Promotion, _ effects: inout [Effect]) {
        guard current.waitingFor != reason else { return }
        current.waitingFor = reason
        guard !reason.isEmpty else { return }
        effects.append(
            .announce(Announcement(.waveWaiting, promotion: current.candidate.id, release: current.candidate.release, message: reason)))
    }

    mutating func setHold(_ cause: Hold.Cause, reason: String, by: String, at now: Timestamp, _ effects: inout [Effect]) {
        hold = Hold(cause: cause, reason: reason, by: by, at: now)
        effects += [
            .journal(decision(.held, by: Actor(name: by, reason: reason), at: now)),
            .announce(Announcement(.held, message: reason, by: by)),
        ]
    }

    mutating func keepRejection(of rendered: String, reason: String, by: String, at now: Timestamp) {
        guard rejection(of: rendered) == nil else { return }
        rejected.append(Rejection(rendered: rendered, reason: reason, by: by, at: now))
        if rejected.count > Self.rejectedMax { rejected.removeFirst() }
    }

    func decision(_ kind: Decision.Kind, by actor: Actor, at now: Timestamp) -> Decision {
        Decision(
            kind: kind, stage: id, promotion: promotion?.candidate.id, release: promotion?.candidate.release ?? running?.candidate.release,
            rendered: promotion?.candidate.rendered, by: actor.name, reason: actor.reason, at: now)
    }

    func refusal(_ candidate: Candidate, _ reason: String) -> Effect {
        .announce(Announcement(.refused, promotion: candidate.id, release: candidate.release, message: reason))
    }
}
