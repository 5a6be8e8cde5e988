// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import KubernetesAPI
import Manifests
import SecretsDecryption

extension ManagedApplication {
    /// One attempt to make the cluster match the bundle. What earlier attempts have applied is not sent again.
    func sync() async -> SyncOutcome {
        let unready = context.board.unready(task.dependsOn)
        guard unready.isEmpty || inventory.synced == task.generation.description else {
            return .waiting("waits for \(unready.joined(separator: ", "))")
        }
        let outcome = await attempt { try await self.advance() }
        guard isFinal(outcome), let order = plan?.order, !order.onFailure.isEmpty else { return outcome }
        // Whatever the failure, the hooks that wait for one have their turn; their own failures change nothing.
        let after = await attempt { try await self.runAfterFailure(order) }
        guard case .pending(let text, let pause) = after else { return outcome }
        return .failing(outcome, "\(outcome.text); \(text)", after: pause ?? .seconds(1))
    }

    private func attempt(_ body: () async throws -> SyncOutcome) async -> SyncOutcome {
        do {
            return try await body()
        } catch is Superseded {
            return .superseded
        } catch let error as KubernetesError {
            context.reachability.failed(error)
            return .failed([ApplyFailure(nil, error)], of: task.bundle.entries.count)
        } catch let failure as ApplyFailure {
            return .failed([failure], of: task.bundle.entries.count)
        } catch let failures as ApplyFailures {
            return .failed(failures.all, of: task.bundle.entries.count)
        } catch let error as PlanError {
            return .failed([ApplyFailure(nil, error.message, .wait)], of: task.bundle.entries.count)
        } catch {
            return .failed([ApplyFailure(nil, "\(error)", .retry(after: nil))], of: task.bundle.entries.count)
        }
    }

    /// Whether this is more than a delay: what nothing but a change or a person mends, or what has been waited for long enough.
    private func isFinal(_ outcome: SyncOutcome) -> Bool {
        switch outcome {
        case .failed(let failure, _): !failure.isRetryable || retry.failures >= task.options.retryLimit
        case .pending: pendingSince.map { context.clock.now() - $0 >= .milliseconds(task.options.timeoutMilliseconds) } ?? false
        case .synced, .held, .removed, .waiting, .failing: false
        }
    }

    /// Goes on from what is there until the bundle is applied as a whole, or something has to be waited for.
    private func advance() async throws -> SyncOutcome {
        let generation = task.generation
        let plan = try await makePlan()
        try checkInForce(generation)
        if let refused = context.rules.claim(plan.objects.map(\.identity), for: name).first {
            let text = "belongs to application \(refused.owner); application \(name) wants it too: only one of them may have it"
            var failure = ApplyFailure(refused.identity, text, .wait)
            failure.isOwnership = true
            return .failed([failure], of: plan.objects.count)
        }
        if let outcome = try await prepareCluster(plan, generation) { return outcome }
        while let order = self.plan?.order, task.generation == generation {
            switch order.next(view) {
            case .apply(let objects):
                switch try await apply(objects) {
                case .done(let failures) where failures.isEmpty: break
                case .done(let failures): return .failed(failures, of: plan.objects.count)
                case .notServed(let outcome): return outcome
                }
            case .run(let hooks):
                if let outcome = try await run(hooks) { return outcome }
            case .wait(let text): return .pending(text, after: .seconds(2))
            case .hookFailed(let hook, let reason):
                return .failed([ApplyFailure(hook.object.identity, "\(hook.point.rawValue) hook failed: \(reason)", .wait)], of: 1)
            case .done: return try await finish(plan, generation)
            }
        }
        return .superseded
    }

    /// Does what is left once all of a bundle has been applied. What the bundle no longer has may be in a newer task's.
    private func finish(_ plan: SyncPlan, _ generation: Generation) async throws -> SyncOutcome {
        inventory.hooks?.isInstalled = true
        keepRemovalHooks(of: plan.hooks)
        try await letHooksGo()
        try checkInForce(generation)
        let record = task.record
        if let ledger = inventory.hooks, ledger.cleared != record.release, !record.commit.isEmpty {
            try await clearHooks(keeping: Set(plan.hooks.map(\.identity)), generation)
            inventory.hooks?.cleared = record.release
        }
        return try await prune(plan.objects, generation)
    }

    /// What the next step of a sync is chosen from.
    var view: SyncView {
        let run = hookRun.flatMap { inventory.hooks?[$0] }
        return SyncView(
            needsApply: { self.needsApply($0) },
            health: { identity in self.inventory.records[identity].map { ($0.health, $0.reason) } ?? (.notFound, "") },
            outcome: { run?.outcomes[$0.key] })
    }

