// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import KubernetesAPI
import Logging
import Manifests

extension ManagedApplication {
    /// Prunes what the bundle no longer has, once all of it has been applied.
    /// - Parameter generation: the task's that the objects are of; nothing is removed for it once a newer one has come.
    /// - Throws: `Superseded` when one has.
    func prune(_ plan: [PlannedObject], _ generation: Generation) async throws -> SyncOutcome {
        let wanted = Set(plan.map(\.identity))
        for identity in inventory.records.keys where !wanted.contains(identity) { context.rules.hold(identity, for: name) }
        // An object that another application takes over passes to it: it is neither deleted nor counted.
        for identity in inventory.records.keys where !wanted.contains(identity) {
            if context.rules.successor(of: identity, after: name) != nil { forget(identity) }
        }
        var outcome = SyncOutcome.synced
        switch PrunePlan.decide(
            inventory: inventory.records.keys.filter { !isExempt($0) || wanted.contains($0) }, wanted: wanted, task: task, waves: waves)
        {
        case .nothing: break
        case .held(let text): outcome = .held(text)
        case .remove(let identities) where isRestored:
            awaitsConfirmation = true
            outcome = .held(
                "read back from the copy of the state in the cluster: \(identities.count) objects are pruned when the coordinator has "
                    + "confirmed that")
        case .remove(let identities):
            try await saved()
            let failures = try await remove(identities, generation)
            guard failures.isEmpty else { return .failed(failures, of: plan.count) }
        }
        let kinds = Set(inventory.records.keys.map(Self.groupKind)).sorted()
        try await writeParent(kinds: kinds, identities: Array(inventory.records.keys))
        return outcome
    }

    private var waves: [ObjectIdentity: Int] { inventory.records.filter { $0.value.wave != 0 }.mapValues { Int($0.wave) } }

    /// Left in place before, as its annotation says; counted neither as wanted nor as to be pruned.
    private func isExempt(_ identity: ObjectIdentity) -> Bool { exempt.contains(identity) }

    /// Deletes all objects of an application that a recorded release dropped, then its ApplySet.
    func removeEverything() async -> SyncOutcome {
        guard !task.record.commit.isEmpty else {
            return .failed([ApplyFailure(nil, "no recorded release asks for this removal", .wait)], of: 0)
        }
        guard !isRestored else {
            awaitsConfirmation = true
            return .pending("read back from the copy of the state in the cluster: waits for the coordinator to confirm it", after: nil)
        }
        // A newer task may come at any wait, and want what this one drops.
        let generation = task.generation
        do {
            try await saved()
            try await readParent()
            var types: Set<ResourceType> = []
            for kind in inventory.parentKinds ?? [] {
                if let type = try await context.cluster.type(groupKind: kind) { types.insert(type) }
            }
            for (identity, record) in inventory.records {
                if let type = try await context.cluster.type(apiVersion: record.apiVersion, kind: identity.kind) { types.insert(type) }
            }
            try checkInForce(generation)
            guard context.watches.ensure(types) else { return listing() }
            drifted = [:]
            let identities = inventory.records.keys.filter { context.rules.successor(of: $0, after: name) == nil }
            // What passes to others as a whole does not go.
            let runsHooks = !identities.isEmpty || inventory.records.isEmpty
            try await checkBoundsOfRemoval(Array(identities))
            try checkInForce(generation)
            if runsHooks, let outcome = try await runRemoval(at: .preDelete) { return outcome }
            let failures = try await remove(PrunePlan.ordered(identities, waves: waves), generation, isRemoval: true)
            guard failures.isEmpty else { return .failed(failures, of: identities.count) }
            if runsHooks, inventory.hooks?.removal.isEmpty == false {
                if let text = try await leaving(types) { return .pending(text, after: .milliseconds(500)) }
                if let outcome = try await runRemoval(at: .postDelete) { return outcome }
            }
            try checkInForce(generation)
            try await clearHooks(keeping: [], generation)
            do {
                _ = try await context.cluster.client.delete(
                    .secrets, namespace: Ownership.agentNamespace, name: Ownership.parentName(application: name))
            } catch {
                guard error.isNotFound else { throw error }
            }
            return .removed("removed, as record \(task.record.commit.prefix(12)) dropped it")
        } catch is Superseded {
            return .superseded
        } catch let failure as ApplyFailure {
            return .failed([failure], of: inventory.records.count)
        } catch let error as KubernetesError {
            context.reachability.failed(error)
            return .failed([ApplyFailure(nil, error)], of: inventory.records.count)
        } catch {
            return .failed([ApplyFailure(nil, "\(error)", .retry(after: nil))], of: inventory.records.count)
        }
    }

    private func remove(
        _ identities: [ObjectIdentity], _ generation: Generation, isRemoval: Bool = false
    ) async throws -> [ApplyFailure] {
        var failures: [ApplyFailure] = []
        let record = task.record
        for identity in identities {
            try checkInForce(generation)
            do {
                let reason = try await removeOne(identity, generation, isRemoval)
                if reason == nil {
                    context.reports.add(
                        AgentEvent(
                            .pruned, at: context.clock.now(), application: name, object: identity.description,
                            message: "dropped by record \(record.commit.prefix(12))"))
                }
                // What is known of it is the newer task's to decide upon.
                try checkInForce(generation)
                if let reason {
                    exempt.insert(identity)
                    context.logger.info("\(name): \(identity) stays: \(reason)")
                } else {
                    forget(identity)
                }
            } catch let error as KubernetesError {
                context.reachability.failed(error)
                failures.append(ApplyFailure(identity, error))
            }
        }
        try checkInForce(generation)
        return failures
    }

    /// Deletes one object, the very one that was applied. Returns why it stays, where it does.
    private func removeOne(_ identity: ObjectIdentity, _ generation: Generation, _ isRemoval: Bool) async throws -> String? {
        let client = context.client(for: task)
        guard let record = inventory.records[identity],
            let type = try await context.cluster.type(apiVersion: record.apiVersion, of: identity)
        else { return nil }  // Its kind is gone, and its objects with it.
        let live: Value
        do {
            live = try await client.get(type, namespace: identity.namespace, name: identity.name)
        } catch {
            guard error.isNotFound || error.isUnknownResource else { throw error }
            return nil
        }
        try checkInForce(generation)
        // From here on its disappearance is no drift.
        forgetApplied(identity)
        let uid = live.at("metadata", "uid")?.string ?? ""
        guard record.uid.isEmpty || record.uid == uid else { return nil }  // Somebody else's object of the same name.
        if live.at("metadata", "deletionTimestamp") != nil { return nil }
        if let reason = PrunePlan.exemption(identity, live: live, application: name, isRemoval: isRemoval) { return reason }
        if let outside = BoundsRefusal.failure(of: identity, type, for: task) { return outside.message }
        do {
            _ = try await client.delete(
                type, namespace: identity.namespace, name: identity.name, options: DeleteOptions(uid: uid, propagation: .foreground))
        } catch {
            // Gone already, or replaced meanwhile by another of its name, which is not ours.
            guard error.isNotFound || error.isUnknownResource || error.isConflict else { throw error }
        }
        return nil
    }

    private func forget(_ identity: ObjectIdentity) {
        inventory.records[identity] = nil
        drifted[identity] = nil
        pacing[identity] = nil
        fights[identity] = nil
        sharers[identity] = nil
        context.rules.release(identity, of: name)
        isDirty = true
    }
}
