// SPDX-License-Identifier: Apache-2.0
import Manifests
import PostgresClient

/// A browser's session, as it is kept; the cookie itself is not.
struct SessionReading: Sendable, Hashable {
    /// Public: in lists and in the audit trail.
    var id: String
    var origin: Principal.Origin
    var account: String
    var means: SignInMeans
    var boundTo = ""
    var createdAt: Timestamp
    var seenAt: Timestamp
    var expiresAt: Timestamp
    var address: String?
    /// What the browser calls itself.
    var agent: String
}

/// How an account signed in.
enum SignInMeans: String, Sendable, CaseIterable {
    case password
    case provider
    /// The link that a coordinator prints.
    case link
    case administratorToken = "administrator token"
}

/// Rows of `sessions`.
enum SessionRows {
    /// A session that nobody used for this long has ended.
    static let idleMilliseconds: Int64 = 2 * 3_600_000
    /// That a session was used is written down at most this often.
    static let seenMilliseconds: Int64 = 60_000
    /// Sessions of one account; the oldest go first.
    static let accountMax = 50

    private static let columns = "id, origin, account, means, bound_to, created_at, seen_at, expires_at, address, agent"

    static func add(_ session: Session, _ new: SessionReading, digest: Digest) throws {
        _ = try session.execute("delete from sessions where expires_at <= $1", [.int(new.createdAt.milliseconds)])
        _ = try session.execute(
            """
            insert into sessions (digest, \(columns)) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
            """,
            [
                .text(digest.hex), .text(new.id), .text(new.origin.rawValue), .text(new.account), .text(new.means.rawValue),
                .text(new.boundTo), .int(new.createdAt.milliseconds), .int(new.seenAt.milliseconds), .int(new.expiresAt.milliseconds),
                PostgresValue(new.address), .text(new.agent),
            ])
        _ = try session.execute(
            """
            delete from sessions where id in (
              select id from sessions where account = $1 and origin = $2 order by created_at desc, id offset $3)
            """, [.text(new.account), .text(new.origin.rawValue), .int(accountMax)])
    }

    /// The session of a cookie, while it lasts; notes that it was used.
    static func use(_ session: Session, digest: Digest, at now: Timestamp) throws -> SessionReading? {
        guard
            let row = try session.query(
                "select \(columns) from sessions where digest = $1 and expires_at > $2 and seen_at > $3",
                [.text(digest.hex), .int(now.milliseconds), .int(now.milliseconds - idleMilliseconds)]
            ).first, var reading = try reading(row)
        else { return nil }
        if now.milliseconds - reading.seenAt.milliseconds >= seenMilliseconds {
            _ = try session.execute(
                "update sessions set seen_at = $2 where id = $1 and seen_at < $2", [.text(reading.id), .int(now.milliseconds)])
            reading.seenAt = now
        }
        return reading
    }

    /// An account's sessions that last, the newest first.
    static func of(_ session: Session, account: String, origin: Principal.Origin?, at now: Timestamp) throws -> [SessionReading] {
        try session.query(
            """
            select \(columns) from sessions where account = $1 and ($2::text is null or origin = $2) and expires_at > $3 and seen_at > $4
            order by created_at desc, id limit 200
            """,
            [
                .text(account), PostgresValue(origin?.rawValue), .int(now.milliseconds), .int(now.milliseconds - idleMilliseconds),
            ]
        ).compactMap { try reading($0) }
    }

    /// Ends one session of an account; `nil` where there is none of that name.
    static func end(_ session: Session, id: String, account: String, origin: Principal.Origin?) throws -> SessionReading? {
        try session.query(
            "delete from sessions where id = $1 and account = $2 and ($3::text is null or origin = $3) returning \(columns)",
            [.text(id), .text(account), PostgresValue(origin?.rawValue)]
        ).first.flatMap { try reading($0) }
    }

    /// Ends the session of a cookie.
    static func end(_ session: Session, digest: Digest) throws -> SessionReading? {
        try session.query("delete from sessions where digest = $1 returning \(columns)", [.text(digest.hex)]).first
            .flatMap { try reading($0) }
    }

    /// Ends all sessions of an account but one; returns how many.
    static func endAll(_ session: Session, account: String, origin: Principal.Origin?, except: String? = nil) throws -> Int {
        try session.execute(
            "delete from sessions where account = $1 and ($2::text is null or origin = $2) and id is distinct from $3",
            [.text(account), PostgresValue(origin?.rawValue), PostgresValue(except)])
    }

    private static func reading(_ row: Row) throws -> SessionReading? {
        guard let origin = Principal.Origin(rawValue: try row.text("origin")), let means = SignInMeans(rawValue: try row.text("means"))
        else { return nil }
        return SessionReading(
            id: try row.text("id"), origin: origin, account: try row.text("account"), means: means, boundTo: try row.text("bound_to"),
            createdAt: Timestamp(milliseconds: try row.int64("created_at")), seenAt: Timestamp(milliseconds: try row.int64("seen_at")),
            expiresAt: Timestamp(milliseconds: try row.int64("expires_at")), address: try row.optionalText("address"),
            agent: try row.text("agent"))
    }
}
