// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import KubernetesAPI
import Manifests

extension ManagedApplication {
    /// Objects that are sent at once.
    static let concurrency = Agent.objectsAtOnce

    enum Applying {
        case done([ApplyFailure])
        case notServed(SyncOutcome)
    }

    func apply(_ objects: [PlannedObject]) async throws -> Applying {
        guard !objects.isEmpty else { return .done([]) }
        let generation = task.generation
        var jobs: [ApplyJob] = []
        var types: Set<ResourceType> = []
        var known: [String: ResourceType] = [:]
        for object in objects {
            let key = "\(object.apiVersion) \(object.identity.kind)"
            if known[key] == nil {
                known[key] = try await context.cluster.type(apiVersion: object.apiVersion, kind: object.identity.kind)
                try checkInForce(generation)
            }
            guard let type = known[key] else {
                // A definition is served a moment after it is established.
                return .notServed(
                    .pending("waits for the cluster to serve \(object.apiVersion) \(object.identity.kind)", after: .milliseconds(300)))
            }
            types.insert(type)
            var job = ApplyJob(object, type: type, task: task)
            // What this state folder has applied before is Flotilla's already.
            job.adopts = task.options.adopt && inventory.records[object.identity]?.applied == nil
            jobs.append(job)
        }
        guard context.watches.ensure(types) else {
            return .notServed(.pending("waits for the cluster's objects to be listed", after: nil))
        }
        if let refused = try await refusal(of: objects) { return .done([refused]) }
        try checkInForce(generation)
        var failures: [ApplyFailure] = []
        var replacing: String?
        for result in await perform(jobs) {
            guard case .failure(let failure) = result.outcome else { continue }
            try checkInForce(generation)
            if let again = try await replace(result.job, failure) {
                replacing = replacing ?? again
            } else if let again = await retryAfterHealing(result.job, failure) {
                failures.append(again)
            }
        }
        if failures.isEmpty, let replacing { return .notServed(.pending(replacing, after: .milliseconds(200))) }
        return .done(failures)
    }

    /// Deletes an object of which a field was changed that cannot change, where it may be made again.
    /// - Returns: what is waited for; `nil` where it stays.
    private func replace(_ job: ApplyJob, _ failure: ApplyFailure) async throws -> String? {
        guard failure.isImmutable, job.directives?.replace == true else { return nil }
        let client = context.client(for: job.task)
        do {
            let live = try await client.get(job.type, namespace: job.identity.namespace, name: job.identity.name)
            guard task.generation == job.task.generation else { return nil }
            // Only what is this application's: a field of somebody else's object is no reason to delete it.
            guard live.at("metadata", "labels", Ownership.applicationLabel)?.string == name else { return nil }
            // From here on its disappearance is no drift, and the old body does not come back.
            forgetApplied(job.identity)
            if live.at("metadata", "deletionTimestamp") == nil {
                _ = try await client.delete(
                    job.type, namespace: job.identity.namespace, name: job.identity.name,
                    options: DeleteOptions(uid: live.at("metadata", "uid")?.string, propagation: .foreground))
                warn("\(job.identity) was deleted to be made again: \(failure.message)")
            }
        } catch {
            guard error.isNotFound || error.isConflict else { throw error }
        }
        return "waits for \(job.identity) to be gone, to make it again"
    }

    /// What is there under this name is no longer what was applied.
    func forgetApplied(_ identity: ObjectIdentity) {
        inventory.records[identity]?.body = nil
        inventory.records[identity]?.applied = nil
        drifted[identity] = nil
        isDirty = true
    }

    /// A conflict over fields that somebody has just taken from Flotilla is drift: where drift is healed, that comes first.
    private func retryAfterHealing(_ job: ApplyJob, _ failure: ApplyFailure) async -> ApplyFailure? {
        if wasSynced, failure.course == .hold, policy(job.identity) == .heal, let record = inventory.records[job.identity],
            record.applied == nil
        {
            // Without a record of what was applied, the release that was says whose the fields were.
            var again = job
            again.force = true
            for result in await perform([again]) { if case .failure(let failure) = result.outcome { return failure } }
            return nil
        }
        guard failure.course == .hold, policy(job.identity) == .heal, drifted[job.identity] != nil,
            let record = inventory.records[job.identity], let body = record.body, record.applied != nil
        else { return failure }
        var old = job
        (old.body, old.original, old.applied, old.force) = (body, record.original, record.applied ?? job.applied, true)
        for result in await perform([old]) { if case .failure(let failure) = result.outcome { return failure } }
        for result in await perform([job]) { if case .failure(let failure) = result.outcome { return failure } }
        return nil
    }

    /// Sends objects, a few at a time, and takes in what came back.
    /// - Returns: what failed; of what succeeded, the inventory knows.
    func perform(_ jobs: [ApplyJob]) async -> [ApplyResult] {
        for job in jobs { inFlight.insert(job.identity) }
        var failed: [ApplyResult] = []
        let context = context
        await withTaskGroup(of: ApplyResult.self) { group in
            var rest = jobs[...]
            func addNext() {
                guard let job = rest.popFirst() else { return }
                group.addTask { await job.run(context) }
            }
            for _ in 0..<Self.concurrency { addNext() }
            for await result in group {
                take(result)
                if case .failure = result.outcome { failed.append(result) }
                addNext()
            }
        }
        return failed
    }

    func take(_ result: ApplyResult) {
        let identity = result.job.identity
        inFlight.remove(identity)
        let meanwhile = seenMeanwhile.removeValue(forKey: identity)
        guard case .success(let written) = result.outcome else {
            if let meanwhile { observe(meanwhile) }
            return
        }
        sent += 1
        context.reports.meter.applied()
        resync.objects.remove(identity)
        var record = ObjectRecord(
            apiVersion: result.job.apiVersion, applied: result.job.applied, body: result.job.body, projection: written.projection,
            uid: written.uid, version: written.version)
        record.original = result.job.original
        record.health = written.health
        record.reason = written.reason
        for warning in written.warnings { warn("\(identity): \(warning)") }
        if let directives = result.job.directives {
            record.follow(directives)
        } else if let before = inventory.records[identity] {
            (record.wave, record.drift, record.ignoresHealth) = (before.wave, before.drift, before.ignoresHealth)
        }
        inventory.records[identity] = record
        // Who has a field already when it is applied is no news.
        sharers[identity] = written.sharers.isEmpty ? nil : written.sharers
        drifted[identity] = nil
        if result.job.directives == nil { staleSince = staleSince ?? context.clock.now() } else { isDirty = true }
        if let meanwhile, meanwhile.version == 0 || meanwhile.version > record.version { observe(meanwhile) }
    }
}