    /// Reads the bundle's objects, one at a time: nothing is applied before all of them are at hand.
    private func makePlan() async throws -> SyncPlan {
        if let plan { return plan }
        let task = task
        let missing = try await context.state.missing(task.bundle.entries)
        if !missing.isEmpty { try await context.coordinator.fetch(missing, into: context.state) }
        let encrypted = Set(task.bundle.entries.filter { $0.original != nil }.map(\.object))
        let drafts = try await context.state.objects(task.bundle.entries.map(\.object)) { digest, read in
            try Draft(try read.get(), digest: digest, task: task, isEncrypted: encrypted.contains(digest))
        }
        var definitions: [String: Bool] = [:]
        for draft in drafts { if let defined = draft.defines { definitions[defined.kind] = defined.isNamespaced } }
        var made: [PlannedObject] = []
        var undecryptable: [ApplyFailure] = []
        for (draft, entry) in zip(drafts, task.bundle.entries) {
            if let planned = draft.planned {
                made.append(planned)
                continue
            }
            var isNamespaced = draft.isNamespaced ?? definitions["\(ObjectIdentity.group(ofAPIVersion: draft.apiVersion))/\(draft.kind)"]
            if isNamespaced == nil {
                isNamespaced = try await context.cluster.type(apiVersion: draft.apiVersion, kind: draft.kind)?.namespaced
            }
            guard isNamespaced != nil else {
                throw ApplyFailure(nil, "the cluster does not serve \(draft.apiVersion) \(draft.kind)", .retry(after: nil))
            }
            do { made.append(try await planned(entry, task, isNamespaced)) } catch let failure as ApplyFailure {
                undecryptable.append(failure)
            }
        }
        guard undecryptable.isEmpty else { throw ApplyFailures(all: undecryptable) }
        if let failure = context.cluster.scope.failure(of: made.map(\.identity)) { throw failure }
        try await checkBounds(of: task, made)
        let plan = try SyncPlan(made)
        guard task.generation == self.task.generation else { return plan }
        for warning in plan.warnings { warn(warning) }
        for object in plan.objects { inventory.records[object.identity]?.follow(object.directives) }
        renew(plan.objects)
        toldUndecryptable = [:]
        self.plan = plan
        return plan
    }

    /// One object of a bundle, looked at in clear: what is compared and stored of one that holds secrets is a code of its plaintext, so
    /// that it is sent again when that has changed, and not when it was merely encrypted anew.
    private func planned(_ entry: Bundle.Entry, _ task: SyncTask, _ isNamespaced: Bool?) async throws -> PlannedObject {
        do {
            let desired = try await context.desired(entry.object, original: entry.original)
            var planned = try DesiredObject.plan(desired.object, digest: entry.object, task: task, isNamespaced: isNamespaced)
            planned.original = entry.original
            if desired.isSecret {
                planned.applied = DesiredObject.appliedDigest(
                    body: context.mask.digest(of: desired.object), identity: planned.identity, task: task)
            }
            return planned
        } catch let error as UndecryptableObject {
            let written = ObjectIdentity(try await context.state.object(entry.object))
            throw tellUndecryptable(
                ApplyFailure(written.map { DesiredObject.placed($0, in: task.namespace, isNamespaced: isNamespaced) }, error))
        }
    }

    private func tellUndecryptable(_ failure: ApplyFailure) -> ApplyFailure {
        guard let identity = failure.identity, toldUndecryptable[identity] != failure.message, toldUndecryptable.count < 50 else {
            return failure
        }
        toldUndecryptable[identity] = failure.message
        context.reports.add(
            AgentEvent(
                .applyFailed, at: context.clock.now(), application: name, object: identity.description, message: failure.message))
        return failure
    }

    /// What was encrypted anew, and is the same in clear, is healed from its new ciphertext: the keys of the old one may go.
    private func renew(_ objects: [PlannedObject]) {
        for object in objects {
            guard let record = inventory.records[object.identity], record.applied == object.applied,
                record.body != object.body || record.original != object.original
            else { continue }
            inventory.records[object.identity]?.body = object.body
            inventory.records[object.identity]?.original = object.original
            isDirty = true
        }
    }

