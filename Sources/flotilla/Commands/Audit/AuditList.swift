// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Manifests

struct AuditList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Print who did what, newest first.",
        discussion: """
            Examples:
              flotilla audit list --target storefront/production
              flotilla audit list --actor anna --action stage.override --since 2026-05-01T00:00:00Z -o json
            """)

    @Option(help: "Only what this account, agent or part of the coordinator did.")
    var actor: String?

    @Option(help: "Only this action, such as stage.approve.")
    var action: String?

    @Option(help: "Only what was done to this, such as storefront/production or 'cluster prod-eu-1'.")
    var target: String?

    @Option(help: "Only entries that are done, denied or refused.")
    var outcome: String?

    @Option(help: "Only entries from this time on, RFC 3339.")
    var since: String?

    @Option(help: "How many, 1 to 500.")
    var limit = 50

    @Option(name: .shortAndLong, help: "table, wide (with address, reason and commit), json or yaml.")
    var output = OutputFormat.table

    @OptionGroup var client: ClientOptions

    func validate() throws {
        guard (1...500).contains(limit) else { throw ValidationError("--limit is a number from 1 to 500") }
    }

    func run() async throws {
        let client = try client.client()
        let filter = [("actor", actor), ("action", action), ("target", target), ("outcome", outcome), ("since", since)]
            .compactMap { pair in pair.1.map { (name: pair.0, value: $0) } }
        let page = try await client.get("/audit", query: filter + [("limit", "\(limit)")])
        await client.shutdown()
        let items = page["items"]?.list ?? []
        if let document = output.document(.list(items)) { return Terminal.write(document, to: 1) }
        guard !items.isEmpty else { return Terminal.print("There are no such entries.") }
        let isWide = output == .wide
        var table = Table(
            ["ENTRY", "AT", "WHO", "ACTION", "TARGET", "OUTCOME"] + (isWide ? ["MEANS", "ADDRESS", "COMMIT"] : []) + ["REASON"])
        for item in items {
            func text(_ key: String) -> String { item[key]?.string ?? "" }
            var row = [item["sequence"]?.int.map(String.init) ?? "", text("at"), text("actor"), text("action"), text("target")]
            row.append(text("outcome"))
            if isWide { row += [text("means"), text("address"), StageText.short(item["commit"]?.string)] }
            table.append(row + [text("reason")])
        }
        Terminal.write(table.text(style: Terminal.style), to: 1)
    }
}
