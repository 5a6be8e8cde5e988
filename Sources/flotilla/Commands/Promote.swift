// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Manifests

struct Promote: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Promote a release into a stage.",
        discussion: """
            A release that the stages before have not verified is refused, unless --override says that somebody answers for it.

            Examples:
              flotilla promote storefront/production
              flotilla promote storefront/production --release 3f2c1ab --override --reason "urgent fix, reviewed by two"
            """)

    @Argument(help: "The stage: PIPELINE/ENVIRONMENT.")
    var stage: StageTarget

    @Option(help: "The release, named by its commit or the beginning of it.")
    var release = "latest"

    @Flag(help: "Promote it although a stage before has not verified it; needs --reason.")
    var override = false

    @Option(help: "Why; shown in the history.")
    var reason: String?

    @OptionGroup var client: ClientOptions

    func validate() throws {
        if override && (reason ?? "").isEmpty { throw ValidationError("--override needs --reason") }
    }

    func run() async throws {
        var body: Map = ["release": .string(release)]
        if let reason { body["reason"] = .string(reason) }
        if override { body["override"] = true }
        try await StageAction(client: client, stage: stage).run("promote", body)
    }
}
