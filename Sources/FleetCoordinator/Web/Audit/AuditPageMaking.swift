// SPDX-License-Identifier: Apache-2.0
import Manifests

/// What the audit page is made from.
struct AuditFacts: Sendable {
    var filter: AuditRows.Filter
    var head: AuditHead
    var anchor: AuditAnchor?
    var links: Page<AuditLink>
    /// `nil` where nobody asked for one.
    var verification: AuditService.Verification?
}

extension Presenting {
    /// Members of a state that a row shows at most.
    private static let changesMax = 40

    func auditPage(_ facts: AuditFacts) -> AuditPage {
        let filter = facts.filter
        let chosen = [
            ("actor", filter.actor), ("action", filter.action), ("target", filter.target), ("outcome", filter.outcome?.rawValue),
            ("since", filter.since?.rfc3339),
        ].compactMap { name, value in value.map { (name, $0) } }
        let query = chosen.map { "\($0.0)=\(URLText.encode($0.1))" }
        func address(_ more: [String]) -> String { "/audit" + ((query + more).isEmpty ? "" : "?" + (query + more).joined(separator: "&")) }
        return AuditPage(
            page: frame("Audit", here: "/audit", live: false), status: facts.verification.map { [badge($0.report)] } ?? [],
            verifyAddress: address(["verify=now"]), findings: facts.verification.map { [finding($0)] } ?? [],
            facts: [
                Fact(label: "Newest entry", value: "\(facts.head.sequence)"),
                Fact(label: "Head of the chain", value: String(facts.head.hash.prefix(16)), isCode: true),
                Fact(
                    label: "Begins",
                    value: facts.anchor.map { "after entry \($0.sequence), exported and removed \(ago($0.at))" } ?? "with entry 1"),
            ],
            fields: [
                AuditPage.Field(label: "Who", name: "actor", value: filter.actor ?? ""),
                AuditPage.Field(label: "Action", name: "action", value: filter.action ?? "", lists: ["audit-actions"]),
                AuditPage.Field(label: "Target", name: "target", value: filter.target ?? ""),
                AuditPage.Field(label: "Since", name: "since", value: filter.since?.rfc3339 ?? "", hints: ["2026-05-04T10:11:12Z"]),
            ], actionNames: Array(Set(facts.links.items.map(\.action))).sorted(), isFiltered: !chosen.isEmpty,
            entries: facts.links.items.map(entry),
            pager: facts.links.next.map { [PageLinks(after: address(["after=\($0)"]))] } ?? [])
    }

    private func badge(_ report: AuditReport) -> Badge { report.isIntact ? Badge(.current, "Intact") : Badge(.failed, "Not intact") }

    private func finding(_ verification: AuditService.Verification) -> AuditPage.Finding {
        let report = verification.report
        var lines: [String] = []
        if let broken = report.broken { lines.append("Not intact from entry \(broken.sequence) on: \(broken.reason).") }
        if report.through >= report.from {
            lines.append("Entries \(report.from) to \(report.through) are intact: hashes, seals, and one after the other.")
        }
        var words = "\(report.matching.count) heads in Git agree"
        if let newest = report.matching.last {
            words += ", the newest of entry \(newest.sequence) (\(newest.branch) \(short(newest.commit)))"
        }
        lines.append("\(words); \(report.contradicting.count) contradict.")
        if !verification.journals.failure.isEmpty {
            lines.append("The Git host could not be asked for newer journals: \(verification.journals.failure)")
        }
        return AuditPage.Finding(kind: report.isIntact ? "current" : "failed", lines: lines)
    }

    private func entry(_ link: AuditLink) -> AuditPage.Entry {
        let at = Timestamp(milliseconds: link.at)
        let kind: Badge.Kind =
            switch AuditEntry.Outcome(rawValue: link.outcome) {
            case .done: .offline
            case .denied, nil: .failed
            case .refused: .waiting
            }
        let isPlain = link.outcome == AuditEntry.Outcome.done.rawValue || link.action.hasSuffix(link.outcome)
        let word = isPlain ? link.action : "\(link.action) \(link.outcome)"
        let changes = Self.changes(link)
        return AuditPage.Entry(
            key: "entry-\(link.sequence)", number: "\(link.sequence)", time: at.rfc3339, when: ago(at), actor: link.actor,
            actorAddress: "/audit?actor=\(URLText.encode(link.actor))", means: link.means, from: link.address.map { [$0] } ?? [],
            outcomes: [Badge(kind, word)], reasons: link.reason.isEmpty ? [] : [link.reason],
            commits: link.commit.map { [short($0)] } ?? [],
            target: link.target, targetAddress: "/audit?target=\(URLText.encode(link.target))", changes: changes,
            changesLabel: changes.count == 1 ? "1 change" : "\(changes.count) changes")
    }

    /// What differs between the states before and after, member by member.
    static func changes(_ link: AuditLink) -> [AuditPage.Change] {
        func leaves(_ text: String?) -> [String: String] {
            var leaves: [String: String] = [:]
            func walk(_ value: Value, _ path: String) {
                if let map = value.map, !map.isEmpty {
                    for entry in map { walk(entry.value, path.isEmpty ? entry.key : "\(path).\(entry.key)") }
                } else if !path.isEmpty {
                    leaves[path] = value.string ?? JSON.text(value)
                }
            }
            if let text, let value = try? JSON.read(Array(text.utf8)) { walk(value, "") }
            return leaves
        }
        let (before, after) = (leaves(link.before), leaves(link.after))
        return Set(before.keys).union(after.keys).sorted().filter { before[$0] != after[$0] }.prefix(changesMax).map { path in
            AuditPage.Change(path: path, old: before[path].map { [$0] } ?? [], new: after[path].map { [$0] } ?? [])
        }
    }
}
