// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Manifests
import PostgresClient

/// Rows of `observed`: what agents said last.
enum ObservedRows {
    /// One application's report, with the cluster that its credential names.
    struct Entry: Sendable {
        var cluster: String
        var report: ApplicationReport
    }

    /// Writes a batch of reports in one statement; a report of an old generation leaves a newer one's row alone, and one of a generation
    /// that was never given out is passed over.
    static func upsert(_ session: Session, _ entries: [Entry], at now: Timestamp) throws {
        guard !entries.isEmpty else { return }
        // A statement may touch each row once: the last word on each application counts.
        var last: [String: Entry] = [:]
        for entry in entries {
            let key = "\(entry.cluster)\u{0}\(entry.report.application)"
            if let earlier = last[key], earlier.report.generation > entry.report.generation { continue }
            last[key] = entry
        }
        let batch = last.sorted { $0.key < $1.key }.map(\.value)
        _ = try session.execute(
            """
            insert into observed as o (cluster, application, epoch, counter, bundle, phase, health, message, object, objects_total,
              objects_current, since, reported_at)
            select r.cluster, r.application, r.epoch, r.counter, r.bundle, r.phase, r.health, r.message, r.object, r.total::integer,
              r.current::integer, r.since, $13
            from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
              $10::bigint[], $11::bigint[], $12::bigint[])
              as r (cluster, application, epoch, counter, bundle, phase, health, message, object, total, current, since)
            join desired d on d.cluster = r.cluster and d.application = r.application and (r.epoch, r.counter) <= (d.epoch, d.counter)
            on conflict (cluster, application) do update set
              epoch = excluded.epoch, counter = excluded.counter, bundle = excluded.bundle, phase = excluded.phase,
              health = excluded.health, message = excluded.message, object = excluded.object, objects_total = excluded.objects_total,
              objects_current = excluded.objects_current, since = excluded.since, reported_at = excluded.reported_at
            where (excluded.epoch, excluded.counter) >= (o.epoch, o.counter)
            """,
            [
                .textArray(batch.map(\.cluster)), .textArray(batch.map(\.report.application)),
                .intArray(batch.map(\.report.generation.epoch)), .intArray(batch.map(\.report.generation.counter)),
                .textArray(batch.map(\.report.bundle.description)), .textArray(batch.map(\.report.phase.rawValue)),
                .textArray(batch.map(\.report.health.rawValue)), .textArray(batch.map(\.report.message)),
                .textArray(batch.map(\.report.object)), .intArray(batch.map { Int64($0.report.objectsTotal) }),
                .intArray(batch.map { Int64($0.report.objectsCurrent) }), .intArray(batch.map(\.report.since.milliseconds)),
                .int(now.milliseconds),
            ])
    }
}
