// SPDX-License-Identifier: Apache-2.0

/// What a checker is told of the fleet that it judges: no more than a person would read off its declarations.
struct FleetShape: Sendable {
    struct Wave: Sendable {
        var name: String
        var clusters: [String]
        /// Clusters that may be out of Current at once because of a rollout.
        var maxUnavailable: Int
        /// How long the wave must have been Current before the next one begins.
        var soak: Duration = .zero
    }

    struct Stage: Sendable {
        var environment: String
        /// Environments in which a release must have been verified before.
        var after: [String] = []
        var waves: [Wave]

        var clusters: [String] { waves.flatMap(\.clusters) }
    }

    var pipeline: String
    var stages: [Stage]
    /// Application to the folder of its plain manifests, in which `${environment.name}` stands for the environment.
    var applications: [String: String]

    func folder(of application: String, in environment: String) -> String {
        (applications[application] ?? "").replacing("${environment.name}", with: environment)
    }

    func stage(of cluster: String) -> Stage? { stages.first { $0.clusters.contains(cluster) } }
}
