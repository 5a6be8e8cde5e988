// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FleetCoordinator
import Manifests

struct AuditVerify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Say from where to where the audit trail is intact.",
        discussion: """
            The coordinator checks hashes, seals, and every head of the trail that signed journals in Git have kept. A file that was \
            exported is verified here, without a coordinator: its hashes always, its seals with the key, and heads that journals name.

            Ends with 3 where the trail is not intact.

            Examples:
              flotilla audit verify
              git show flotilla-journal/fleet:state.json > head.json && flotilla audit verify --file audit.jsonl --journal head.json
            """)

    @Option(help: "An export to verify instead of the coordinator's trail.")
    var file: String?

    @Option(help: "With --file: the coordinator's keys/audit.key, by which seals are checked.")
    var key: String?

    @Option(help: "With --file: a journal's state.json whose head the export is compared with; may be given several times.")
    var journal: [String] = []

    @Option(name: .shortAndLong, help: "table, json or yaml.")
    var output = OutputFormat.table

    @OptionGroup var client: ClientOptions

    func validate() throws {
        guard file != nil || (key == nil && journal.isEmpty) else { throw ValidationError("--key and --journal go with --file") }
    }

    func run() async throws {
        let report: Value
        if let file {
            report = try AuditFile.verify(file, key: key, journals: journal).report
        } else {
            let client = try client.client()
            report = try await client.get("/audit/verification", within: .seconds(3_600))
            await client.shutdown()
        }
        Terminal.write(output.document(report) ?? AuditReportText(report: report).text(style: Terminal.style), to: 1)
        guard report["intact"]?.bool == true else { throw ExitCode(ProgramExit.unhealthy.rawValue) }
    }
}

/// A verification's result, for people.
struct AuditReportText {
    let report: Value

    func text(style: Style) -> String {
        let from = report["from"]?.int ?? 0
        let through = report["through"]?.int ?? 0
        var lines: [String] = []
        if let anchor = report["anchor"], !anchor.isNull {
            lines.append(
                "Entries up to \(anchor["sequence"]?.int ?? 0) were exported and removed \(anchor["at"]?.string ?? ""): "
                    + "export \(anchor["export"]?.string ?? "")")
        }
        let seals = report["sealsChecked"]?.bool == true ? "hashes and seals" : "hashes; seals were not checked"
        if through >= from {
            lines.append("Entries \(from) to \(through) are intact (\(seals)).")
        } else if report["intact"]?.bool == true {
            lines.append("There are no entries.")
        }
        if let broken = report["broken"], !broken.isNull {
            let words = "Not intact from entry \(broken["sequence"]?.int ?? 0) on (\(broken["kind"]?.string ?? "")): "
            lines.append(style.paint(words + Table.visible(broken["reason"]?.string ?? ""), .bad))
        }
        lines += journals(style)
        return lines.joined(separator: "\n") + "\n"
    }

    private func journals(_ style: Style) -> [String] {
        guard let journals = report["journals"] else { return [] }
        func count(_ name: String) -> Int64 { journals[name]?.int ?? 0 }
        var lines: [String] = []
        if let newest = journals["newestMatching"], !newest.isNull {
            lines.append(
                "Heads in Git that agree: \(count("matching")), the newest of entry \(newest["sequence"]?.int ?? 0) (\(Self.place(newest)))."
            )
        } else {
            lines.append("Heads in Git that agree: none.")
        }
        if count("contradicting") > 0 {
            lines.append(style.paint("Heads in Git that the trail contradicts: \(count("contradicting")).", .bad))
            for head in journals["contradictions"]?.list ?? [] {
                lines.append("  entry \(head["sequence"]?.int ?? 0): \(head["hash"]?.string ?? "") (\(Self.place(head)))")
            }
        }
        for (name, words) in [
            ("pruned", "of entries that were removed"), ("later", "of entries behind the export's end"),
            ("otherDatabases", "of earlier databases"),
            ("unsigned", "without this coordinator's signature, which prove nothing"),
        ] where count(name) > 0 { lines.append("Heads in Git \(words): \(count(name)).") }
        if journals["partial"]?.bool == true { lines.append("Some journals reach back further than was looked.") }
        if let failure = journals["failure"]?.string, !failure.isEmpty {
            lines.append(style.paint("The Git host could not be asked for newer journals: \(Table.visible(failure))", .busy))
        }
        return lines
    }

    private static func place(_ head: Value) -> String {
        let commit = head["commit"]?.string ?? ""
        return (head["branch"]?.string ?? "") + (commit.isEmpty ? "" : " \(commit.prefix(7))")
    }
}

/// An export on disk.
enum AuditFile {
    /// - Parameters:
    ///   - key: the path of `audit.key`.
    ///   - journals: paths of journals' `state.json`.
    static func verify(_ path: String, key: String?, journals: [String]) throws -> (report: Value, digest: Manifests.Digest) {
        var verifier = try AuditExportFile(
            key: key.map { String(decoding: try LocalFile.read($0, limit: 64 << 10), as: UTF8.self) },
            journals: journals.map { (name: $0, bytes: try LocalFile.read($0, limit: 16 << 20)) })
        try LocalFile.stream(path) { verifier.take($0) }
        return verifier.finish()
    }
}
