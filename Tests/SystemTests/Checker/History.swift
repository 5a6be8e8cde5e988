// SPDX-License-Identifier: Apache-2.0
import Manifests

/// What Git says of a pipeline: the records of its stages and the decisions in its journal.
struct History: Sendable {
    /// One commit of an environment branch.
    struct Record: Sendable {
        enum Origin: Sendable, Equatable {
            /// Written by the coordinator: `release`, `fleet`, `rollback`, …
            case promotion(String)
            /// Pushed by a person.
            case human
        }

        var commit: String
        /// When it became visible: the push where that is known, else the commit's own time.
        var visibleAt: Timestamp
        var committedAt: Timestamp
        /// The commit whose tree it deploys; for a person's commit itself.
        var release: String
        var promotion: String?
        var origin: Origin
        var isOverride = false
        /// The objects that it declares, by application, with the digest of their content.
        var objects: [String: [ObjectIdentity: Digest]]

        func content(of object: ObjectIdentity) -> Digest? { objects.values.lazy.compactMap { $0[object] }.first }
        /// What a later stage may only run once the stages before have verified it.
        var needsVerification: Bool { !isOverride && origin != .human && origin != .promotion("rollback") }
    }

    struct Verified: Sendable {
        var promotion: String
        var release: String
        var at: Timestamp
    }

    struct Stage: Sendable {
        /// Oldest first.
        var records: [Record] = []
        /// As the journal has it, oldest first.
        var verified: [Verified] = []
        /// Promotions that were given up, as the journal has it.
        var failed: Set<String> = []
    }

    var stages: [String: Stage]
    /// What is wrong with the branches themselves.
    var problems: [String] = []
}
