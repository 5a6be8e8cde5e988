// SPDX-License-Identifier: Apache-2.0
import KubernetesAPI
import Manifests

/// What is known of a bundle's objects and hooks when the next step of a sync is chosen.
struct SyncView {
    /// Whether the object has to be sent for the cluster to have it.
    var needsApply: (PlannedObject) -> Bool
    var health: (ObjectIdentity) -> (status: HealthStatus, reason: String)
    var outcome: (PlannedHook) -> HookOutcome?
}

/// What a sync does next. Chosen anew from what is there each time, so that an agent that ended goes on where it was.
enum SyncStep: Sendable, Hashable {
    case apply([PlannedObject])
    case run([PlannedHook])
    /// In words: what has to come before what.
    case wait(String)
    case hookFailed(PlannedHook, reason: String)
    case done
}

extension SyncOrder {
    /// A group is begun when all before it are applied and Current and their hooks have succeeded; nothing is waited for that nothing
    /// needs.
    func next(_ view: SyncView) -> SyncStep {
        let last = groups.lastIndex { group in
            group.objects.contains(where: view.needsApply) || group.hooks.contains { view.outcome($0) != .succeeded }
        }
        guard let last else { return .done }
        for (index, group) in groups[...last].enumerated() {
            let objects = group.objects.filter(view.needsApply)
            if !objects.isEmpty { return .apply(objects) }
            for hook in group.hooks {
                if case .failed(let reason)? = view.outcome(hook) { return .hookFailed(hook, reason: reason) }
            }
            let hooks = group.hooks.filter { view.outcome($0) == nil }
            if !hooks.isEmpty { return .run(hooks) }
            guard index < last, let waiting = Self.notCurrent(group, view) else { continue }
            return .wait("\(groups[index + 1].place) waits for \(waiting)")
        }
        return .done
    }

    /// The hooks that run because the sync has failed: those of one group at a time, whatever becomes of them.
    func nextOnFailure(_ view: SyncView) -> [PlannedHook] {
        for group in onFailure {
            let hooks = group.hooks.filter { view.outcome($0) == nil }
            if !hooks.isEmpty { return hooks }
        }
        return []
    }

    private static func notCurrent(_ group: SyncGroup, _ view: SyncView) -> String? {
        var found: (identity: ObjectIdentity, status: HealthStatus, reason: String)?
        for object in group.objects where !object.directives.ignoresHealth {
            let health = view.health(object.identity)
            guard health.status != .current, found.map({ object.identity < $0.identity }) ?? true else { continue }
            found = (object.identity, health.status, health.reason)
        }
        return found.map { "\($0.identity) (\($0.status.rawValue)\($0.reason.isEmpty ? "" : ": \($0.reason)"))" }
    }
}
