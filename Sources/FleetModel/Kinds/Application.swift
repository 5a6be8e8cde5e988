// SPDX-License-Identifier: Apache-2.0
package import Manifests

/// A renderable path, and how its objects are kept in a cluster.
package struct Application: Sendable, Hashable {
    package var name: String
    package var labels: [String: String] = [:]
    package var source: Source
    /// Where objects go that name no namespace; `nil` leaves them as rendered.
    package var namespace: String?
    /// Narrows the environment's clusters; `nil` takes all.
    package var clusterSelector: LabelSelector?
    /// Applications that must be Current on a cluster before this one is applied there.
    package var dependsOn: [String] = []
    package var sync = Sync()
    package var allowClearSecrets = false
    package var health = HealthPolicy()
    package var deletion = Deletion.prune
    /// Former names, whose objects this application takes over.
    package var movedFrom: [String] = []

    package init(name: String, source: Source) {
        self.name = name
        self.source = source
    }

    package struct Source: Sendable, Hashable {
        /// A folder below the release's root; a template (`Template`).
        package var path: String
        package var helm: Helm?
        /// Whether variables are substituted in the manifests too.
        package var substitute = false

        package init(path: String) { self.path = path }
    }

    package struct Helm: Sendable, Hashable {
        package var releaseName: String?
        /// Paths below the chart's folder; templates.
        package var valueFiles: [String] = []
        package var values = Map()

        package init() {}
    }

    package enum Deletion: String, Sendable, CaseIterable {
        /// Objects go with the application.
        case prune
        /// Objects stay, owned by nobody.
        case orphan
    }

    package struct HealthPolicy: Sendable, Hashable {
        /// How long objects may be on their way to Current before they count as failed.
        package var timeout = Duration.seconds(600)
        package var rules: [HealthRule] = []

        package init() {}
    }

    /// Objects of a kind are Current where the value at `path` compares so, and Failed where `failed` holds; InProgress otherwise.
    package struct HealthRule: Sendable, Hashable {
        /// A value that is absent meets no comparison.
        package enum Comparison: Sendable, Hashable {
            case equals(Value)
            case notEquals(Value)
            case oneOf([Value])
        }

        package struct Failure: Sendable, Hashable {
            /// `nil` looks where the rule looks.
            package var path: JSONPointer?
            package var comparison: Comparison

            package init(path: JSONPointer? = nil, comparison: Comparison) {
                self.path = path
                self.comparison = comparison
            }
        }

        package var group: String
        package var kind: String
        package var path: JSONPointer
        package var comparison: Comparison
        package var failed: Failure?

        package init(group: String, kind: String, path: JSONPointer, comparison: Comparison, failed: Failure? = nil) {
            self.group = group
            self.kind = kind
            self.path = path
            self.comparison = comparison
            self.failed = failed
        }
    }
}

extension Application {
    /// How an agent keeps the application's objects.
    package struct Sync: Sendable, Hashable {
        /// Whether objects that a release dropped are deleted.
        package var prune = true
        /// Of an application's objects, the percentage that one release may delete; more is held for a person.
        package var pruneProtectionPercentMax = 50
        package var drift = Drift.heal
        package var createNamespace = false
        /// The service account to impersonate in the cluster.
        package var serviceAccount: String?
        package var retry = Retry()
        /// For one attempt to apply all objects.
        package var timeout = Duration.seconds(300)
        package var ignore: [Ignore] = []
        /// Whether fields are taken over from other field managers.
        package var force = false
        /// Whether objects that another tool applied are taken over.
        package var adopt = false

        package init() {}
    }

    package enum Drift: String, Sendable, CaseIterable {
        case heal, alert, ignore
    }

    package struct Retry: Sendable, Hashable {
        /// Attempts after the first.
        package var limit = 5
        /// Before the first retry; doubled each time.
        package var backoff = Duration.seconds(5)
        package var maxBackoff = Duration.seconds(180)

        package init() {}
    }

    /// Fields that another manager may own without that being drift.
    package struct Ignore: Sendable, Hashable {
        /// `nil` matches every group.
        package var group: String?
        package var kind: String
        /// `nil` matches every name.
        package var name: String?
        package var paths: [JSONPointer]

        package init(group: String? = nil, kind: String, name: String? = nil, paths: [JSONPointer]) {
            self.group = group
            self.kind = kind
            self.name = name
            self.paths = paths
        }
    }
}
