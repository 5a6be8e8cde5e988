// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Glibc
import HTTPTransport
import Manifests

struct AuditPrune: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune", abstract: "Export the audit trail's old entries, then remove them.",
        discussion: """
            The export is written and verified first; nothing is removed unless the coordinator, too, finds these entries intact, and \
            their export to be the same to the byte. What stays is an anchor with the digest of the export: keep the file.

            Example:
              flotilla audit prune --before 2026-01-01T00:00:00Z --export audit-2025.jsonl --reason "kept for seven years in the archive"
            """)

    @Option(help: "Entries older than this go, RFC 3339.")
    var before: String

    @Option(help: "The file that is written with them; it must not be there yet.")
    var export: String

    @Option(help: "Why; kept in the trail.")
    var reason = ""

    @OptionGroup var client: ClientOptions

    func validate() throws {
        guard Timestamp(rfc3339: before) != nil else {
            throw ValidationError("--before is a time such as 2026-01-01T00:00:00Z")
        }
    }

    func run() async throws {
        guard !LocalFile.exists(export) else { throw Failure("\(export): is there already", hint: "name a file that is not") }
        let client = try client.client()
        let body = try await client.stream("/audit/export", query: [("before", before)])
        try await LocalFile.write(body, to: export)
        let (report, digest) = try AuditFile.verify(export, key: nil, journals: [])
        let through = report["through"]?.int ?? 0
        guard report["intact"]?.bool == true else {
            Terminal.write(AuditReportText(report: report).text(style: Terminal.style), to: STDERR_FILENO)
            throw Failure("\(export): the export is not intact, so nothing was removed")
        }
        guard let entries = report["entries"]?.int, entries > 0 else {
            unlink(export)
            await client.shutdown()
            return Terminal.print("There are no entries before \(before).")
        }
        var question: Map = ["through": .int(through), "export": .string("\(digest)")]
        if !reason.isEmpty { question["reason"] = .string(reason) }
        let answer = try await client.post("/audit/prune", question)
        await client.shutdown()
        Terminal.print(
            "Removed \(answer["entries"]?.int ?? 0) entries up to \(through). \(export) has them (\(digest)): keep it, the trail refers to it."
        )
    }
}
