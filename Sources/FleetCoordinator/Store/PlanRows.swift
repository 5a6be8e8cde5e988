// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Manifests
import PostgresClient
import Promotion

/// Rows of `plans` and what hangs on them: bundles and objects by digest, a plan's leaves, its frozen strategies.
enum PlanRows {
    struct Application: Sendable, Equatable {
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
        var tree: MerkleTree
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
    }

    /// A leaf's row; without a bundle, the base's leaf is gone.
    struct Leaf: Sendable, Equatable {
        var environment: String
        var cluster: String
        var application: String
        var bundle: Digest?
    }

    /// What is written of a plan: all of it, or what differs from its base.
    struct Content: Sendable, Equatable {
        var applications: [Application] = []
        /// Names of the base's applications that the plan has no more.
        var dropped: [String] = []
        var leaves: [Leaf] = []

        var count: Int { applications.count + dropped.count + leaves.count }
    }

    static func exists(_ session: Session, pipeline: String, release: String, fleet: String) throws -> Int64? {
        try session.query(
            "select sequence from plans where pipeline = $1 and release = $2 and fleet = $3",
            [.text(pipeline), .text(release), .text(fleet)]
        ).first?.int64("sequence")
    }

    static func addBundles(_ session: Session, _ bundles: [(digest: Digest, bundle: Bundle)]) throws {
        for start in stride(from: 0, to: bundles.count, by: 1_000) {
            let batch = bundles[start..<min(start + 1_000, bundles.count)]
            _ = try session.execute(
                """
                insert into bundles (digest, document) select digest, document from unnest($1::text[], $2::text[]) as b (digest, document)
                order by digest on conflict (digest) do nothing
                """,
                [
                    .textArray(batch.map(\.digest.description)),
                    .textArray(batch.map { String(decoding: Canonical.bytes($0.bundle.document), as: UTF8.self) }),
                ])
            let members = batch.flatMap { item in item.bundle.entries.map { (item.digest, $0.object) } }
            _ = try session.execute(
                """
                insert into bundle_objects (bundle, object) select bundle, object from unnest($1::text[], $2::text[]) as m (bundle, object)
                order by bundle, object on conflict do nothing
                """, [.textArray(members.map(\.0.description)), .textArray(members.map(\.1.description))])
            // Few bundles have any, and one file often several objects.
            let originals = batch.flatMap { item in Set(item.bundle.entries.compactMap(\.original)).map { (item.digest, $0) } }
            guard !originals.isEmpty else { continue }
            _ = try session.execute(
                """
                insert into bundle_originals (bundle, original) select bundle, original from unnest($1::text[], $2::text[]) as m (bundle, original)
                order by bundle, original on conflict do nothing
                """, [.textArray(originals.map(\.0.description)), .textArray(originals.map(\.1.description))])
        }
    }

    /// Stores a plan whose bundles are stored; a plan that is there already is left alone.
    /// - Parameters:
    ///   - content: all that the plan has, or what differs from `base`.
    ///   - base: the sequence of a plan that is stored in full.
    /// - Returns: the plan's sequence, and whether it was stored now.
    static func add(
        _ session: Session, _ plan: Plan, _ content: Content, base: Int64?, at now: Timestamp
    ) throws -> (sequence: Int64, isNew: Bool) {
        let rows = try session.query(
            """
            insert into plans as p (pipeline, release, fleet, origin, subject, author, committed_at, created_at, renders, base)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
            on conflict (pipeline, release, fleet) do update set error = '', renders = excluded.renders, base = excluded.base
            where p.error <> ''
            returning sequence
            """,
            [
                .text(plan.pipeline), .text(plan.release), .text(plan.fleet), .text(plan.origin.rawValue), .text(plan.subject),
                .text(plan.author), .int(plan.committedAt.milliseconds), .int(now.milliseconds), .int(Int64(plan.renders)),
                base.map { .int($0) } ?? .null,
            ])
        guard let sequence = try rows.first?.int64("sequence") else {
            return (try exists(session, pipeline: plan.pipeline, release: plan.release, fleet: plan.fleet) ?? 0, false)
        }
        for stage in plan.stages {
            _ = try session.execute(
                """
                insert into plan_stages (pipeline, sequence, environment, strategy, rendered, root)
                values ($1, $2, $3, $4::jsonb, $5, $6) on conflict do nothing
                """,
                [
                    .text(plan.pipeline), .int(sequence), .text(stage.environment), .json(try StateCoding.encode(stage.strategy)),
                    .text(stage.rendered.description), .text(stage.tree.root.description),
                ])
        }
        try add(session, content, pipeline: plan.pipeline, sequence: sequence)
        return (sequence, true)
    }