    /// Namespace, ApplySet parent and watches: what has to be there before the first object is sent.
    private func prepareCluster(_ plan: SyncPlan, _ generation: Generation) async throws -> SyncOutcome? {
        try await readParent()
        var types: Set<ResourceType> = []
        let defined = Set(plan.objects.compactMap(\.defines))
        var asked: Set<String> = []
        for object in plan.objects {
            // What comes with its definition is asked for when that is established.
            if inventory.records[object.identity] == nil, !defined.isEmpty, defined.contains(object.identity.groupKind) { continue }
            guard asked.insert("\(object.apiVersion) \(object.identity.kind)").inserted else { continue }
            if let type = try await context.cluster.type(apiVersion: object.apiVersion, kind: object.identity.kind) { types.insert(type) }
        }
        for kind in inventory.parentKinds ?? [] {
            if let type = try await context.cluster.type(groupKind: kind) { types.insert(type) }
        }
        for (identity, record) in inventory.records where asked.insert("\(record.apiVersion) \(identity.kind)").inserted {
            if let type = try await context.cluster.type(apiVersion: record.apiVersion, kind: identity.kind) { types.insert(type) }
        }
        guard context.watches.ensure(types) else { return listing() }
        try await checkBoundsOfPruning(plan)
        try checkInForce(generation)
        try await begin()
        try checkInForce(generation)
        try arrange()
        guard let order = self.plan?.order, order.next(view) != .done else { return nil }
        // Where an object of it is there, so is the namespace.
        let isThere = inventory.records.contains { $0.key.namespace == task.namespace && $0.value.health != .notFound }
        if task.options.createNamespace, !task.namespace.isEmpty, !isThere {
            try await ensureNamespace(task.namespace, context.client(for: task))
            try checkInForce(generation)
        }
        let kept = plan.objects.filter { $0.directives.writing != .never }.map(\.identity)
        let kinds = Set(kept.map(Self.groupKind)).union(inventory.parentKinds ?? [])
        try await writeParent(kinds: kinds.sorted(), identities: kept + Array(inventory.records.keys))
        try await letHooksGo()
        return nil
    }

    /// What is said while the cluster's objects are being listed.
    func listing() -> SyncOutcome {
        guard let obstacle = context.watches.obstacle else { return .pending("waits for the cluster's objects to be listed", after: nil) }
        return .pending("waits for the cluster's objects to be listed, which the API server refuses: \(obstacle)", after: .seconds(5))
    }

    /// Notes on disk, before the first object is sent or deleted, that this generation is being applied.
    private func begin() async throws(ApplyFailure) {
        let generation = task.generation.description
        guard inventory.begun != generation else { return }
        let before = inventory.begun
        inventory.begun = generation
        isDirty = true
        do throws(ApplyFailure) { try await saved() } catch {
            inventory.begun = before
            throw error
        }
    }

    func needsApply(_ object: PlannedObject) -> Bool {
        guard let record = inventory.records[object.identity], !resync.objects.contains(object.identity) else { return true }
        return record.applied != object.applied || record.apiVersion != object.apiVersion
    }

    /// Keeps what a sync wants people to know although it does not fail for it.
    func warn(_ text: String) {
        let text = String(text.prefix(300))
        if warnings.count < SyncPlan.warningsMax, !warnings.contains(text) { warnings.append(text) }
    }
}

/// What is learnt of an object when it is read once.
private struct Draft: Sendable {
    var body: Digest
    var apiVersion: String
    var kind: String
    /// For a definition: the group and kind that it defines, and whether that lives in namespaces.
    var defines: (kind: String, isNamespaced: Bool)?
    /// Whether its kind lives in namespaces; `nil` where the cluster has to say so.
    var isNamespaced: Bool?
    /// `nil` where the cluster has to say whether the kind lives in namespaces, and for what holds secrets.
    var planned: PlannedObject?

    init(_ object: Value, digest: Digest, task: SyncTask, isEncrypted: Bool) throws {
        body = digest
        (apiVersion, kind) = (object["apiVersion"]?.string ?? "", object["kind"]?.string ?? "")
        if kind == "CustomResourceDefinition", let group = object.at("spec", "group")?.string,
            let defined = object.at("spec", "names", "kind")?.string
        {
            defines = ("\(group)/\(defined)", object.at("spec", "scope")?.string == "Namespaced")
        }
        guard let scope = KindScope.builtIn(group: ObjectIdentity.group(ofAPIVersion: apiVersion), kind: kind) else { return }
        isNamespaced = scope == .namespaced
        guard !isEncrypted, !Plaintexts.isSecret(object), !SOPS.isEncrypted(object), object[SecretSalt.member] == nil else { return }
        planned = try DesiredObject.plan(object, digest: digest, task: task, isNamespaced: isNamespaced)
    }
}
