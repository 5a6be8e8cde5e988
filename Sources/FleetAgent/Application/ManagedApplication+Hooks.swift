// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import KubernetesAPI
import Manifests

// Hooks run at points of a sync, once per release, and are no part of what is kept: their objects are not in the inventory. What tells
// whether one has run is the cluster: its object while it runs, the ApplySet's parent from then on.
extension ManagedApplication {
    private static let pollFirst = Duration.milliseconds(50)
    private static let pollLongest = Duration.seconds(1)
    /// How often the pods of a hook that has failed are asked for.
    private static let looksMax = 10

    /// Finds the run that this task belongs to, and with it the order of the sync.
    func arrange() throws(PlanError) {
        guard var plan else { return }
        var run: HookLedger.Run?
        if !plan.hooks.isEmpty {
            var ledger = inventory.hooks ?? HookLedger(isInstalled: inventory.parentKinds != nil || !inventory.synced.isEmpty)
            run = ledger.begin(task.record)
            if ledger != inventory.hooks { isDirty = true }
            inventory.hooks = ledger
        }
        hookRun = run?.key
        if plan.order == nil {
            try plan.arrange(run)
            self.plan = plan
        }
    }

    /// Brings hooks further.
    /// - Returns: what is waited for; `nil` when all have ended.
    /// - Throws: `Superseded` when a newer task has come, whose hooks are others.
    func run(_ hooks: [PlannedHook]) async throws -> SyncOutcome? {
        guard let run = hookRun else { return nil }
        let generation = task.generation
        var waiting: String?
        var failure: (any Error)?
        var hasNews = false
        for hook in hooks {
            do {
                guard let text = try await advance(hook, of: run, generation) else {
                    hasNews = true
                    continue
                }
                waiting = waiting ?? "waits for \(hook.point.rawValue) hook \(hook.object.identity): \(text)"
            } catch {
                failure = failure ?? error
            }
            try checkInForce(generation)
        }
        if hasNews {
            hookPolls = 0
            await save()
            try await letHooksGo()
            try checkInForce(generation)
        }
        if let failure { throw failure }
        guard let waiting else { return nil }
        hookPolls += 1
        return .pending(waiting, after: min(Self.pollFirst * (1 << min(hookPolls, 8)), Self.pollLongest))
    }

    /// Runs what runs after a failure.
    func runAfterFailure(_ order: SyncOrder) async throws -> SyncOutcome {
        // A newer task, which may come at any wait, has a run of its own: what is noted then is not this one's.
        let generation = task.generation
        while task.generation == generation {
            let hooks = order.nextOnFailure(view)
            guard !hooks.isEmpty else { return .synced }
            if let outcome = try await run(hooks) { return outcome }
        }
        return .synced
    }

