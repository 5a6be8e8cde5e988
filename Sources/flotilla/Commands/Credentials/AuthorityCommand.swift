// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Manifests

struct AuthorityCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ca", abstract: "Show and exchange the authorities that sign agents' certificates.",
        subcommands: [AuthorityStatus.self, AuthorityRotate.self, AuthorityRetire.self], defaultSubcommand: AuthorityStatus.self)

    /// Prints what the coordinator says of its authorities.
    static func show(_ answer: Value, _ output: OutputFormat) {
        if let text = output.document(answer) { return Terminal.write(text, to: 1) }
        var table = Table(["FINGERPRINT", "NAME", "ISSUES", "ENDS", "CERTIFICATES", "LAST ENDS"])
        for item in answer["items"]?.list ?? [] {
            table.append([
                String((item["fingerprint"]?.string ?? "").prefix(output == .wide ? 64 : 16)), item["name"]?.string ?? "",
                item["issues"]?.bool == true ? "yes" : "no", item["notAfter"]?.string ?? "",
                item["certificates"]?.int.map(String.init) ?? "", item["lastEnds"]?.string ?? "",
            ])
        }
        Terminal.write(table.text(style: Terminal.style), to: 1)
    }
}

struct AuthorityStatus: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show the authorities, and how many certificates of each are good.",
        discussion: """
            Examples:
              flotilla ca status
              flotilla ca status -o json
            """)

    @Option(name: .shortAndLong, help: "How to print: table, wide, json or yaml.")
    var output = OutputFormat.table

    @OptionGroup var client: ClientOptions

    func run() async throws {
        let client = try client.client()
        let answer = try await client.get("/authorities")
        await client.shutdown()
        AuthorityCommand.show(answer, output)
    }
}

struct AuthorityRotate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate",
        abstract: "Make a new authority, which issues from now on.",
        discussion: """
            The older ones are believed until 'ca retire' takes them away, which is possible once every agent has renewed its certificate: \
            a day later, unless --agent-certificate-lifetime says otherwise. Nothing needs a restart.

            Examples:
              flotilla ca rotate --reason "yearly"
              flotilla ca rotate && flotilla ca status
            """)

    @Option(help: "Why; it goes into the audit trail.")
    var reason: String?

    @Option(name: .shortAndLong, help: "How to print: table, wide, json or yaml.")
    var output = OutputFormat.table

    @OptionGroup var client: ClientOptions

    func run() async throws {
        let client = try client.client()
        let answer = try await client.post("/authorities/rotate", reason.map { ["reason": .string($0)] } ?? [:])
        await client.shutdown()
        AuthorityCommand.show(answer, output)
    }
}

struct AuthorityRetire: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retire",
        abstract: "Stop believing an older authority.",
        discussion: """
            Refused while certificates of it are good. --force does it all the same: agents that have no certificate of a newer authority \
            are cut off and have to be enrolled again.

            Examples:
              flotilla ca retire 3f9a01c2d4e5f607
              flotilla ca retire 3f9a01c2d4e5f607 --force --reason "its key has leaked"
            """)

    @Argument(help: "The authority's fingerprint, or the beginning of it.")
    var fingerprint: String

    @Flag(help: "Also while certificates of it are good.")
    var force = false

    @Option(help: "Why; it goes into the audit trail.")
    var reason: String?

    @Option(name: .shortAndLong, help: "How to print: table, wide, json or yaml.")
    var output = OutputFormat.table

    @OptionGroup var client: ClientOptions

    func validate() throws {
        if force, reason == nil { throw ValidationError("--force needs a --reason") }
    }

    func run() async throws {
        let client = try client.client()
        var body: Map = ["force": .bool(force)]
        if let reason { body["reason"] = .string(reason) }
        let answer = try await client.post("/authorities/\(Percent.encode(fingerprint))/retire", body)
        await client.shutdown()
        AuthorityCommand.show(answer, output)
    }
}
