// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import KubernetesAPI
import Manifests

extension ManagedApplication {
    /// Objects that are on their way to the API server at once.
    static let concurrency = 16

    /// One attempt to make the cluster match the bundle. What earlier attempts have applied is not sent again.
    func sync() async -> SyncOutcome {
        let unready = context.board.unready(task.dependsOn)
        guard unready.isEmpty || inventory.synced == task.generation.description else {
            return .waiting("waits for \(unready.joined(separator: ", "))")
        }
        do {
            let plan = try await makePlan()
            if let refused = context.rules.claim(plan.map(\.identity), for: name).first {
                let text = "belongs to application \(refused.owner); application \(name) wants it too: only one of them may have it"
                var failure = ApplyFailure(refused.identity, text, .wait)
                failure.isOwnership = true
                return .failed([failure], of: plan.count)
            }
            if let failure = try await prepareCluster(plan) { return failure }
            for phase in ApplyPhase.allCases {
                let objects = plan.filter { $0.phase == phase && needsApply($0) }
                switch try await apply(objects) {
                case .done(let failures) where failures.isEmpty: break
                case .done(let failures): return .failed(failures, of: plan.count)
                case .notServed(let outcome): return outcome
                }
                if phase == .definitions, let waiting = unestablished(plan) {
                    return .pending("waits for \(waiting) to be established", after: .seconds(2))
                }
            }
            return try await prune(plan)
        } catch let error as KubernetesError {
            context.reachability.failed(error)
            return .failed([ApplyFailure(nil, error)], of: task.bundle.entries.count)
        } catch let failure as ApplyFailure {
            return .failed([failure], of: task.bundle.entries.count)
        } catch let error as PlanError {
            return .failed([ApplyFailure(nil, error.message, .wait)], of: task.bundle.entries.count)
        } catch {
            return .failed([ApplyFailure(nil, "\(error)", .retry(after: nil))], of: task.bundle.entries.count)
        }
    }

    /// Reads the bundle's objects, one at a time: nothing is applied before all of them are at hand.
    private func makePlan() async throws -> [PlannedObject] {
        if let plan { return plan }
        let task = task
        let missing = try await context.state.missing(task.bundle.entries.map(\.object))
        if !missing.isEmpty { try await context.coordinator.fetch(missing, into: context.state) }
        var made: [PlannedObject] = []
        var definitions: [String: Bool] = [:]
        var bodies: [(digest: Digest, apiVersion: String, kind: String)] = []
        for entry in task.bundle.entries {
            let object = try await context.state.object(entry.object)
            let (apiVersion, kind) = (object["apiVersion"]?.string ?? "", object["kind"]?.string ?? "")
            bodies.append((entry.object, apiVersion, kind))
            if kind == "CustomResourceDefinition", let group = object.at("spec", "group")?.string,
                let defined = object.at("spec", "names", "kind")?.string
            {
                definitions["\(group)/\(defined)"] = object.at("spec", "scope")?.string == "Namespaced"
            }
        }
        for body in bodies {
            let group = ObjectIdentity.group(ofAPIVersion: body.apiVersion)
            var isNamespaced =
                KindScope.builtIn(group: group, kind: body.kind).map { $0 == .namespaced } ?? definitions["\(group)/\(body.kind)"]
            if isNamespaced == nil {
                isNamespaced = try await context.cluster.type(apiVersion: body.apiVersion, kind: body.kind)?.namespaced
            }
            guard isNamespaced != nil else {
                throw ApplyFailure(nil, "the cluster does not serve \(body.apiVersion) \(body.kind)", .retry(after: nil))
            }
            made.append(
                try DesiredObject.plan(
                    try await context.state.object(body.digest), digest: body.digest, task: task, isNamespaced: isNamespaced))
        }
        var seen: Set<ObjectIdentity> = []
        for object in made where !seen.insert(object.identity).inserted {
            throw PlanError(message: "the bundle has \(object.identity) twice")
        }
        plan = made
        return made
    }

