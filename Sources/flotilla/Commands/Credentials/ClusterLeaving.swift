// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Manifests

struct ClusterRelease: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "release",
        abstract: "Let go of what runs on a cluster that has left the fleet.",
        discussion: """
            The cluster's file must be gone from the fleet repository. Its agent then stops managing what it has applied: all of it stays \
            as it is, and is not healed, changed or pruned any more. Take the agent out afterwards ('cluster uninstall-manifest').

            Examples:
              flotilla cluster release edge-7 --reason "handed over to the shop team"
              flotilla cluster release old-eu-1 --reason "moved to old-eu-2"
            """)

    @Argument(help: "The cluster's name.")
    var name: String

    @Option(help: "Why; it goes into the audit trail.")
    var reason: String

    @OptionGroup var client: ClientOptions

    func run() async throws {
        let client = try client.client()
        let answer = try await client.post("/clusters/\(Percent.encode(name))/release", ["reason": .string(reason)])
        await client.shutdown()
        let applications = (answer["applications"]?.list ?? []).compactMap(\.string)
        Terminal.print(
            applications.isEmpty
                ? "\(name): nothing is managed there" : "\(name): its agent is told to let go of \(applications.joined(separator: ", "))")
    }
}

struct ClusterRemove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Forget a cluster that has left the fleet, and end its credentials.",
        discussion: """
            The cluster's file must be gone from the fleet repository. What runs there is not touched: an agent that is still there goes on \
            healing what it has, and hears of nothing new; 'cluster release' before this lets go of that.

            Examples:
              flotilla cluster remove edge-7 --reason "sold"
              flotilla cluster remove old-eu-1 --reason "the hardware is gone"
            """)

    @Argument(help: "The cluster's name.")
    var name: String

    @Option(help: "Why; it goes into the audit trail.")
    var reason: String

    @OptionGroup var client: ClientOptions

    func run() async throws {
        let client = try client.client()
        _ = try await client.post("/clusters/\(Percent.encode(name))/remove", ["reason": .string(reason)])
        await client.shutdown()
        Terminal.print("\(name): forgotten, and its credentials are revoked")
    }
}