    /// Brings one hook further.
    /// - Returns: what is waited for; `nil` when it has ended.
    private func advance(_ hook: PlannedHook, of run: String, _ generation: Generation) async throws -> String? {
        let identity = hook.object.identity
        guard let type = try await context.cluster.type(apiVersion: hook.object.apiVersion, kind: identity.kind) else {
            return "the cluster does not serve \(hook.object.apiVersion) \(identity.kind) yet"
        }
        if let failure = BoundsRefusal.failure(of: identity, type, for: task) { throw failure }
        let client = context.client(for: task)
        let view = try await look(hook, type, client, run)
        try checkInForce(generation)
        let now = context.clock.now()
        if case .ours = view, hookSince[hook.key] == nil { hookSince[hook.key] = now }
        let isLate = hookSince[hook.key].map { now - $0 >= .milliseconds(task.options.timeoutMilliseconds) } ?? false
        let action = HookAction.next(view, policies: policies(hook), outcome: nil, isLate: isLate)
        switch action {
        case .create:
            let object = DesiredObject.prepare(
                hook: try await context.desired(hook.object.body, original: hook.object.original).object, as: identity,
                application: name,
                mark: HookView.mark(run: run, point: hook.point))
            try checkInForce(generation)
            do {
                _ = try await client.create(object, as: type, options: WriteOptions(fieldManager: Ownership.fieldManager))
                hookSince[hook.key] = now
            } catch {
                // Made after all by a request whose answer was lost: seen at the next look.
                guard error.isAlreadyExists else { throw ApplyFailure(identity, error) }
            }
            return "started"
        case .delete(let uid, let isHeld):
            forgetApplied(identity)
            try await delete(hook, type, client, uid: uid, isHeld: isHeld)
            return "an earlier run's object goes first"
        case .wait(let text): return text
        case .note(var outcome):
            // A Job says that its pods have failed; a pod says why.
            if case .failed(let reason) = outcome, identity.kind == "Job", identity.group == "batch" {
                do {
                    let pods = try await lookIntoPods("batch.kubernetes.io/job-name=\(identity.name)", namespace: identity.namespace)
                    if let why = pods.reason { outcome = .failed("\(why) (\(reason))") }
                } catch {
                    // What is noted stays: an API server in trouble is asked again before that, though not for ever.
                    let looks = hookLooks[hook.key, default: 0] + 1
                    hookLooks[hook.key] = looks
                    if (error as? KubernetesError)?.isRetryable == true, looks < Self.looksMax { return "has failed: \(reason)" }
                }
            }
            outcome = outcome.redacted(by: context.mask)
            inventory.hooks?.end(hook.key, of: run, outcome)
            isDirty = true
            var event = AgentEvent(.applied, at: now, application: name, object: identity.description)
            event.message = "\(hook.point.rawValue) hook succeeded"
            if case .failed(let reason) = outcome {
                event.kind = .applyFailed
                event.message = "\(hook.point.rawValue) hook failed: \(reason)"
            }
            context.reports.add(event)
            return nil
        case .refuse(let why): throw ApplyFailure(identity, "\(hook.point.rawValue) hook cannot run: the object \(why)", .wait)
        case .release, .settled: return nil
        }
    }

    /// Lets the objects of hooks go whose outcome is noted in the cluster, as their delete policies say.
    func letHooksGo() async throws {
        guard let run = hookRun, let open = inventory.hooks?[run]?.open, !open.isEmpty else { return }
        let hooks = plan?.order.map { ($0.groups + $0.onFailure).flatMap(\.hooks) } ?? removalPlan
        guard !hooks.isEmpty else { return }
        // First the note, then the object: an agent that ends between the two knows that the hook has run.
        try await writeParent(kinds: inventory.parentKinds ?? [], identities: Array(inventory.records.keys))
        let client = context.client(for: task)
        for hook in hooks where open.contains(hook.key) {
            guard let outcome = inventory.hooks?[run]?.outcomes[hook.key],
                let type = try await context.cluster.type(apiVersion: hook.object.apiVersion, kind: hook.object.identity.kind)
            else { continue }
            let view = try await look(hook, type, client, run)
            switch HookAction.next(view, policies: policies(hook), outcome: outcome, isLate: false) {
            case .delete(let uid, let isHeld): try await delete(hook, type, client, uid: uid, isHeld: isHeld)
            case .release: try await release(hook.object.identity, type, client)
            case .create, .wait, .note, .refuse, .settled: break
            }
            inventory.hooks?.close(hook.key, of: run)
            isDirty = true
        }
    }

