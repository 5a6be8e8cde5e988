// SPDX-License-Identifier: Apache-2.0
import Manifests
import PostgresClient
import Promotion

/// A stage, with what people want to see beside its state.
struct StageReading: Sendable {
    var stage: Stage
    var position: Int
    var predecessors: [String]
    /// The first line of the running release's message.
    var runningSubject: String
    var clustersTotal: Int
    /// Clusters on which everything that the stage desires is Current.
    var clustersCurrent: Int
}

/// A promotion as a line of a stage's history.
struct HistoryReading: Sendable {
    var promotion: String
    var release: String
    var subject: String
    var author: String
    var origin: String
    var state: String
    var reason: String
    var commit: String?
    var createdAt: Timestamp
    var recordedAt: Timestamp?
    var finishedAt: Timestamp?
}

/// Questions about stages, for people.
enum ReadStages {
    static func all(_ session: Session, _ sight: Sight) throws -> [StageReading] {
        try read(session, sight, pipelines: nil, environment: nil)
    }

    static func of(_ session: Session, _ sight: Sight, pipelines: [String]) throws -> [StageReading] {
        try read(session, sight, pipelines: pipelines, environment: nil)
    }

    static func one(_ session: Session, _ id: StageID) throws -> StageReading? {
        try read(session, .everything, pipelines: [id.pipeline], environment: id.environment).first
    }

    private static func read(
        _ session: Session, _ sight: Sight, pipelines: [String]?, environment: String?
    ) throws -> [StageReading] {
        var parameters = [pipelines.map { .textArray($0) } ?? .null, PostgresValue(environment)]
        let seen = sight.stages("s.pipeline", "s.environment", &parameters)
        let rows = try session.query(
            """
            select s.position, array_to_string(s.predecessors, ',') as predecessors, s.state::text as state,
              coalesce(p.subject, '') as subject, k.total, k.current,
              (select count(*) from clusters c where c.environment = s.environment and c.declared) as declared
            from stages s
            left join plans p on p.pipeline = s.pipeline and p.sequence = (s.state #>> '{running,candidate,sequence}')::bigint
            cross join lateral (
              select count(*) as total, count(*) filter (where x.ok) as current
              from (select bool_and(\(Condition.sql) = 'current') as ok from \(Condition.join)
                where d.pipeline = s.pipeline and d.environment = s.environment group by d.cluster) x) k
            where not s.retired and ($1::text[] is null or s.pipeline = any($1)) and ($2::text is null or s.environment = $2)\(seen)
            order by s.pipeline, s.position
            """, parameters)
        return try rows.map { row in
            let stage = try StateCoding.decode(Stage.self, from: try row.text("state"))
            // Clusters that the newest candidate will reach count from its beginning; without any candidate, those declared.
            let planned = (stage.promotion?.candidate ?? stage.running?.candidate)?.strategy.clusters.count
            let total = Int(try row.int("total"))
            let declared = Int(try row.int("declared"))
            return StageReading(
                stage: stage, position: Int(try row.int("position")),
                predecessors: try row.text("predecessors").split(separator: ",").map(String.init), runningSubject: try row.text("subject"),
                clustersTotal: max(total, planned ?? declared), clustersCurrent: Int(try row.int("current")))
        }
    }

    /// Names of pipelines that have stages, by name.
    static func pipelines(_ session: Session, _ sight: Sight, after: String, limit: Int) throws -> Page<String> {
        var parameters: [PostgresValue] = [.text(after), .int(Int64(limit + 1))]
        let seen = sight.stages("pipeline", "environment", &parameters)
        let rows = try session.query(
            "select distinct pipeline from stages where not retired and pipeline > $1\(seen) order by pipeline limit $2", parameters)
        return Page(try rows.map { try $0.text("pipeline") }, limit: limit) { $0 }
    }

    /// The stage's promotions, newest first. The key is `createdAt-id`.
    static func history(_ session: Session, _ id: StageID, after: String?, limit: Int) throws -> Page<HistoryReading>? {
        var created = Int64.max
        var promotion = ""
        if let after {
            let parts = after.split(separator: "-", maxSplits: 1)
            guard parts.count == 2, let time = Int64(parts[0]) else { return nil }
            created = time
            promotion = String(parts[1])
        }
        let read = try promotions(
            session, "m.pipeline = $1 and m.environment = $2 and (m.created_at, m.id) < ($3, $4)",
            [.text(id.pipeline), .text(id.environment), .int(created), .text(promotion), .int(Int64(limit + 1))])
        let items = read.map(\.1)
        return Page(items, limit: limit) { "\($0.createdAt.milliseconds)-\($0.promotion)" }
    }

    /// The newest promotions of all the pipeline's stages.
    static func recent(_ session: Session, _ sight: Sight, pipeline: String, limit: Int) throws -> [(StageID, HistoryReading)] {
        var parameters: [PostgresValue] = [.text(pipeline)]
        let seen = sight.stages("m.pipeline", "m.environment", &parameters)
        return try promotions(session, "m.pipeline = $1\(seen)", parameters + [.int(Int64(limit))])
    }

    /// Newest first; the last parameter is the limit.
    private static func promotions(
        _ session: Session, _ condition: String, _ parameters: [PostgresValue]
    ) throws -> [(StageID, HistoryReading)] {
        let rows = try session.query(
            """
            select m.pipeline, m.environment, m.id, m.release, coalesce(p.subject, '') as subject, coalesce(p.author, '') as author,
              m.origin, m.state, m.reason, m.record_commit, m.created_at, m.recorded_at, m.finished_at
            from promotions m left join plans p on p.pipeline = m.pipeline and p.sequence = m.sequence
            where \(condition) order by m.created_at desc, m.id desc limit $\(parameters.count)
            """, parameters)
        return try rows.map { row in
            let entry = HistoryReading(
                promotion: try row.text("id"), release: try row.text("release"), subject: try row.text("subject"),
                author: try row.text("author"), origin: try row.text("origin"), state: try row.text("state"),
                reason: try row.text("reason"), commit: try row.optionalText("record_commit"), createdAt: try row.time("created_at"),
                recordedAt: try row.optionalTime("recorded_at"), finishedAt: try row.optionalTime("finished_at"))
            return (StageID(pipeline: try row.text("pipeline"), environment: try row.text("environment")), entry)
        }
    }
}

extension Row {
    /// A moment kept as milliseconds in a `bigint`.
    func time(_ column: String) throws(PostgresError) -> Timestamp { Timestamp(milliseconds: Int64(try int(column))) }

    func optionalTime(_ column: String) throws(PostgresError) -> Timestamp? {
        try optionalInt(column).map { Timestamp(milliseconds: Int64($0)) }
    }
}
