// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import KubernetesAPI
import Manifests

// The bounds of the application's pipeline. The planner has judged them before; the agent believes nobody, and knows its cluster.
extension ManagedApplication {
    /// Refuses a bundle of which anything is out of bounds, before anything of it is applied.
    /// - Parameter objects: with namespaces filled in, hooks too.
    func checkBounds(of task: SyncTask, _ objects: [PlannedObject]) async throws {
        guard let check = task.boundsCheck else { return }
        var violations = check.violations(of: task.options)
        var scopes: [String: KindScope] = [:]
        for object in objects {
            let key = "\(object.apiVersion) \(object.identity.kind)"
            let scope: KindScope
            if let known = scopes[key] {
                scope = known
            } else {
                // What the cluster says counts more than what a definition of the bundle claims.
                let type = try await context.cluster.type(apiVersion: object.apiVersion, of: object.identity)
                scope = type?.scope ?? object.identity.scope
                scopes[key] = scope
            }
            if let violation = check.violation(of: object.identity, scope: scope) { violations.append(violation) }
        }
        if let failure = BoundsRefusal.failure(violations, doing: "nothing was applied") { throw failure }
    }

    /// Refuses, before anything is applied, what would delete objects out of bounds afterwards.
    func checkBoundsOfPruning(_ plan: SyncPlan) async throws {
        let task = task
        guard let check = task.boundsCheck else { return }
        let wanted = Set(plan.objects.map(\.identity))
        let held = inventory.records.keys.filter {
            wanted.contains($0) || (!exempt.contains($0) && context.rules.successor(of: $0, after: name) == nil)
        }
        guard case .remove(let dropped) = PrunePlan.decide(inventory: held, wanted: wanted, task: task) else { return }
        let violations = try await violations(deleting: dropped, check)
        if let failure = BoundsRefusal.failure(violations, doing: "nothing was applied") { throw failure }
    }

    /// Refuses, before anything is deleted, the removal of an application that has objects or hooks out of bounds.
    func checkBoundsOfRemoval(_ identities: [ObjectIdentity]) async throws {
        guard let check = task.boundsCheck else { return }
        var violations = check.violationByAccount().map { [$0] } ?? []
        violations += try await self.violations(deleting: identities, check, isRemoval: true)
        violations += (inventory.hooks?.removal ?? []).compactMap { check.violation(of: $0.identity, scope: $0.identity.scope) }
        if let failure = BoundsRefusal.failure(violations, doing: "nothing was deleted") { throw failure }
    }

    /// Those of the objects that are out of bounds and would really go: most of what is annotated to stay is not for the bounds to judge.
    private func violations(
        deleting identities: [ObjectIdentity], _ check: BoundsCheck, isRemoval: Bool = false
    ) async throws -> [BoundsViolation] {
        var violations: [BoundsViolation] = []
        for identity in identities {
            guard var violation = check.violation(of: identity, scope: identity.scope), let record = inventory.records[identity],
                let type = try await context.cluster.type(apiVersion: record.apiVersion, of: identity)
            else { continue }
            do {
                // Only looked at, and by the agent itself: nobody else has been allowed to.
                let live = try await context.cluster.client.get(type, namespace: identity.namespace, name: identity.name)
                guard PrunePlan.exemption(identity, live: live, application: name, isRemoval: isRemoval) == nil else { continue }
            } catch {
                guard error.isNotFound || error.isUnknownResource else { throw error }
                continue
            }
            violation.message = "would be deleted, but \(violation.message)"
            violation.hint =
                "widen the bounds until it is gone, or annotate the object \(Ownership.pruneAnnotation): disabled in the cluster"
            violations.append(violation)
        }
        return violations
    }

    /// Whether the application's namespace may be made for this task.
    var mayMakeNamespace: Bool {
        guard let check = task.boundsCheck else { return true }
        return check.violations(of: task.options).isEmpty
    }
}

/// Puts violations of bounds into words that the report of an application carries.
enum BoundsRefusal {
    /// Bytes of text, less than reports cut off.
    private static let bytesMax = Report.textMax - 300

    /// All of them as one failure, which a new release or new bounds mend; `nil` where there are none.
    static func failure(_ violations: [BoundsViolation], doing what: String) -> ApplyFailure? {
        guard !violations.isEmpty else { return nil }
        let count = violations.count == 1 ? "" : "\(violations.count) violations: "
        return ApplyFailure(nil, "out of the pipeline's bounds, \(what): \(count)\(words(violations))", .wait)
    }

    /// Objects for which the same is to be said are said together, so that as many as possible are named.
    private static func words(_ violations: [BoundsViolation]) -> String {
        var groups: [(why: String, objects: [String])] = []
        var places: [String: Int] = [:]
        for violation in violations {
            let why = "\(violation.message) (\(violation.hint))"
            let object = violation.object.map { ["\($0)"] } ?? []
            if let place = places[why] {
                groups[place].objects += object
            } else {
                places[why] = groups.count
                groups.append((why, object))
            }
        }
        var text = ""
        var left = violations.count
        for (index, group) in groups.enumerated() {
            var part = index == 0 ? "" : "; "
            var shown = 0
            // The reason has to find room too.
            while shown < group.objects.count,
                shown == 0 || text.utf8.count + part.utf8.count + group.why.utf8.count + group.objects[shown].utf8.count < bytesMax
            {
                part += (shown == 0 ? "" : ", ") + group.objects[shown]
                shown += 1
            }
            if shown < group.objects.count { part += " and \(group.objects.count - shown) more" }
            part += (group.objects.isEmpty ? "" : ": ") + group.why
            guard index == 0 || text.utf8.count + part.utf8.count < bytesMax else { return "\(text); and \(left) more" }
            text += part
            left -= max(1, group.objects.count)
        }
        return text
    }

    /// For one object that is about to be touched.
    static func failure(of identity: ObjectIdentity, _ type: ResourceType, for task: SyncTask) -> ApplyFailure? {
        guard let check = task.boundsCheck,
            var violation = check.violationByAccount() ?? check.violation(of: identity, scope: type.scope)
        else { return nil }
        violation.object = nil
        return ApplyFailure(identity, "out of the pipeline's bounds: \(violation)", .wait)
    }
}

extension BoundsCheck {
    /// What is wrong with the application as a whole.
    func violations(of options: SyncOptions) -> [BoundsViolation] {
        let account = violationByAccount()
        // Where its account may not act there, that has been said of the namespace.
        let making = options.createNamespace && account?.bound != .namespaces ? violationByMakingNamespace() : nil
        return [account, making].compactMap(\.self)
    }
}

extension ObjectIdentity {
    /// Of an object whose namespace is filled in.
    var scope: KindScope { namespace.isEmpty ? .cluster : .namespaced }
}

extension ResourceType {
    var scope: KindScope { namespaced ? .namespaced : .cluster }
}
