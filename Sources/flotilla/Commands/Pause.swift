// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Manifests

struct Pause: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Pause a stage: nothing new begins there.",
        discussion: """
            What runs stays and goes on being healed; a rollout stops after what it has begun.

            Examples:
              flotilla pause storefront/production --reason "sale until Monday"
              flotilla pause storefront/staging --reason "looking at the database"
            """)

    @Argument(help: "The stage: PIPELINE/ENVIRONMENT.")
    var stage: StageTarget

    @Option(help: "Why; shown in the history.")
    var reason: String

    @OptionGroup var client: ClientOptions

    func run() async throws {
        try await StageAction(client: client, stage: stage).run("pause", ["reason": .string(reason)])
    }
}
