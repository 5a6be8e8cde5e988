// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import KubernetesAPI
import Manifests

/// A difference between what was applied and what is there.
struct Drift: Sendable {
    var seenAt: Timestamp
    var isDeleted: Bool
    /// The object that was there is not the one that was applied.
    var isReplaced = false
    /// The projection that was seen, to tell one drift from the next.
    var projection: Digest?
    /// The object as it was seen; from watches only.
    var live: Value?
    var isTold = false
    var attempts = 0
    var notBefore: Timestamp?
}

extension ManagedApplication {
    /// Takes in what a list or a watch has seen.
    func observe(_ sighting: Sighting) {
        let identity = sighting.identity
        guard var record = inventory.records[identity] else {
            adoptStray(sighting)
            return
        }
        guard record.apiVersion == sighting.apiVersion else { return }
        if inFlight.contains(identity) {
            if let other = seenMeanwhile[identity], other.version > sighting.version { return }
            seenMeanwhile[identity] = sighting
            return
        }
        // What the last apply returned, or older: that has been dealt with.
        if sighting.version != 0, sighting.version < record.version { return }
        if sighting.version == record.version, sighting.live != nil, !sighting.isDeleted, record.health != .unknown { return }
        if sighting.isDeleted, sighting.uid != record.uid, !record.uid.isEmpty { return }
        let sighting = sighting.judged(by: context.rules, at: context.clock.wall())
        let before = (record.health, record.reason)
        let isReplaced = record.uid != sighting.uid && !record.uid.isEmpty
        record.version = max(record.version, sighting.version)
        record.health = sighting.health
        record.reason = sighting.reason
        if sighting.isDeleted {
            if record.body == nil {
                inventory.records[identity] = nil
                context.rules.release(identity, of: name)
                isDirty = true
                return
            }
            inventory.records[identity] = record
            noteDrift(identity, sighting)
        } else {
            if record.uid != sighting.uid {
                record.uid = sighting.uid
                isDirty = true
            }
            inventory.records[identity] = record
            if record.applied == nil || record.body == nil || record.projection == sighting.projection {
                drifted[identity] = nil
                noteSharers(sighting)
            } else {
                noteDrift(identity, sighting, isReplaced: isReplaced)
            }
        }
        if before.0 != record.health || before.1 != record.reason || drifted[identity] != nil { wakeup.wake() }
    }

    private func noteDrift(_ identity: ObjectIdentity, _ sighting: Sighting, isReplaced: Bool = false) {
        if var known = drifted[identity], known.projection == sighting.projection, known.isDeleted == sighting.isDeleted {
            known.live = sighting.live ?? known.live
            drifted[identity] = known
            return
        }
        // Bodies are kept only while few objects differ.
        drifted[identity] = Drift(
            seenAt: context.clock.now(), isDeleted: sighting.isDeleted, isReplaced: isReplaced, projection: sighting.projection,
            live: drifted.count < 50 ? sighting.live : nil)
        wakeup.wake()
    }

    /// An object that carries this application's labels and was applied by Flotilla, but not by this state folder.
    private func adoptStray(_ sighting: Sighting) {
        let sighting = sighting.judged(by: context.rules, at: context.clock.wall())
        guard isLoaded, !sighting.isDeleted, !sighting.isControlled, sighting.projection != nil, sighting.application == name,
            sighting.partOf == Ownership.applySetID(application: name), !inFlight.contains(sighting.identity)
        else {
            if inFlight.contains(sighting.identity) { seenMeanwhile[sighting.identity] = sighting }
            // Another application of the same kinds may have been faster.
            if !isLoaded { seenEarly[sighting.identity] = sighting }
            return
        }
        var record = ObjectRecord(
            apiVersion: sighting.apiVersion, applied: nil, body: nil, projection: nil, uid: sighting.uid, version: sighting.version)
        record.health = sighting.health
        inventory.records[sighting.identity] = record
        context.rules.hold(sighting.identity, for: name)
        isDirty = true
    }

