// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Manifests

struct Resume: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Let a held or paused stage go on. Or heal again on one cluster.",
        discussion: """
            Lifts a pause, and the hold that a failure, a rollback or somebody's own commit has set. With --drift, ends a pause of healing \
            before its time.

            Examples:
              flotilla resume storefront/production
              flotilla resume storefront --cluster prod-eu-1 --drift --reason "the incident is over"
            """)

    @Argument(help: "The stage: PIPELINE/ENVIRONMENT; with --drift an application.")
    var target: String

    @Flag(help: "Heal the application on the cluster again.")
    var drift = false

    @Option(help: "The cluster, for --drift.")
    var cluster: String?

    @Option(help: "Why; shown in the history.")
    var reason: String = ""

    @OptionGroup var client: ClientOptions

    func validate() throws {
        if drift {
            guard cluster != nil else { throw ValidationError("--drift needs --cluster NAME") }
            guard !target.contains("/") else { throw ValidationError("with --drift, '\(target)' should be an application's name") }
        } else {
            guard cluster == nil else { throw ValidationError("--cluster goes with --drift") }
            guard StageTarget(argument: target) != nil else { throw ValidationError("'\(target)' is no PIPELINE/ENVIRONMENT") }
        }
    }

    func run() async throws {
        if let stage = StageTarget(argument: target), !drift {
            return try await StageAction(client: client, stage: stage).run("resume", ["reason": .string(reason)])
        }
        guard let cluster else { return }
        let client = try client.client()
        try await DriftPauseAction(client: client, application: target, cluster: cluster).resume(reason: reason)
        await client.shutdown()
    }
}