    /// Deletes hooks' objects that no bundle has any more, or lets them go where nothing is pruned.
    /// - Throws: `Superseded` when a task newer than `generation` has come.
    func clearHooks(keeping kept: Set<ObjectIdentity>, _ generation: Generation) async throws {
        let prunes = task.options.prune || task.intent == .prune
        guard let ledger = inventory.hooks else { return }
        var kinds: Set<String> = ["Job.batch", "Pod"]
        for key in ledger.runs.flatMap(\.outcomes.keys) {
            // `PreSync batch/Job shop/migrate`
            let parts = (key.split(separator: " ").dropFirst().first ?? "").split(separator: "/").map(String.init)
            if let kind = parts.last { kinds.insert(parts.count == 2 ? "\(kind).\(parts[0])" : kind) }
        }
        let selector = "\(Ownership.applicationLabel)=\(name),!\(Ownership.partOfLabel)"
        let client = context.client(for: task)
        for kind in kinds.sorted() {
            guard let type = try await context.cluster.type(groupKind: kind) else { continue }
            var found: [(identity: ObjectIdentity, uid: String)] = []
            for namespace in context.cluster.scope.places(of: type) {
                _ = try await context.cluster.client.list(type, Selection(namespace: namespace, labelSelector: selector)) { object in
                    guard object.at("metadata", "annotations", HookView.runAnnotation) != nil, let identity = ObjectIdentity(object),
                        !kept.contains(identity)
                    else { return }
                    found.append((identity, object.at("metadata", "uid")?.string ?? ""))
                }
            }
            for (identity, uid) in found {
                try checkInForce(generation)
                guard BoundsRefusal.failure(of: identity, type, for: task) == nil else { continue }
                try await release(identity, type, client)
                guard prunes else { continue }
                try checkInForce(generation)
                do {
                    _ = try await client.delete(
                        type, namespace: identity.namespace, name: identity.name,
                        options: DeleteOptions(uid: uid, propagation: .background))
                } catch {
                    guard error.isNotFound || error.isConflict else { throw error }
                }
            }
        }
        try checkInForce(generation)
    }

    // MARK: One object

    private func policies(_ hook: PlannedHook) -> Set<Hook.DeletePolicy> {
        hook.object.directives.hook?.deletePolicies ?? [.beforeHookCreation]
    }

    private func look(_ hook: PlannedHook, _ type: ResourceType, _ client: KubernetesClient, _ run: String) async throws -> HookView {
        let mark = HookView.mark(run: run, point: hook.point)
        do {
            let live = try await client.get(type, namespace: hook.object.identity.namespace, name: hook.object.identity.name)
            return HookView(live, mark: mark, application: name)
        } catch {
            guard error.isNotFound else { throw error }
            return HookView(nil, mark: mark, application: name)
        }
    }

    private func delete(
        _ hook: PlannedHook, _ type: ResourceType, _ client: KubernetesClient, uid: String, isHeld: Bool
    ) async throws {
        let identity = hook.object.identity
        do {
            _ = try await client.delete(
                type, namespace: identity.namespace, name: identity.name, options: DeleteOptions(uid: uid, propagation: .background))
        } catch {
            guard error.isNotFound || error.isConflict else { throw error }
        }
        if isHeld { try await release(identity, type, client) }
    }

    /// Takes our finalizer off.
    private func release(_ identity: ObjectIdentity, _ type: ResourceType, _ client: KubernetesClient) async throws {
        // Somebody else may write at the same time.
        for _ in 0..<5 {
            do {
                let live = try await client.get(type, namespace: identity.namespace, name: identity.name)
                let finalizers = live.at("metadata", "finalizers")?.list ?? []
                guard finalizers.contains(.string(HookView.finalizer)) else { return }
                let rest = finalizers.filter { $0 != .string(HookView.finalizer) }
                _ = try await client.patch(
                    type, namespace: identity.namespace, name: identity.name,
                    .merge([
                        "metadata": [
                            "finalizers": .list(rest), "resourceVersion": live.at("metadata", "resourceVersion") ?? .null,
                        ]
                    ]), options: WriteOptions(fieldManager: Ownership.fieldManager))
                return
            } catch {
                if error.isNotFound { return }
                guard error.isConflict else { throw error }
            }
        }
        throw ApplyFailure(identity, "its finalizer could not be taken off: others write the object all the time", .retry(after: nil))
    }
}
