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

    static func append(_ session: Session, _ events: [FleetEvent]) throws {
        guard !events.isEmpty else { return }
        _ = try session.execute(
            """
            insert into events (at, kind, severity, pipeline, environment, cluster, application, promotion, release, actor, object, message,
              paths, duration_milliseconds)
            select at, kind, severity, pipeline, environment, cluster, application, promotion, release, actor, object, message,
              coalesce(string_to_array(paths, E'\\n'), '{}'), duration
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
    static func page(_ session: Session, _ filter: Filter, before: Int64?, limit: Int) throws -> [FleetEvent] {
        try read(session, filter, condition: "id < $1", order: "desc", key: before ?? .max, limit: limit)
    }

    /// Oldest first, after the event `after`; for followers.
    static func following(_ session: Session, _ filter: Filter, after: Int64, limit: Int) throws -> [FleetEvent] {
        try read(session, filter, condition: "id > $1", order: "asc", key: after, limit: limit)
    }

    static func newest(_ session: Session) throws -> Int64 {
        try session.query("select coalesce(max(id), 0) as id from events").first?.int64("id") ?? 0
    }

    private static func read(
        _ session: Session, _ filter: Filter, condition: String, order: String, key: Int64, limit: Int
    ) throws -> [FleetEvent] {
        // Only the conditions that are asked for, so that each kind of question uses its own index.
        var conditions = [condition]
        var parameters: [PostgresValue] = [.int(key), .int(Int64(limit))]
        for (column, wanted) in [
            ("pipeline", filter.pipeline), ("environment", filter.environment), ("cluster", filter.cluster),
            ("application", filter.application),
        ] {
            guard let wanted else { continue }
            parameters.append(.text(wanted))
            conditions.append("\(column) = $\(parameters.count)")
        }
        let rows = try session.query(
            """
            select id, at, kind, severity, pipeline, environment, cluster, application, promotion, release, actor, object, message,
              array_to_string(paths, E'\\n') as paths, duration_milliseconds
            from events where \(conditions.joined(separator: " and ")) order by id \(order) limit $2
            """, parameters)
        return try rows.map { row in
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
}
