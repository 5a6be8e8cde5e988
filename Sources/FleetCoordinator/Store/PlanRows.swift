// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Manifests
import PostgresClient
import Promotion

/// Rows of `plans` and what hangs on them: bundles and objects by digest, a plan's leaves, its frozen strategies.
enum PlanRows {
    struct Application: Sendable {
        var name: String
        var namespace: String
        var options: SyncOptions
        var dependsOn: [String]
        var orphanOnDeletion: Bool
    }

    struct StagePlan: Sendable {
        var environment: String
        var strategy: Strategy
        var rendered: Digest
        var root: Digest
        var leaves: [MerkleLeaf]
    }

    struct Plan: Sendable {
        var pipeline: String
        var release: String
        var fleet: String
        var origin: Origin
        var subject: String
        var author: String
        var committedAt: Timestamp
        var renders: Int
        var applications: [Application]
        var stages: [StagePlan]
        var bundles: [Bundle]
    }

    static func exists(_ session: Session, pipeline: String, release: String, fleet: String) throws -> Int64? {
        try session.query(
            "select sequence from plans where pipeline = $1 and release = $2 and fleet = $3",
            [.text(pipeline), .text(release), .text(fleet)]
        ).first?.int64("sequence")
    }

    /// Stores objects once each; what is there already costs a look-up.
    static func addObjects(_ session: Session, _ objects: [(digest: Digest, body: String)]) throws {
        for start in stride(from: 0, to: objects.count, by: 1_000) {
            let batch = objects[start..<min(start + 1_000, objects.count)]
            _ = try session.execute(
                """
                insert into objects (digest, body) select digest, body from unnest($1::text[], $2::text[]) as o (digest, body)
                order by digest on conflict (digest) do nothing
                """, [.textArray(batch.map(\.digest.description)), .textArray(batch.map(\.body))])
        }
    }

    static func addBundles(_ session: Session, _ bundles: [Bundle]) throws {
        for start in stride(from: 0, to: bundles.count, by: 1_000) {
            let batch = bundles[start..<min(start + 1_000, bundles.count)].map { ($0, $0.digest) }
            _ = try session.execute(
                """
                insert into bundles (digest, document) select digest, document from unnest($1::text[], $2::text[]) as b (digest, document)
                order by digest on conflict (digest) do nothing
                """,
                [
                    .textArray(batch.map(\.1.description)),
                    .textArray(batch.map { String(decoding: Canonical.bytes($0.0.document), as: UTF8.self) }),
                ])
            let members = batch.flatMap { bundle, digest in bundle.entries.map { (digest, $0.object) } }
            _ = try session.execute(
                """
                insert into bundle_objects (bundle, object) select bundle, object from unnest($1::text[], $2::text[]) as m (bundle, object)
                order by bundle, object on conflict do nothing
                """, [.textArray(members.map(\.0.description)), .textArray(members.map(\.1.description))])
        }
    }

    /// Stores a plan whose objects are stored; returns its sequence.
    static func add(_ session: Session, _ plan: Plan, at now: Timestamp) throws -> Int64 {
        let rows = try session.query(
            """
            insert into plans (pipeline, release, fleet, origin, subject, author, committed_at, created_at, renders)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            on conflict (pipeline, release, fleet) do update set error = ''
            returning sequence
            """,
            [
                .text(plan.pipeline), .text(plan.release), .text(plan.fleet), .text(plan.origin.rawValue), .text(plan.subject),
                .text(plan.author), .int(plan.committedAt.milliseconds), .int(now.milliseconds), .int(Int64(plan.renders)),
            ])
        guard let sequence = try rows.first?.int64("sequence") else { return 0 }
        try addBundles(session, plan.bundles)
        _ = try session.execute(
            """
            insert into plan_applications (pipeline, sequence, application, namespace, options, depends_on, deletion)
            select $1, $2, application, namespace, options::jsonb, coalesce(string_to_array(nullif(depends_on, ''), ','), '{}'), deletion
            from unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
              as a (application, namespace, options, depends_on, deletion)
            on conflict do nothing
            """,
            [
                .text(plan.pipeline), .int(sequence), .textArray(plan.applications.map(\.name)),
                .textArray(plan.applications.map(\.namespace)), .textArray(plan.applications.map { JSON.text($0.options.json) }),
                .textArray(plan.applications.map { $0.dependsOn.joined(separator: ",") }),
                .textArray(plan.applications.map { $0.orphanOnDeletion ? "orphan" : "prune" }),
            ])
        for stage in plan.stages {
            _ = try session.execute(
                """
                insert into plan_stages (pipeline, sequence, environment, strategy, rendered, root)
                values ($1, $2, $3, $4::jsonb, $5, $6) on conflict do nothing
                """,
                [
                    .text(plan.pipeline), .int(sequence), .text(stage.environment), .json(try StateCoding.encode(stage.strategy)),
                    .text(stage.rendered.description), .text(stage.root.description),
                ])
            for start in stride(from: 0, to: stage.leaves.count, by: 5_000) {
                let batch = stage.leaves[start..<min(start + 5_000, stage.leaves.count)]
                _ = try session.execute(
                    """
                    insert into plan_leaves (pipeline, sequence, environment, cluster, application, bundle)
                    select $1, $2, $3, cluster, application, bundle from unnest($4::text[], $5::text[], $6::text[])
                      as l (cluster, application, bundle)
                    on conflict do nothing
                    """,
                    [
                        .text(plan.pipeline), .int(sequence), .text(stage.environment), .textArray(batch.map(\.cluster)),
                        .textArray(batch.map(\.application)), .textArray(batch.map(\.bundle.description)),
                    ])
            }
        }
        return sequence
    }

