// SPDX-License-Identifier: Apache-2.0
import Manifests
import PostgresClient

/// A one-time token's row: for whom it is, and what became of it.
struct EnrollmentReading: Sendable, Equatable {
    enum State: String, Sendable, CaseIterable {
        /// Nobody has used it yet.
        case open
        /// An agent has come with it, and somebody has to approve that.
        case pending
        case approved
        case issued
        case revoked
    }

    var id: String
    var cluster: String
    var state: State
    var needsApproval: Bool
    var createdAt: Timestamp
    var createdBy: String
    var reason: String
    var expiresAt: Timestamp
    /// SHA-256 of the public key that came with the token first.
    var key: Digest?
    var instance: String?
    var address: String?
    var requestedAt: Timestamp?
    var approvedBy: String?
    /// The end of the certificate that was issued.
    var notAfter: Timestamp?
}

/// Rows of `enrollments`, `agent_certificates` and `agent_revocations`: who may speak for a cluster.
enum AgentIdentityRows {
    /// A new token. `token` is its SHA-256.
    static func add(_ session: Session, _ enrollment: EnrollmentReading, token: Digest) throws {
        _ = try session.execute(
            """
            insert into enrollments (id, token, cluster, state, needs_approval, created_at, created_by, reason, expires_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            """,
            [
                .text(enrollment.id), .text(token.hex), .text(enrollment.cluster), .text(enrollment.state.rawValue),
                .bool(enrollment.needsApproval), .int(enrollment.createdAt.milliseconds), .text(enrollment.createdBy),
                .text(enrollment.reason), .int(enrollment.expiresAt.milliseconds),
            ])
    }

    /// How many tokens of a cluster can still be used.
    static func usable(_ session: Session, cluster: String, at now: Timestamp) throws -> Int64 {
        try session.query(
            "select count(*) as count from enrollments where cluster = $1 and expires_at > $2 and state in ('open', 'pending', 'approved')",
            [.text(cluster), .int(now.milliseconds)]
        ).first?.int64("count") ?? 0
    }

    /// The row of a token, locked until the transaction ends.
    static func lock(_ session: Session, token: Digest) throws -> EnrollmentReading? {
        try session.query("select \(columns) from enrollments where token = $1 for update", [.text(token.hex)]).first.map(reading)
    }

    /// Enrolments of a cluster that wait for approval, locked.
    static func lockPending(_ session: Session, cluster: String, at now: Timestamp) throws -> [EnrollmentReading] {
        try session.query(
            """
            select \(columns) from enrollments where cluster = $1 and state = 'pending' and expires_at > $2
            order by created_at, id for update
            """, [.text(cluster), .int(now.milliseconds)]
        ).map(reading)
    }

    /// The newest first, after `(createdAt, id)`; of one cluster, or of all.
    static func page(
        _ session: Session, cluster: String?, before: (createdAt: Int64, id: String)?, limit: Int
    ) throws -> [EnrollmentReading] {
        try session.query(
            """
            select \(columns) from enrollments where ($1::text is null or cluster = $1) and (created_at, id) < ($2, $3)
            order by created_at desc, id desc limit $4
            """,
            [PostgresValue(cluster), .int(before?.createdAt ?? .max), .text(before?.id ?? ""), .int(Int64(limit))]
        ).map(reading)
    }

    static func one(_ session: Session, id: String) throws -> EnrollmentReading? {
        try session.query("select \(columns) from enrollments where id = $1", [.text(id)]).first.map(reading)
    }

    /// Binds a token to the first key that came with it.
    static func bind(
        _ session: Session, id: String, key: Digest, instance: String, address: String?, state: EnrollmentReading.State, at now: Timestamp
    ) throws {
        _ = try session.execute(
            "update enrollments set key = $2, instance = $3, address = $4, state = $5, requested_at = $6 where id = $1",
            [
                .text(id), .text(key.hex), .text(instance), PostgresValue(address), .text(state.rawValue), .int(now.milliseconds),
            ])
    }

    static func approve(_ session: Session, id: String, by author: String, at now: Timestamp) throws {
        _ = try session.execute(
            "update enrollments set state = 'approved', approved_at = $2, approved_by = $3 where id = $1",
            [.text(id), .int(now.milliseconds), .text(author)])
    }

    /// Keeps what was issued with a token.
    static func issued(_ session: Session, id: String, _ certificate: AgentCertificate) throws {
        _ = try session.execute(
            "update enrollments set state = 'issued', certificate = $2, renew_after = $3, not_after = $4 where id = $1",
            [
                .text(id), .text(certificate.chain), .int(certificate.renewAfter.milliseconds),
                .int(certificate.identity.notAfter.milliseconds),
            ])
    }

