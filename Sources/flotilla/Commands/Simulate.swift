// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import ClusterSimulator
import Logging
import ServiceLifecycle
import UnixSignals

struct Simulate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serve simulated clusters: Kubernetes API servers without machines behind them.",
        discussion: """
            A test double, not Kubernetes: pods are only written down. An image's name or tag makes its pods behave: broken, crash, \
            unready, slow, fail.

            Examples:
              flotilla simulate --count 3 --kubeconfig-directory /tmp/clusters
              kubectl --kubeconfig /tmp/clusters/cluster-1.yaml get nodes
            """)

    @Option(help: "How many clusters: cluster-1, cluster-2, …")
    var count: Int?

    @Option(help: ArgumentHelp("A cluster by name, instead of --count. Repeatable.", valueName: "name"))
    var cluster: [String] = []

    @Option(help: ArgumentHelp("Where to listen; port 0 takes any free one.", valueName: "host:port"))
    var listen = "127.0.0.1:8490"

    @Option(help: ArgumentHelp("Keep the clusters' objects here between runs. (default: forget them)", valueName: "folder"))
    var stateDirectory: String?

    @Option(help: ArgumentHelp("Log every request here, FOLDER/CLUSTER/requests.jsonl. (default: no log)", valueName: "folder"))
    var logDirectory: String?

    @Option(help: ArgumentHelp("Write a kubeconfig for each cluster here, FOLDER/CLUSTER.yaml.", valueName: "folder"))
    var kubeconfigDirectory: String?

    @Option(help: ArgumentHelp("Write the administrator's certificate here: ca.crt, admin.crt, admin.key.", valueName: "folder"))
    var pkiDirectory: String?

    @Flag(inversion: .prefixedNo, help: "Run workload controllers, garbage collection and the clean-up of namespaces.")
    var controllers = true

    @Flag(help: "As a control plane without add-ons: no storage class, images identified by their names.")
    var bare = false

    @Flag(help: "Also log the bodies of writes; those of Secrets never.")
    var logBodies = false

    func validate() throws {
        if let count, !(1...10_000).contains(count) { throw ValidationError("--count is a number from 1 to 10000") }
        if count != nil, !cluster.isEmpty { throw ValidationError("either --count or --cluster") }
        if let wrong = cluster.first(where: { $0.isEmpty || $0.contains("/") }) { throw ValidationError("'\(wrong)' is no cluster's name") }
    }

    func run() async throws {
        let address = try ListenAddress(listen)
        let names = cluster.isEmpty ? (1...(count ?? 1)).map { "cluster-\($0)" } : cluster
        for folder in [stateDirectory, logDirectory, kubeconfigDirectory, pkiDirectory] {
            if let folder { try LocalFile.makeFolder(folder) }
        }
        var logger = Logger(label: "flotilla.simulator") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .notice
        var behaviour = SimulatorBehaviour()
        behaviour.logsBodies = logBodies
        behaviour.runsControllers = controllers
        behaviour.hasDefaultStorageClass = !bare
        behaviour.reportsDigests = !bare
        let simulator = try Simulator(
            configuration: SimulatorConfiguration(
                clusters: names.map { ClusterSpecification(name: $0) }, host: address.host, port: address.port,
                stateDirectory: stateDirectory.map(LocalFile.absolute), logDirectory: logDirectory.map(LocalFile.absolute),
                behaviour: behaviour),
            logger: logger)
        let group = ServiceGroup(services: [simulator], gracefulShutdownSignals: [.sigint, .sigterm], logger: logger)
        try await withThrowingTaskGroup { tasks in
            tasks.addTask { try await group.run() }
            let port = try await simulator.ready()
            try announce(simulator, port)
            try await tasks.waitForAll()
        }
    }

    private func announce(_ simulator: Simulator, _ port: Int) throws {
        for name in simulator.names {
            guard let folder = kubeconfigDirectory, let text = simulator.kubeconfig(for: name) else { continue }
            try LocalFile.write(Array(text.utf8), to: "\(folder)/\(name).yaml", mode: 0o600)
        }
        if let folder = pkiDirectory, let authority = simulator.certificateAuthority, let own = simulator.administratorCertificate {
            try LocalFile.write(Array(authority.utf8), to: "\(folder)/ca.crt", mode: 0o600)
            try LocalFile.write(Array(own.certificate.utf8), to: "\(folder)/admin.crt", mode: 0o600)
            try LocalFile.write(Array(own.key.utf8), to: "\(folder)/admin.key", mode: 0o600)
        }
        Terminal.print("\(simulator.names.count) simulated clusters serve at port \(port)")
        for name in simulator.names.prefix(20) { Terminal.print("  \(name)  \(simulator.url(for: name) ?? "")") }
    }
}