    /// A release that cannot be planned, and why.
    static func addRefused(
        _ session: Session, pipeline: String, release: String, fleet: String, error: String, subject: String, author: String,
        committedAt: Timestamp, at now: Timestamp
    ) throws {
        _ = try session.execute(
            """
            insert into plans (pipeline, release, fleet, origin, error, subject, author, committed_at, created_at)
            values ($1, $2, $3, 'release', $4, $5, $6, $7, $8)
            on conflict (pipeline, release, fleet) do update set error = excluded.error
            """,
            [
                .text(pipeline), .text(release), .text(fleet), .text(error), .text(subject), .text(author), .int(committedAt.milliseconds),
                .int(now.milliseconds),
            ])
    }

    /// The newest plan of the pipeline's source that can be rolled out; people's heads and rollbacks are not among them.
    static func latest(_ session: Session, pipeline: String) throws -> Int64? {
        try session.query(
            """
            select sequence from plans where pipeline = $1 and error = '' and origin in ('release', 'fleet')
            order by sequence desc limit 1
            """, [.text(pipeline)]
        ).first?.int64("sequence")
    }

    struct Offer: Sendable {
        var sequence: Int64
        var release: String
        var fleet: String
        var origin: Origin
        var strategy: Strategy
        var rendered: String
        var root: String
    }

    static func offer(_ session: Session, stage: StageID, sequence: Int64) throws -> Offer? {
        try session.query(
            """
            select p.sequence, p.release, p.fleet, p.origin, s.strategy::text as strategy, s.rendered, s.root
            from plans p join plan_stages s on s.pipeline = p.pipeline and s.sequence = p.sequence
            where p.pipeline = $1 and p.sequence = $2 and s.environment = $3 and p.error = ''
            """, [.text(stage.pipeline), .int(sequence), .text(stage.environment)]
        ).first.map { row in
            Offer(
                sequence: try row.int64("sequence"), release: try row.text("release"), fleet: try row.text("fleet"),
                origin: Origin(rawValue: try row.text("origin")) ?? .release,
                strategy: try StateCoding.decode(Strategy.self, from: try row.text("strategy")), rendered: try row.text("rendered"),
                root: try row.text("root"))
        }
    }

    /// The newest plan of a release, named by the beginning of its commit.
    static func sequence(_ session: Session, pipeline: String, releasePrefix: String) throws -> Int64? {
        try session.query(
            "select sequence from plans where pipeline = $1 and starts_with(release, $2) and error = '' order by sequence desc limit 1",
            [.text(pipeline), .text(releasePrefix)]
        ).first?.int64("sequence")
    }

    static func leaves(_ session: Session, stage: StageID, sequence: Int64) throws -> [MerkleLeaf] {
        try session.query(
            "select cluster, application, bundle from plan_leaves where pipeline = $1 and sequence = $2 and environment = $3",
            [.text(stage.pipeline), .int(sequence), .text(stage.environment)]
        ).compactMap { row in
            guard let bundle = Digest(try row.text("bundle")) else { return nil }
            return MerkleLeaf(cluster: try row.text("cluster"), application: try row.text("application"), bundle: bundle)
        }
    }

    /// Whether two plans give every cluster that both know the same, with the same options.
    static func same(_ session: Session, stage: StageID, _ one: Int64, _ other: Int64) throws -> Bool {
        let rows = try session.query(
            """
            with one as (
              select l.cluster, l.application, l.bundle, a.namespace, a.options, a.depends_on from plan_leaves l
              join plan_applications a using (pipeline, sequence, application)
              where l.pipeline = $1 and l.environment = $2 and l.sequence = $3),
            other as (
              select l.cluster, l.application, l.bundle, a.namespace, a.options, a.depends_on from plan_leaves l
              join plan_applications a using (pipeline, sequence, application)
              where l.pipeline = $1 and l.environment = $2 and l.sequence = $4),
            both_know as (select cluster from one intersect select cluster from other)
            select not exists (
                (select * from one where cluster in (table both_know)) except (select * from other where cluster in (table both_know)))
              and not exists (
                (select * from other where cluster in (table both_know)) except (select * from one where cluster in (table both_know)))
              and exists (table both_know) as same
            """, [.text(stage.pipeline), .text(stage.environment), .int(one), .int(other)])
        return try rows.first?.bool("same") ?? false
    }
}
