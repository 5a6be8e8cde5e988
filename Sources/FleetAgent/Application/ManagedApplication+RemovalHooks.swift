// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import KubernetesAPI
import Manifests

// Hooks of an application that goes as a whole: they are of the bundle that was applied last, and run once per record.
extension ManagedApplication {
    /// Brings the hooks of one point to their end, wave by wave.
    /// - Returns: what is waited for, or what failed; `nil` when all have succeeded.
    func runRemoval(at point: Hook.Point) async throws -> SyncOutcome? {
        let generation = task.generation
        guard let ledger = inventory.hooks, !ledger.removal.isEmpty else { return nil }
        let hooks = try await removalHooks(at: point)
        try checkInForce(generation)
        guard !hooks.isEmpty else { return nil }
        var begun = ledger
        let run = begun.beginRemoval(task.record)
        if begun != ledger {
            inventory.hooks = begun
            isDirty = true
        }
        hookRun = run.key
        removalPlan = hooks
        try await letHooksGo()
        try checkInForce(generation)
        for wave in Set(hooks.map(\.object.directives.wave)).sorted() {
            let group = hooks.filter { $0.object.directives.wave == wave }
            let open = group.filter { outcome(of: $0) == nil }
            if !open.isEmpty, let pending = try await self.run(open) { return pending }
            try checkInForce(generation)
            for hook in group {
                guard case .failed(let reason)? = outcome(of: hook) else { continue }
                let held = point == .preDelete ? "nothing of the application is deleted" : "its objects are deleted, its ApplySet stays"
                return .failed(
                    [
                        ApplyFailure(
                            hook.object.identity,
                            "\(point.rawValue) hook failed: \(reason); \(held). It runs again with the next record that drops the application",
                            .hold)
                    ], of: 1)
            }
        }
        return nil
    }

    private func outcome(of hook: PlannedHook) -> HookOutcome? { hookRun.flatMap { inventory.hooks?[$0]?.outcomes[hook.key] } }

    private func removalHooks(at point: Hook.Point) async throws -> [PlannedHook] {
        var hooks: [PlannedHook] = []
        for kept in inventory.hooks?.removal ?? [] {
            let body: Value
            do { body = try await context.body(kept.body) } catch {
                throw ApplyFailure(
                    kept.identity, "the hook has to run before the application goes, and cannot be read: \(error)", .retry(after: nil))
            }
            let directives = try ObjectDirectives(of: body)
            guard directives.hook?.runs(at: point, on: .removal) == true else { continue }
            hooks.append(
                PlannedHook(
                    point: point,
                    object: PlannedObject(
                        identity: kept.identity, apiVersion: kept.apiVersion, body: kept.body, applied: kept.body, phase: .rest,
                        directives: directives)))
        }
        return hooks.sorted { $0.object.identity < $1.object.identity }
    }

    /// Remembers the hooks that run when the application goes.
    func keepRemovalHooks(of hooks: [PlannedObject]) {
        let kept = hooks.filter { object in
            [Hook.Point.preDelete, .postDelete].contains { object.directives.hook?.runs(at: $0, on: .removal) ?? false }
        }.map { HookLedger.RemovalHook(identity: $0.identity, apiVersion: $0.apiVersion, body: $0.body) }
        guard inventory.hooks?.removal ?? [] != kept else { return }
        inventory.hooks?.removal = kept
        isDirty = true
    }

    /// What of the application is still on its way out; `nil` when all of it has gone.
    func leaving(_ types: Set<ResourceType>) async throws -> String? {
        var found: ObjectIdentity?
        let label = "\(Ownership.partOfLabel)=\(Ownership.applySetID(application: name))"
        for type in types.sorted(by: { ($0.group, $0.kind) < ($1.group, $1.kind) }) where type.verbs.contains("list") {
            for namespace in context.cluster.scope.places(of: type) where found == nil {
                let selection = Selection(namespace: namespace, labelSelector: label, metadataOnly: true)
                _ = try await context.cluster.client.list(type, selection) { object in
                    guard object.at("metadata", "deletionTimestamp") != nil else { return }
                    found = ObjectIdentity(
                        group: type.group, kind: type.kind, namespace: object.at("metadata", "namespace")?.string ?? "",
                        name: object.at("metadata", "name")?.string ?? "")
                }
            }
        }
        return found.map { "waits for \($0) to be gone" }
    }
}
