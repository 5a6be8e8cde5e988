// SPDX-License-Identifier: Apache-2.0
import ClusterSimulator
import Foundation
import Logging
import Manifests
import Testing
import Threads

@testable import flotilla

/// A simulated cluster with rights enforced, into which what the program prints is installed, and the real agent started as its pod would.
struct InstalledCluster: Sendable {
    let simulator: Simulator
    let coordinator: ScriptedCoordinator
    let folder: String
    let launcher: ThreadExecutor

    static func run(_ body: @Sendable (InstalledCluster) async throws -> Void) async throws {
        try await withTemporaryFolder { folder in
            var behaviour = SimulatorBehaviour()
            behaviour.podReadyDelay = .milliseconds(10)
            behaviour.podStopDelay = .milliseconds(5)
            let simulator = try Simulator(
                configuration: SimulatorConfiguration(
                    clusters: [ClusterSpecification(name: ScriptedCoordinator.cluster)], logDirectory: "\(folder)/log",
                    behaviour: behaviour,
                    seed: 7), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            let launcher = ThreadExecutor(name: "agents")
            defer { launcher.stop() }
            let cluster = InstalledCluster(
                simulator: simulator, coordinator: try await ScriptedCoordinator(), folder: folder, launcher: launcher)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await simulator.run() }
                try await simulator.ready()
                try await body(cluster)
                await cluster.coordinator.stop()
                group.cancelAll()
            }
        }
    }

    // MARK: The program

    /// What `flotilla cluster …` prints.
    func flotilla(_ arguments: [String]) async throws -> [Value] {
        try Data("\(ScriptedCoordinator.administratorToken)\n".utf8).write(to: URL(fileURLWithPath: "\(folder)/admin-token"))
        let result = try await SystemTests.run(
            try PackageFolder.program("flotilla"), ["cluster"] + arguments,
            environment: ["FLOTILLA_SERVER": coordinator.url, "FLOTILLA_TOKEN_FILE": "\(folder)/admin-token"])
        #expect(result.code == 0, "\(result.errors)")
        // The token is nowhere but in what was asked for.
        #expect(!result.errors.contains(ScriptedCoordinator.agentToken))
        return try YAML.documents(Array(result.output.utf8))
    }

    /// Enrols the cluster and applies what is printed for it.
    @discardableResult func install(_ arguments: [String] = []) async throws -> [Value] {
        let manifest = try await flotilla(
            [
                "enroll", ScriptedCoordinator.cluster, "--image", "registry.example/flotilla-agent:0.1.0",
            ]
                + arguments)
        for object in manifest { #expect(apply(object) < 300, "\(YAML.write(object))") }
        return manifest
    }

    // MARK: The cluster

    /// Sends a request as the cluster's administrator, or with a token.
    func send(
        _ method: String, _ path: String, query: [(name: String, value: String)] = [], type: String = "application/json",
        token: String? = nil,
        _ body: Value? = nil
    ) -> (status: Int, object: Value) {
        var headers: [(name: String, value: String)] = [("accept", "application/json")]
        if body != nil { headers.append(("content-type", type)) }
        if let token { headers.append(("authorization", "Bearer \(token)")) }
        var request = APIRequest(method: method, path: path, query: query, headers: headers, body: body.map { JSON.write($0) } ?? [])
        request.isAdministrator = token == nil
        guard let response = simulator.cluster(ScriptedCoordinator.cluster)?.handle(request) else { return (0, .null) }
        return (response.status, (try? JSON.read(response.bytes)) ?? .null)
    }

    /// As `kubectl apply --server-side` does.
    func apply(_ object: Value) -> Int {
        send(
            "PATCH", Self.path(of: object), query: [("fieldManager", "kubectl")], type: "application/apply-patch+yaml", object
        ).status
    }

    /// As `kubectl delete` does.
    func delete(_ object: Value) -> Int { send("DELETE", Self.path(of: object), query: [("propagationPolicy", "Background")]).status }

    func get(_ path: String) -> Value {
        let (status, object) = send("GET", path)
        return status == 200 ? object : .null
    }

    static func path(of object: Value) -> String {
        let version = object["apiVersion"]?.string ?? ""
        let kind = object["kind"]?.string ?? ""
        let root = version.contains("/") ? "/apis/\(version)" : "/api/\(version)"
        let place = object.at("metadata", "namespace")?.string.map { "/namespaces/\($0)" } ?? ""
        return "\(root)\(place)/\(kind.lowercased())s/\(object.at("metadata", "name")?.string ?? "")"
    }

    /// A token of the agent's service account.
    func accountToken() -> String {
        let (_, answer) = send(
            "POST", "/api/v1/namespaces/flotilla-system/serviceaccounts/flotilla-agent/token",
            ["apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": ["expirationSeconds": 3_600]])
        return answer.at("status", "token")?.string ?? ""
    }

    /// The requests that the agent made, as `DELETE /api/v1/…`.
    func agentRequests() throws -> [String] {
        let text = try String(contentsOfFile: "\(folder)/log/\(ScriptedCoordinator.cluster)/requests.jsonl", encoding: .utf8)
        return try text.split(separator: "\n").map { try JSON.read(Array($0.utf8)) }
            .filter { $0["userAgent"]?.string?.hasPrefix("flotilla-agent") == true }
            .map { "\($0["method"]?.string ?? "") \($0["path"]?.string ?? "")" }
    }

    // MARK: The agent

    /// Starts the real agent as the manifest's pod would: its arguments and variables, its volumes in a folder, its account's token.
    /// - Parameters:
    ///   - dropped: an option that it is not given.
    ///   - isPod: whether it is told in which pod it runs.
    func startAgent(_ manifest: [Value], without dropped: String? = nil, isPod: Bool = true) async throws -> Program {
        let container = try #require(
            manifest.first { $0["kind"]?.string == "Deployment" }?.at("spec", "template", "spec", "containers")?.list?.first)
        let access = try #require(manifest.first { $0["kind"]?.string == "Secret" })
        for name in ["account", "access", "state"] {
            try FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
        }
        func write(_ bytes: some Sequence<UInt8>, _ name: String) throws {
            try Data(bytes).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
        }
        for entry in access["data"]?.map?.entries ?? [] {
            try write(try #require(Data(base64Encoded: entry.value.string ?? "")), "access/\(entry.key)")
        }
        try write(accountToken().utf8, "account/token")
        try write((simulator.certificateAuthority ?? "").utf8, "account/ca.crt")
        try write("flotilla-system".utf8, "account/namespace")
        var environment = [
            "KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": "\(simulator.port ?? 0)",
            "FLOTILLA_AGENT_SERVICE_ACCOUNT_FOLDER": "\(folder)/account",
        ]
        for variable in container["env"]?.list ?? [] where isPod {
            environment[variable["name"]?.string ?? ""] = variable["value"]?.string ?? podName()
        }
        let arguments = (container["args"]?.list ?? []).compactMap(\.string).filter {
            dropped.map($0.hasPrefix) != true
        }.map {
            $0.replacingOccurrences(of: "/etc/flotilla-agent", with: "\(folder)/access")
                .replacingOccurrences(of: "/var/lib/flotilla-agent", with: "\(folder)/state")
                // A port of its own, as each pod has.
                .replacingOccurrences(of: "0.0.0.0:8081", with: "127.0.0.1:0")
        }
        return try await Program.start(
            [try PackageFolder.program("flotilla-agent")] + arguments, environment: environment, logFile: "\(folder)/agent.log",
            launcher: launcher)
    }

    /// The pod that the agent's Deployment has; the newest, where there are several.
    func podName() -> String {
        let pods = get("/api/v1/namespaces/flotilla-system/pods")["items"]?.list ?? []
        let versions = pods.map { (Int($0.at("metadata", "resourceVersion")?.string ?? "") ?? 0, $0.at("metadata", "name")?.string ?? "") }
        return versions.max { $0.0 < $1.0 }?.1 ?? ""
    }

    /// Waits until the agent's Deployment has one pod, which is ready and runs this image.
    func waitForPod(_ image: String) async throws {
        while true {
            let pods = get("/api/v1/namespaces/flotilla-system/pods")["items"]?.list ?? []
            let running = pods.map { $0.at("spec", "containers")?.list?.first?["image"]?.string }
            let ready = get("/apis/apps/v1/namespaces/flotilla-system/deployments/flotilla-agent").at("status", "readyReplicas")
            if running == [image], ready == 1 { return }
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}
