// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import ClusterSimulator
import Foundation
import Manifests
import Testing

@testable import FleetAgent

/// Other tools read an application's ApplySet: here `kubectl apply --prune --applyset`, where it is installed.
@Suite(.serialized, .timeLimit(.minutes(2)), .enabled(if: Kubectl.path != nil, "kubectl is not installed"))
struct ApplySetTests {
    private static func config(_ name: String) -> String { "/api/v1/namespaces/shop/configmaps/\(name)" }

    @Test("kubectl recognises the ApplySet, leaves it to its tool, and finds all its members when it may")
    func kubectl() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            try await cluster.withAgent { () async throws -> Void in
                coordinator.want(
                    "web", 1, [configMap("a", ["k": "1"]), configMap("b", ["k": "1"]), deployment("d", image: "x/d:1")])
                await coordinator.wait("web", 1, .synced, .current)
            }
            let parent = cluster.get("/api/v1/namespaces/flotilla-system/secrets/flotilla-web")
            #expect(parent.at("metadata", "annotations", Ownership.groupKindsAnnotation) == "ConfigMap,Deployment.apps")
            #expect(parent.at("metadata", "annotations", Ownership.additionalNamespacesAnnotation) == "shop")
            let kubectl = try Kubectl(cluster)
            try Folder.write(
                Array(#"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "other"}}"#.utf8),
                to: "\(cluster.folder.path)/other.yaml")
            let apply = [
                // The parent's namespace has to be named, and binds the applied objects to it; members are found wherever they are.
                "apply", "--namespace=flotilla-system", "--validate=false", "--server-side", "--force-conflicts", "--prune",
                "--applyset=secret/flotilla-web", "-f",
                "\(cluster.folder.path)/other.yaml",
            ]
            let refused = try await kubectl.run(apply)
            #expect(refused.status != 0 && refused.text.contains(#"managed by tooling "flotilla""#), "\(refused.text)")
            #expect(!cluster.get(Self.config("b")).isNull)
            let handed = try await kubectl.run([
                "annotate", "--overwrite", "secret", "flotilla-web", "\(Ownership.toolingAnnotation)=kubectl/v1.32.0",
            ])
            #expect(handed.status == 0, "\(handed.text)")
            let pruned = try await kubectl.run(apply)
            #expect(pruned.status == 0, "\(pruned.text)")
            #expect(!cluster.get("/api/v1/namespaces/flotilla-system/configmaps/other").isNull)
            #expect(["a", "b"].allSatisfy { cluster.get(Self.config($0)).isNull })
            for member in ["configmap/a", "configmap/b", "deployment.apps/d"] {
                #expect(pruned.text.contains("\(member) pruned"), "\(pruned.text)")
            }
        }
    }
}

/// The program, talking to one simulated cluster.
private struct Kubectl {
    static let path = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { "\($0)/kubectl" }
        .first { FileManager.default.isExecutableFile(atPath: $0) }

    private let configuration: String

    init(_ cluster: TestCluster) throws {
        configuration = "\(cluster.folder.path)/kubeconfig"
        let text = """
            apiVersion: v1
            kind: Config
            clusters: [{name: c, cluster: {server: "\(cluster.simulator.url(for: "c") ?? "")"}}]
            users: [{name: u, user: {}}]
            contexts: [{name: c, context: {cluster: c, user: u, namespace: flotilla-system}}]
            current-context: c
            """
        try Folder.write(Array(text.utf8), to: configuration)
    }

    /// Waits for the program to end; not on a thread that the simulator needs to answer it.
    func run(_ arguments: [String]) async throws -> (status: Int32, text: String) {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(with: Result { try wait(for: arguments) }) }
        }
    }

    private func wait(for arguments: [String]) throws -> (status: Int32, text: String) {
        let process = Process()
        process.executableURL = URL(filePath: Self.path ?? "")
        process.arguments = ["--kubeconfig", configuration, "--cache-dir", "\(configuration).cache"] + arguments
        process.environment = ProcessInfo.processInfo.environment.merging(["KUBECTL_APPLYSET": "true"]) { $1 }
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }
}
