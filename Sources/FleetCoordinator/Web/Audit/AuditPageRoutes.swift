// SPDX-License-Identifier: Apache-2.0
import Manifests
import PostgresClient

/// The page of the audit trail, for those who may administer the whole fleet.
struct AuditPageRoutes: Sendable {
    let service: AuditService
    let pages: Pages
    let gate: Gate
    let about: WebServices.About

    private static let pageSize = 100

    func add(to table: inout RouteTable) {
        table.get("/audit", .page(.administer, .fleet), "Who did what", answer: .text("text/html")) { call in
            let filter = try AuditRoutes.filter(call.query)
            let before = try call.query.int("after")
            var facts = try await service.store.database.read { session in
                AuditFacts(
                    filter: filter, head: try AuditRows.head(session), anchor: try AuditRows.anchor(session),
                    links: Page(
                        try AuditRows.page(session, filter, before: before, limit: Self.pageSize + 1), limit: Self.pageSize,
                        key: { "\($0.sequence)" }))
            }
            if try call.query.text("verify") != nil { facts.verification = try await service.verify() }
            let presenting = Presenting(
                now: service.time.now, about: about, user: call.author.name, csrf: gate.csrfToken(for: call), grants: call.grants)
            return .html(pages.audit(presenting.auditPage(facts)))
        }
    }
}