    private static func add(_ session: Session, _ content: Content, pipeline: String, sequence: Int64) throws {
        for start in stride(from: 0, to: content.applications.count, by: 5_000) {
            let batch = content.applications[start..<min(start + 5_000, content.applications.count)]
            _ = try session.execute(
                """
                insert into plan_applications (pipeline, sequence, application, namespace, options, depends_on, deletion)
                select $1, $2, application, namespace, options::jsonb, coalesce(string_to_array(nullif(depends_on, ''), ','), '{}'), deletion
                from unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
                  as a (application, namespace, options, depends_on, deletion)
                """,
                [
                    .text(pipeline), .int(sequence), .textArray(batch.map(\.name)), .textArray(batch.map(\.namespace)),
                    .textArray(batch.map { JSON.text($0.options.json) }), .textArray(batch.map { $0.dependsOn.joined(separator: ",") }),
                    .textArray(batch.map { $0.orphanOnDeletion ? "orphan" : "prune" }),
                ])
        }
        if !content.dropped.isEmpty {
            _ = try session.execute(
                """
                insert into plan_applications (pipeline, sequence, application, namespace, options, dropped)
                select $1, $2, application, '', '{}', true from unnest($3::text[]) as a (application)
                """, [.text(pipeline), .int(sequence), .textArray(content.dropped)])
        }
        for start in stride(from: 0, to: content.leaves.count, by: 5_000) {
            let batch = content.leaves[start..<min(start + 5_000, content.leaves.count)]
            _ = try session.execute(
                """
                insert into plan_leaves (pipeline, sequence, environment, cluster, application, bundle)
                select $1, $2, environment, cluster, application, bundle from unnest($3::text[], $4::text[], $5::text[], $6::text[])
                  as l (environment, cluster, application, bundle)
                """,
                [
                    .text(pipeline), .int(sequence), .textArray(batch.map(\.environment)), .textArray(batch.map(\.cluster)),
                    .textArray(batch.map(\.application)), .textArray(batch.map { $0.bundle?.description }),
                ])
        }
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

    /// The commit of the newest release of the pipeline's source that was not refused.
    static func lastReleased(_ session: Session, pipeline: String) throws -> String? {
        try session.query(
            """
            select release from plans where pipeline = $1 and error = '' and origin in ('release', 'fleet')
            order by sequence desc limit 1
            """, [.text(pipeline)]
        ).first?.text("release")
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

    /// All leaves of a plan's stage.
    static func leaves(_ session: Session, stage: StageID, sequence: Int64) throws -> [MerkleLeaf] {
        try session.query(
            "select cluster, application, bundle from planned_leaves where pipeline = $1 and sequence = $2 and environment = $3",
            [.text(stage.pipeline), .int(sequence), .text(stage.environment)]
        ).compactMap { row in
            guard let bundle = Digest(try row.text("bundle")) else { return nil }
            return MerkleLeaf(cluster: try row.text("cluster"), application: try row.text("application"), bundle: bundle)
        }
    }

    /// The plan that a plan is a difference from; the plan itself where it is stored in full.
    static func base(_ session: Session, pipeline: String, sequence: Int64) throws -> Int64 {
        try session.query(
            "select coalesce(base, sequence) as base from plans where pipeline = $1 and sequence = $2", [.text(pipeline), .int(sequence)]
        ).first?.int64("base") ?? sequence
    }

    /// The newest plan of a pipeline that is stored in full.
    static func newestBase(_ session: Session, pipeline: String) throws -> PlanBase? {
        let newest = try session.query(
            "select sequence from plans where pipeline = $1 and base is null and error = '' order by sequence desc limit 1",
            [.text(pipeline)])
        guard let sequence = try newest.first?.int64("sequence") else { return nil }
        let applications = try session.query(
            """
            select application, namespace, options::text as options, array_to_string(depends_on, ',') as depends_on, deletion
            from plan_applications where pipeline = $1 and sequence = $2
            """, [.text(pipeline), .int(sequence)]
        ).map { row in
            Application(
                name: try row.text("application"), namespace: try row.text("namespace"),
                options: try SyncOptions(json: JSON.read(Array(try row.text("options").utf8)), at: "options"),
                dependsOn: try row.text("depends_on").split(separator: ",").map(String.init),
                orphanOnDeletion: try row.text("deletion") == "orphan")
        }
        var leaves: [String: [MerkleLeaf]] = [:]
        let rows = try session.query(
            "select environment, cluster, application, bundle from plan_leaves where pipeline = $1 and sequence = $2",
            [.text(pipeline), .int(sequence)])
        for row in rows {
            guard let bundle = Digest(try row.text("bundle")) else { continue }
            leaves[try row.text("environment"), default: []].append(
                MerkleLeaf(cluster: try row.text("cluster"), application: try row.text("application"), bundle: bundle))
        }
        return PlanBase(sequence: sequence, applications: applications, leaves: leaves.mapValues { $0.sorted() })
    }
}
