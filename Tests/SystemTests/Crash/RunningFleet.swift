// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import HTTPTransport
import Logging
import Manifests
import PostgresClient
import Threads

/// A whole fleet of real processes: PostgreSQL, coordinator, simulated clusters, an agent for each. Any of them may be killed.
actor RunningFleet {
    nonisolated let folder: String
    nonisolated let repository: SmallFleet
    private let launcher = ThreadExecutor(name: "crash-launcher")
    private let http = HTTPClient()
    private let postgres: EmbeddedPostgres
    private let port: Int
    private let agentPort: Int
    private let simulatorPort: Int
    private var databaseURL = ""
    private var token = ""
    private var simulator: Program?
    private(set) var coordinator: Program?
    private var agents: [String: Program] = [:]

    static let clusters = SmallFleet.staging + SmallFleet.production

    init(folder: String) async throws {
        self.folder = folder
        for name in ["logs", "requests", "kubeconfigs", "data"] + Self.clusters.map({ "agents/\($0)" }) {
            try FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
        }
        repository = try await SmallFleet(folder: folder)
        postgres = EmbeddedPostgres(
            dataDirectory: "\(folder)/postgres", logger: Logger(label: "postgres") { _ in SwiftLogNoOpLogHandler() })
        port = try Self.freePort()
        agentPort = try Self.freePort()
        simulatorPort = try Self.freePort()
    }

    nonisolated var server: String { "http://127.0.0.1:\(port)" }

    // MARK: Starting and stopping

    /// Starts everything, and waits until the coordinator has read the repository and every agent runs.
    func start() async throws {
        try await startPostgres()
        try await startSimulator()
        try await startCoordinator(crashAt: nil)
        try await waitUntilReady()
        for cluster in Self.clusters {
            let answer = try await eventually("\(cluster) is declared", within: .seconds(30)) {
                try? await self.post("/api/v1/clusters/\(cluster)/enrollments")
            }
            guard let token = answer["token"]?.string, let authorities = answer["authorities"]?.string else {
                throw Program.Failure(description: "enrolling \(cluster): no token")
            }
            for (name, text) in [("token", token), ("ca.crt", authorities)] {
                try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/agents/\(cluster)/\(name)"))
            }
            try await startAgent(cluster)
        }
    }

    /// Ends everything, users before what they use.
    func stop() async {
        var programs = Array(agents.values)
        if let coordinator { programs.append(coordinator) }
        if let simulator { programs.append(simulator) }
        for program in programs { program.send(SIGTERM) }
        for program in programs where await program.ended(within: .seconds(15)) == nil { await program.killNow() }
        await postgres.stop()
        await http.shutdown()
        await repository.stop()
        launcher.stop()
    }

    func startPostgres() async throws {
        let settings = try await postgres.start()
        let host = settings.host.replacingOccurrences(of: "/", with: "%2F")
        databaseURL = "postgresql://\(settings.user ?? "flotilla")@\(host)/\(settings.database)"
    }

    private func startSimulator() async throws {
        var command = [
            try PackageFolder.program("flotilla"), "simulate", "--listen", "127.0.0.1:\(simulatorPort)", "--log-directory",
            "\(folder)/requests", "--kubeconfig-directory", "\(folder)/kubeconfigs", "--log-bodies",
        ]
        for cluster in Self.clusters { command += ["--cluster", cluster] }
        simulator = try await Program.start(command, logFile: "\(folder)/logs/simulator.log", launcher: launcher)
        try await eventually("the simulated clusters are there", within: .seconds(60)) {
            Self.clusters.allSatisfy { FileManager.default.fileExists(atPath: "\(folder)/kubeconfigs/\($0).yaml") } ? () : nil
        }
    }

    /// - Parameter crashAt: the point at which it is to kill itself, with how often the point must have been reached.
    func startCoordinator(crashAt: String?) async throws {
        let command = [
            try PackageFolder.program("flotilla"), "serve", "--listen", "127.0.0.1:\(port)", "--agent-listen", "127.0.0.1:\(agentPort)",
            "--fleet-repository",
            "file://\(repository.remote)", "--branch", "main", "--data-directory", "\(folder)/data", "--poll-interval", "0.3",
        ]
        var environment = ["FLOTILLA_DATABASE_URL": databaseURL]
        if let crashAt { environment["FLOTILLA_CRASH_AT"] = crashAt }
        coordinator = try await Program.start(
            command, environment: environment, logFile: "\(folder)/logs/coordinator.log", launcher: launcher)
    }

    func startAgent(_ cluster: String) async throws {
        let home = "\(folder)/agents/\(cluster)"
        let command = [
            try PackageFolder.program("flotilla-agent"), "--coordinator", "https://127.0.0.1:\(agentPort)", "--cluster", cluster,
            "--enrolment-token-file", "\(home)/token", "--coordinator-ca", "\(home)/ca.crt",
            "--kubeconfig", "\(folder)/kubeconfigs/\(cluster).yaml", "--state-directory", "\(home)/state",
        ]
        agents[cluster] = try await Program.start(command, logFile: "\(folder)/logs/agent-\(cluster).log", launcher: launcher)
    }

    func waitUntilReady(within limit: Duration = .seconds(60)) async throws {
        try await eventually("the coordinator is ready", within: limit) {
            let request = HTTPRequest(url: "\(server)/readyz", deadline: .seconds(2), connectTimeout: .seconds(1))
            return try? await http.send(request).status == 200 ? () : nil
        }
        let text = try String(contentsOfFile: "\(folder)/data/admin-token", encoding: .utf8)
        token = text.filter { !$0.isWhitespace }
    }

    // MARK: Killing

    /// Kills the PostgreSQL server's first process and starts the server again, with its recovery.
    func killPostgres() async throws {
        if let identifier = await postgres.processIdentifier { kill(identifier, SIGKILL) }
        await postgres.waitUntilExit()
        try await startPostgres()
    }

    func killAgent(_ cluster: String) async throws {
        await agents[cluster]?.killNow()
        try await startAgent(cluster)
    }

    // MARK: Looking

    func get(_ path: String) async throws -> Value { try await call("GET", path) }
    func post(_ path: String, _ body: Value = .map(Map())) async throws -> Value { try await call("POST", path, body) }

    private func call(_ method: String, _ path: String, _ body: Value? = nil) async throws -> Value {
        var request = HTTPRequest(method: method, url: "\(server)\(path)", deadline: .seconds(5), connectTimeout: .seconds(1))
        request.headers = [("Authorization", "Bearer \(token)")]
        if let body {
            request.headers.append(("Content-Type", "application/json"))
            request.body = JSON.write(body)
        }
        let response = try await http.send(request)
        guard (200..<300).contains(response.status) else {
            throw Program.Failure(description: "\(method) \(path): \(response.status) \(String(decoding: response.body, as: UTF8.self))")
        }
        return try JSON.read(response.body)
    }

    /// The last lines of every process's log, for a failure's report.
    nonisolated func logTails(_ count: Int = 12) -> String {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/logs").sorted()) ?? []
        return names.map { name in
            let text = (try? String(contentsOfFile: "\(folder)/logs/\(name)", encoding: .utf8)) ?? ""
            return "--- \(name)\n" + text.split(separator: "\n").suffix(count).joined(separator: "\n")
        }.joined(separator: "\n")
    }

    /// A port that nobody uses at the moment.
    private static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(descriptor, generic, length) == 0 ? getsockname(descriptor, generic, &length) : -1
            }
        }
        guard descriptor >= 0, code == 0 else { throw Program.Failure(description: "no free port: \(String(cString: strerror(errno)))") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
