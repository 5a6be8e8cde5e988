// SPDX-License-Identifier: Apache-2.0

/// Where applications go: pipelines with their environments and clusters, found once for all the applications that are checked.
final class Reach {
    /// A pipeline with the environments of its stages.
    struct Way {
        let pipeline: Pipeline
        let selects: ApplicationMatcher
        let environments: [Place]
    }

    /// An environment with its clusters.
    final class Place {
        let environment: Environment
        let clusters: [Cluster]
        /// By variable, whether some cluster has it not.
        private var lacking: [String: Bool] = [:]

        init(_ environment: Environment, _ clusters: [Cluster]) {
            self.environment = environment
            self.clusters = clusters
        }

        func clusters(for application: Application) -> [Cluster] {
            guard let selector = application.clusterSelector else { return clusters }
            return clusters.filter { selector.matches($0.labels) }
        }

        /// Whether the variable is undefined somewhere that the application goes.
        func lacks(_ name: String, for application: Application) -> Bool {
            switch name {
            case "environment.name", "cluster.name": return false
            default: break
            }
            if name.hasPrefix("environment.variables.") { return environment.variables[String(name.dropFirst(22))] == nil }
            guard application.clusterSelector == nil else { return firstLacking(name, for: application) != nil }
            if let known = lacking[name] { return known }
            let found = firstLacking(name, for: application) != nil
            lacking[name] = found
            return found
        }

        func firstLacking(_ name: String, for application: Application) -> Cluster? {
            clusters(for: application).first { Variables(environment: environment, cluster: $0)[name] == nil }
        }
    }

    private let ways: [Way]

    init(_ fleet: Fleet) {
        var places: [String: Place] = [:]
        ways = fleet.pipelines.map { pipeline in
            Way(
                pipeline: pipeline, selects: ApplicationMatcher(pipeline.applications),
                environments: pipeline.stages.compactMap { stage in
                    if let known = places[stage.environment] { return known }
                    guard let environment = fleet.environment(stage.environment) else { return nil }
                    let place = Place(environment, fleet.clusters(in: environment))
                    places[stage.environment] = place
                    return place
                })
        }
    }

    /// The pipelines that select an application, by name.
    func pipelines(of application: Application) -> [Way] { ways.filter { $0.selects.contains(application) } }
}
