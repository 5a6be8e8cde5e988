// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Manifests

struct ClusterApprove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approve",
        abstract: "Approve the agent that waits with a one-time token.",
        discussion: """
            'flotilla get enrollments' shows which agents wait, each by the fingerprint of its key: compare that with what the agent logs \
            before you approve. Where several wait for one cluster, --fingerprint says which.

            Examples:
              flotilla cluster approve prod-eu-1
              flotilla cluster approve prod-eu-1 --fingerprint sha256:3f9a01c2 --reason "compared by telephone"
            """)

    @Argument(help: "The cluster's name.")
    var name: String

    @Option(help: ArgumentHelp("The agent's key, or the beginning of it.", valueName: "fingerprint"))
    var fingerprint: String?

    @Option(help: "Why; it goes into the audit trail.")
    var reason: String?

    @OptionGroup var client: ClientOptions

    func run() async throws {
        let client = try client.client()
        var body: Map = [:]
        if let fingerprint { body["fingerprint"] = .string(fingerprint) }
        if let reason { body["reason"] = .string(reason) }
        let approved = try await client.post("/clusters/\(Percent.encode(name))/enrollments/approve", body)
        await client.shutdown()
        Terminal.print("\(name): approved the agent with the key \(approved["fingerprint"]?.string ?? "")")
    }
}
