// SPDX-License-Identifier: Apache-2.0
import Manifests

/// A bundle as it was read: what is kept in the cluster, what runs at points of a sync, and in what order.
struct SyncPlan: Sendable {
    /// What is kept, also where it is left to others.
    var objects: [PlannedObject]
    /// What runs; on this occasion or another.
    var hooks: [PlannedObject]
    /// What the annotations ask for and is not done, each once.
    var warnings: [String]
    /// Filled in when the occasion is known.
    var order: SyncOrder?

    static let warningsMax = 10

    /// - Throws: `PlanError` where objects are doubled, or hooks too many.
    init(_ all: [PlannedObject]) throws(PlanError) {
        var seen: Set<ObjectIdentity> = []
        for object in all where !seen.insert(object.identity).inserted {
            throw PlanError(message: "the bundle has \(object.identity) twice")
        }
        objects = all.filter { $0.directives.hook == nil || $0.directives.writing == .never }
        hooks = all.filter { $0.directives.hook != nil && $0.directives.writing != .never }
        guard hooks.count <= HookLedger.hooksMax else {
            throw PlanError(message: "the bundle has \(hooks.count) hooks, more than the limit of \(HookLedger.hooksMax)")
        }
        var warnings: [String] = []
        for object in all {
            for warning in object.directives.warnings where warnings.count < Self.warningsMax {
                warnings.append("\(object.identity): \(warning)")
            }
        }
        let fixed = Set(objects.lazy.filter(\.fixesReplicas).map(\.identity))
        for object in objects where warnings.count < Self.warningsMax {
            guard let target = object.scales, fixed.contains(target) else { continue }
            warnings.append(
                "\(target): the manifest sets spec.replicas, which \(object.identity) changes: leave it out, or list it in sync.ignore")
        }
        self.warnings = warnings
        // Faults of the order are found before anything is sent.
        order = nil
        _ = try SyncOrder(objects: objects, hooks: [])
    }

    /// Sets the order for a sync, of which `run` says what it is; `nil` where there are no hooks.
    mutating func arrange(_ run: HookLedger.Run?) throws(PlanError) {
        order = try SyncOrder(objects: objects, hooks: run.map { PlannedHook.of(hooks, on: $0.occasion) } ?? [])
    }
}
