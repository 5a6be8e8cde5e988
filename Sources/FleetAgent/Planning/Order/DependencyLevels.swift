// SPDX-License-Identifier: Apache-2.0
import Manifests

/// How deep each object sits below what it depends on, within its own phase and wave.
enum DependencyLevels {
    /// - Returns: the level of every object that is not at the first.
    /// - Throws: `PlanError` for a cycle, and for a dependency that comes later or is not part of the bundle.
    static func of(_ objects: [PlannedObject]) throws(PlanError) -> [ObjectIdentity: Int] {
        guard objects.contains(where: { !$0.directives.dependsOn.isEmpty }) else { return [:] }
        let known = Dictionary(objects.map { ($0.identity, $0) }) { first, _ in first }
        var waiting: [ObjectIdentity: Set<ObjectIdentity>] = [:]
        for object in objects {
            for other in object.directives.dependsOn { try check(object, other, known[other]) }
            let near = object.directives.dependsOn.filter { known[$0].map { isTogether($0, object) } ?? false }
            if !near.isEmpty { waiting[object.identity] = Set(near) }
        }
        var levels: [ObjectIdentity: Int] = [:]
        while !waiting.isEmpty {
            let ready = waiting.filter { $0.value.allSatisfy { waiting[$0] == nil } }
            guard !ready.isEmpty else {
                throw PlanError(
                    message: "annotation \(ObjectDirectives.Kpt.dependsOn): these objects depend on each other in a circle: "
                        + cycle(waiting).map(\.description).joined(separator: " → "))
            }
            for (identity, needs) in ready { levels[identity] = (needs.map { levels[$0] ?? 0 }.max() ?? 0) + 1 }
            for identity in ready.keys { waiting[identity] = nil }
        }
        return levels
    }

    private static func isTogether(_ left: PlannedObject, _ right: PlannedObject) -> Bool {
        left.phase == right.phase && left.directives.wave == right.directives.wave
    }

    private static func check(_ object: PlannedObject, _ identity: ObjectIdentity, _ other: PlannedObject?) throws(PlanError) {
        let name = "\(object.identity): annotation \(ObjectDirectives.Kpt.dependsOn)"
        guard let other else { throw PlanError(message: "\(name): the bundle has no \(identity)") }
        guard other.directives.hook == nil else { throw PlanError(message: "\(name): \(identity) is a hook, which is no part of any wave") }
        if (other.phase, other.directives.wave) > (object.phase, object.directives.wave) {
            throw PlanError(message: "\(name): \(identity) comes in a later phase or wave")
        }
    }

    /// A way along dependencies that ends where it began.
    private static func cycle(_ waiting: [ObjectIdentity: Set<ObjectIdentity>]) -> [ObjectIdentity] {
        // What waits for something that waits: from any of these, going on always comes back.
        guard var here = waiting.keys.min() else { return [] }
        var path: [ObjectIdentity] = []
        while !path.contains(here) {
            path.append(here)
            guard let next = waiting[here]?.filter({ waiting[$0] != nil }).min() else { break }
            here = next
        }
        return Array(path[(path.firstIndex(of: here) ?? 0)...]) + [here]
    }
}
