// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Follows the workloads of a stage's clusters together: how many are out of Current at once because of a rollout, and in which order.
///
/// A cluster is out of Current from the write that changes a workload until the cluster says that all of that workload's pods are of the
/// new template and ready. A cluster that was out of Current before a rollout came to it uses none of that rollout's budget.
struct AvailabilityJudge {
    let stage: FleetShape.Stage
    /// Records whose rollouts were given up: what they left behind is not the next rollout's doing.
    let failed: Set<Int>
    let tolerance: Duration

    private struct Cluster {
        /// By workload: what was applied last.
        var applied: [ObjectIdentity: [String]] = [:]
        var workloads: [ObjectIdentity: Observation.Workload] = [:]
        /// The rollout that made the cluster leave Current; `nil` while it is Current.
        var disturbedBy: Int?
        var usesBudget = false
        /// By record: the first of its writes, and when the cluster was Current with all of them.
        var began: [Int: Timestamp] = [:]
        var settled: [Int: Timestamp] = [:]

        var isCurrent: Bool {
            applied.allSatisfy { object, images in
                workloads[object].map { $0.isSettled && $0.isAvailable && $0.images == images } ?? false
            }
        }
    }

    func verdict(_ placed: [String: [Checker.Placed]]) -> Verdict {
        var verdict = Verdict()
        var clusters: [String: Cluster] = [:]
        // Each log is in order already; sorting must not mix up lines of the same moment.
        let all = placed.values.flatMap { $0.enumerated().map { (place: $0.element, line: $0.offset) } }
            .sorted { left, right in
                let (first, second) = (left.place.observation, right.place.observation)
                return (first.time.milliseconds, first.cluster, left.line) < (second.time.milliseconds, second.cluster, right.line)
            }
        for (place, _) in all {
            let observation = place.observation
            var cluster = clusters[observation.cluster] ?? Cluster()
            switch observation.what {
            case .write(let write):
                guard let record = place.record else { break }
                note(write, record, at: observation, in: &cluster)
            case .workload(let workload):
                // Only what the agent has put there counts.
                guard cluster.applied[workload.object] != nil else { break }
                cluster.workloads[workload.object] = workload
            case .deletion(let object):
                cluster.applied[object] = nil
                cluster.workloads[object] = nil
            case .request: break
            }
            if cluster.isCurrent {
                cluster.disturbedBy = nil
                cluster.usesBudget = false
                for record in cluster.began.keys where cluster.settled[record] == nil { cluster.settled[record] = observation.time }
            }
            clusters[observation.cluster] = cluster
            if case .write = observation.what, let record = place.record { judgeBudget(clusters, record, observation, &verdict) }
        }
        judgeOrder(clusters, &verdict)
        return verdict
    }

    private func note(_ write: Observation.Write, _ record: Int, at observation: Observation, in cluster: inout Cluster) {
        if cluster.began[record] == nil { cluster.began[record] = observation.time }
        guard !write.images.isEmpty, cluster.applied[write.object] != write.images else { return }
        let isFirst = cluster.applied[write.object] == nil
        let wasCurrent = cluster.isCurrent
        cluster.applied[write.object] = write.images
        // A new template makes the cluster's part of the rollout unfinished again.
        cluster.settled[record] = nil
        if isFirst {
            // Where there was nothing, nothing became unavailable.
            if cluster.disturbedBy == nil { cluster.disturbedBy = record }
        } else if wasCurrent {
            cluster.disturbedBy = record
            cluster.usesBudget = true
        } else if cluster.disturbedBy != record {
            cluster.disturbedBy = record
            cluster.usesBudget = false
        }
    }

    private func judgeBudget(_ clusters: [String: Cluster], _ record: Int, _ observation: Observation, _ verdict: inout Verdict) {
        guard let wave = stage.waves.first(where: { $0.clusters.contains(observation.cluster) }) else { return }
        let out = wave.clusters.filter { name in
            guard let cluster = clusters[name], cluster.usesBudget, let cause = cluster.disturbedBy else { return false }
            return cause == record || !failed.contains(cause)
        }
        guard out.contains(observation.cluster) else { return }
        verdict.judge(
            .maxUnavailable, out.count <= wave.maxUnavailable,
            "\(observation.place): \(out.joined(separator: ", ")) of wave \(wave.name) were out of Current together at "
                + "\(observation.time.rfc3339); allowed is \(wave.maxUnavailable)")
    }

    /// A record's first write in a wave comes after every cluster of the wave before was Current with it, for as long as that wave soaks.
    private func judgeOrder(_ clusters: [String: Cluster], _ verdict: inout Verdict) {
        for (earlier, later) in zip(stage.waves, stage.waves.dropFirst()) {
            for name in later.clusters {
                for (record, began) in (clusters[name]?.began ?? [:]).sorted(by: { $0.key < $1.key }) {
                    for other in earlier.clusters {
                        let settled = clusters[other]?.settled[record]
                        verdict.judge(
                            .waveOrder, settled.map { $0 + earlier.soak <= began + tolerance } ?? false,
                            "\(name) got record \(record) at \(began.rfc3339), "
                                + (settled.map { "\(other) was Current with it only at \($0.rfc3339)" }
                                    ?? "\(other) never was Current with it"))
                    }
                }
            }
        }
    }
}
