// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Glibc
import HTTPTransport

struct AuditExport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write the audit trail as JSON Lines to standard output.",
        discussion: """
            The first line names the range, the last one its head and a digest; `flotilla audit verify --file` reads it.

            Examples:
              flotilla audit export > audit.jsonl
              flotilla audit export --since 1000 --until 1999 > audit-1000.jsonl
            """)

    @Option(help: "The number of the first entry; by default the first one there is.")
    var since: Int64?

    @Option(help: "The number of the last entry; by default the newest one.")
    var until: Int64?

    @OptionGroup var client: ClientOptions

    func run() async throws {
        let client = try client.client()
        let query = [("from", since), ("through", until)].compactMap { pair in pair.1.map { (name: pair.0, value: "\($0)") } }
        for try await piece in try await client.stream("/audit/export", query: query) { try LocalFile.write(piece, to: STDOUT_FILENO) }
        await client.shutdown()
    }
}
