// SPDX-License-Identifier: Apache-2.0
import FleetModel
import Manifests
import Promotion

/// Freezes an environment's rollout and a stage's gates into the strategy that a candidate carries.
enum StrategyMaking {
    /// - Parameters:
    ///   - clusters: the clusters that get something, with their labels.
    ///   - gates: the stage as the fleet commit before this one declares it: a change is judged by the rules before it.
    static func strategy(environment: Environment, clusters: [Cluster], stage: Pipeline.Stage, gates: Pipeline.Stage) -> Strategy {
        let waves = environment.rollout.divide(clusters.sorted { $0.name < $1.name }).map { wave, members in
            Strategy.Wave(
                name: wave.name, clusters: members.map(\.name), maxUnavailable: wave.maxUnavailable.resolve(of: members.count),
                soakMilliseconds: wave.soak.wholeMilliseconds)
        }
        return Strategy(
            waves: waves, approvalsRequired: gates.promotion.approvals?.required ?? 0,
            approvalExpiryMilliseconds: gates.promotion.approvals?.expires?.wholeMilliseconds,
            verifySoakMilliseconds: stage.soak.wholeMilliseconds,
            failureThreshold: environment.rollout.failureThreshold.resolve(of: clusters.count),
            minimumClusters: stage.minimumClusters, offline: environment.rollout.offline.policy == .skip ? .skip : .wait,
            offlineAfterMilliseconds: environment.rollout.offline.after.wholeMilliseconds)
    }
}
