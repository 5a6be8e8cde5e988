// SPDX-License-Identifier: Apache-2.0
import FleetModel
import Manifests
import PostgresClient

/// An API token, as it is kept; the token itself is not.
struct TokenReading: Sendable, Hashable {
    /// Public: in lists and in the audit trail.
    var id: String
    var origin: Principal.Origin
    var account: String
    /// The account's name for it.
    var name: String
    /// `nil` is all that the account may.
    var role: AccessPolicy.Role?
    var narrowing: Principal.Narrowing?
    var createdAt: Timestamp
    var expiresAt: Timestamp
    var usedAt: Timestamp?
    var usedFrom: String?
}

/// Rows of `tokens`.
enum TokenRows {
    /// That a token was used is written down at most this often.
    static let usedMilliseconds: Int64 = 60_000
    static let accountMax = 100
    /// A token that ended is listed this long, so that people see why something stopped working.
    static let keptMilliseconds: Int64 = 30 * 86_400_000

    private static let columns =
        "id, origin, account, name, role, pipelines, environments, created_at, expires_at, used_at, used_from"

    enum Added: Sendable, Equatable { case added, nameTaken, tooMany }

    static func add(_ session: Session, _ new: TokenReading, digest: Digest) throws -> Added {
        let now = new.createdAt.milliseconds
        _ = try session.execute("delete from tokens where expires_at <= $1", [.int(now - keptMilliseconds)])
        // A name whose token has ended may be used again.
        _ = try session.execute(
            "delete from tokens where account = $1 and origin = $2 and name = $3 and expires_at <= $4",
            [.text(new.account), .text(new.origin.rawValue), .text(new.name), .int(now)])
        let count =
            try session.query(
                "select count(*) as count from tokens where account = $1 and origin = $2", [.text(new.account), .text(new.origin.rawValue)]
            ).first?.int("count") ?? 0
        guard count < accountMax else { return .tooMany }
        let added = try session.execute(
            """
            insert into tokens (digest, \(columns)) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, null, null)
            on conflict (account, origin, name) do nothing
            """,
            [
                .text(digest.hex), .text(new.id), .text(new.origin.rawValue), .text(new.account), .text(new.name),
                PostgresValue(new.role?.rawValue), new.narrowing?.pipelines.map { .textArray($0) } ?? .null,
                new.narrowing?.environments.map { .textArray($0) } ?? .null, .int(now), .int(new.expiresAt.milliseconds),
            ])
        return added == 1 ? .added : .nameTaken
    }

    /// The token, while it lasts; notes that it was used.
    static func use(_ session: Session, digest: Digest, from address: String?, at now: Timestamp) throws -> TokenReading? {
        guard
            let row = try session.query(
                "select \(columns) from tokens where digest = $1 and expires_at > $2", [.text(digest.hex), .int(now.milliseconds)]
            ).first, var reading = try reading(row)
        else { return nil }
        if now.milliseconds - (reading.usedAt?.milliseconds ?? 0) >= usedMilliseconds {
            _ = try session.execute(
                "update tokens set used_at = $2, used_from = $3 where id = $1",
                [.text(reading.id), .int(now.milliseconds), PostgresValue(address)])
            reading.usedAt = now
        }
        return reading
    }

    /// An account's tokens by name, those that ended lately among them.
    static func of(_ session: Session, account: String, origin: Principal.Origin?) throws -> [TokenReading] {
        try session.query(
            """
            select \(columns) from tokens where account = $1 and ($2::text is null or origin = $2)
            order by name collate "C", origin limit 500
            """, [.text(account), PostgresValue(origin?.rawValue)]
        ).compactMap { try reading($0) }
    }

    /// Revokes a token of an account, named by its identifier or its name; `nil` where there is none.
    static func revoke(_ session: Session, named name: String, account: String, origin: Principal.Origin?) throws -> TokenReading? {
        try session.query(
            """
            delete from tokens where (id = $1 or name = $1) and account = $2 and ($3::text is null or origin = $3) returning \(columns)
            """, [.text(name), .text(account), PostgresValue(origin?.rawValue)]
        ).first.flatMap { try reading($0) }
    }

    /// Revokes all tokens of an account; returns how many.
    static func revokeAll(_ session: Session, account: String, origin: Principal.Origin?) throws -> Int {
        try session.execute(
            "delete from tokens where account = $1 and ($2::text is null or origin = $2)",
            [.text(account), PostgresValue(origin?.rawValue)])
    }

    private static func reading(_ row: Row) throws -> TokenReading? {
        guard let origin = Principal.Origin(rawValue: try row.text("origin")) else { return nil }
        let role = try row.optionalText("role")
        let pipelines = try row.optionalTextArray("pipelines")?.compactMap { $0 }
        let environments = try row.optionalTextArray("environments")?.compactMap { $0 }
        let known = role.flatMap { AccessPolicy.Role(rawValue: $0) }
        // A role that this version does not know narrows to it cannot know what: the token is no good here.
        guard role == nil || known != nil else { return nil }
        return TokenReading(
            id: try row.text("id"), origin: origin, account: try row.text("account"), name: try row.text("name"), role: known,
            narrowing: pipelines == nil && environments == nil
                ? nil : Principal.Narrowing(pipelines: pipelines, environments: environments),
            createdAt: Timestamp(milliseconds: try row.int64("created_at")),
            expiresAt: Timestamp(milliseconds: try row.int64("expires_at")),
            usedAt: try row.optionalInt64("used_at").map { Timestamp(milliseconds: $0) }, usedFrom: try row.optionalText("used_from"))
    }
}
