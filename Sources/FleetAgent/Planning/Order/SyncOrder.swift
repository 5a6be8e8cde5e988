// SPDX-License-Identifier: Apache-2.0
import KubernetesAPI
import Manifests

/// A bundle as it is synced: groups of objects and hooks, each of which waits for the one before.
struct SyncOrder: Sendable, Hashable {
    /// In order.
    var groups: [SyncGroup]
    /// What runs when the sync has failed, in order.
    var onFailure: [SyncGroup]

    /// Sorts a bundle into groups: namespaces, PreSync hooks, definitions, the rest with Sync hooks, webhooks, PostSync hooks; within
    /// each of these by wave, and within a wave by what depends on what.
    /// - Throws: `PlanError` for a cycle, and for a dependency that comes later or is not there.
    init(objects: [PlannedObject], hooks: [PlannedHook]) throws(PlanError) {
        let levels = try DependencyLevels.of(objects)
        var made: [SyncGroup.Place: SyncGroup] = [:]
        for object in objects where object.directives.writing != .never {
            let place = SyncGroup.Place(object, level: levels[object.identity] ?? 0)
            made[place, default: SyncGroup(place: place)].objects.append(object)
        }
        for hook in hooks {
            let place = SyncGroup.Place(hook)
            made[place, default: SyncGroup(place: place)].hooks.append(hook)
        }
        let sorted = made.values.sorted { $0.place < $1.place }
        groups = sorted.filter { $0.place.part != .failure }
        onFailure = sorted.filter { $0.place.part == .failure }
    }

    var hasHooks: Bool { !onFailure.isEmpty || groups.contains { !$0.hooks.isEmpty } }
}

/// What is sent together.
struct SyncGroup: Sendable, Hashable {
    enum Part: Int, Sendable, Hashable, Comparable {
        case namespaces, before, definitions, rest, webhooks, after, failure

        static func < (left: Part, right: Part) -> Bool { left.rawValue < right.rawValue }
    }

    struct Place: Sendable, Hashable, Comparable, CustomStringConvertible {
        var part: Part
        var wave: Int
        /// How many others of its wave, one after the other, an object needs.
        var level = 0

        init(_ object: PlannedObject, level: Int) {
            part =
                switch object.phase {
                case .namespaces: .namespaces
                case .definitions: .definitions
                case .rest: .rest
                case .webhooks: .webhooks
                }
            wave = object.directives.wave
            self.level = level
        }

        init(_ hook: PlannedHook) {
            part =
                switch hook.point {
                case .preSync: .before
                case .sync: .rest
                case .postSync: .after
                case .syncFail: .failure
                // No sync has these.
                case .preDelete: .before
                case .postDelete: .after
                }
            wave = hook.object.directives.wave
        }

        static func < (left: Place, right: Place) -> Bool {
            (left.part, left.wave, left.level) < (right.part, right.wave, right.level)
        }

        var description: String {
            let words =
                switch part {
                case .namespaces: "namespaces"
                case .before: "PreSync"
                case .definitions: "definitions"
                case .rest: ""
                case .webhooks: "webhooks"
                case .after: "PostSync"
                case .failure: "SyncFail"
                }
            let place = wave == 0 && !words.isEmpty ? words : "\(words)\(words.isEmpty ? "" : ", ")wave \(wave)"
            return level == 0 ? place : "\(place), step \(level + 1)"
        }
    }

    var place: Place
    var objects: [PlannedObject] = []
    var hooks: [PlannedHook] = []
}

/// One run of a hook: an object at one of its points.
struct PlannedHook: Sendable, Hashable {
    var point: Hook.Point
    var object: PlannedObject

    /// By what its outcome is kept.
    var key: String { "\(point.rawValue) \(object.identity)" }

    /// The hooks among a bundle's objects that run on an occasion.
    static func of(_ objects: [PlannedObject], on occasion: Hook.Occasion) -> [PlannedHook] {
        objects.flatMap { object in
            Hook.Point.allCases.filter { object.directives.hook?.runs(at: $0, on: occasion) ?? false }.map {
                PlannedHook(point: $0, object: object)
            }
        }
    }
}
