// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import KubernetesAPI
import Manifests

/// A simulated cluster in a process of its own.
struct SimulatorProcess: Sendable {
    static let cluster = "cluster-0"

    let process: ChildProcess
    let kubeconfigPath: String
    private let logFolder: String

    /// Runs one beside `body`.
    /// - Parameter latency: added to every answer.
    static func run<Result: Sendable>(
        in folder: ScratchFolder, named name: String, latency milliseconds: Int, usesTLS: Bool,
        _ body: (SimulatorProcess) async throws -> Result
    ) async throws -> Result {
        let logs = "\(folder.path)/\(name)-requests"
        let kubeconfig = "\(folder.path)/\(name)-kubeconfig"
        let process = try ChildProcess.start(
            [
                "/proc/self/exe", "simulator", "--kubeconfig", kubeconfig, "--log-directory", logs, "--latency", "\(milliseconds)",
            ] + (usesTLS ? [] : ["--plain"]), output: "\(folder.path)/\(name)-log")
        defer { process.stop() }
        let simulator = SimulatorProcess(process: process, kubeconfigPath: kubeconfig, logFolder: logs)
        _ = try await eventually("the simulated cluster listens", atMost: 30) { try? simulator.connection() }
        return try await body(simulator)
    }

    func connection() throws -> ClusterConnection { try ClusterConnection(kubeconfigPath: kubeconfigPath) }

    /// The requests from the `start`th on.
    func requests(from start: Int = 0) throws -> [LoggedRequest] {
        let bytes = try FolderTree(root: logFolder).read("\(Self.cluster)/requests.jsonl", limit: 1 << 30)
        var found: [LoggedRequest] = []
        var index = 0
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            let value = try JSON.read(Array(line))
            guard value["event"]?.string == "request" else { continue }
            if index >= start { found.append(LoggedRequest(value)) }
            index += 1
        }
        return found
    }
}

/// One line of a simulated cluster's log.
struct LoggedRequest: Sendable {
    var method: String
    /// As in RBAC, such as `watch`.
    var verb: String
    var path: String
    var isAgents: Bool
    var time: Timestamp

    init(_ value: Value) {
        method = value["method"]?.string ?? ""
        verb = value["verb"]?.string ?? ""
        path = value["path"]?.string ?? ""
        isAgents = value["userAgent"]?.string?.hasPrefix("flotilla-agent") ?? false
        time = value["time"]?.string.flatMap { Timestamp(rfc3339: $0) } ?? Timestamp(milliseconds: 0)
    }

    /// Whether it is about what the agent keeps for itself in the cluster.
    var isAboutAgent: Bool { path.contains("/namespaces/\(Ownership.agentNamespace)/") }

    /// What an agent with nothing to do may send: the watches that it keeps open, and its lease.
    var isAllowedWhenIdle: Bool { verb == "watch" || path.contains("/leases/") }
}

extension [LoggedRequest] {
    /// From the first to the last of these, in seconds.
    var span: Double {
        guard let first = map(\.time).min(), let last = map(\.time).max() else { return 0 }
        return Double((last - first).wholeMilliseconds) / 1_000
    }

    /// Kinds of requests with their numbers, the most frequent first, such as `12 patch configmaps`.
    var summary: String {
        var counts: [String: Int] = [:]
        for request in self { counts["\(request.verb) \(request.resource)", default: 0] += 1 }
        return counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
    }
}

extension LoggedRequest {
    /// The resource that the path names; the whole path where it names none.
    var resource: String {
        var parts = path.split(separator: "/")[...]
        guard let root = parts.popFirst(), root == "api" || root == "apis" else { return path }
        parts = parts.dropFirst(root == "api" ? 1 : 2)
        if parts.first == "namespaces", parts.count >= 3 { parts = parts.dropFirst(2) }
        return parts.first.map(String.init) ?? path
    }
}
