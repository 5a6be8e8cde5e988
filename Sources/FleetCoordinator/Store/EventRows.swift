// SPDX-License-Identifier: Apache-2.0
import Manifests
import PostgresClient

/// Something that happened, as it is kept and shown.
struct FleetEvent: Sendable, Equatable {
    enum Severity: String, Sendable { case info, warning, error }

    var id: Int64 = 0
    var at: Timestamp
    /// Stable: `verified`, `rolloutFailed`, `drift`, …
    var kind: String
    var severity: Severity = .info
    var pipeline: String?
    var environment: String?
    var cluster: String?
    var application: String?
    var promotion: String?
    var release: String?
    var actor: String?
    var object: String?
    var message: String = ""
    var paths: [String] = []
    var durationMilliseconds: Int64?
}

/// Rows of `events`.
enum EventRows {
    /// Which events a reader wants; `nil` matches all.
    struct Filter: Sendable {
        var pipeline: String?
        var environment: String?
        var cluster: String?
        var application: String?
    }

    /// Appends events. What is only said to be of a cluster becomes one of the stage that desires the application there, or else of the
    /// cluster's environment: who may see it follows from these.
    static func append(_ session: Session, _ events: [FleetEvent]) throws {
        guard !events.isEmpty else { return }
        _ = try session.execute(
            """
            insert into events (at, kind, severity, pipeline, environment, cluster, application, promotion, release, actor, object, message,
              paths, duration_milliseconds)
            select at, kind, severity,
              case when e.pipeline is null and e.environment is null then
                (select d.pipeline from desired d where d.cluster = e.cluster and d.application = e.application) else e.pipeline end,
              case when e.pipeline is null and e.environment is null then coalesce(
                (select d.environment from desired d where d.cluster = e.cluster and d.application = e.application),
                (select c.environment from clusters c where c.name = e.cluster)) else e.environment end,
              cluster, application, promotion, release, actor, object, message, coalesce(string_to_array(paths, E'\\n'), '{}'), duration
            from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
              $10::text[], $11::text[], $12::text[], $13::text[], $14::bigint[])
              as e (at, kind, severity, pipeline, environment, cluster, application, promotion, release, actor, object, message, paths, duration)
            """,
            [
                .intArray(events.map(\.at.milliseconds)), .textArray(events.map(\.kind)), .textArray(events.map(\.severity.rawValue)),
                .textArray(events.map(\.pipeline)), .textArray(events.map(\.environment)), .textArray(events.map(\.cluster)),
                .textArray(events.map(\.application)), .textArray(events.map(\.promotion)), .textArray(events.map(\.release)),
                .textArray(events.map(\.actor)), .textArray(events.map(\.object)), .textArray(events.map(\.message)),
                .textArray(events.map { $0.paths.isEmpty ? nil : $0.paths.joined(separator: "\n") }),
                .intArray(events.map(\.durationMilliseconds)),
            ])
    }

    /// Newest first, before the event `before`; at most `limit`.
    static func page(_ session: Session, _ sight: Sight, _ filter: Filter, before: Int64?, limit: Int) throws -> [FleetEvent] {
        try read(session, sight, filter, condition: "id < $1", order: "desc", key: before ?? .max, limit: limit)
    }

    /// Oldest first, after the event `after`; for followers.
    static func following(_ session: Session, _ sight: Sight, _ filter: Filter, after: Int64, limit: Int) throws -> [FleetEvent] {
        try read(session, sight, filter, condition: "id > $1", order: "asc", key: after, limit: limit)
    }

    static func newest(_ session: Session) throws -> Int64 {
        try session.query("select coalesce(max(id), 0) as id from events").first?.int64("id") ?? 0
    }

    private static func read(
        _ session: Session, _ sight: Sight, _ filter: Filter, condition: String, order: String, key: Int64, limit: Int
    ) throws -> [FleetEvent] {
        var parameters: [PostgresValue] = [.int(key), .int(Int64(limit))]
        let source: String
        if let part = sight.part, filter.cluster == nil, filter.application == nil {
            source = seen(of: part, filter, condition: condition, order: order, &parameters)
        } else {
            source = chosen(filter, sight, condition: condition, &parameters)
        }
        let rows = try session.query(
            """
            select id, at, kind, severity, pipeline, environment, cluster, application, promotion, release, actor, object, message,
              array_to_string(paths, E'\\n') as paths, duration_milliseconds
            from \(source) order by id \(order) limit $2
            """, parameters)
        return try rows.map(reading)
    }

