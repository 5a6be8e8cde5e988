// SPDX-License-Identifier: Apache-2.0
@testable import FleetCoordinator

extension SamplePages {
    static var audit: AuditPage {
        AuditPage(
            page: frame("Audit", "/audit"), status: [Badge(.current, "Intact")], verifyAddress: "/audit?verify=now",
            findings: [AuditPage.Finding(kind: "current", lines: ["Entries 1 to 2 are intact.", "3 heads in Git agree; 0 contradict."])],
            facts: [Fact(label: "Newest entry", value: "2"), Fact(label: "Head of the chain", value: "8aaacaa3", isCode: true)],
            fields: [AuditPage.Field(label: "Action", name: "action", value: "", lists: ["audit-actions"])], actionNames: ["stage.pause"],
            isFiltered: true,
            entries: [
                AuditPage.Entry(
                    key: "entry-2", number: "2", time: "2026-11-21T12:04:31Z", when: "2 min ago", actor: "anna",
                    actorAddress: "/audit?actor=anna",
                    means: "session 4f", from: ["192.0.2.7"], outcomes: [Badge(.offline, "stage.pause")], reasons: ["sale"],
                    commits: ["3f2c1ab"], target: "shop/production", targetAddress: "/audit?target=shop%2Fproduction",
                    changes: [AuditPage.Change(path: "paused.by", old: [], new: ["anna"])], changesLabel: "1 change"),
                AuditPage.Entry(
                    key: "entry-1", number: "1", time: "2026-11-21T12:03:31Z", when: "3 min ago", actor: "eve",
                    actorAddress: "/audit?actor=eve",
                    means: "session 5a", from: [], outcomes: [Badge(.failed, "call.denied denied")], reasons: [], commits: [],
                    target: "POST /api/v1/stages/shop/production/approve", targetAddress: "/audit?target=x", changes: [], changesLabel: ""),
            ], pager: [PageLinks(after: "/audit?after=1")])
    }
}
