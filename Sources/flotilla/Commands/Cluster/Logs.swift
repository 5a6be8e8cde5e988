// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Manifests

struct Logs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the end of a pod's log.",
        discussion: """
            What the agent knows to be secret is hidden in it.

            Examples:
              flotilla logs --cluster prod-eu-1 -n shop deployment/storefront
              flotilla logs --cluster prod-eu-1 -n shop storefront-6f9c-x2x --tail 1000 --container proxy --previous
            """)

    @Argument(help: "A pod's name, or a workload such as deployment/NAME.")
    var target: String

    @Option(name: .shortAndLong, help: "The namespace.")
    var namespace: String

    @Option(help: "How many lines from the end, 1 to 5000.")
    var tail = 200

    @Option(name: .shortAndLong, help: "The container, where the pod has several.")
    var container: String = ""

    @Option(help: ArgumentHelp("Only the lines of so long ago and later, such as 10m.", valueName: "time"))
    var since: TimeSpan?

    @Flag(help: "The log of the container's run before this one.")
    var previous = false

    @OptionGroup var options: CommandOptions

    func validate() throws {
        guard (1...5_000).contains(tail) else { throw ValidationError("--tail is a number from 1 to 5000") }
        guard since.map({ $0.seconds > 0 }) ?? true else { throw ValidationError("--since is longer than nothing") }
    }

    func run() async throws {
        var parameters: Map = [
            "namespace": .string(namespace), "target": .string(target), "tailLines": .int(Int64(tail)), "container": .string(container),
            "previous": .bool(previous),
        ]
        if let since { parameters["sinceSeconds"] = .int(since.seconds) }
        let client = try options.client.client()
        let command = try await options.run(client).run("logs", parameters)
        await client.shutdown()
        try CommandRun.check(command)
        if command.at("output", "truncated") == true { Terminal.note("the log is longer than fits; this is its end") }
        LogText.write(command.at("output", "text")?.string ?? "")
    }
}

/// Lines that a program in a cluster has written.
enum LogText {
    static func write(_ text: String) {
        guard !text.isEmpty else { return }
        var text = text
        if Terminal.isInteractive {
            // Tabs and line breaks stay; what would steer the terminal does not.
            text = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
                line.split(separator: "\t", omittingEmptySubsequences: false).map { Table.visible(String($0)) }.joined(separator: "\t")
            }.joined(separator: "\n")
        }
        Terminal.write(text.hasSuffix("\n") ? text : text + "\n", to: 1)
    }
}
