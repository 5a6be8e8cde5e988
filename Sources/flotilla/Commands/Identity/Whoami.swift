// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Manifests

struct Whoami: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show as whom commands are sent, and by what.",
        discussion: """
            Examples:
              flotilla whoami
              flotilla whoami -o json
            """)

    @Option(name: .shortAndLong, help: "How to print: table, json or yaml.")
    var output = OutputFormat.table

    @OptionGroup var client: ClientOptions

    func run() async throws {
        let coordinator = try client.client()
        let who = try await coordinator.get("/whoami")
        await coordinator.shutdown()
        if let document = output.document(who) { return Terminal.write(document, to: 1) }
        var table = Table(["", ""])
        func add(_ name: String, _ text: String?) {
            if let text, !text.isEmpty { table.append([name, text]) }
        }
        add("Coordinator", coordinator.server)
        add("Account", Self.account(who))
        add("E-mail", who["email"]?.string)
        add("Groups", Self.list(who["groups"]))
        add("Known by", who["means"]?.string)
        add("Until", who["expiresAt"]?.string)
        add("Limited to", Self.list(who["permissions"]))
        add("Pipelines", Self.list(who["pipelines"]))
        add("Environments", Self.list(who["environments"]))
        Terminal.write(table.text(style: Terminal.style), to: 1)
    }

    private static func account(_ who: Value) -> String {
        let (name, shown) = (who["account"]?.string ?? "", who["displayName"]?.string ?? "")
        return shown.isEmpty || shown == name ? name : "\(name) (\(shown))"
    }

    private static func list(_ value: Value?) -> String? { value?.list.map { $0.compactMap(\.string).joined(separator: ", ") } }
}