    /// Takes in that a whole list did not have some objects.
    func observeAbsence(_ type: ResourceType, in namespace: String, seen: Set<ObjectIdentity>, version: UInt64) {
        for (identity, record) in inventory.records where identity.kind == type.kind && identity.group == type.group {
            guard namespace.isEmpty || identity.namespace == namespace else { continue }
            guard record.apiVersion == type.apiVersion, !seen.contains(identity), !inFlight.contains(identity) else { continue }
            // Applied after the list was made.
            if version != 0, record.version > version { continue }
            if record.body == nil {
                inventory.records[identity] = nil
                context.rules.release(identity, of: name)
                isDirty = true
            } else {
                inventory.records[identity]?.health = .notFound
                inventory.records[identity]?.reason = "the object does not exist"
                if drifted[identity]?.isDeleted != true {
                    drifted[identity] = Drift(seenAt: context.clock.now(), isDeleted: true, projection: nil)
                }
            }
        }
        wakeup.wake()
    }

    // MARK: Healing

    /// Heals, or tells of, what differs. Returns when there is more to do.
    func heal() async -> Timestamp? {
        guard task.intent == .apply, !drifted.isEmpty else { return nil }
        let now = context.clock.now()
        for identity in drifted.keys where policy(identity) == .ignore { drifted[identity] = nil }
        var next: Timestamp?
        var due: [ObjectIdentity] = []
        for (identity, drift) in drifted where inventory.records[identity]?.applied != nil {
            if policy(identity) == .alert, drift.isTold { continue }
            if mayBeNewer(identity) { continue }
            let wait = max(pacing[identity]?.wait(at: now) ?? .zero, drift.notBefore.map { $0 - now } ?? .zero)
            if wait > .zero { next = min(next ?? now + wait, now + wait) } else { due.append(identity) }
        }
        guard !due.isEmpty else { return [next, pauseLooked].compactMap { $0 }.min() }
        var jobs: [ApplyJob] = []
        var drifts: [ObjectIdentity: Drift] = [:]
        for identity in due.sorted() {
            guard let record = inventory.records[identity], let body = record.body, let applied = record.applied else { continue }
            let type: ResourceType?
            do { type = try await context.cluster.type(apiVersion: record.apiVersion, kind: identity.kind) } catch {
                (error as? KubernetesError).map(context.reachability.failed)
                return context.clock.now() + .seconds(1)
            }
            // Without its definition the object cannot come back: the definition, if it is ours, is healed by its own drift.
            guard let type else {
                drifted[identity]?.notBefore = context.clock.now() + .seconds(2)
                next = min(next ?? .distantFuture, context.clock.now() + .seconds(2))
                continue
            }
            // Fields that the last apply owned may be taken back by force: only those are in this body.
            var job = ApplyJob(
                identity: identity, apiVersion: record.apiVersion, body: body, applied: applied, type: type, task: task, force: true)
            job.original = record.original
            job.dryRun = policy(identity) == .alert
            jobs.append(job)
            drifts[identity] = drifted[identity]
        }
        // What cannot be made again may have gone with its namespace.
        let isRepeated = drifts.contains { $0.value.isDeleted && $0.value.attempts > 0 && $0.key.namespace == task.namespace }
        if isRepeated, task.options.createNamespace, mayMakeNamespace {
            try? await ensureNamespace(task.namespace, context.client(for: task))
        }
        await heal(jobs, drifts)
        let later = drifted.values.compactMap(\.notBefore).min()
        return [next, later, pauseLooked].compactMap { $0 }.min()
    }

    /// What is done about an object's drift.
    func policy(_ identity: ObjectIdentity) -> DriftPolicy {
        let declared = inventory.records[identity]?.drift ?? task.options.drift
        return declared == .heal && pause != nil ? .alert : declared
    }

    /// The pause of healing that is in force.
    var pause: DriftPause? { context.pauses.active(name, at: context.clock.wall()) }

