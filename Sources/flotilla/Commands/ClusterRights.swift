// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import ArgumentParser

/// What an agent may do in its cluster, as the command line says it.
struct ClusterRights: ParsableArguments {
    enum Mode: String, ExpressibleByArgument, CaseIterable {
        case clusterAdmin = "cluster-admin"
        case namespaced
    }

    @Option(help: "What the agent may do there: everything (cluster-admin), or only what is in --namespaces (namespaced).")
    var mode = Mode.clusterAdmin

    @Option(help: ArgumentHelp("The namespaces of --mode namespaced, with commas between; they must exist.", valueName: "a,b"))
    var namespaces: String?

    func validate() throws { _ = try rights() }

    func rights() throws -> AgentInstallation.Rights {
        let names = Set((namespaces ?? "").split(separator: ",").map { String($0.filter { $0 != " " }) }).sorted()
        switch mode {
        case .clusterAdmin:
            guard namespaces == nil else { throw ValidationError("--namespaces goes with --mode namespaced") }
            return .clusterAdmin
        case .namespaced:
            guard !names.isEmpty else { throw ValidationError("--mode namespaced needs --namespaces a,b") }
            for name in names {
                guard Self.isNamespace(name) else { throw ValidationError("--namespaces: '\(name)' is no name of a namespace") }
                guard name != Ownership.agentNamespace else {
                    throw ValidationError("--namespaces: \(name) is the agent's own; no application may be there")
                }
            }
            return .namespaces(names)
        }
    }

    /// RFC 1123: a DNS label.
    private static func isNamespace(_ name: String) -> Bool {
        let bytes = Array(name.utf8)
        func isPlain(_ byte: UInt8) -> Bool {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
        }
        guard let first = bytes.first, let last = bytes.last, bytes.count <= 63, isPlain(first), isPlain(last) else { return false }
        return bytes.allSatisfy { isPlain($0) || $0 == UInt8(ascii: "-") }
    }
}
