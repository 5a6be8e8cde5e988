// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Manifests

struct Rollback: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Roll a stage back to what ran there before.",
        discussion: """
            Appends a commit with the earlier tree to the environment branch, and holds the stage until somebody resumes it.

            Examples:
              flotilla rollback storefront/production --reason "checkout fails"
              flotilla rollback storefront/production --to 77aa01c --reason "back to last week"
            """)

    @Argument(help: "The stage: PIPELINE/ENVIRONMENT.")
    var stage: StageTarget

    @Option(help: "A commit of the environment branch or a release, or the beginning of it. (default: the newest verified one before)")
    var to: String?

    @Option(help: "Why; shown in the history.")
    var reason: String

    @OptionGroup var client: ClientOptions

    func run() async throws {
        var body: Map = ["reason": .string(reason)]
        if let to { body["to"] = .string(to) }
        try await StageAction(client: client, stage: stage).run("rollback", body)
    }
}