    /// When to look whether the pause is over, by the steady clock: at its end, and before that now and then, as the time of day, by which
    /// it ends, may be set.
    private var pauseLooked: Timestamp? {
        pause.map { context.clock.now() + min(max($0.until - context.clock.wall(), .milliseconds(1)), .seconds(60)) }
    }

    /// Whether the difference may be the object of a newer generation, which was sent before the agent ended and of which the records do
    /// not tell: healing it would take the cluster back to an older release. The sync that is due sends it again.
    private func mayBeNewer(_ identity: ObjectIdentity) -> Bool {
        guard isUnsure, needsSync else { return false }
        return !(plan?.objects ?? []).contains { $0.identity == identity && $0.applied == inventory.records[identity]?.applied }
    }

    private func heal(_ jobs: [ApplyJob], _ drifts: [ObjectIdentity: Drift]) async {
        let context = context
        for job in jobs where !job.dryRun { inFlight.insert(job.identity) }
        var homeless: [ObjectIdentity] = []
        await withTaskGroup(of: ApplyResult.self) { group in
            var rest = jobs[...]
            func addNext() {
                guard let job = rest.popFirst() else { return }
                group.addTask { await job.run(context) }
            }
            for _ in 0..<Self.concurrency { addNext() }
            for await result in group {
                if let drift = drifts[result.job.identity] { healed(result, drift) }
                if case .failure(let failure) = result.outcome, failure.isNamespaceMissing { homeless.append(result.job.identity) }
                addNext()
            }
        }
        // Their namespace was deleted with them: it comes first, where it is this application's to make.
        guard task.options.createNamespace, mayMakeNamespace, homeless.contains(where: { $0.namespace == task.namespace }) else { return }
        guard (try? await ensureNamespace(task.namespace, context.client(for: task))) != nil else { return }
        for identity in homeless where identity.namespace == task.namespace { drifted[identity]?.notBefore = nil }
    }

    private func healed(_ result: ApplyResult, _ drift: Drift) {
        let identity = result.job.identity
        let now = context.clock.now()
        switch result.outcome {
        case .failure(let failure):
            if !result.job.dryRun { take(result) }
            var known = drifted[identity] ?? drift
            if known.attempts == 0 {
                context.reports.add(
                    AgentEvent(.healFailed, at: now, application: name, object: identity.description, message: failure.message))
            }
            known.attempts += 1
            if failure.needsKeys { isKeyless = true }
            known.notBefore = now + Self.pause(after: failure, attempts: known.attempts)
            drifted[identity] = known
        case .success(let applied):
            var account = DriftAccount(
                drift, identity: identity, uid: inventory.records[identity]?.uid ?? "", after: applied, ignoring: result.job.ignored,
                isSecret: result.job.original != nil)
            if result.job.dryRun {
                let why = pause?.words ?? "left as it is, as its drift policy says"
                account.message += account.message.isEmpty ? why : "; \(why)"
            }
            if !drift.isTold {
                context.reports.add(
                    AgentEvent(
                        .drift, at: drift.seenAt, application: name, object: identity.description, paths: account.paths,
                        message: account.message))
            }
            guard !result.job.dryRun else {
                drifted[identity]?.isTold = true
                drifted[identity]?.live = nil
                return
            }
            take(result)
            noteHeal(identity, account, at: now)
            context.reports.add(
                AgentEvent(
                    .healed, at: now, application: name, object: identity.description, paths: account.paths, message: account.message,
                    durationMilliseconds: (now - drift.seenAt).wholeMilliseconds))
        }
    }

    /// How long a heal that failed is put off: less where it may pass by itself, such as a namespace that is on its way out.
    private static func pause(after failure: ApplyFailure, attempts: Int) -> Duration {
        let doubled = Duration.seconds(1) * (1 << min(attempts - 1, 8))
        guard case .retry(let after) = failure.course else { return min(doubled, .seconds(300)) }
        return max(min(doubled, .seconds(30)), after ?? .zero)
    }
}
