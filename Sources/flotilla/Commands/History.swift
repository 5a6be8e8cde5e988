// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Manifests

struct History: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print what was promoted into a stage, newest first.",
        discussion: """
            Examples:
              flotilla history storefront/production
              flotilla history storefront/production --limit 5 -o json
            """)

    @Argument(help: "The stage: PIPELINE/ENVIRONMENT.")
    var stage: StageTarget

    @Option(help: "How many promotions, 1 to 500.")
    var limit = 20

    @Option(name: .shortAndLong, help: "How to print: table, wide, json or yaml.")
    var output = OutputFormat.table

    @OptionGroup var client: ClientOptions

    func validate() throws {
        guard (1...500).contains(limit) else { throw ValidationError("--limit is a number from 1 to 500") }
    }

    func run() async throws {
        let client = try client.client()
        let answer = try await client.get("\(stage.path)/history", query: [("limit", "\(limit)")])
        await client.shutdown()
        if let text = output.document(answer) { return Terminal.write(text, to: 1) }
        var table = Table(["RELEASE", "SUBJECT", "ORIGIN", "STATE", "RECORD", "RECORDED", "REASON"])
        for item in answer["items"]?.list ?? [] {
            table.append([
                StageText.short(item["release"]?.string), item["subject"]?.string ?? "", item["origin"]?.string ?? "",
                item["state"]?.string ?? "", output == .wide ? item["commit"]?.string ?? "" : StageText.short(item["commit"]?.string),
                item["recordedAt"]?.string ?? "", item["reason"]?.string ?? "",
            ])
        }
        Terminal.write(table.text(style: Terminal.style), to: 1)
    }
}
