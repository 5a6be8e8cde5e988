// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Manifests
import PostgresClient
import Promotion

/// A pause of healing as it is kept.
struct DriftPauseReading: Sendable {
    var cluster: String
    var stage: StageID
    var pause: DriftPause
    var askedAt: Timestamp
    /// When the agent first said that it holds it.
    var heldAt: Timestamp?
}

/// Rows of `drift_pauses`: which applications are not healed, where and until when. A pause that has ended has no row.
enum DriftPauseRows {
    static func put(_ session: Session, _ pause: DriftPause, cluster: String, stage: StageID, at now: Timestamp) throws {
        _ = try session.execute(
            """
            insert into drift_pauses (cluster, application, pipeline, environment, until_at, reason, asked_by, asked_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8)
            on conflict (cluster, application) do update set pipeline = excluded.pipeline, environment = excluded.environment,
              until_at = excluded.until_at, reason = excluded.reason, asked_by = excluded.asked_by, asked_at = excluded.asked_at, held_at = null
            """,
            [
                .text(cluster), .text(pause.application), .text(stage.pipeline), .text(stage.environment), .int(pause.until.milliseconds),
                .text(pause.reason), .text(pause.requestedBy), .int(now.milliseconds),
            ])
    }

    /// Takes up a pause that the journal knows, unless there is one.
    static func restore(_ session: Session, _ entry: JournalState.DriftPauseEntry, stage: StageID) throws {
        guard try one(session, cluster: entry.cluster, application: entry.application) == nil else { return }
        let pause = DriftPause(application: entry.application, until: entry.until, reason: entry.reason, requestedBy: entry.by)
        try put(session, pause, cluster: entry.cluster, stage: stage, at: entry.at)
    }

    /// Ends a pause; returns what it was.
    static func end(_ session: Session, cluster: String, application: String) throws -> DriftPauseReading? {
        try session.query(
            "delete from drift_pauses p where p.cluster = $1 and p.application = $2 returning \(columns)",
            [.text(cluster), .text(application)]
        ).first.map(reading)
    }

    static func of(_ session: Session, _ sight: Sight, cluster: String) throws -> [DriftPauseReading] {
        var parameters: [PostgresValue] = [.text(cluster)]
        let seen = sight.stages("p.pipeline", "p.environment", &parameters)
        return try session.query(
            "select \(columns) from drift_pauses p where p.cluster = $1\(seen) order by p.application collate \"C\"", parameters
        ).map(reading)
    }

    static func one(_ session: Session, cluster: String, application: String) throws -> DriftPauseReading? {
        try session.query(
            "select \(columns) from drift_pauses p where p.cluster = $1 and p.application = $2", [.text(cluster), .text(application)]
        ).first.map(reading)
    }

    /// Notes that the cluster's agent holds all its pauses.
    static func held(_ session: Session, cluster: String, at now: Timestamp) throws {
        _ = try session.execute(
            "update drift_pauses set held_at = $2 where cluster = $1 and held_at is null", [.text(cluster), .int(now.milliseconds)])
    }

    /// Forgets the pauses whose time is up, and returns them.
    static func endDue(_ session: Session, at now: Timestamp) throws -> [DriftPauseReading] {
        try session.query("delete from drift_pauses p where p.until_at <= $1 returning \(columns)", [.int(now.milliseconds)]).map(reading)
    }

    private static let columns =
        "p.cluster, p.application, p.pipeline, p.environment, p.until_at, p.reason, p.asked_by, p.asked_at, p.held_at"

    private static func reading(_ row: Row) throws -> DriftPauseReading {
        DriftPauseReading(
            cluster: try row.text("cluster"),
            stage: StageID(pipeline: try row.text("pipeline"), environment: try row.text("environment")),
            pause: DriftPause(
                application: try row.text("application"), until: try row.time("until_at"), reason: try row.text("reason"),
                requestedBy: try row.text("asked_by")), askedAt: try row.time("asked_at"), heldAt: try row.optionalTime("held_at"))
    }
}