    /// Namespace, ApplySet parent and watches: what has to be there before the first object is sent.
    private func prepareCluster(_ plan: [PlannedObject]) async throws -> SyncOutcome? {
        try await readParent()
        var types: Set<ResourceType> = []
        for object in plan {
            if let type = try await knownType(object, in: plan) { types.insert(type) }
        }
        for kind in inventory.parentKinds ?? [] {
            if let type = try await context.cluster.type(groupKind: kind) { types.insert(type) }
        }
        for (identity, record) in inventory.records {
            if let type = try await context.cluster.type(apiVersion: record.apiVersion, kind: identity.kind) { types.insert(type) }
        }
        guard context.watches.ensure(types) else { return .pending("waits for the cluster's objects to be listed", after: nil) }
        await begin()
        guard plan.contains(where: needsApply) else { return nil }
        if task.options.createNamespace, !task.namespace.isEmpty { try await ensureNamespace(task.namespace) }
        let kinds = Set(plan.map { Self.groupKind($0.identity) }).union(inventory.parentKinds ?? [])
        try await writeParent(kinds: kinds.sorted(), identities: plan.map(\.identity) + Array(inventory.records.keys))
        return nil
    }

    /// Notes on disk, before the first object is sent or deleted, that this generation is being applied.
    private func begin() async {
        let generation = task.generation.description
        guard inventory.begun != generation else { return }
        inventory.begun = generation
        await save()
    }

    /// The type of an object, unless its definition comes with the bundle and is not served yet.
    private func knownType(_ object: PlannedObject, in plan: [PlannedObject]) async throws -> ResourceType? {
        if inventory.records[object.identity] == nil, plan.contains(where: { $0.defines == object.identity.groupKind }) {
            // Asked for when the definition is established.
            return nil
        }
        return try await context.cluster.type(apiVersion: object.apiVersion, kind: object.identity.kind)
    }

    func needsApply(_ object: PlannedObject) -> Bool {
        guard let record = inventory.records[object.identity] else { return true }
        return record.applied != object.applied || record.apiVersion != object.apiVersion
    }

    private func unestablished(_ plan: [PlannedObject]) -> ObjectIdentity? {
        plan.first { $0.phase == .definitions && inventory.records[$0.identity]?.health != .current }?.identity
    }

    // MARK: Applying

    enum Applying {
        case done([ApplyFailure])
        case notServed(SyncOutcome)
    }

    private func apply(_ objects: [PlannedObject]) async throws -> Applying {
        guard !objects.isEmpty else { return .done([]) }
        var jobs: [ApplyJob] = []
        var types: Set<ResourceType> = []
        for object in objects {
            guard let type = try await context.cluster.type(apiVersion: object.apiVersion, kind: object.identity.kind) else {
                // A definition is served a moment after it is established.
                return .notServed(
                    .pending("waits for the cluster to serve \(object.apiVersion) \(object.identity.kind)", after: .milliseconds(300)))
            }
            types.insert(type)
            jobs.append(ApplyJob(object, type: type, task: task, force: task.options.force))
        }
        guard context.watches.ensure(types) else {
            return .notServed(.pending("waits for the cluster's objects to be listed", after: nil))
        }
        var failures: [ApplyFailure] = []
        for result in await perform(jobs) {
            guard case .failure(let failure) = result.outcome else { continue }
            let again = await retryAfterHealing(result.job, failure)
            if let again { failures.append(again) }
        }
        return .done(failures)
    }

    /// A conflict over fields that somebody has just taken from Flotilla is drift: where drift is healed, that comes first.
    private func retryAfterHealing(_ job: ApplyJob, _ failure: ApplyFailure) async -> ApplyFailure? {
        guard failure.course == .hold, task.options.drift == .heal, drifted[job.identity] != nil,
            let record = inventory.records[job.identity], let body = record.body, record.applied != nil
        else { return failure }
        var old = job
        (old.body, old.applied, old.force) = (body, record.applied ?? job.applied, true)
        for result in await perform([old]) { if case .failure(let failure) = result.outcome { return failure } }
        for result in await perform([job]) { if case .failure(let failure) = result.outcome { return failure } }
        return nil
    }

    /// Sends objects, a few at a time, and takes in what came back.
    func perform(_ jobs: [ApplyJob]) async -> [ApplyResult] {
        for job in jobs { inFlight.insert(job.identity) }
        var results: [ApplyResult] = []
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
                results.append(result.withoutObject)
                addNext()
            }
        }
        return results
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
        var record = ObjectRecord(
            apiVersion: result.job.apiVersion, applied: result.job.applied, body: result.job.body, projection: written.projection,
            uid: written.uid, version: written.version)
        record.health = written.health
        record.reason = written.reason
        inventory.records[identity] = record
        drifted[identity] = nil
        isDirty = true
        if let meanwhile, meanwhile.version == 0 || meanwhile.version > record.version { observe(meanwhile) }
    }
}
