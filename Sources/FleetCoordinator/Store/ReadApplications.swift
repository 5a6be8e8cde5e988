// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Manifests
import PostgresClient

/// An application on one cluster: what is desired and what was last observed.
struct ApplicationState: Sendable {
    var application: String
    var cluster: String
    var pipeline: String
    var environment: String
    var release: String
    /// The stage's record that the cluster was given last; of an application that it dropped, the one that dropped it.
    var commit: String
    var generation: Generation
    var bundle: String
    var intent: String
    var dependsOn: [String]
    var observed: Observed?
    var condition: Condition

    struct Observed: Sendable {
        var generation: Generation
        var phase: String
        var health: String
        var message: String
        var object: String
        var objectsTotal: Int
        var objectsCurrent: Int
        var since: Timestamp
        var reportedAt: Timestamp
    }

    /// Whether the report is about what is desired now.
    var isUpToDate: Bool { observed?.generation == generation }
}

/// An application over all clusters.
struct ApplicationReading: Sendable {
    var name: String
    var pipeline: String?
    var clusters: ConditionCounts
    var dependsOn: [String]
}

/// Questions about applications.
enum ReadApplications {
    /// All that is desired of a cluster, by application.
    static func states(_ session: Session, _ sight: Sight, cluster: String) throws -> [ApplicationState] {
        try states(session, sight, "d.cluster = $1", "order by d.application limit 10000", [.text(cluster)])
    }

    /// The application's clusters, by name.
    static func states(
        _ session: Session, _ sight: Sight, application: String, after: String, limit: Int
    ) throws -> Page<ApplicationState> {
        let read = try states(
            session, sight, "d.application = $1 and d.cluster > $2", "order by d.cluster limit $3",
            [.text(application), .text(after), .int(Int64(limit + 1))])
        return Page(read, limit: limit, key: \.cluster)
    }

    static func state(
        _ session: Session, _ sight: Sight = .everything, application: String, cluster: String
    ) throws -> ApplicationState? {
        try states(session, sight, "d.cluster = $1 and d.application = $2", "", [.text(cluster), .text(application)]).first
    }

    /// Those of a cluster's applications that are named.
    static func states(
        _ session: Session, _ sight: Sight, cluster: String, applications: [String]
    ) throws -> [ApplicationState] {
        try states(
            session, sight, "d.cluster = $1 and d.application = any($2)", "order by d.application",
            [.text(cluster), .textArray(applications)])
    }

    /// What is not as desired, in the whole fleet: failed first, then the oldest.
    static func unwell(_ session: Session, _ sight: Sight, limit: Int) throws -> [ApplicationState] {
        try states(
            session, sight, "\(Condition.sql) = 'failed'", "order by o.since, d.cluster, d.application limit $1", [.int(Int64(limit))])
    }

    private static func states(
        _ session: Session, _ sight: Sight, _ condition: String, _ order: String, _ parameters: [PostgresValue]
    ) throws -> [ApplicationState] {
        var parameters = parameters
        let seen = sight.stages("d.pipeline", "d.environment", &parameters)
        let rows = try session.query(
            """
            select d.application, d.cluster, d.pipeline, d.environment, coalesce(h.release, d.release) as release,
              coalesce(h.record_commit, d.record_commit) as record_commit, d.epoch, d.counter, d.bundle, d.intent,
              d.depends_on, o.epoch as o_epoch, o.counter as o_counter, o.phase, o.health, o.message, o.object, o.objects_total,
              o.objects_current, o.since, o.reported_at, \(Condition.sql) as condition
            from \(Condition.join)
            left join dispatched h on h.pipeline = d.pipeline and h.environment = d.environment and h.cluster = d.cluster
              and d.intent = 'apply'
            where \(condition)\(seen) \(order)
            """, parameters)
        return try rows.map { row in
            var observed: ApplicationState.Observed?
            if let phase = try row.optionalText("phase") {
                observed = ApplicationState.Observed(
                    generation: Generation(epoch: Int64(try row.int("o_epoch")), counter: Int64(try row.int("o_counter"))), phase: phase,
                    health: try row.text("health"), message: try row.text("message"), object: try row.text("object"),
                    objectsTotal: Int(try row.int("objects_total")), objectsCurrent: Int(try row.int("objects_current")),
                    since: try row.time("since"), reportedAt: try row.time("reported_at"))
            }
            return ApplicationState(
                application: try row.text("application"), cluster: try row.text("cluster"), pipeline: try row.text("pipeline"),
                environment: try row.text("environment"), release: try row.text("release"), commit: try row.text("record_commit"),
                generation: Generation(epoch: Int64(try row.int("epoch")), counter: Int64(try row.int("counter"))),
                bundle: try row.text("bundle"), intent: try row.text("intent"),
                dependsOn: try row.textArray("depends_on").compactMap { $0 }, observed: observed,
                condition: Condition(rawValue: try row.text("condition")) ?? .progressing)
        }
    }

    /// By name: applications that run somewhere, and those of the newest plans that do not yet.
    static func page(_ session: Session, _ sight: Sight, after: String, limit: Int) throws -> Page<ApplicationReading> {
        var parameters: [PostgresValue] = [.text(after), .int(Int64(limit + 1))]
        let seen = sight.stages("pipeline", "environment", &parameters)
        let seenPlans = sight.pipelines("a.pipeline", &parameters)
        let read = try read(
            session, sight,
            """
            select application as name from desired where application > $1\(seen)
            union select a.application from latest l
            join plan_applications a on a.pipeline = l.pipeline and a.sequence in (l.sequence, l.base)
            where a.application > $1 and \(isPlanned)\(seenPlans)
            order by name limit $2
            """, parameters)
        return Page(read, limit: limit, key: \.name)
    }

