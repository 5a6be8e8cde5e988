// SPDX-License-Identifier: Apache-2.0
import HTTPTypes
import HummingbirdCore
import Manifests
import NIOCore
import PostgresClient

/// The audit trail: `/api/v1/audit`.
struct AuditRoutes: Sendable {
    let service: AuditService

    private var store: Store { service.store }

    static let filters: [Route.Input] = [
        .optional("actor", .string, "only what this account, agent or part of the coordinator did"),
        .optional("action", .string, "only this action, such as stage.approve"),
        .optional("target", .string, "only what was done to this, such as storefront/production"),
        .optional("outcome", .string, AuditEntry.Outcome.allCases.map(\.rawValue).joined(separator: ", ")),
        .optional("since", .string, "only entries from this time on, RFC 3339"),
    ]

    func add(to table: inout RouteTable) {
        table.get(
            "/api/v1/audit", .needs(.administer, .fleet), "Who did what, newest first", query: Self.filters + RouteTable.paging,
            answer: .list(of: "AuditEntry")
        ) { call in
            let filter = try Self.filter(call.query)
            let limit = try call.query.limit()
            let before = try call.query.int("after")
            let links = try await store.database.read { try AuditRows.page($0, filter, before: before, limit: limit + 1) }
            return .json(Page(links, limit: limit, key: { "\($0.sequence)" }).json(\.json))
        }
        table.get(
            "/api/v1/audit/export", .needs(.administer, .fleet), "The trail as JSON Lines, with what verifies it without this coordinator",
            query: [
                .optional("from", .integer, "the first entry; by default the first one there is"),
                .optional("through", .integer, "the last entry; by default the newest one"),
                .optional("before", .string, "only entries older than this, RFC 3339"),
            ], answer: .text("application/x-ndjson")
        ) { call in
            let range = try await service.range(
                from: call.query.int("from"), through: call.query.int("through"), before: Self.time(call.query, "before"))
            return Reply(
                headers: [.contentType: "application/x-ndjson"],
                body: .stream { @concurrent [service] writer in
                    var pieces = service.export(range.header)
                    while let piece = try await pieces.piece() { try await writer.write(ByteBuffer(bytes: piece)) }
                    try await writer.finish(nil)
                })
        }
        table.get(
            "/api/v1/audit/verification", .needs(.administer, .fleet),
            "Walks the whole trail, and compares it with what the journals in Git know of it", answer: .object("AuditVerification")
        ) { _ in .json(try await service.verify().json) }
        table.post(
            "/api/v1/audit/prune", .needs(.administer, .fleet), "Removes the trail's beginning, of which the caller holds an export",
            members: [
                .required("through", .integer, "the last entry that goes: the export's last one"),
                .required("export", .string, "the SHA-256 of the export's bytes, sha256:…"), .optional("reason", .string, "why"),
            ], answer: .object("AuditPruning")
        ) { call in
            let body = try call.json()
            let reason = try body.optionalString("reason") ?? ""
            guard reason.utf8.count <= StageActions.reasonMax else {
                throw APIFailure.invalid("'reason' is longer than \(StageActions.reasonMax) bytes")
            }
            let export = try body.string("export")
            guard Manifests.Digest(export) != nil else { throw APIFailure.invalid("'export' is no digest: it begins with sha256:") }
            let through = try body.int("through")
            let removed = try await service.prune(through: through, export: export, reason: reason, by: call.author)
            return .json(.map(["through": .int(through), "entries": .int(removed)]))
        }
    }

    static func filter(_ query: Query) throws -> AuditRows.Filter {
        let outcome = try query.text("outcome").map { text in
            guard let outcome = AuditEntry.Outcome(rawValue: text) else {
                throw APIFailure.invalid("there is no outcome '\(text.prefix(40))'")
            }
            return outcome
        }
        return AuditRows.Filter(
            actor: try query.text("actor"), action: try query.text("action"), target: try query.text("target"), outcome: outcome,
            since: try time(query, "since"))
    }

    private static func time(_ query: Query, _ name: String) throws -> Timestamp? {
        guard let text = try query.text(name) else { return nil }
        guard let time = Timestamp(rfc3339: text) else {
            throw APIFailure.invalid("query parameter '\(name)' is no time", hint: "such as 2026-05-04T10:11:12Z")
        }
        return time
    }
}
