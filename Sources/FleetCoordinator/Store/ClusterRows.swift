// SPDX-License-Identifier: Apache-2.0
import Manifests
import PostgresClient

/// Rows of `clusters`: which are declared, and when their agents were last heard.
enum ClusterRows {
    struct Declared: Sendable {
        var name: String
        var environment: String?
        var labels: [String: String]
        var paused: Bool
        var credentialEpoch: Int64
    }

    enum Contact: Sendable, Equatable {
        /// - Parameter rival: another instance that was refused not long ago because of this one.
        case accepted(rival: String?)
        /// Another instance of this cluster's agent is alive.
        /// - Parameter isNews: this one has not been refused lately.
        case refused(holder: String, isNews: Bool)
        case unknownCluster
    }

    /// Makes the declared clusters match the fleet commit; a cluster that left keeps its row and what it runs.
    static func declare(_ session: Session, _ clusters: [Declared]) throws -> [(cluster: String, from: String?)] {
        let left = try session.query(
            """
            select name, environment from clusters c where declared
              and not exists (select from unnest($1::text[], $2::text[]) as n (name, environment)
                where n.name = c.name and n.environment is not distinct from c.environment)
            """, [.textArray(clusters.map(\.name)), .textArray(clusters.map(\.environment))]
        ).map { (cluster: try $0.text("name"), from: try $0.optionalText("environment")) }
        _ = try session.execute(
            """
            insert into clusters (name, environment, labels, paused, credential_epoch, declared)
            select name, environment, labels::jsonb, paused, credential_epoch, true
            from unnest($1::text[], $2::text[], $3::text[], $4::boolean[], $5::bigint[])
              as c (name, environment, labels, paused, credential_epoch)
            on conflict (name) do update set environment = excluded.environment, labels = excluded.labels, paused = excluded.paused,
              credential_epoch = excluded.credential_epoch, declared = true
            """,
            [
                .textArray(clusters.map(\.name)), .textArray(clusters.map(\.environment)),
                .textArray(
                    clusters.map { cluster in
                        JSON.text(.map(Map(cluster.labels.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })))
                    }),
                .boolArray(clusters.map(\.paused)), .intArray(clusters.map(\.credentialEpoch)),
            ])
        _ = try session.execute(
            "update clusters set declared = false where declared and not (name = any($1))", [.textArray(clusters.map(\.name))])
        return left
    }

    /// So long the first instance is told of one that was refused, and that one is no news when it comes again.
    private static let refusalMilliseconds: Int64 = 600_000

    /// Notes a poll. One instance speaks for a cluster; another is refused only while the first has polled within `sessionSeconds`.
    static func contact(
        _ session: Session, cluster: String, instance: String, agentVersion: String, agentImage: String = "", kubernetesVersion: String,
        at now: Timestamp, sessionSeconds: Int64
    ) throws -> Contact {
        let updated = try session.query(
            """
            update clusters set instance = $2, last_contact = $3, agent_version = $4, kubernetes_version = $5, agent_image = $7,
              instance_sequence = case when instance is distinct from $2 then 0 else instance_sequence end
            where name = $1 and (instance is null or instance = $2 or coalesce(last_contact, 0) < $6)
            returning case when refused_at > $8 and refused_instance is distinct from $2 then refused_instance end as rival
            """,
            [
                .text(cluster), .text(instance), .int(now.milliseconds), .text(agentVersion), .text(kubernetesVersion),
                .int(now.milliseconds - sessionSeconds * 1_000), .text(agentImage), .int(now.milliseconds - refusalMilliseconds),
            ])
        if let row = updated.first { return .accepted(rival: try row.optionalText("rival")) }
        let holder = try session.query(
            """
            update clusters c set refused_instance = $2, refused_at = $3
            from (select name, refused_instance, refused_at from clusters where name = $1 for update) o where c.name = o.name
            returning c.instance, (o.refused_instance is distinct from $2 or coalesce(o.refused_at, 0) <= $4) as news
            """,
            [.text(cluster), .text(instance), .int(now.milliseconds), .int(now.milliseconds - refusalMilliseconds)])
        guard let row = holder.first else { return .unknownCluster }
        return .refused(holder: try row.optionalText("instance") ?? "", isNews: try row.bool("news"))
    }

    /// The instance that speaks for each cluster, with its last report's sequence; locked, in one order for all writers.
    static func lockSequences(_ session: Session, clusters: Set<String>) throws -> [String: (instance: String, sequence: Int64)] {
        let rows = try session.query(
            "select name, instance, instance_sequence from clusters where name = any($1) and instance is not null order by name for update",
            [.textArray(clusters.sorted())])
        return Dictionary(
            try rows.map { (try $0.text("name"), (try $0.text("instance"), try $0.int64("instance_sequence"))) },
            uniquingKeysWith: { first, _ in first })
    }

    static func storeSequences(_ session: Session, _ sequences: [String: Int64], at now: Timestamp) throws {
        let sorted = sequences.sorted { $0.key < $1.key }
        _ = try session.execute(
            """
            update clusters c set instance_sequence = s.sequence, last_contact = greatest(c.last_contact, $3)
            from unnest($1::text[], $2::bigint[]) as s (name, sequence) where c.name = s.name
            """, [.textArray(sorted.map(\.key)), .intArray(sorted.map(\.value)), .int(now.milliseconds)])
    }

    /// Clusters that have been given something by a rollout that is under way.
    static func inRollouts(_ session: Session) throws -> [String] {
        try session.query(
            """
            select distinct h.cluster from stages s join dispatched h on h.promotion = s.in_flight
            where s.in_flight is not null order by h.cluster
            """
        ).map { try $0.text("cluster") }
    }

    /// Which of these clusters take part in no rollout now: paused, or not heard of for `after`, counted from `readyAt` where the coordinator has started since.
    static func offline(
        _ session: Session, _ clusters: [String], afterMilliseconds: Int64, readyAt: Timestamp, at now: Timestamp
    ) throws -> Set<String> {
        let rows = try session.query(
            "select name from clusters where name = any($1) and (paused or greatest(coalesce(last_contact, 0), $2) < $3)",
            [.textArray(clusters), .int(readyAt.milliseconds), .int(now.milliseconds - afterMilliseconds)])
        return Set(try rows.map { try $0.text("name") })
    }
}
