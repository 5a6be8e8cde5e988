// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Manifests

struct Why: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Explain what an application is doing on a cluster, and why.",
        discussion: """
            Exits with 3 when it is failing there.

            Examples:
              flotilla why storefront --cluster prod-eu-1
              flotilla why storefront --cluster prod-eu-1 -o json
            """)

    @Argument(help: "The application's name.")
    var application: String

    @Option(help: "The cluster's name.")
    var cluster: String

    @Option(name: .shortAndLong, help: "How to print: table, wide, json or yaml.")
    var output = OutputFormat.table

    @OptionGroup var client: ClientOptions

    func run() async throws {
        let client = try client.client()
        let answer = try await client.get("/why", query: [("application", application), ("cluster", cluster)])
        await client.shutdown()
        let verdict = answer["verdict"]?.string ?? "unknown"
        if let text = output.document(answer) {
            Terminal.write(text, to: 1)
        } else {
            let style = Terminal.style
            Terminal.print("\(application) on \(cluster): \(style.paint(verdict, Style.tone(of: verdict)))")
            for line in answer["lines"]?.list ?? [] { Terminal.print("  \(Table.visible(line.string ?? ""))") }
        }
        if verdict == "failing" { throw ExitCode(ProgramExit.unhealthy.rawValue) }
    }
}