    /// The events that match, all of them or those of a cluster or an application.
    private static func chosen(_ filter: Filter, _ sight: Sight, condition: String, _ parameters: inout [PostgresValue]) -> String {
        // Only the conditions that are asked for, so that each kind of question uses its own index.
        var conditions = [condition]
        for (column, wanted) in [
            ("pipeline", filter.pipeline), ("environment", filter.environment), ("cluster", filter.cluster),
            ("application", filter.application),
        ] {
            guard let wanted else { continue }
            parameters.append(.text(wanted))
            conditions.append("\(column) = $\(parameters.count)")
        }
        if let part = sight.part {
            let stages = Sight.add(part.stages, to: &parameters)
            let pipelines = Sight.add(part.pipelines, to: &parameters)
            let environments = Sight.add(part.environments, to: &parameters)
            let whole = Sight.add(part.wholeEnvironments, to: &parameters)
            conditions.append(
                """
                case when pipeline is null then environment = any(\(environments)) and (application is null or environment = any(\(whole)))
                  when environment is null then pipeline = any(\(pipelines))
                  else (pipeline, environment) in (select * from \(stages)) end
                """)
        }
        return "events where \(conditions.joined(separator: " and "))"
    }

    /// The newest (or oldest) events of every stage, pipeline and environment that is seen, each by its index.
    private static func seen(
        of part: Sight.Part, _ filter: Filter, condition: String, order: String, _ parameters: inout [PostgresValue]
    ) -> String {
        func matches(_ wanted: String?, _ name: String) -> Bool { wanted == nil || wanted == name }
        let stages = part.stages.filter { matches(filter.pipeline, $0.pipeline) && matches(filter.environment, $0.environment) }
        let pipelines = filter.environment == nil ? part.pipelines.filter { matches(filter.pipeline, $0) } : []
        let environments = filter.pipeline == nil ? part.environments.filter { matches(filter.environment, $0) } : []
        let stageRows = Sight.add(stages, to: &parameters)
        let pipelineRows = Sight.add(pipelines, to: &parameters)
        let environmentRows = Sight.add(environments, to: &parameters)
        // An application of which no pipeline is known is the business of who sees all of the environment.
        let whole = Sight.add(part.wholeEnvironments, to: &parameters)
        return """
            (
              select e.* from \(stageRows) as n (pipeline, environment) cross join lateral (
                select * from events where pipeline = n.pipeline and environment = n.environment and \(condition)
                order by id \(order) limit $2) e
              union all
              select e.* from unnest(\(pipelineRows)) as n (pipeline) cross join lateral (
                select * from events where pipeline = n.pipeline and environment is null and \(condition) order by id \(order) limit $2) e
              union all
              select e.* from unnest(\(environmentRows)) as n (environment) cross join lateral (
                select * from events where pipeline is null and environment = n.environment and \(condition)
                  and (application is null or n.environment = any(\(whole)))
                order by id \(order) limit $2) e) seen
            """
    }

    private static func reading(_ row: Row) throws -> FleetEvent {
        FleetEvent(
            id: try row.int64("id"), at: Timestamp(milliseconds: try row.int64("at")), kind: try row.text("kind"),
            severity: FleetEvent.Severity(rawValue: try row.text("severity")) ?? .info, pipeline: try row.optionalText("pipeline"),
            environment: try row.optionalText("environment"), cluster: try row.optionalText("cluster"),
            application: try row.optionalText("application"), promotion: try row.optionalText("promotion"),
            release: try row.optionalText("release"), actor: try row.optionalText("actor"), object: try row.optionalText("object"),
            message: try row.text("message"), paths: try row.text("paths").split(separator: "\n").map(String.init),
            durationMilliseconds: try row.optionalInt64("duration_milliseconds"))
    }
}
