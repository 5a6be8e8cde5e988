// SPDX-License-Identifier: Apache-2.0

/// A simulated cluster to serve.
package struct ClusterSpecification: Sendable, Hashable {
    /// Also the last part of its path: `/clusters/<name>`.
    package var name: String
    /// How many nodes it has; at least one.
    package var nodes: Int
    /// Labels of every node.
    package var nodeLabels: [String: String]
    /// The bearer token of its administrator; made from the name when empty.
    package var token: String

    package init(name: String, nodes: Int = 1, nodeLabels: [String: String] = [:], token: String = "") {
        self.name = name
        self.nodes = max(1, nodes)
        self.nodeLabels = nodeLabels
        self.token = token
    }
}

/// How the simulated clusters behave.
package struct SimulatorBehaviour: Sendable {
    /// From a pod's start to its readiness.
    package var podReadyDelay: Duration = .milliseconds(200)
    /// The same for an image called `slow`.
    package var slowPodReadyDelay: Duration = .seconds(5)
    /// How long the pod of a Job runs.
    package var jobDuration: Duration = .milliseconds(300)
    /// From a pod's deletion to its end.
    package var podStopDelay: Duration = .milliseconds(50)
    /// From the creation of a definition to the service of its resource.
    package var definitionDelay: Duration = .milliseconds(100)
    /// From a namespace's deletion to that of its contents.
    package var namespaceDelay: Duration = .milliseconds(150)
    /// The events kept for watches per cluster.
    package var historyMax = 1_024
    /// Whether workload controllers, garbage collection and namespaces' clean-up run.
    package var runsControllers = true
    /// Whether a request without credentials is the administrator's: for embedding in tests only.
    package var trustsAnonymous = false
    /// Whether the request log carries the bodies of writes; those of Secrets never.
    package var logsBodies = false

    /// Whether pods report made-up digests as image identities, or plain names.
    package var reportsDigests = true
    /// Whether there is a storage class that binds claims by itself.
    package var hasDefaultStorageClass = true
    /// How often watches that asked for bookmarks get one.
    package var bookmarkInterval: Duration = .seconds(60)

    package init() {}
}

/// What a simulator process serves, and where.
package struct SimulatorConfiguration: Sendable {
    package var clusters: [ClusterSpecification]
    package var host: String
    /// 0 takes a free one.
    package var port: Int
    /// Where clusters are kept between runs, a folder for each; `nil` forgets them.
    package var stateDirectory: String?
    /// Where request logs go, `<folder>/<cluster>/requests.jsonl`; `nil` writes none.
    package var logDirectory: String?
    package var behaviour: SimulatorBehaviour
    /// Whether to serve HTTPS, with a certificate of its own that the kubeconfigs carry. kubectl sends no token without.
    package var usesTLS: Bool
    /// For UIDs and generated names; `nil` takes a random one.
    package var seed: UInt64?

    package init(
        clusters: [ClusterSpecification], host: String = "127.0.0.1", port: Int = 0, stateDirectory: String? = nil,
        logDirectory: String? = nil,
        behaviour: SimulatorBehaviour = SimulatorBehaviour(), usesTLS: Bool = true, seed: UInt64? = nil
    ) {
        self.clusters = clusters
        self.host = host
        self.port = port
        self.stateDirectory = stateDirectory
        self.logDirectory = logDirectory
        self.behaviour = behaviour
        self.usesTLS = usesTLS
        self.seed = seed
    }
}
