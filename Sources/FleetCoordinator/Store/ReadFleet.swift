// SPDX-License-Identifier: Apache-2.0
import Manifests
import PostgresClient

/// The fleet in numbers.
struct FleetCounts: Sendable {
    var clusters: Int
    var online: Int
    var applications: ConditionCounts
}

/// What is measured of the fleet as a whole; labels are bounded by what is declared.
struct FleetMeasures: Sendable {
    var counts: FleetCounts
    /// Clusters that were removed from the fleet and still run something.
    var released: Int
    var healths: [(health: String, count: Int)]
    var promotionStates: [(state: String, count: Int)]
    var lastEvent: Int64
    var journalPending: Int
}

/// Questions about the whole fleet.
enum ReadFleet {
    static func counts(_ session: Session, _ sight: Sight, at now: Timestamp) throws -> FleetCounts {
        var ofClusters: [PostgresValue] = [.int(now.milliseconds - ClusterReading.onlineMilliseconds)]
        let seenClusters = sight.environments("environment", &ofClusters)
        var ofStates: [PostgresValue] = []
        let seenStates = sight.stages("d.pipeline", "d.environment", &ofStates)
        let results = try session.pipeline([
            (
                "select count(*) as total, count(*) filter (where last_contact > $1) as online from clusters where declared\(seenClusters)",
                ofClusters
            ),
            (
                """
                select count(*) as total, count(*) filter (where x.condition = 'current') as current,
                  count(*) filter (where x.condition = 'failed') as failed
                from (select \(Condition.sql) as condition from \(Condition.join) where true\(seenStates)) x
                """, ofStates
            ),
        ])
        guard let clusters = results[0].first, let applications = results[1].first else {
            return FleetCounts(clusters: 0, online: 0, applications: ConditionCounts())
        }
        let total = Int(try applications.int("total"))
        let current = Int(try applications.int("current"))
        let failed = Int(try applications.int("failed"))
        return FleetCounts(
            clusters: Int(try clusters.int("total")), online: Int(try clusters.int("online")),
            applications: ConditionCounts(total: total, current: current, progressing: total - current - failed, failed: failed))
    }

    static func measures(_ session: Session, at now: Timestamp) throws -> FleetMeasures {
        let counts = try counts(session, .everything, at: now)
        let results = try session.pipeline([
            ("select count(*) as n from clusters where not declared", []),
            (
                """
                select coalesce(o.health, 'Unknown') as label, count(*) as n from \(Condition.join) group by 1 order by 1
                """, []
            ),
            ("select state as label, count(*) as n from promotions group by 1 order by 1", []),
            ("select coalesce(max(id), 0) as n from events", []),
            ("select count(*) as n from journal_pending", []),
        ])
        func number(_ index: Int) throws -> Int { try results[index].first.map { Int(try $0.int("n")) } ?? 0 }
        func labelled(_ index: Int) throws -> [(String, Int)] { try results[index].map { (try $0.text("label"), Int(try $0.int("n"))) } }
        return FleetMeasures(
            counts: counts, released: try number(0), healths: try labelled(1), promotionStates: try labelled(2),
            lastEvent: Int64(try number(3)), journalPending: try number(4))
    }

    /// Events by kind, of those numbered above `after` and up to `through`.
    static func eventKinds(_ session: Session, after: Int64, through: Int64) throws -> [(kind: String, count: Int)] {
        try session.query(
            "select kind, count(*) as n from events where id > $1 and id <= $2 group by kind", [.int(after), .int(through)]
        ).map { (try $0.text("kind"), Int(try $0.int("n"))) }
    }

    /// Identifiers of events after one, ascending, with the transactions that are still open: see `EventFan`.
    static func eventIDs(_ session: Session, after id: Int64, limit: Int) throws -> (
        oldestOpen: Int64, nextTransaction: Int64, ids: [Int64]
    ) {
        // The transactions are read first: whoever has ended by then is seen by the second statement.
        let snapshot = try session.query(
            "select pg_snapshot_xmin(s)::text::bigint as oldest, pg_snapshot_xmax(s)::text::bigint as next from pg_current_snapshot() s")
        let rows = try session.query(
            "select id from events where id > $1 order by id limit $2", [.int(id), .int(Int64(limit))])
        guard let first = snapshot.first else { return (0, 0, []) }
        return (Int64(try first.int("oldest")), Int64(try first.int("next")), try rows.map { Int64(try $0.int("id")) })
    }
}

extension ReadFleet {
    /// Names that contain a text, shortest first; at most `limit`.
    static func search(_ session: Session, _ sight: Sight, _ text: String, limit: Int) throws -> [(kind: String, name: String)] {
        var parameters: [PostgresValue] = [.text(text), .int(Int64(limit))]
        let clusters = sight.environments("environment", &parameters)
        let stages = sight.stages("pipeline", "environment", &parameters)
        return try session.query(
            """
            select kind, name from (
              select 'cluster' as kind, name from clusters where true\(clusters)
              union select 'application', application from desired where true\(stages)
              union select 'pipeline', pipeline from stages where not retired\(stages)) n
            where strpos(lower(name), lower($1)) > 0 order by length(name), name, kind limit $2
            """, parameters
        ).map { (try $0.text("kind"), try $0.text("name")) }
    }
}
