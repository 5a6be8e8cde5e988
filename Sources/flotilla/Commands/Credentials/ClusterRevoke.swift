// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Manifests

struct ClusterRevoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "End all credentials of a cluster at once.",
        discussion: """
            The agent's certificate and all one-time tokens of the cluster are good for nothing from now on. What runs there stays and is \
            healed by the agent as before; it hears of nothing new until it is enrolled again.

            The revocation is kept in the database. So that it also outlives a lost database, raise spec.credentialEpoch in the cluster's \
            file.

            Examples:
              flotilla cluster revoke prod-eu-1 --reason "node was stolen, incident 42"
              flotilla cluster revoke edge-7 --reason "sold" && flotilla cluster enroll edge-7
            """)

    @Argument(help: "The cluster's name.")
    var name: String

    @Option(help: "Why; it goes into the audit trail.")
    var reason: String

    @OptionGroup var client: ClientOptions

    func run() async throws {
        let client = try client.client()
        let answer = try await client.post("/clusters/\(Percent.encode(name))/revoke", ["reason": .string(reason)])
        await client.shutdown()
        let count = answer["certificates"]?.int ?? 0
        Terminal.print("\(name): its credentials are revoked (\(count) certificate\(count == 1 ? "" : "s") known to be good until now)")
        Terminal.note("raise spec.credentialEpoch in the cluster's file, too: Git keeps that whatever happens to the database")
    }
}
