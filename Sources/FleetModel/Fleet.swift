// SPDX-License-Identifier: Apache-2.0

/// Everything that a fleet commit declares; each kind sorted by name.
package struct Fleet: Sendable, Hashable {
    package let clusters: [Cluster]
    package let applications: [Application]
    package let environments: [Environment]
    package let pipelines: [Pipeline]
    package let repositories: [Repository]
    package let accessPolicies: [AccessPolicy]
    package let notifications: [Notification]

    package init(
        clusters: [Cluster] = [], applications: [Application] = [], environments: [Environment] = [], pipelines: [Pipeline] = [],
        repositories: [Repository] = [], accessPolicies: [AccessPolicy] = [], notifications: [Notification] = []
    ) {
        self.clusters = clusters.sorted { $0.name < $1.name }
        self.applications = applications.sorted { $0.name < $1.name }
        self.environments = environments.sorted { $0.name < $1.name }
        self.pipelines = pipelines.sorted { $0.name < $1.name }
        self.repositories = repositories.sorted { $0.name < $1.name }
        self.accessPolicies = accessPolicies.sorted { $0.name < $1.name }
        self.notifications = notifications.sorted { $0.name < $1.name }
    }

    /// The same declarations with other applications: those of a release.
    package func with(applications: [Application]) -> Fleet {
        Fleet(
            clusters: clusters, applications: applications, environments: environments, pipelines: pipelines,
            repositories: repositories, accessPolicies: accessPolicies, notifications: notifications)
    }
}

// Look-ups by name; logarithmic, for the lists are sorted.
extension Fleet {
    package func cluster(_ name: String) -> Cluster? { find(name, in: clusters, by: \.name) }
    package func application(_ name: String) -> Application? { find(name, in: applications, by: \.name) }
    package func environment(_ name: String) -> Environment? { find(name, in: environments, by: \.name) }
    package func pipeline(_ name: String) -> Pipeline? { find(name, in: pipelines, by: \.name) }
    package func repository(_ name: String) -> Repository? { find(name, in: repositories, by: \.name) }

    private func find<Element>(_ name: String, in sorted: [Element], by key: (Element) -> String) -> Element? {
        var low = 0
        var high = sorted.count
        while low < high {
            let middle = (low + high) / 2
            if key(sorted[middle]) < name { low = middle + 1 } else { high = middle }
        }
        return low < sorted.count && key(sorted[low]) == name ? sorted[low] : nil
    }
}

// Who belongs to whom.
extension Fleet {
    /// The clusters that an environment selects, by name.
    package func clusters(in environment: Environment) -> [Cluster] {
        clusters.filter { environment.clusterSelector.matches($0.labels) }
    }

    /// The clusters of an environment that an application goes to, by name.
    package func clusters(in environment: Environment, for application: Application) -> [Cluster] {
        clusters(in: environment).filter { application.clusterSelector?.matches($0.labels) ?? true }
    }

    /// The environment that selects a cluster.
    package func environment(of cluster: Cluster) -> Environment? {
        environments.first { $0.clusterSelector.matches(cluster.labels) }
    }

    /// The applications that a pipeline selects, by name.
    package func applications(of pipeline: Pipeline) -> [Application] { pipeline.applications.selecting(applications) }

    /// The pipeline that selects an application.
    package func pipeline(of application: Application) -> Pipeline? { pipelines.first { $0.applications.contains(application) } }
}
