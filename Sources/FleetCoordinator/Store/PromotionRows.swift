// SPDX-License-Identifier: Apache-2.0
import Manifests
import PostgresClient
import Promotion

/// Rows of `promotions`: what was offered to stages, and the intents of records that are being written.
enum PromotionRows {
    /// What a record is made from, kept from the decision until the push is known to have happened.
    struct RecordRequest: Sendable, Codable {
        var approvals: [Approval]
        var evidence: [String]
        /// The head that the record follows, in hex; `nil` for the branch's first.
        var parent: String?
        var decidedAt: Timestamp
    }

    struct Intent: Sendable {
        var candidate: Candidate
        var stage: StageID
        var request: RecordRequest
        /// The commit and its exact bytes, once they were built.
        var commit: String?
        var bytes: [UInt8]?
    }

    static func add(_ session: Session, _ candidate: Candidate, stage: StageID, at now: Timestamp) throws {
        _ = try session.execute(
            """
            insert into promotions (id, pipeline, environment, sequence, release, fleet, origin, candidate, state, created_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, 'waiting', $9) on conflict (id) do nothing
            """,
            [
                .text(candidate.id), .text(stage.pipeline), .text(stage.environment), .int(candidate.sequence), .text(candidate.release),
                .text(candidate.fleet), .text(candidate.origin.rawValue), .json(try StateCoding.encode(candidate)), .int(now.milliseconds),
            ])
    }

    static func wantRecord(_ session: Session, _ id: String, _ request: RecordRequest) throws {
        _ = try session.execute(
            """
            update promotions set state = 'recording', reason = '', record_request = $2::jsonb, record_commit = null, record_bytes = null,
              record_parent = $3
            where id = $1
            """, [.text(id), .json(try StateCoding.encode(request)), request.parent.map { .text($0) } ?? .null])
    }

    /// Keeps the exact bytes of the record's commit: from here on a push, however often it is tried, writes the same commit.
    static func keepIntent(_ session: Session, _ id: String, commit: String, bytes: [UInt8]) throws {
        _ = try session.execute(
            "update promotions set record_commit = $2, record_bytes = $3 where id = $1 and state = 'recording'",
            [.text(id), .text(commit), .bytes(bytes)])
    }

    static func recording(_ session: Session) throws -> [Intent] {
        try session.query(
            """
            select pipeline, environment, candidate::text as candidate, record_request::text as request, record_commit, record_bytes
            from promotions where state = 'recording' order by id limit 100
            """
        ).map { row in
            Intent(
                candidate: try StateCoding.decode(Candidate.self, from: try row.text("candidate")),
                stage: StageID(pipeline: try row.text("pipeline"), environment: try row.text("environment")),
                request: try StateCoding.decode(RecordRequest.self, from: try row.text("request")),
                commit: try row.optionalText("record_commit"), bytes: try row.optionalBytes("record_bytes"))
        }
    }

    static func setState(
        _ session: Session, _ id: String, _ state: String, reason: String, recordedAt: Timestamp? = nil, finishedAt: Timestamp? = nil,
        commit: String? = nil
    ) throws {
        _ = try session.execute(
            """
            update promotions set state = $2, reason = $3, recorded_at = coalesce($4, recorded_at), finished_at = coalesce($5, finished_at),
              record_commit = coalesce($6, record_commit)
            where id = $1
            """,
            [
                .text(id), .text(state), .text(reason), recordedAt.map { .int($0.milliseconds) } ?? .null,
                finishedAt.map { .int($0.milliseconds) } ?? .null, commit.map { .text($0) } ?? .null,
            ])
    }

    /// The candidate of a promotion that recorded `commit` on the stage's branch, or that is on its way to.
    static func candidate(_ session: Session, stage: StageID, commit: String) throws -> Candidate? {
        let rows = try session.query(
            """
            select candidate::text as candidate from promotions
            where pipeline = $1 and environment = $2 and record_commit = $3 order by created_at desc limit 1
            """, [.text(stage.pipeline), .text(stage.environment), .text(commit)])
        return try rows.first.map { try StateCoding.decode(Candidate.self, from: try $0.text("candidate")) }
    }
}
