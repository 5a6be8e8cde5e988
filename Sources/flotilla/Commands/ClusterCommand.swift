// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Manifests

struct ClusterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cluster", abstract: "Enrol clusters.", subcommands: [ClusterEnroll.self])
}

struct ClusterEnroll: AsyncParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case token, json
    }

    static let configuration = CommandConfiguration(
        commandName: "enroll",
        abstract: "Print the token with which a cluster's agent signs in.",
        discussion: """
            The token is good for this cluster only, until the cluster's file raises spec.credentialEpoch.

            Examples:
              flotilla cluster enroll prod-eu-1 > prod-eu-1.token
              flotilla cluster enroll prod-eu-1 -o json
            """)

    @Argument(help: "The cluster's name, as its file in the fleet repository says.")
    var name: String

    @Option(name: .shortAndLong, help: "How to print: token or json.")
    var output = Format.token

    @OptionGroup var client: ClientOptions

    func run() async throws {
        let client = try client.client()
        let answer = try await client.post("/clusters/\(Percent.encode(name))/enroll")
        await client.shutdown()
        switch output {
        case .token: Terminal.print(answer["token"]?.string ?? "")
        case .json: Terminal.write(JSON.text(answer, pretty: true) + "\n", to: 1)
        }
    }
}
