// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import KubernetesAPI
import Manifests

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
        if let refused = context.rules.claim(plan.objects.map(\.identity), for: name).first {
            let text = "belongs to application \(refused.owner); application \(name) wants it too: only one of them may have it"
            var failure = ApplyFailure(refused.identity, text, .wait)
            failure.isOwnership = true
            return .failed([failure], of: plan.objects.count)
        }
        if let outcome = try await prepareCluster(plan) { return outcome }
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
            case .done: return try await finish(plan)
            }
        }
        return .pending("", after: nil)  // A newer task has come.
    }

    private func finish(_ plan: SyncPlan) async throws -> SyncOutcome {
        try await letHooksGo()
        inventory.hooks?.isInstalled = true
        keepRemovalHooks(of: plan.hooks)
        if let ledger = inventory.hooks, ledger.cleared != task.record.release, !task.record.commit.isEmpty {
            try await clearHooks(keeping: Set(plan.hooks.map(\.identity)))
            inventory.hooks?.cleared = task.record.release
        }
        return try await prune(plan.objects)
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
        let missing = try await context.state.missing(task.bundle.entries.map(\.object))
        if !missing.isEmpty { try await context.coordinator.fetch(missing, into: context.state) }
        let drafts = try await context.state.objects(task.bundle.entries.map(\.object)) { digest, read in
            try Draft(try read.get(), digest: digest, task: task)
        }
        var definitions: [String: Bool] = [:]
        for draft in drafts { if let defined = draft.defines { definitions[defined.kind] = defined.isNamespaced } }
        var made: [PlannedObject] = []
        for draft in drafts {
            if let planned = draft.planned {
                made.append(planned)
                continue
            }
            var isNamespaced = definitions["\(ObjectIdentity.group(ofAPIVersion: draft.apiVersion))/\(draft.kind)"]
            if isNamespaced == nil {
                isNamespaced = try await context.cluster.type(apiVersion: draft.apiVersion, kind: draft.kind)?.namespaced
            }
            guard isNamespaced != nil else {
                throw ApplyFailure(nil, "the cluster does not serve \(draft.apiVersion) \(draft.kind)", .retry(after: nil))
            }
            made.append(
                try DesiredObject.plan(
                    try await context.state.object(draft.body), digest: draft.body, task: task, isNamespaced: isNamespaced))
        }
        if let failure = context.cluster.scope.failure(of: made.map(\.identity)) { throw failure }
        let plan = try SyncPlan(made)
        guard task.generation == self.task.generation else { return plan }
        for warning in plan.warnings { warn(warning) }
        for object in plan.objects { inventory.records[object.identity]?.follow(object.directives) }
        self.plan = plan
        return plan
    }

    /// Namespace, ApplySet parent and watches: what has to be there before the first object is sent.
    private func prepareCluster(_ plan: SyncPlan) async throws -> SyncOutcome? {
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
        await begin()
        try arrange()
        guard let order = self.plan?.order, order.next(view) != .done else { return nil }
        // Where an object of it is there, so is the namespace.
        let isThere = inventory.records.contains { $0.key.namespace == task.namespace && $0.value.health != .notFound }
        if task.options.createNamespace, !task.namespace.isEmpty, !isThere {
            try await ensureNamespace(task.namespace, context.client(for: task))
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
    private func begin() async {
        let generation = task.generation.description
        guard inventory.begun != generation else { return }
        inventory.begun = generation
        await save()
    }

    func needsApply(_ object: PlannedObject) -> Bool {
        guard let record = inventory.records[object.identity] else { return true }
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
    /// `nil` where the cluster has to say whether the kind lives in namespaces.
    var planned: PlannedObject?

    init(_ object: Value, digest: Digest, task: SyncTask) throws {
        body = digest
        (apiVersion, kind) = (object["apiVersion"]?.string ?? "", object["kind"]?.string ?? "")
        if kind == "CustomResourceDefinition", let group = object.at("spec", "group")?.string,
            let defined = object.at("spec", "names", "kind")?.string
        {
            defines = ("\(group)/\(defined)", object.at("spec", "scope")?.string == "Namespaced")
        }
        guard let scope = KindScope.builtIn(group: ObjectIdentity.group(ofAPIVersion: apiVersion), kind: kind) else { return }
        planned = try DesiredObject.plan(object, digest: digest, task: task, isNamespaced: scope == .namespaced)
    }
}