    static func one(_ session: Session, _ sight: Sight, _ name: String) throws -> ApplicationReading? {
        var parameters: [PostgresValue] = [.text(name)]
        let seen = sight.stages("pipeline", "environment", &parameters)
        let seenPlans = sight.pipelines("a.pipeline", &parameters)
        return try read(
            session, sight,
            """
            select application as name from desired where application = $1\(seen)
            union select a.application from latest l
            join plan_applications a on a.pipeline = l.pipeline and a.sequence in (l.sequence, l.base)
            where a.application = $1 and \(isPlanned)\(seenPlans)
            """, parameters
        ).first
    }

    /// The pipelines whose newest plan has the application that the SQL expression gives, as a statement.
    static func planning(_ application: String) -> String {
        """
        select a.pipeline from (select distinct pipeline from stages where not retired) n
        cross join lateral (
          select p.pipeline, p.sequence, p.base from plans p
          where p.pipeline = n.pipeline and p.error = '' and p.origin in ('release', 'fleet') order by p.sequence desc limit 1) l
        join plan_applications a on a.pipeline = l.pipeline and a.sequence in (l.sequence, l.base)
        where a.application = \(application) and \(isPlanned)
        """
    }

    /// Whether the plan `l` still has the application `a` of its base.
    private static let isPlanned = """
        not exists (select from plan_applications o where o.pipeline = l.pipeline and o.sequence = l.sequence
          and o.application = a.application and o.dropped)
        """

    private static func read(
        _ session: Session, _ sight: Sight, _ names: String, _ parameters: [PostgresValue]
    ) throws -> [ApplicationReading] {
        var parameters = parameters
        let seenPlans = sight.pipelines("x.pipeline", &parameters)
        let seen = sight.stages("d.pipeline", "d.environment", &parameters)
        // Of an application's rows in a plan and in its base, the plan's own counts; it has the larger number.
        let rows = try session.query(
            """
            with latest as materialized (
              select distinct on (pipeline) pipeline, sequence, base from plans where error = '' and origin in ('release', 'fleet')
              order by pipeline, sequence desc),
            names as (\(names))
            select n.name, k.total, k.current, k.failed, coalesce(p.pipeline, k.pipeline) as pipeline,
              coalesce(p.depends_on, '{}') as depends_on
            from names n
            left join lateral (
              select x.pipeline, x.depends_on from latest l
              cross join lateral (
                select a.pipeline, a.depends_on, a.dropped from plan_applications a
                where a.pipeline = l.pipeline and a.sequence in (l.sequence, l.base) and a.application = n.name
                order by a.sequence desc limit 1) x
              where not x.dropped\(seenPlans) order by x.pipeline limit 1) p on true
            cross join lateral (
              select count(*) as total, count(*) filter (where x.condition = 'current') as current,
                count(*) filter (where x.condition = 'failed') as failed, min(x.pipeline) as pipeline
              from (select d.pipeline, \(Condition.sql) as condition from \(Condition.join) where d.application = n.name\(seen)) x) k
            order by n.name
            """, parameters)
        return try rows.map { row in
            let total = Int(try row.int("total"))
            let current = Int(try row.int("current"))
            let failed = Int(try row.int("failed"))
            return ApplicationReading(
                name: try row.text("name"), pipeline: try row.optionalText("pipeline"),
                clusters: ConditionCounts(total: total, current: current, progressing: total - current - failed, failed: failed),
                dependsOn: try row.textArray("depends_on").compactMap { $0 })
        }
    }

    /// Names of the applications of the pipeline's newest plan.
    static func names(_ session: Session, pipeline: String) throws -> [String] {
        try session.query(
            """
            with latest as materialized (
              select pipeline, sequence, base from plans where pipeline = $1 and error = '' and origin in ('release', 'fleet')
              order by sequence desc limit 1)
            select distinct a.application from latest l
            join plan_applications a on a.pipeline = l.pipeline and a.sequence in (l.sequence, l.base)
            where \(isPlanned)
            order by a.application limit 1000
            """, [.text(pipeline)]
        ).map { try $0.text("application") }
    }

    /// Where the newest plan puts an application: its pipeline, and whether it is on this cluster.
    static func placement(_ session: Session, application: String, cluster: String) throws -> Placement? {
        try session.query(
            """
            select a.pipeline, a.sequence, p.release,
              (select l.environment from planned_leaves l where l.pipeline = a.pipeline and l.sequence = a.sequence
                and l.application = a.application and l.cluster = $2) as environment,
              (select array_agg(distinct l.environment order by l.environment) from planned_leaves l where l.pipeline = a.pipeline
                and l.sequence = a.sequence and l.application = a.application) as environments
            from planned_applications a join plans p using (pipeline, sequence)
            where a.application = $1 and p.error = '' and p.origin in ('release', 'fleet') order by a.sequence desc limit 1
            """, [.text(application), .text(cluster)]
        ).first.map { row in
            Placement(
                pipeline: try row.text("pipeline"), sequence: Int64(try row.int("sequence")), release: try row.text("release"),
                environment: try row.optionalText("environment"),
                environments: try row.optionalTextArray("environments")?.compactMap { $0 } ?? [])
        }
    }

    struct Placement: Sendable {
        var pipeline: String
        var sequence: Int64
        var release: String
        /// The environment by which the cluster gets the application; `nil` when it does not.
        var environment: String?
        /// All environments in which some cluster gets it.
        var environments: [String]

        /// What somebody who sees only so much knows of it.
        func seen(by sight: Sight) -> Placement? {
            guard sight.sees(pipeline: pipeline) else { return nil }
            var seen = self
            seen.environment = environment.flatMap { sight.sees(pipeline, $0) ? $0 : nil }
            seen.environments = environments.filter { sight.sees(pipeline, $0) }
            return seen
        }
    }
}
