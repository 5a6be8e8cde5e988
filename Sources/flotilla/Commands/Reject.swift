// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Manifests

struct Reject: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Reject what waits for approval in a stage.",
        discussion: """
            The release does not go to this stage, nor does another commit that renders the same.

            Examples:
              flotilla reject storefront/production --reason "the price list is wrong"
              flotilla reject storefront/production --reason "see ticket 4711"
            """)

    @Argument(help: "The stage: PIPELINE/ENVIRONMENT.")
    var stage: StageTarget

    @Option(help: "Why; shown in the history.")
    var reason: String

    @OptionGroup var client: ClientOptions

    func run() async throws {
        try await StageAction(client: client, stage: stage).run("reject", ["reason": .string(reason)])
    }
}
