// SPDX-License-Identifier: Apache-2.0
import Manifests
import PostgresClient

/// A release as it was planned, and how far it has come.
struct ReleaseReading: Sendable {
    var pipeline: String
    var sequence: Int64
    var release: String
    var fleet: String
    var subject: String
    var author: String
    var committedAt: Timestamp
    /// Why it cannot be planned; empty when it can.
    var error: String
    var renders: Int
    /// The state of its newest promotion in each stage that was offered it.
    var stages: [(environment: String, state: String)]
}

/// Questions about releases. What people push to an environment branch, and what a rollback goes back to, are not releases.
enum ReadReleases {
    /// Newest first; the key is the sequence.
    static func page(
        _ session: Session, _ sight: Sight, pipeline: String?, before: Int64?, limit: Int
    ) throws -> Page<ReleaseReading> {
        if let part = sight.part {
            // The newest of each pipeline that is seen, by the key of its plans.
            let pipelines = part.pipelines.filter { pipeline == nil || $0 == pipeline }
            let read = try read(
                session, sight,
                """
                (p.pipeline, p.sequence) in (
                  select l.pipeline, l.sequence from unnest($1::text[]) as n (name) cross join lateral (
                    select l.pipeline, l.sequence from plans l
                    where l.pipeline = n.name and l.origin in ('release', 'fleet') and l.sequence < $2
                    order by l.sequence desc limit $3) l)
                order by p.sequence desc limit $3
                """, [.textArray(pipelines), .int(before ?? .max), .int(Int64(limit + 1))])
            return Page(read, limit: limit) { String($0.sequence) }
        }
        let read = try read(
            session, sight, "($1::text is null or p.pipeline = $1) and p.sequence < $2 order by p.sequence desc limit $3",
            [PostgresValue(pipeline), .int(before ?? .max), .int(Int64(limit + 1))])
        return Page(read, limit: limit) { String($0.sequence) }
    }

    /// The newest release of each pipeline.
    static func latest(_ session: Session, _ sight: Sight, pipelines: [String]) throws -> [ReleaseReading] {
        try read(
            session, sight,
            """
            (p.pipeline, p.sequence) in (
              select n.name, (select max(l.sequence) from plans l where l.pipeline = n.name and l.origin in ('release', 'fleet'))
              from unnest($1::text[]) as n (name))
            """, [.textArray(pipelines)])
    }

    /// The newest release whose commit begins so, refused ones too.
    static func named(_ session: Session, pipeline: String, prefix: String) throws -> ReleaseReading? {
        try read(
            session, .everything,
            "p.pipeline = $1 and starts_with(p.release, $2) order by p.sequence desc limit 1", [.text(pipeline), .text(prefix)]
        ).first
    }

    private static func read(
        _ session: Session, _ sight: Sight, _ condition: String, _ parameters: [PostgresValue]
    ) throws -> [ReleaseReading] {
        var parameters = parameters
        let seen = sight.stages("m.pipeline", "m.environment", &parameters)
        let rows = try session.query(
            """
            select p.pipeline, p.sequence, p.release, p.fleet, p.subject, p.author, p.committed_at, p.error, p.renders,
              (select coalesce(json_object_agg(x.environment, x.state order by x.environment), '{}')::text from (
                select distinct on (m.environment) m.environment, m.state from promotions m
                where m.pipeline = p.pipeline and m.sequence = p.sequence\(seen)
                order by m.environment, m.created_at desc, m.id desc) x) as stages
            from plans p where p.origin in ('release', 'fleet') and \(condition)
            """, parameters)
        return try rows.map { row in
            let stages = try JSON.read(try row.text("stages")).map ?? [:]
            return ReleaseReading(
                pipeline: try row.text("pipeline"), sequence: Int64(try row.int("sequence")), release: try row.text("release"),
                fleet: try row.text("fleet"), subject: try row.text("subject"), author: try row.text("author"),
                committedAt: try row.time("committed_at"), error: try row.text("error"), renders: Int(try row.int("renders")),
                stages: stages.map { ($0.key, $0.value.string ?? "") })
        }
    }
}
