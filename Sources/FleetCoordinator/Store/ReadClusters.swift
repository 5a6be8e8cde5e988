// SPDX-License-Identifier: Apache-2.0
import Manifests
import PostgresClient

/// A cluster, and how its applications are.
struct ClusterReading: Sendable {
    var name: String
    var environment: String?
    var labels: Map
    var paused: Bool
    var declared: Bool
    var lastContact: Timestamp?
    var agentVersion: String
    var kubernetesVersion: String
    var applications: ConditionCounts
    /// A second agent that was turned away while the first one lives.
    var refusedAt: Timestamp?

    /// A live agent polls at least every 50 s.
    static let onlineMilliseconds: Int64 = 75_000

    func isOnline(at now: Timestamp) -> Bool {
        lastContact.map { now.milliseconds - $0.milliseconds < Self.onlineMilliseconds } ?? false
    }
}

/// An environment by its clusters and the pipelines that have a stage in it.
struct EnvironmentReading: Sendable {
    var name: String
    var clusters: Int
    var online: Int
    var pipelines: [String]
}

/// Questions about clusters.
enum ReadClusters {
    /// By name.
    static func page(
        _ session: Session, _ sight: Sight, environment: String?, after: String, limit: Int
    ) throws -> Page<ClusterReading> {
        if let part = sight.part {
            let environments = part.environments.filter { environment == nil || $0 == environment }
            let read = try read(
                session, sight,
                """
                c.name in (
                  select x.name from unnest($1::text[]) as n (name) cross join lateral (
                    select x.name from clusters x where x.environment = n.name and x.name > $2 order by x.name limit $3) x)
                order by c.name limit $3
                """, [.textArray(environments), .text(after), .int(Int64(limit + 1))])
            return Page(read, limit: limit, key: \.name)
        }
        let read = try read(
            session, sight, "($1::text is null or c.environment = $1) and c.name > $2 order by c.name limit $3",
            [PostgresValue(environment), .text(after), .int(Int64(limit + 1))])
        return Page(read, limit: limit, key: \.name)
    }

    /// The cluster, where it is seen, with what is seen of it.
    static func one(_ session: Session, _ sight: Sight, _ name: String) throws -> ClusterReading? {
        var parameters: [PostgresValue] = [.text(name)]
        let seen = sight.environments("c.environment", &parameters)
        return try read(session, sight, "c.name = $1\(seen)", parameters).first
    }

    private static func read(
        _ session: Session, _ sight: Sight, _ condition: String, _ parameters: [PostgresValue]
    ) throws -> [ClusterReading] {
        var parameters = parameters
        let seen = sight.stages("d.pipeline", "d.environment", &parameters)
        let rows = try session.query(
            """
            with page as (select * from clusters c where \(condition))
            select c.name, c.environment, c.labels::text as labels, c.paused, c.declared, c.last_contact, c.agent_version,
              c.kubernetes_version, c.refused_at, k.total, k.current, k.failed
            from page c cross join lateral (
              select count(*) as total, count(*) filter (where x.condition = 'current') as current,
                count(*) filter (where x.condition = 'failed') as failed
              from (select \(Condition.sql) as condition from \(Condition.join) where d.cluster = c.name\(seen)) x) k
            order by c.name
            """, parameters)
        return try rows.map { row in
            let total = Int(try row.int("total"))
            let current = Int(try row.int("current"))
            let failed = Int(try row.int("failed"))
            return ClusterReading(
                name: try row.text("name"), environment: try row.optionalText("environment"),
                labels: try Self.sorted(JSON.read(try row.text("labels")).map ?? [:]), paused: try row.bool("paused"),
                declared: try row.bool("declared"), lastContact: try row.optionalTime("last_contact"),
                agentVersion: try row.text("agent_version"), kubernetesVersion: try row.text("kubernetes_version"),
                applications: ConditionCounts(total: total, current: current, progressing: total - current - failed, failed: failed),
                refusedAt: try row.optionalTime("refused_at"))
        }
    }

    /// PostgreSQL keeps the keys of `jsonb` by their lengths.
    private static func sorted(_ labels: Map) -> Map { Map(labels.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }) }

    /// By name: environments that have clusters or stages.
    static func environments(
        _ session: Session, _ sight: Sight, after: String, limit: Int, at now: Timestamp
    ) throws -> Page<EnvironmentReading> {
        var parameters: [PostgresValue] = [
            .text(after), .int(Int64(limit + 1)), .int(now.milliseconds - ClusterReading.onlineMilliseconds),
        ]
        let seen = sight.environments("environment", &parameters)
        let seenStages = sight.stages("s.pipeline", "s.environment", &parameters)
        let rows = try session.query(
            """
            with names as (
              select environment as name from clusters where declared and environment > $1\(seen)
              union select environment from stages where not retired and environment > $1\(seen)
              order by name limit $2)
            select n.name,
              (select count(*) from clusters c where c.declared and c.environment = n.name) as clusters,
              (select count(*) from clusters c where c.declared and c.environment = n.name and c.last_contact > $3) as online,
              (select coalesce(array_agg(s.pipeline order by s.pipeline), '{}') from stages s
                where not s.retired and s.environment = n.name\(seenStages)) as pipelines
            from names n order by n.name
            """, parameters)
        let items = try rows.map { row in
            EnvironmentReading(
                name: try row.text("name"), clusters: Int(try row.int("clusters")), online: Int(try row.int("online")),
                pipelines: try row.textArray("pipelines").compactMap { $0 })
        }
        return Page(items, limit: limit, key: \.name)
    }
}
