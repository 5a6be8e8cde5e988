// SPDX-License-Identifier: Apache-2.0
import Manifests
import PostgresClient

/// Rows of `audit`: a chain, in which each row's hash covers the one before.
enum AuditRows {
    /// The chain's head, locked until the transaction ends.
    static func lockHead(_ session: Session) throws -> AuditHead {
        try head(of: session.query("select sequence, hash from audit_head where only_row for update"))
    }

    /// The chain's head; whoever reads on from here up to it reads whole entries only.
    static func head(_ session: Session) throws -> AuditHead {
        try head(of: session.query("select sequence, hash from audit_head where only_row"))
    }

    /// The chain's head, and the newest entry's number at the same moment: another one only where somebody has tampered.
    static func end(_ session: Session) throws -> (head: AuditHead, last: Int64) {
        let rows = try session.query(
            "select sequence, hash, coalesce((select max(sequence) from audit), 0) as last from audit_head where only_row")
        return (try head(of: rows), try rows.first?.int64("last") ?? 0)
    }

    private static func head(of rows: Rows) throws -> AuditHead {
        guard let row = rows.first else { throw PostgresError(.column, "the audit trail has lost its head") }
        return AuditHead(sequence: try row.int64("sequence"), hash: try row.text("hash"))
    }

    /// Adds links behind the head, which must be locked, and moves it; one round trip.
    static func append(_ session: Session, _ links: [AuditLink], head: AuditHead) throws {
        try session.pipeline(
            links.map { (insert, parameters(of: $0)) }
                + [("update audit_head set sequence = $1, hash = $2 where only_row", [.int(head.sequence), .text(head.hash)])])
    }

    private static let insert = """
        insert into audit (sequence, scheme, at, actor, means, address, action, target, outcome, reason, commit, before, after, previous,
          hash, seal)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
        """

    private static func parameters(of link: AuditLink) -> [PostgresValue] {
        [
            .int(link.sequence), .int(link.scheme), .int(link.at), .text(link.actor), .text(link.means), PostgresValue(link.address),
            .text(link.action), .text(link.target), .text(link.outcome), .text(link.reason), PostgresValue(link.commit),
            PostgresValue(link.before), PostgresValue(link.after), .text(link.previous), .text(link.hash), .text(link.seal),
        ]
    }

    // MARK: - Reading

    /// Which entries a reader wants; `nil` matches all.
    struct Filter: Sendable, Equatable {
        var actor: String?
        var action: String?
        var target: String?
        var outcome: AuditEntry.Outcome?
        var since: Timestamp?
    }

    /// Clocks of coordinators may differ by so much: entries may stand in another order than their times.
    private static let skewMilliseconds: Int64 = 600_000

    /// Newest first, before the entry `before`; at most `limit`.
    static func page(_ session: Session, _ filter: Filter, before: Int64?, limit: Int) throws -> [AuditLink] {
        // Only the conditions that are asked for, so that each kind of question uses its own index.
        var conditions = ["sequence < $1"]
        var parameters: [PostgresValue] = [.int(before ?? .max), .int(Int64(limit))]
        for (column, wanted) in [
            ("actor", filter.actor), ("action", filter.action), ("target", filter.target), ("outcome", filter.outcome?.rawValue),
        ] {
            guard let wanted else { continue }
            parameters.append(.text(wanted))
            conditions.append("\(column) = $\(parameters.count)")
        }
        if let since = filter.since {
            parameters += [.int(since.milliseconds), .int(since.milliseconds - skewMilliseconds)]
            conditions.append("at >= $\(parameters.count - 1)")
            // A bound on the key, found by the times' index: otherwise a page that is not full would be sought to the trail's beginning.
            conditions.append(
                "sequence >= coalesce((select sequence from audit where at >= $\(parameters.count) order by at limit 1), \(Int64.max))")
        }
        return try session.query(
            "select \(columns) from audit where \(conditions.joined(separator: " and ")) order by sequence desc limit $2", parameters
        ).map(link)
    }

    /// Oldest first, from the entry `from` up to `through`; at most `limit`.
    static func following(_ session: Session, from: Int64, through: Int64, limit: Int) throws -> [AuditLink] {
        try session.query(
            "select \(columns) from audit where sequence >= $1 and sequence <= $2 order by sequence limit $3",
            [.int(from), .int(through), .int(Int64(limit))]
        ).map(link)
    }

    /// The newest entry older than `time`, below every entry that is not.
    static func last(_ session: Session, before time: Timestamp) throws -> AuditHead? {
        try session.query(
            """
            select sequence, hash from audit
            where sequence < coalesce((select min(sequence) from audit where at >= $1), \(Int64.max)) order by sequence desc limit 1
            """, [.int(time.milliseconds)]
        ).first.map { AuditHead(sequence: try $0.int64("sequence"), hash: try $0.text("hash")) }
    }

    /// The hashes that the trail has under these numbers.
    static func hashes(_ session: Session, of sequences: [Int64]) throws -> [Int64: String] {
        let rows = try session.query("select sequence, hash from audit where sequence = any($1)", [.intArray(sequences)])
        return Dictionary(try rows.map { (try $0.int64("sequence"), try $0.text("hash")) }, uniquingKeysWith: { first, _ in first })
    }

    private static let columns =
        "sequence, scheme, at, actor, means, address, action, target, outcome, reason, commit, before, after, previous, hash, seal"

    private static func link(_ row: Row) throws -> AuditLink {
        AuditLink(
            sequence: try row.int64("sequence"), scheme: try row.int64("scheme"), at: try row.int64("at"), actor: try row.text("actor"),
            means: try row.text("means"), address: try row.optionalText("address"), action: try row.text("action"),
            target: try row.text("target"), outcome: try row.text("outcome"), reason: try row.text("reason"),
            commit: try row.optionalText("commit"), before: try row.optionalText("before"), after: try row.optionalText("after"),
            previous: try row.text("previous"), hash: try row.text("hash"), seal: try row.text("seal"))
    }

    // MARK: - Retention

    /// The newest anchor; `nil` where nothing was removed yet.
    static func anchor(_ session: Session) throws -> AuditAnchor? {
        try session.query("select sequence, hash, first, at, export, scheme, seal from audit_anchors order by sequence desc limit 1").first
            .map { row in
                AuditAnchor(
                    sequence: try row.int64("sequence"), hash: try row.text("hash"), first: try row.int64("first"),
                    at: try row.time("at"), export: try row.text("export"), scheme: try row.int64("scheme"), seal: try row.text("seal"))
            }
    }

    /// Removes everything up to the anchor, and keeps the anchor; returns how many entries went.
    static func prune(_ session: Session, to anchor: AuditAnchor) throws -> Int {
        _ = try session.execute(
            "insert into audit_anchors (sequence, hash, first, at, export, scheme, seal) values ($1, $2, $3, $4, $5, $6, $7)",
            [
                .int(anchor.sequence), .text(anchor.hash), .int(anchor.first), .int(anchor.at.milliseconds), .text(anchor.export),
                .int(anchor.scheme), .text(anchor.seal),
            ])
        return try session.execute("delete from audit where sequence <= $1", [.int(anchor.sequence)])
    }
}
