// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Manifests
import UnixSignals

struct Up: AsyncParsableCommand {
    enum Output: String, ExpressibleByArgument, CaseIterable {
        case text, json
    }

    static let configuration = CommandConfiguration(
        abstract: "Run everything on this machine: database, Git repository, coordinator, clusters and agents.",
        discussion: """
            Clusters are simulated unless --kubeconfig names real ones; each has an agent process of its own. Ctrl-C stops everything; \
            the next run on the same data goes on where this one ended. With --check it makes a tour of what Flotilla does, from \
            outside, and exits with 0 only if all of it worked.

            Examples:
              flotilla up
              flotilla up --check --clusters 5 --data /tmp/flotilla --output json
            """)

    @Flag(help: "Make the tour, print what was seen, and stop.")
    var check = false

    @Option(help: "Simulate this many clusters, at least 3, instead of those that the example declares.")
    var clusters: Int?

    @Option(help: ArgumentHelp("Where everything is kept. (environment: FLOTILLA_DATA)", valueName: "folder"))
    var data: String?

    @Option(name: .shortAndLong, help: "How the tour's result is printed: text or json.")
    var output = Output.text

    @Option(help: ArgumentHelp("Where the coordinator listens. (default: 127.0.0.1:8480, or any free port)", valueName: "host:port"))
    var listen: String?

    @Option(help: ArgumentHelp("Real clusters instead of simulated ones: a kubeconfig.", valueName: "file"))
    var kubeconfig: String?

    @Option(help: ArgumentHelp("A context of the kubeconfig; also the cluster's name. Repeatable.", valueName: "name"))
    var context: [String] = []

    @Option(help: ArgumentHelp("A database instead of an embedded one. (environment: FLOTILLA_DATABASE_URL)", valueName: "url"))
    var databaseUrl: String?

    @Option(help: ArgumentHelp("A fleet repository instead of the example.", valueName: "url"))
    var fleetRepository: String?

    @OptionGroup
    var repository: RepositoryOptions

    @Option(help: "The branch of the fleet repository that is followed.")
    var branch = "main"

    @Option(help: ArgumentHelp("The program flotilla-agent. (default: the one beside this program)", valueName: "file"))
    var agent: String?

    @Option(help: ArgumentHelp("A folder with fleet/ and environments/, to begin with.", valueName: "folder"))
    var examples = "."

    func validate() throws {
        if let clusters, !(3...1_000).contains(clusters) { throw ValidationError("--clusters is a number from 3 to 1000") }
        if kubeconfig != nil, context.isEmpty { throw ValidationError("--kubeconfig needs --context, once for each cluster") }
        if kubeconfig == nil, !context.isEmpty { throw ValidationError("--context needs --kubeconfig") }
        if kubeconfig != nil, clusters != nil { throw ValidationError("--clusters simulates, --kubeconfig does not: choose one") }
        if fleetRepository != nil, clusters != nil { throw ValidationError("with --fleet-repository the clusters are those it declares") }
        if fleetRepository == nil, !repository.options.isEmpty {
            throw ValidationError("the options --repository-… are about a --fleet-repository of yours")
        }
        if output == .json, !check { throw ValidationError("--output json needs --check") }
    }

    func run() async throws {
        let settings = try settings()
        // With JSON on standard output, what is said meanwhile goes to standard error.
        let isDocument = output == .json
        let say: @Sendable (String) -> Void = { line in if isDocument { Terminal.note(line) } else { Terminal.print(line) } }
        let fleet = LocalFleet(settings: settings, say: say)
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        let outcome: Result<Bool, any Error>
        do {
            // Interrupted while it only ran is what people do to end it; interrupted on the tour is no success.
            let isGood = try await unlessInterrupted(signals) { try await work(fleet, say) }
            outcome = .success(isGood ?? !check)
        } catch {
            outcome = .failure(error)
        }
        say("Stopping")
        await fleet.stop()
        if try !outcome.get() { throw ExitCode(ProgramExit.failed.rawValue) }
    }

    /// The result of `body`; `nil` when a signal came first, and `body` was cancelled.
    private func unlessInterrupted(
        _ signals: UnixSignalsSequence, _ body: @escaping @Sendable () async throws -> Bool
    ) async throws -> Bool? {
        try await withThrowingTaskGroup(of: Bool?.self) { group in
            group.addTask {
                for await _ in signals { break }
                return nil
            }
            group.addTask { try await body() }
            guard let first = try await group.next() else { return nil }
            group.cancelAll()
            return first
        }
    }

    /// Whether all went well; only a tour ends by itself.
    private func work(_ fleet: LocalFleet, _ say: @escaping @Sendable (String) -> Void) async throws -> Bool {
        try await fleet.start()
        let client = try await fleet.client()
        if check {
            let report = try await Tour(fleet: fleet, client: client, say: say).run()
            switch output {
            case .json: Terminal.write(JSON.text(report.document, pretty: true) + "\n", to: 1)
            case .text: Terminal.write("\n" + report.text(style: Terminal.style), to: 1)
            }
            await client.shutdown()
            return report.isGood
        }
        for line in await fleet.welcome(style: Terminal.style) { say(line) }
        try await Progress(client: client, say: say).follow()
        return true
    }

    private func settings() throws -> LocalFleet.Settings {
        var programs: [String] = []
        let own = try LocalFile.thisProgram()
        let folder = own[..<(own.lastIndex(of: "/") ?? own.endIndex)]
        if let agent {
            programs = [LocalFile.absolute(agent)]
        } else {
            // Installed side by side; or built, where the shipped agent has a build folder of its own.
            programs = ["\(folder)/flotilla-agent", "\(folder)/../../agent/release/flotilla-agent"]
        }
        guard let program = programs.first(where: LocalFile.isExecutable) else {
            throw Failure("\(programs[0]): there is no such program", hint: "build it with `make build`, or name it with --agent")
        }
        return LocalFleet.Settings(
            data: DataDirectory(data), program: own, agentProgram: program, listen: listen,
            databaseURL: databaseUrl ?? Environment["FLOTILLA_DATABASE_URL"], fleetRepository: fleetRepository,
            connection: try RepositoryConnection(repository.options), branch: branch,
            examples: LocalFile.absolute(examples), generatedClusters: clusters,
            realClusters: kubeconfig.map { LocalFleet.RealClusters(kubeconfig: LocalFile.absolute($0), contexts: context) })
    }
}