    /// What was issued with a token.
    static func certificate(
        _ session: Session, id: String
    ) throws -> (chain: String, renewAfter: Timestamp, notAfter: Timestamp)? {
        try session.query(
            "select certificate, renew_after, not_after from enrollments where id = $1 and certificate is not null", [.text(id)]
        ).first.map {
            (
                try $0.text("certificate"), Timestamp(milliseconds: try $0.int64("renew_after")),
                Timestamp(milliseconds: try $0.int64("not_after"))
            )
        }
    }

    /// Notes a certificate that was issued.
    static func add(_ session: Session, _ identity: AgentIdentity) throws {
        _ = try session.execute(
            """
            insert into agent_certificates (serial, cluster, authority, key, epoch, issued_at, not_after)
            values ($1, $2, $3, $4, $5, $6, $7)
            """,
            [
                .text(identity.serial), .text(identity.cluster), .text(identity.authority.hex), .text(identity.key.hex),
                .int(identity.epoch), .int(identity.issuedAt.milliseconds), .int(identity.notAfter.milliseconds),
            ])
    }

    /// When the last certificate ends that an authority has signed, and how many there are that have not ended.
    static func last(_ session: Session, authority: Digest, at now: Timestamp) throws -> (until: Timestamp, count: Int64)? {
        let row = try session.query(
            "select max(not_after) as until, count(*) as count from agent_certificates where authority = $1 and not_after > $2",
            [.text(authority.hex), .int(now.milliseconds)]
        ).first
        guard let row, let until = try row.optionalInt64("until") else { return nil }
        return (Timestamp(milliseconds: until), try row.int64("count"))
    }

    /// What makes a cluster's credentials good or bad; `nil` for one that nobody knows.
    static func standing(_ session: Session, cluster: String) throws -> CredentialStanding? {
        try session.query(
            """
            select c.credential_epoch, r.until_at from clusters c left join agent_revocations r on r.cluster = c.name
            where c.name = $1
            """, [.text(cluster)]
        ).first.map {
            CredentialStanding(
                epoch: try $0.int64("credential_epoch"), revokedUntil: try $0.optionalInt64("until_at").map { Timestamp(milliseconds: $0) })
        }
    }

    /// Ends every credential of a cluster that was issued until now, its tokens too.
    /// - Returns: how many certificates were good until now.
    static func revoke(_ session: Session, cluster: String, by author: String, reason: String, at now: Timestamp) throws -> Int64 {
        let before = try session.query(
            """
            select count(*) as count from agent_certificates a
            where a.cluster = $1 and a.not_after > $2
              and a.issued_at > coalesce((select r.until_at from agent_revocations r where r.cluster = $1), -1)
            """, [.text(cluster), .int(now.milliseconds)]
        ).first?.int64("count")
        _ = try session.execute(
            """
            insert into agent_revocations (cluster, until_at, revoked_by, reason) values ($1, $2, $3, $4)
            on conflict (cluster) do update set until_at = greatest(agent_revocations.until_at, excluded.until_at),
              revoked_by = excluded.revoked_by, reason = excluded.reason
            """, [.text(cluster), .int(now.milliseconds), .text(author), .text(reason)])
        _ = try session.execute(
            "update enrollments set state = 'revoked', certificate = null where cluster = $1 and state <> 'revoked'", [.text(cluster)])
        return before ?? 0
    }

    /// Forgets tokens a week after their end and certificates a day after theirs.
    static func forgetOld(_ session: Session, at now: Timestamp) throws {
        _ = try session.execute("delete from enrollments where expires_at < $1", [.int(now.milliseconds - 7 * 86_400_000)])
        _ = try session.execute("delete from agent_certificates where not_after < $1", [.int(now.milliseconds - 86_400_000)])
    }

    private static let columns = """
        id, cluster, state, needs_approval, created_at, created_by, reason, expires_at, key, instance, address, requested_at, approved_by,
        not_after
        """

    private static func reading(_ row: Row) throws -> EnrollmentReading {
        EnrollmentReading(
            id: try row.text("id"), cluster: try row.text("cluster"),
            state: EnrollmentReading.State(rawValue: try row.text("state")) ?? .revoked, needsApproval: try row.bool("needs_approval"),
            createdAt: Timestamp(milliseconds: try row.int64("created_at")), createdBy: try row.text("created_by"),
            reason: try row.text("reason"), expiresAt: Timestamp(milliseconds: try row.int64("expires_at")),
            key: try row.optionalText("key").flatMap { Digest(hex: $0) }, instance: try row.optionalText("instance"),
            address: try row.optionalText("address"), requestedAt: try row.optionalTime("requested_at"),
            approvedBy: try row.optionalText("approved_by"), notAfter: try row.optionalTime("not_after"))
    }
}
