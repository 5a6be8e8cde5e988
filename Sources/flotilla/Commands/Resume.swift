// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Manifests

struct Resume: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Let a held or paused stage go on.",
        discussion: """
            Lifts a pause, and the hold that a failure, a rollback or somebody's own commit has set.

            Examples:
              flotilla resume storefront/production
              flotilla resume storefront/production --reason "the incident is over"
            """)

    @Argument(help: "The stage: PIPELINE/ENVIRONMENT.")
    var stage: StageTarget

    @Option(help: "Why; shown in the history.")
    var reason: String = ""

    @OptionGroup var client: ClientOptions

    func run() async throws {
        try await StageAction(client: client, stage: stage).run("resume", ["reason": .string(reason)])
    }
}
