// SPDX-License-Identifier: Apache-2.0
import Manifests
import PostgresClient
import Promotion

/// Rows of `leases`: who does singular work, among several coordinators.
enum LeaseRows {
    /// Takes or renews the lease; `false` while another holder's has not run out.
    static func take(_ session: Session, name: String, holder: String, until: Timestamp, at now: Timestamp) throws -> Bool {
        try session.execute(
            """
            insert into leases as l (name, holder, expires_at) values ($1, $2, $3)
            on conflict (name) do update set holder = excluded.holder, expires_at = excluded.expires_at
            where l.holder = excluded.holder or l.expires_at < $4
            """, [.text(name), .text(holder), .int(until.milliseconds), .int(now.milliseconds)]) == 1
    }

    static func release(_ session: Session, name: String, holder: String) throws {
        _ = try session.execute("delete from leases where name = $1 and holder = $2", [.text(name), .text(holder)])
    }
}

/// Rows of `journal_pending`: decisions on their way to a journal branch.
enum JournalRows {
    struct Pending: Sendable {
        var id: Int64
        var decision: Decision
    }

    static func append(_ session: Session, _ decision: Decision) throws {
        _ = try session.execute(
            "insert into journal_pending (pipeline, decision) values ($1, $2::jsonb)",
            [.text(decision.stage.pipeline), .json(try StateCoding.encode(decision))])
    }

    static func pipelines(_ session: Session) throws -> [String] {
        try session.query("select distinct pipeline from journal_pending").map { try $0.text("pipeline") }
    }

    static func pending(_ session: Session, pipeline: String) throws -> [Pending] {
        try session.query(
            "select id, decision::text as decision from journal_pending where pipeline = $1 order by id limit 1000", [.text(pipeline)]
        ).map { Pending(id: try $0.int64("id"), decision: try StateCoding.decode(Decision.self, from: try $0.text("decision"))) }
    }

    static func done(_ session: Session, pipeline: String, through id: Int64) throws {
        _ = try session.execute("delete from journal_pending where pipeline = $1 and id <= $2", [.text(pipeline), .int(id)])
    }
}

/// Rows of `fleet_commits`: the trunk's heads, valid or not.
enum FleetCommitRows {
    struct Commit: Sendable {
        var commit: String
        var valid: Bool
        var diagnostics: [String]
        var subject: String
        var author: String
        var committedAt: Timestamp
        var seenAt: Timestamp

        /// Whoever sees only a part is told which commit it is: its words, and what is wrong in it, may be about the rest.
        func seen(by sight: Sight) -> Commit {
            guard sight.part != nil else { return self }
            var seen = self
            (seen.subject, seen.author, seen.diagnostics) = ("", "", [])
            return seen
        }
    }

    /// A commit that was seen before is the newest again: the trunk has gone back to it.
    static func add(_ session: Session, _ commit: Commit) throws {
        _ = try session.execute(
            """
            insert into fleet_commits (commit, valid, diagnostics, subject, author, committed_at, seen_at)
            values ($1, $2, $3, $4, $5, $6, $7)
            on conflict (commit) do update
            set sequence = default, valid = excluded.valid, diagnostics = excluded.diagnostics, seen_at = excluded.seen_at
            """,
            [
                .text(commit.commit), .bool(commit.valid), .textArray(commit.diagnostics), .text(commit.subject), .text(commit.author),
                .int(commit.committedAt.milliseconds), .int(commit.seenAt.milliseconds),
            ])
    }

    /// The newest head; with `valid`, the newest that is in force.
    static func newest(_ session: Session, valid: Bool) throws -> Commit? {
        try session.query(
            """
            select commit, valid, array_to_string(diagnostics, E'\\n') as diagnostics, subject, author, committed_at, seen_at
            from fleet_commits where valid or not $1 order by sequence desc limit 1
            """, [.bool(valid)]
        ).first.map(read)
    }

    /// The valid fleet commit that was in force before `commit`.
    static func before(_ session: Session, _ commit: String) throws -> Commit? {
        try session.query(
            """
            select commit, valid, array_to_string(diagnostics, E'\\n') as diagnostics, subject, author, committed_at, seen_at
            from fleet_commits where valid and sequence < coalesce((select sequence from fleet_commits where commit = $1), 9223372036854775807)
            order by sequence desc limit 1
            """, [.text(commit)]
        ).first.map(read)
    }

    private static func read(_ row: Row) throws -> Commit {
        Commit(
            commit: try row.text("commit"), valid: try row.bool("valid"),
            diagnostics: try row.text("diagnostics").split(separator: "\n").map(String.init), subject: try row.text("subject"),
            author: try row.text("author"), committedAt: Timestamp(milliseconds: try row.int64("committed_at")),
            seenAt: Timestamp(milliseconds: try row.int64("seen_at")))
    }
}
