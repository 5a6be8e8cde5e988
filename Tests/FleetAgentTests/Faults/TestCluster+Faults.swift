// SPDX-License-Identifier: Apache-2.0
import ClusterSimulator
import KubernetesAPI
import Manifests
import Testing

@testable import FleetAgent

// What fault tests do to a cluster, and what must hold afterwards.
extension TestCluster {
    static func config(_ name: String) -> String { "/api/v1/namespaces/shop/configmaps/\(name)" }

    /// The connection of an agent that shows a token, as faults of tokens concern only those that do: the hand shows none.
    func withToken() throws -> ClusterConnection {
        let path = "\(folder.path)/api-token"
        try Folder.write(Array((simulator.cluster("c")?.token ?? "").utf8), to: path)
        return ClusterConnection(server: simulator.url(for: "c") ?? "", credential: .tokenFile(path))
    }

    func setFaults(_ change: (inout Faults) -> Void) {
        var faults = simulator.cluster("c")?.faults ?? Faults()
        change(&faults)
        simulator.setFaults(faults)
    }

    /// Waits until something holds that nobody tells of, such as of an agent's files or of what it says of itself.
    func until(_ test: () throws -> Bool) async throws {
        while try !test() { try await Task.sleep(for: .milliseconds(10)) }
    }

    /// Waits until something holds of the objects in the cluster, looked at whenever one of them has changed.
    func has(_ test: () throws -> Bool) async throws { try await simulator.cluster("c")?.until(test) }

    func setting(_ name: String, _ key: String = "k") -> String? { get(Self.config(name)).at("data", key)?.string }

    /// What the agent has deleted so far.
    func agentDeletes() throws -> [String] {
        try requests().filter { isAgents($0) && !isAgentsOwn($0) && $0["method"] == "DELETE" && ($0["status"]?.int ?? 0) < 400 }.map {
            $0["path"]?.string ?? ""
        }
    }

    /// How many requests the agent has made, watches and refused ones among them.
    func agentRequestCount() throws -> Int { try requests().filter(isAgents).count }

    func lists(_ plural: String) throws -> Int {
        try requests().filter { isAgents($0) && $0["verb"] == "list" && $0["path"]?.string?.hasSuffix("/\(plural)") == true }.count
    }

    /// The resource version from which the kind was last watched.
    func watchedFrom(_ plural: String) throws -> UInt64 {
        let watches = try requests().filter {
            isAgents($0) && $0["verb"] == "watch" && $0["path"]?.string?.hasSuffix("/\(plural)") == true
        }
        let query = watches.last?["query"]?.string ?? ""
        return query.split(separator: "&").first { $0.hasPrefix("resourceVersion=") }.flatMap { UInt64($0.dropFirst(16)) } ?? 0
    }
}
