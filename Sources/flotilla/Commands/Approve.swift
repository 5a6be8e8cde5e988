// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Manifests

struct Approve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Approve what waits for approval in a stage.",
        discussion: """
            The approval is good for what the release renders to in this stage, and dies with it.

            Examples:
              flotilla approve storefront/production
              flotilla approve storefront/production --release 3f2c1ab --reason "load test passed"
            """)

    @Argument(help: "The stage: PIPELINE/ENVIRONMENT.")
    var stage: StageTarget

    @Option(help: "Approve only this release, named by its commit or the beginning of it.")
    var release: String?

    @Option(help: "Why; shown in the history.")
    var reason: String?

    @OptionGroup var client: ClientOptions

    func run() async throws {
        var body = Map()
        if let release { body["release"] = .string(release) }
        if let reason { body["reason"] = .string(reason) }
        try await StageAction(client: client, stage: stage).run("approve", body)
    }
}

/// Sends what somebody decided about a stage, and prints how the stage stands then.
struct StageAction {
    let client: ClientOptions
    let stage: StageTarget

    func run(_ action: String, _ body: Map) async throws {
        let client = try client.client()
        let answer = try await client.post("\(stage.path)/\(action)", body)
        await client.shutdown()
        Terminal.print(Table.visible(StageText(stage: answer).line))
    }
}
