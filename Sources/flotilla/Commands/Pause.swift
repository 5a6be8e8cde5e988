// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Manifests

struct Pause: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Pause a stage: nothing new begins there. Or pause healing on one cluster.",
        discussion: """
            What runs stays and goes on being healed; a rollout stops after what it has begun.

            With --drift, drift of an application on one cluster is reported and not healed for a while. That ends by itself, also when \
            the coordinator is away.

            Examples:
              flotilla pause storefront/production --reason "sale until Monday"
              flotilla pause storefront --cluster prod-eu-1 --drift --for 1h --reason "scaled by hand, incident 42"
            """)

    @Argument(help: "The stage: PIPELINE/ENVIRONMENT; with --drift an application.")
    var target: String

    @Flag(help: "Stop healing of the application on the cluster.")
    var drift = false

    @Option(help: "The cluster, for --drift.")
    var cluster: String?

    @Option(name: .customLong("for"), help: ArgumentHelp("For how long, such as 90m, up to 7d; for --drift.", valueName: "time"))
    var span: TimeSpan?

    @Option(help: "Why; shown in the history.")
    var reason: String

    @OptionGroup var client: ClientOptions

    func validate() throws {
        if drift {
            guard cluster != nil, let span else { throw ValidationError("--drift needs --cluster NAME and --for TIME") }
            guard (60...604_800).contains(span.seconds) else { throw ValidationError("--for is from 60s to 7d") }
            guard !target.contains("/") else { throw ValidationError("with --drift, '\(target)' should be an application's name") }
        } else {
            guard cluster == nil, span == nil else { throw ValidationError("--cluster and --for go with --drift") }
            guard StageTarget(argument: target) != nil else { throw ValidationError("'\(target)' is no PIPELINE/ENVIRONMENT") }
        }
    }

    func run() async throws {
        if let stage = StageTarget(argument: target), !drift {
            return try await StageAction(client: client, stage: stage).run("pause", ["reason": .string(reason)])
        }
        guard let cluster, let span else { return }
        let client = try client.client()
        try await DriftPauseAction(client: client, application: target, cluster: cluster).pause(span, reason: reason)
        await client.shutdown()
    }
}
