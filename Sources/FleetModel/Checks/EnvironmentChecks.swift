// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Which clusters environments and waves select.
struct EnvironmentChecks {
    let declared: [Declared<Environment>]
    let fleet: Fleet
    let report: Report

    func check() {
        var owner: [String: String] = [:]
        for item in declared {
            let environment = item.object
            let clusters = fleet.clusters(in: environment)
            if clusters.isEmpty {
                item.document(report).add(
                    .warning, "selects-nothing", "'clusterSelector' matches no cluster", at: ["spec", "clusterSelector"], part: .key)
            }
            var shared: [String: [String]] = [:]
            for cluster in clusters {
                if let other = owner[cluster.name] {
                    if other != environment.name { shared[other, default: []].append(cluster.name) }
                } else {
                    owner[cluster.name] = environment.name
                }
            }
            for (other, names) in shared.sorted(by: { $0.key < $1.key }) {
                let list =
                    names.prefix(3).map { "'\($0)'" }.joined(separator: ", ") + (names.count > 3 ? " and \(names.count - 3) more" : "")
                item.document(report).add(
                    .error, "cluster-in-two-environments", "environment '\(other)' selects \(list) too",
                    hint: "a cluster belongs to one environment: narrow a 'clusterSelector'", at: ["spec", "clusterSelector"], part: .key)
            }
            if !clusters.isEmpty { checkWaves(item, clusters) }
        }
    }

    private func checkWaves(_ item: Declared<Environment>, _ clusters: [Cluster]) {
        var left = clusters
        for (index, wave) in item.object.rollout.waves.enumerated() {
            let count = left.count
            left.removeAll { wave.clusterSelector?.matches($0.labels) ?? true }
            guard left.count == count else { continue }
            item.document(report).add(
                .warning, "selects-nothing", "wave '\(wave.name)' gets no cluster: none matches, or earlier waves take them all",
                at: ["spec", "rollout", "waves", .index(index)])
        }
    }
}
