// SPDX-License-Identifier: Apache-2.0
import GitRepository
import Glibc
import Logging
import Manifests
import PostgresClient
import SecretsDecryption
import Threads

/// Everything that `up` runs on this machine, each part a process of its own that is started again when it ends by itself.
actor LocalFleet {
    struct RealClusters: Sendable {
        var kubeconfig: String
        var contexts: [String]
    }

    struct Settings: Sendable {
        var data: DataDirectory
        /// This program, for the children.
        var program: String
        var agentProgram: String
        var listen: String?
        var databaseURL: String?
        var fleetRepository: String?
        /// How `fleetRepository` is reached.
        var connection: RepositoryConnection
        var branch: String
        var examples: String
        var generatedClusters: Int?
        var realClusters: RealClusters?
    }

    /// An agent's process and its cluster.
    struct Agent: Sendable {
        var cluster: String
        var process: SupervisedProcess
    }

    nonisolated let settings: Settings
    private let say: @Sendable (String) -> Void
    private let launcher = ThreadExecutor(name: "children")
    private let gitThreads = ThreadPool(name: "git", count: 1)
    private var lock: FolderLock?
    private var postgres: EmbeddedPostgres?
    private var coordinator: SupervisedProcess?
    private var simulator: SupervisedProcess?
    private var agents: [Agent] = []
    private(set) var databaseURL = ""
    /// The people of the example; `nil` where the fleet repository is somebody's own, whose policies name others.
    private(set) var accounts: DemonstrationAccounts?
    private var address = ListenAddress(host: "127.0.0.1", port: 8480)
    private var agentPort = 8481

    init(settings: Settings, say: @escaping @Sendable (String) -> Void) {
        self.settings = settings
        self.say = say
    }

    private var data: DataDirectory { settings.data }

    /// The repository's URL, as coordinator and people use it.
    nonisolated var repositoryURL: String { settings.fleetRepository ?? "file://\(settings.data.repository)" }

    /// The coordinator's URL on this machine.
    var server: String { "http://\(address.reachableHost):\(address.port)" }

    // MARK: Starting and stopping

    /// Starts all parts, each when what it needs is there.
    func start() async throws {
        try LocalFile.makeFolder(data.path, mode: 0o700)
        lock = try FolderLock("\(data.path)/lock")
        for folder in [data.logs, data.simulatorState, data.simulatorLogs, data.kubeconfigs] { try LocalFile.makeFolder(folder) }
        try chooseAddress()
        let recipient = try LocalAgeKey.open(data.ageKey, at: SystemTime.now)
        if settings.fleetRepository == nil { try await seed(for: recipient) }
        databaseURL = try await startDatabase()
        try await startCoordinator(databaseURL)
        let names = try await declaredClusters()
        if settings.realClusters == nil { try await startSimulator(names) }
        try await startAgents(names)
        let client: Map = ["server": .string(server), "tokenFile": .string(data.tokenFile)]
        try LocalFile.write(JSON.write(.map(client), pretty: true) + Array("\n".utf8), to: data.clientFile)
    }

    /// Stops all parts, users before what they use. What was not started is not stopped.
    func stop() async {
        await withTaskGroup { group in
            for agent in agents { group.addTask { await agent.process.stop() } }
        }
        await coordinator?.stop()
        await simulator?.stop()
        await postgres?.stop()
        launcher.stop()
        gitThreads.stop()
        lock = nil
    }

    private func chooseAddress() throws {
        if let wanted = settings.listen {
            address = try ListenAddress(wanted)
            if address.port == 0 { address.port = try Port.free() }
        } else {
            address.port = try Port.free(preferring: address.port)
        }
        agentPort = try Port.free(preferring: address.port < 65_535 ? address.port + 1 : 0)
    }

    private func seed(for recipient: AgeRecipient) async throws {
        guard !LocalFile.exists(data.repository) else { return }
        let settings = settings
        var files = try await gitThreads.run { try SeedFiles.read(settings.examples) }
        if let count = settings.generatedClusters {
            files = SeedFiles.replacingClusters(in: files, by: ClusterName.generate(count))
        } else if let real = settings.realClusters {
            files = SeedFiles.replacingClusters(in: files, by: ClusterName.declare(contexts: real.contexts))
        }
        var random = SystemRandomNumberGenerator()
        let now = SystemTime.now
        files = try SeedSecrets.renewing(files, for: recipient, using: &random, at: now)
        let author = CommitPerson(name: "Flotilla", email: "flotilla@localhost", when: now)
        _ = try await GitMirror.initializeBare(
            at: data.repository, branch: settings.branch, files: files, message: "Begin with the example fleet\n", author: author,
            threads: gitThreads)
        say("Made the fleet repository \(data.repository) from \(settings.examples)")
    }

    private func startDatabase() async throws -> String {
        if let url = settings.databaseURL { return url }
        // What it logs is in its own file; here only failures matter, and they are thrown.
        let logger = Logger(label: "flotilla.postgres") { _ in SwiftLogNoOpLogHandler() }
        let postgres = EmbeddedPostgres(dataDirectory: data.postgres, logger: logger)
        self.postgres = postgres
        let settings = try await postgres.start()
        say("PostgreSQL runs in \(data.postgres)")
        return "postgresql://\(settings.user ?? "flotilla")@\(Percent.encode(settings.host))/\(settings.database)"
    }

    private func startCoordinator(_ databaseURL: String) async throws {
        var demonstration: [String] = []
        if settings.fleetRepository == nil {
            accounts = try DemonstrationAccounts.open(data.demonstrationAccounts)
            demonstration = ["--seed-accounts", data.demonstrationAccounts]
        }
        let command = ProcessCommand(
            program: settings.program,
            arguments: [
                "serve", "--listen", "\(address)", "--agent-listen", "127.0.0.1:\(agentPort)", "--fleet-repository", repositoryURL,
                "--branch", settings.branch,
                "--data-directory", data.path, "--announce", announcement, "--poll-interval", "2",
            ] + demonstration + settings.connection.arguments,
            // Not an argument: those are for everybody to read.
            environment: ["FLOTILLA_DATABASE_URL": databaseURL], logFile: "\(data.logs)/coordinator.log")
        coordinator = supervise("the coordinator", command)
        try await startCoordinator()
        say("The coordinator serves at \(server)")
    }

    private func startSimulator(_ names: [String]) async throws {
        let port = try Port.free(preferring: 8490)
        var arguments = ["simulate", "--listen", "127.0.0.1:\(port)", "--state-directory", data.simulatorState]
        arguments += ["--log-directory", data.simulatorLogs, "--kubeconfig-directory", data.kubeconfigs]
        for name in names { arguments += ["--cluster", name] }
        let command = ProcessCommand(program: settings.program, arguments: arguments, logFile: "\(data.logs)/simulator.log")
        let process = supervise("the simulator", command)
        simulator = process
        // Those of an earlier run name another port.
        for name in names { unlink(data.kubeconfig(of: name)) }
        try await process.start()
        for name in names {
            let path = data.kubeconfig(of: name)
            try await Waiting(
                for: "the simulated cluster \(name) answers", within: .seconds(60),
                explanation: { LocalFile.lastLines(process.logFile, 3).joined(separator: " | ") }
            ).until { () -> Void? in
                guard LocalFile.exists(path) else { return nil }
                let hand = ClusterHand(kubeconfig: path, context: nil)
                defer { hand.forget() }
                return await hand.answers() ? () : nil
            }
        }
        say("\(names.count) simulated clusters serve at 127.0.0.1:\(port)")
    }

    private func startAgents(_ names: [String]) async throws {
        let client = try client()
        for name in names {
            let folder = data.agent(name)
            try LocalFile.makeFolder("\(folder)/state", mode: 0o700)
            // An agent that has been enrolled on an earlier run, and still has a good certificate, takes no notice of it.
            let answer = try await client.post(
                "/clusters/\(Percent.encode(name))/enrollments", ["expiresSeconds": 600, "reason": "flotilla up"])
            guard let token = answer["token"]?.string, let authorities = answer["authorities"]?.string else {
                throw Failure("enrolling \(name): the answer has no token")
            }
            try LocalFile.write(Array("\(token)\n".utf8), to: "\(folder)/token", mode: 0o600)
            try LocalFile.write(Array(authorities.utf8), to: "\(folder)/ca.crt")
            var arguments = ["--coordinator", "https://127.0.0.1:\(agentPort)", "--cluster", name]
            arguments += ["--enrolment-token-file", "\(folder)/token", "--coordinator-ca", "\(folder)/ca.crt"]
            let (kubeconfig, context) = kubeconfig(of: name)
            arguments += ["--kubeconfig", kubeconfig, "--state-directory", "\(folder)/state"]
            if let context { arguments += ["--context", context] }
            // A simulation may be played with.
            if settings.realClusters == nil { arguments += ["--allow-jobs", "*"] }
            let command = ProcessCommand(
                program: settings.agentProgram, arguments: arguments, environment: ["FLOTILLA_AGENT_AGE_KEY_FILE": data.ageKey],
                logFile: "\(data.logs)/agent-\(name).log")
            let process = supervise("the agent of \(name)", command)
            agents.append(Agent(cluster: name, process: process))
            try await process.start()
        }
        await client.shutdown()
        say("\(names.count) agents run, each known by a certificate of its own")
    }

    private func supervise(_ name: String, _ command: ProcessCommand) -> SupervisedProcess {
        SupervisedProcess(name: name, command: command, launcher: launcher, report: say)
    }

    // MARK: The coordinator, stopped and started again

    private var announcement: String { "\(data.path)/coordinator.json" }

    /// Starts the coordinator where it was, and waits until it is ready.
    func startCoordinator() async throws {
        guard let coordinator else { return }
        unlink(announcement)
        try await coordinator.start()
        let announcement = announcement
        try await Waiting(
            for: "the coordinator is ready", within: .seconds(90),
            explanation: { LocalFile.lastLines(coordinator.logFile, 3).joined(separator: " | ") }
        ).until { LocalFile.exists(announcement) ? () : nil }
        let client = try client()
        try await Waiting(
            for: "the coordinator has read the repository", within: .seconds(90),
            explanation: { LocalFile.lastLines(coordinator.logFile, 3).joined(separator: " | ") }
        ).until { await client.isReady() ? () : nil }
        await client.shutdown()
    }

    func stopCoordinator() async { await coordinator?.stop() }

    // MARK: Looking

    /// A client with the administrator's token.
    func client() throws -> CoordinatorClient { CoordinatorClient(server: server, token: try LocalFile.secret(data.tokenFile)) }

    /// The agents' processes at the moment.
    func agentProcesses() async -> [(cluster: String, process: pid_t?)] {
        var found: [(cluster: String, process: pid_t?)] = []
        for agent in agents { found.append((agent.cluster, await agent.process.identifier)) }
        return found
    }

    /// How somebody reaches a cluster.
    func kubeconfig(of cluster: String) -> (path: String, context: String?) {
        guard let real = settings.realClusters else { return (data.kubeconfig(of: cluster), nil) }
        return (real.kubeconfig, real.contexts.first { $0 == cluster || ClusterName.name(of: $0) == cluster })
    }

    /// The clusters that the repository declares, once the coordinator has read it.
    private func declaredClusters() async throws -> [String] {
        let client = try client()
        let names = try await Waiting(for: "the fleet repository declares clusters", within: .seconds(60)).until { () -> [String]? in
            let names = try await client.items("/clusters").compactMap { $0["declared"]?.bool == false ? nil : $0["name"]?.string }
            if !names.isEmpty { return names }
            let trunk = try await client.get("/status")["trunk"]
            guard trunk?["valid"]?.bool == false else { return nil }
            let lines = (trunk?["diagnostics"]?.list ?? []).compactMap(\.string)
            throw Failure("the fleet repository is not valid:\n" + lines.prefix(20).joined(separator: "\n"))
        }
        await client.shutdown()
        guard let real = settings.realClusters else { return names }
        let reachable = Set(real.contexts.flatMap { [$0, ClusterName.name(of: $0)] })
        return names.filter(reachable.contains)
    }

    /// What to know once everything runs.
    func welcome(style: Style) -> [String] {
        let announced = (try? LocalFile.read(announcement, limit: 64 << 10)).flatMap { try? JSON.read($0) }
        var lines = ["", style.paint("Flotilla runs at \(server)", .strong)]
        if let link = announced?["signInLink"]?.string { lines.append("  Sign in, once:   \(link)") }
        lines.append("  Or with a token: \(data.tokenFile)")
        for person in accounts?.all ?? [] {
            lines.append("  As \(person.group):  \(person.name), password \(person.password)")
        }
        lines.append("  Fleet:           git clone \(repositoryURL)")
        if let recipient = try? LocalAgeKey.open(data.ageKey, at: SystemTime.now) {
            lines.append("  Encrypt for:     \(recipient)")
        }
        if settings.realClusters == nil {
            lines.append("  Clusters:        kubectl --kubeconfig \(data.kubeconfigs)/NAME.yaml get deployments -A")
        }
        lines.append("  Command line:    flotilla status --data \(data.path)")
        lines.append("  Logs:            \(data.logs)")
        return lines + ["Ctrl-C stops everything; the next start goes on from here.", ""]
    }
}
