// SPDX-License-Identifier: Apache-2.0
import ClusterSimulator
import HTTPTransport
import KubernetesAPI
import Logging
import Manifests

@testable import FleetAgent

/// A simulated cluster behind HTTP, an agent for it, and a hand that edits it.
struct TestCluster: Sendable {
    let simulator: Simulator
    let folder: TemporaryFolder
    let coordinator: FakeCoordinator
    /// One for all agents that take part in an election: none of them may be held up for longer than the others.
    let time = TestClock(pace: 20)

    /// Runs `body` beside the simulator.
    /// - Parameters:
    ///   - usesTLS: whether the API is served by https.
    ///   - change: how the simulator behaves otherwise than in most tests.
    static func run(
        usesTLS: Bool = false, changing change: ((inout SimulatorBehaviour) -> Void)? = nil,
        _ body: @Sendable (TestCluster) async throws -> Void
    ) async throws {
        let folder = try TemporaryFolder()
        var behaviour = SimulatorBehaviour()
        behaviour.trustsAnonymous = true
        behaviour.podReadyDelay = .milliseconds(10)
        behaviour.podStopDelay = .milliseconds(5)
        behaviour.jobDuration = .milliseconds(30)
        behaviour.definitionDelay = .milliseconds(20)
        change?(&behaviour)
        let simulator = try Simulator(
            configuration: SimulatorConfiguration(
                clusters: [ClusterSpecification(name: "c")], logDirectory: "\(folder.path)/log", behaviour: behaviour, usesTLS: usesTLS,
                seed: 1), logger: quiet)
        let cluster = TestCluster(simulator: simulator, folder: folder, coordinator: try FakeCoordinator())
        try Folder.make("\(folder.path)/agent")
        try Folder.write(Array("secret\n".utf8), to: "\(folder.path)/token")
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await simulator.run() }
            try await simulator.ready()
            try await body(cluster)
            cluster.coordinator.stop()
            group.cancelAll()
        }
    }

    static var quiet: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }

    /// Runs an agent, again with the same state folder (or another one), beside `body`.
    /// - Parameters:
    ///   - ahead: how far ahead is what its machine's clock shows.
    ///   - isAlone: the coordinator cannot be reached.
    func withAgent(
        state: String = "agent", clock: AgentClock = .system, connection: ClusterConnection? = nil, logger: Logger = quiet,
        commands: CommandPermissions = CommandPermissions(), ahead: Duration = .zero, isAlone: Bool = false,
        configure: (inout AgentConfiguration) -> Void = { _ in }, _ body: @Sendable () async throws -> Void
    ) async throws {
        var configuration = configuration(state: state, connection: connection, isAlone: isAlone)
        configuration.commands = commands
        configure(&configuration)
        var clock = clock
        if ahead != .zero { clock.wall = { AgentClock.system.wall() + ahead } }
        let agent = Agent(configuration: configuration, clock: clock, logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await agent.run() }
            try await body()
            group.cancelAll()
        }
    }

    func configuration(
        state: String = "agent", connection: ClusterConnection? = nil, isAlone: Bool = false, version: String = "0.1.0"
    ) -> AgentConfiguration {
        var configuration = AgentConfiguration(
            coordinator: isAlone ? "http://127.0.0.1:1" : coordinator.url, cluster: FakeCoordinator.cluster,
            identification: .none,
            connection: connection ?? ClusterConnection(server: simulator.url(for: "c") ?? ""),
            stateDirectory: "\(folder.path)/\(state)", version: version)
        configuration.ageKeyPause = .milliseconds(20)
        configuration.stateCopyPause = .milliseconds(20)
        return configuration
    }

    // MARK: The cluster, from outside

    func send(_ method: String, _ path: String, type: String = "application/json", _ body: Value? = nil) -> (Int, Value) {
        var headers: [(name: String, value: String)] = [("accept", "application/json")]
        if body != nil { headers.append(("content-type", type)) }
        let parts = path.split(separator: "?", maxSplits: 1).map(String.init)
        var query: [(name: String, value: String)] = []
        if parts.count > 1 {
            for pair in parts[1].split(separator: "&") {
                let sides = pair.split(separator: "=", maxSplits: 1).map(String.init)
                query.append((sides[0], sides.count > 1 ? sides[1] : ""))
            }
        }
        let response = simulator.cluster("c")?.handle(
            APIRequest(method: method, path: parts[0], query: query, headers: headers, body: body.map { JSON.write($0) } ?? []))
        return (response?.status ?? 0, (try? JSON.read(response?.bytes ?? [])) ?? .null)
    }

    /// The object; null where there is none.
    func get(_ path: String) -> Value {
        let (status, object) = send("GET", path)
        return status == 200 ? object : .null
    }

    @discardableResult func edit(_ path: String, _ patch: Value) -> Int {
        send("PATCH", "\(path)?fieldManager=hand", type: "application/merge-patch+json", patch).0
    }

    @discardableResult func create(_ collection: String, _ object: Value, manager: String = "hand") -> Int {
        send("POST", "\(collection)?fieldManager=\(manager)", object).0
    }

    /// Applies an object as another manager does.
    @discardableResult func apply(_ path: String, _ object: Value, manager: String, force: Bool = false) -> Int {
        send("PATCH", "\(path)?fieldManager=\(manager)&force=\(force)", type: "application/apply-patch+yaml", object).0
    }

    @discardableResult func delete(_ path: String) -> Int { send("DELETE", path).0 }

    /// The requests so far other than reads, as `PATCH /api/v1/…`; only the agent's, not the hand's.
    func agentWrites() throws -> [String] {
        try requests().filter {
            $0["method"]?.string != "GET" && $0.at("query")?.string?.contains("hand") != true && isAgents($0) && !isAgentsOwn($0)
        }.map {
            "\($0["method"]?.string ?? "") \($0["path"]?.string ?? "")"
        }
    }

    /// The requests for objects so far, without watches.
    func agentRequests() throws -> [String] {
        try requests().filter { isAgents($0) && !isAgentsOwn($0) && $0["query"]?.string?.contains("watch=true") != true }.map {
            "\($0["method"]?.string ?? "") \($0["path"]?.string ?? "")"
        }
    }

    func isAgents(_ line: Value) -> Bool { line["userAgent"]?.string?.hasPrefix("flotilla-agent") == true }

    /// Whether it is about what the agent keeps for itself in the cluster, beside its work.
    func isAgentsOwn(_ line: Value) -> Bool {
        let (path, secrets) = (line["path"]?.string ?? "", "/api/v1/namespaces/flotilla-system/secrets")
        let names = ["state", "agent-key", "agent-identity", "age-keys"]
        return path == secrets || names.contains { path.hasPrefix("\(secrets)/flotilla-\($0)") }
    }

    func requests() throws -> [Value] {
        let bytes = try Folder.read("\(folder.path)/log/c/requests.jsonl") ?? []
        return try bytes.split(separator: 10).map { try JSON.read(Array($0)) }.filter { $0["method"] != nil }
    }
}

