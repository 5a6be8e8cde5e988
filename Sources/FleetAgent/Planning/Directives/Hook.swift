// SPDX-License-Identifier: Apache-2.0

/// When an object runs instead of being kept, and what becomes of it.
struct Hook: Sendable, Hashable {
    /// The names are Argo CD's.
    enum Point: String, Sendable, Hashable, CaseIterable {
        /// Before anything but namespaces is applied.
        case preSync = "PreSync"
        /// With the objects of its wave.
        case sync = "Sync"
        /// When everything is applied and Current.
        case postSync = "PostSync"
        /// When a sync has failed.
        case syncFail = "SyncFail"
        /// Before the objects of an application go as a whole.
        case preDelete = "PreDelete"
        /// When they are gone.
        case postDelete = "PostDelete"

        /// The occasions on which it runs unless something else is said.
        var occasions: Set<Occasion> {
            switch self {
            case .preSync, .sync, .postSync, .syncFail: [.install, .upgrade]
            case .preDelete, .postDelete: [.removal]
            }
        }
    }

    /// What a sync is to an application on a cluster.
    enum Occasion: String, Sendable, Hashable, CaseIterable {
        /// It was never synced there as a whole.
        case install
        case upgrade
        /// Its record takes the stage back.
        case rollback
        /// A record no longer has the application.
        case removal
    }

    enum DeletePolicy: String, Sendable, Hashable, CaseIterable {
        case beforeHookCreation = "before-hook-creation"
        case hookSucceeded = "hook-succeeded"
        case hookFailed = "hook-failed"

        var argoName: String {
            switch self {
            case .beforeHookCreation: "BeforeHookCreation"
            case .hookSucceeded: "HookSucceeded"
            case .hookFailed: "HookFailed"
            }
        }
    }

    /// Where it runs, and on which occasions.
    var points: [Point: Set<Occasion>]
    var deletePolicies: Set<DeletePolicy> = [.beforeHookCreation]

    var isEverRun: Bool { points.values.contains { !$0.isEmpty } }

    mutating func runOnRollback() {
        for point in points.keys where !point.occasions.contains(.removal) { points[point]?.insert(.rollback) }
    }

    func runs(at point: Point, on occasion: Occasion) -> Bool { points[point]?.contains(occasion) ?? false }
}
