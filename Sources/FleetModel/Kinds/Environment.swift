// SPDX-License-Identifier: Apache-2.0

/// A set of clusters, and how a rollout moves through them.
package struct Environment: Sendable, Hashable {
    package var name: String
    package var labels: [String: String] = [:]
    package var clusterSelector: LabelSelector
    /// What templates read as `${environment.variables.X}`.
    package var variables: [String: String] = [:]
    package var rollout = Rollout()
    package var windows: [Window] = []

    package init(name: String, clusterSelector: LabelSelector) {
        self.name = name
        self.clusterSelector = clusterSelector
    }

    package struct Rollout: Sendable, Hashable {
        /// In order; clusters outside every wave form a last one.
        package var waves: [Wave] = []
        /// A rollout fails when its failed clusters reach this.
        package var failureThreshold = Quota.count(1)
        package var onFailure = OnFailure.hold
        package var offline = Offline()

        package init() {}
    }

    package struct Wave: Sendable, Hashable {
        package var name: String
        /// `nil` takes every cluster that no earlier wave took.
        package var clusterSelector: LabelSelector?
        /// How long the wave's clusters must stay Current before the next begins.
        package var soak = Duration.zero
        package var maxUnavailable = Quota.count(1)

        package init(name: String) { self.name = name }
    }

    package enum OnFailure: String, Sendable, CaseIterable {
        case hold, rollback
    }

    package struct Offline: Sendable, Hashable {
        /// Silence after which a cluster counts as offline.
        package var after = Duration.seconds(600)
        package var policy = Policy.skip

        package enum Policy: String, Sendable, CaseIterable {
            /// The rollout goes on; the cluster catches up on return.
            case skip
            /// The wave waits for it.
            case wait
        }

        package init() {}
    }

    /// When records may be written and waves may begin.
    package struct Window: Sendable, Hashable {
        /// Such as `Mon-Fri 09:00-16:00`.
        package var allow: String
        /// An IANA name, such as `Europe/Berlin`.
        package var timeZone: String
        package var atClose = AtClose.pause

        package enum AtClose: String, Sendable, CaseIterable {
            case pause, finish
        }

        package init(allow: String, timeZone: String) {
            self.allow = allow
            self.timeZone = timeZone
        }
    }
}

extension Environment.Rollout {
    /// Divides clusters into waves: the first matching wave takes each, what is left forms a last one named `rest`. Waves without a
    /// cluster are left out; each keeps the clusters' order.
    package func divide(_ clusters: [Cluster]) -> [(wave: Environment.Wave, clusters: [Cluster])] {
        var left = clusters
        var divided: [(wave: Environment.Wave, clusters: [Cluster])] = []
        for wave in waves + [Environment.Wave(name: "rest")] {
            let taken = left.filter { wave.clusterSelector?.matches($0.labels) ?? true }
            guard !taken.isEmpty else { continue }
            left.removeAll { wave.clusterSelector?.matches($0.labels) ?? true }
            divided.append((wave, taken))
        }
        return divided
    }
}