// MARK: Objects

func configMap(_ name: String, _ data: [String: String]) -> Value {
    [
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": .string(name)],
        "data": .map(Map(data.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })),
    ]
}

/// An object that runs at points of a sync, or whatever else its annotations say.
func job(_ name: String, image: String, _ annotations: [String: String]) -> Value {
    [
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": [
            "name": .string(name), "annotations": .map(Map(annotations.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })),
        ],
        "spec": [
            "backoffLimit": 0,
            "template": ["spec": ["restartPolicy": "Never", "containers": [["name": "main", "image": .string(image)]]]],
        ],
    ]
}

extension Value {
    /// The same with annotations.
    func annotated(_ annotations: [String: String]) -> Value {
        var object = self
        object["metadata"]?["annotations"] = .map(Map(annotations.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
        return object
    }
}

func deployment(_ name: String, image: String, replicas: Int64 = 2) -> Value {
    [
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": .string(name)],
        "spec": [
            "replicas": .int(replicas), "selector": ["matchLabels": ["app": .string(name)]],
            "template": [
                "metadata": ["labels": ["app": .string(name)]],
                "spec": [
                    "containers": [["name": "main", "image": .string(image), "resources": ["requests": ["cpu": "0.1"]]]]
                ],
            ],
        ],
    ]
}
