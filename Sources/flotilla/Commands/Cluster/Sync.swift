// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Manifests

struct Sync: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Apply an application on a cluster again, now.",
        discussion: """
            The cluster's agent reads and applies everything again and does not wait for a retry's turn; hooks do not run again. Prints \
            how that ended.

            Examples:
              flotilla sync storefront --cluster prod-eu-1
              flotilla sync storefront --cluster prod-eu-1 --wait
            """)

    @Argument(help: "The application's name.")
    var application: String

    @Flag(help: "Wait until it is Current, too.")
    var wait = false

    @Option(help: ArgumentHelp("How long --wait waits.", valueName: "time"))
    var timeout = TimeSpan(seconds: 600)

    @OptionGroup var options: CommandOptions

    func run() async throws {
        let client = try options.client.client()
        let command = try await options.run(client).run("syncNow", ["application": .string(application)])
        try CommandRun.check(command)
        Terminal.print("\(application) on \(options.cluster): \(Table.visible(command["message"]?.string ?? "done"))")
        if wait { try await waitUntilCurrent(client) }
        await client.shutdown()
    }

    private func waitUntilCurrent(_ client: CoordinatorClient) async throws {
        let deadline = ContinuousClock.now + .seconds(timeout.seconds)
        while true {
            let states = try await client.get("/clusters/\(Percent.encode(options.cluster))")["applicationStates"]?.list ?? []
            guard let state = states.first(where: { $0["application"]?.string == application }) else {
                throw Failure("\(application) is no longer on \(options.cluster)")
            }
            let words = Table.visible(state["message"]?.string ?? "")
            switch state["state"]?.string {
            case "current":
                return Terminal.print("\(application) on \(options.cluster): \(Terminal.style.paint("Current", .good))")
            case "failed": throw Failure("\(application) on \(options.cluster) fails: \(words)")
            default:
                guard ContinuousClock.now < deadline else {
                    throw Failure("\(application) on \(options.cluster) is not Current after \(timeout.description): \(words)")
                }
            }
            try await Task.sleep(for: .milliseconds(500))
        }
    }
}
