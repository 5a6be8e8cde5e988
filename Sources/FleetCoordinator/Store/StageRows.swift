// SPDX-License-Identifier: Apache-2.0
import Manifests
import PostgresClient
import Promotion

/// Rows of `stages`: the state machines at rest.
enum StageRows {
    struct Row: Sendable {
        var stage: Stage
        var position: Int
        var predecessors: [String]
    }

    /// Makes the pipeline's rows match its declared stages; a stage that is no longer declared is retired, not deleted.
    static func declare(
        _ session: Session, pipeline: String, stages: [(environment: String, predecessors: [String])]
    ) throws {
        for (position, declared) in stages.enumerated() {
            let fresh = Stage(id: StageID(pipeline: pipeline, environment: declared.environment))
            _ = try session.execute(
                """
                insert into stages (pipeline, environment, position, predecessors, state) values ($1, $2, $3, $4, $5::jsonb)
                on conflict (pipeline, environment) do update
                set position = excluded.position, predecessors = excluded.predecessors, retired = false
                """,
                [
                    .text(pipeline), .text(declared.environment), .int(Int64(position)), .textArray(declared.predecessors),
                    .json(try StateCoding.encode(fresh)),
                ])
        }
        _ = try session.execute(
            "update stages set retired = true where pipeline = $1 and not (environment = any($2))",
            [.text(pipeline), .textArray(stages.map(\.environment))])
    }

    static func retirePipelines(_ session: Session, except declared: [String]) throws {
        _ = try session.execute("update stages set retired = true where not (pipeline = any($1)) and not retired", [.textArray(declared)])
    }

    /// The stage, locked until the transaction ends.
    static func lock(_ session: Session, _ id: StageID) throws -> Stage? {
        let rows = try session.query(
            "select state::text as state from stages where pipeline = $1 and environment = $2 for update",
            [.text(id.pipeline), .text(id.environment)])
        return try rows.first.map { try StateCoding.decode(Stage.self, from: try $0.text("state")) }
    }

    /// A pipeline's live stages in their order, locked in that order.
    static func lockAll(_ session: Session, pipeline: String) throws -> [Row] {
        let rows = try session.query(
            """
            select position, array_to_string(predecessors, ',') as predecessors, state::text as state from stages
            where pipeline = $1 and not retired order by position for update
            """, [.text(pipeline)])
        return try rows.map(row)
    }

    static func all(_ session: Session) throws -> [Row] {
        try session.query(
            """
            select position, array_to_string(predecessors, ',') as predecessors, state::text as state from stages
            where not retired order by pipeline, position
            """
        ).map(row)
    }

    private static func row(_ row: PostgresClient.Row) throws -> Row {
        Row(
            stage: try StateCoding.decode(Stage.self, from: try row.text("state")), position: Int(try row.int64("position")),
            predecessors: try row.text("predecessors").split(separator: ",").map(String.init))
    }

    static func save(_ session: Session, _ stage: Stage) throws {
        let inFlight: PostgresValue =
            switch stage.promotion?.phase {
            case .rolling, .verifying: .text(stage.promotion?.candidate.id ?? "")
            case .waiting, .recording, nil: .null
            }
        _ = try session.execute(
            "update stages set state = $3::jsonb, in_flight = $4, deadline = $5 where pipeline = $1 and environment = $2",
            [
                .text(stage.id.pipeline), .text(stage.id.environment), .json(try StateCoding.encode(stage)), inFlight,
                stage.deadline.map { .int($0.milliseconds) } ?? .null,
            ])
    }

    /// Stages whose deadline has come.
    static func due(_ session: Session, at now: Timestamp) throws -> [StageID] {
        try session.query(
            "select pipeline, environment from stages where deadline is not null and deadline <= $1 order by deadline limit 100",
            [.int(now.milliseconds)]
        ).map { StageID(pipeline: try $0.text("pipeline"), environment: try $0.text("environment")) }
    }

    static func nextDeadline(_ session: Session) throws -> Timestamp? {
        let rows = try session.query("select min(deadline) as deadline from stages where deadline is not null")
        return try rows.first?.optionalInt64("deadline").map { Timestamp(milliseconds: $0) }
    }

    /// The stages whose rollouts these clusters' reports may move.
    static func rolling(_ session: Session, clusters: [String]) throws -> [StageID] {
        try session.query(
            """
            select distinct s.pipeline, s.environment from stages s
            where s.in_flight is not null
              and exists (select from dispatched h where h.promotion = s.in_flight and h.cluster = any($1))
            """, [.textArray(clusters)]
        ).map { StageID(pipeline: try $0.text("pipeline"), environment: try $0.text("environment")) }
    }

    static func pipelines(_ session: Session) throws -> [String] {
        try session.query("select distinct pipeline from stages where not retired order by pipeline").map { try $0.text("pipeline") }
    }
}
