// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FleetCoordinator
import Glibc

/// The program `flotilla`: the coordinator and everything people do from a shell.
@main
struct Flotilla: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flotilla",
        abstract: "Run a fleet of Kubernetes clusters from Git.",
        discussion: """
            Exit codes: 0 done; 1 failed; 2 the command line is wrong; 3 done, and something in the fleet is not as it should be.

            Commands that talk to a coordinator find it by --server and --token-file, by FLOTILLA_SERVER and FLOTILLA_TOKEN_FILE, by what \
            `flotilla login` has kept, or by the file client.json in the data directory, which `flotilla up` writes. Colours appear on terminals only; NO_COLOR turns \
            them off.
            """,
        version: programVersion,
        groupedSubcommands: [

            CommandGroup(name: "Run", subcommands: [Up.self, Serve.self, Simulate.self]),
            CommandGroup(name: "Look", subcommands: [Status.self, Get.self, Why.self, History.self, Events.self, AuditCommand.self]),
            CommandGroup(
                name: "Decide", subcommands: [Promote.self, Approve.self, Reject.self, Pause.self, Resume.self, Rollback.self]),
            CommandGroup(name: "Sign in", subcommands: [Login.self, Logout.self, Whoami.self, TokenCommand.self, AccountCommand.self]),
            CommandGroup(name: "Act on one cluster", subcommands: [Sync.self, DryRun.self, RunJob.self, Logs.self]),
            CommandGroup(
                name: "Prepare",
                subcommands: [
                    Validate.self, Render.self, SecretsCommand.self, ClusterCommand.self, AuthorityCommand.self, AccessCommand.self,
                    AllowedSigners.self,
                ]),
        ])

    static func main() async {
        // A peer that closes its connection, or `head`, is met as an error of the write.
        signal(SIGPIPE, SIG_IGN)
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            finish(error)
        }
    }

    /// Ends the program: ArgumentParser says 64 for a wrong command line, we say 2, as most tools do.
    private static func finish(_ error: any Error) -> Never {
        if let failure = error as? Failure {
            Terminal.complain("\(failure)")
            Glibc.exit(ProgramExit.failed.rawValue)
        }
        let code = exitCode(for: error)
        let message = fullMessage(for: error)
        if code == .success {
            if !message.isEmpty { Terminal.print(message) }
            Glibc.exit(ProgramExit.done.rawValue)
        }
        if error is ExitCode { Glibc.exit(code.rawValue) }
        if code == .validationFailure {
            Terminal.write(message + "\n", to: STDERR_FILENO)
            Glibc.exit(ProgramExit.usage.rawValue)
        }
        Terminal.complain("\(error)")
        Glibc.exit(ProgramExit.failed.rawValue)
    }
}

/// The version that the program, its API and its agents say.
let programVersion = FlotillaVersion.current

/// What the exit code tells a script.
enum ProgramExit: Int32 {
    case done = 0
    case failed = 1
    /// The command line is wrong: nothing was tried.
    case usage = 2
    /// The command worked, and found something in the fleet that is not as it should be.
    case unhealthy = 3
}

/// Something that went wrong, as people read it: what, and how to mend it.
struct Failure: Error, CustomStringConvertible {
    var message: String
    var hint: String?

    init(_ message: String, hint: String? = nil) {
        self.message = message
        self.hint = hint
    }

    var description: String { hint.map { "\(message)\n  hint: \($0)" } ?? message }
}
