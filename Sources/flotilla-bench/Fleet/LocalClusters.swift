// SPDX-License-Identifier: Apache-2.0
import ClusterSimulator
import KubernetesAPI
import Manifests

/// Simulated clusters, served by this process.
struct LocalClusters: Sendable {
    let simulator: Simulator
    /// `<folder>/<cluster>/requests.jsonl`.
    let logFolder: String

    static func run<Result: Sendable>(
        _ names: [String], folder: ScratchFolder, _ body: @escaping @Sendable (LocalClusters) async throws -> Result
    ) async throws -> Result {
        let logs = "\(folder.path)/requests"
        let simulator = try Simulator(
            configuration: SimulatorConfiguration(clusters: names.map { ClusterSpecification(name: $0) }, logDirectory: logs),
            logger: quietLogger)
        return try await alongside(
            { try await simulator.run() },
            do: {
                try await simulator.ready()
                return try await body(LocalClusters(simulator: simulator, logFolder: logs))
            })
    }

    func kubeconfig(_ cluster: String) throws -> [UInt8] {
        guard let text = simulator.kubeconfig(for: cluster) else { throw BenchError("there is no simulated cluster \(cluster)") }
        return Array(text.utf8)
    }

    func connection(_ cluster: String) throws -> ClusterConnection {
        try ClusterConnection(kubeconfig: try kubeconfig(cluster), folder: "/")
    }

    /// The requests of a cluster from the `start`th on.
    func requests(_ cluster: String, from start: Int = 0) throws -> [Value] {
        let bytes = try FolderTree(root: logFolder).read("\(cluster)/requests.jsonl", limit: 1 << 30)
        let lines = try bytes.split(separator: UInt8(ascii: "\n")).map { try JSON.read(Array($0)) }
        return Array(lines.filter { $0["event"]?.string == "request" }.dropFirst(start))
    }
}
