// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Manifests
import PostgresClient
import Promotion

/// Rows of `desired`: what agents are told, and how it compares with what they report.
enum DesiredRows {
    /// What a dispatch is made from, besides the plan.
    struct Dispatch: Sendable {
        var stage: StageID
        var promotion: String
        var sequence: Int64
        var commit: String
        var release: String
        var clusters: [String]
    }

    /// Makes the desired state of these clusters the promotion's, and returns those for which something changed.
    ///
    /// Only what differs is written, however large the plan. An unchanged (cluster, application) keeps its row, with the generation and the
    /// record that it has: its agent has nothing to do. An application that the plan no longer has on the cluster is to be pruned or
    /// orphaned, as it was last declared.
    static func dispatch(
        _ session: Session, _ dispatch: Dispatch, plans: PlanMemory, epoch: Int64, at now: Timestamp
    ) throws -> Set<String> {
        let tree: MerkleTree
        if let known = plans.tree(of: dispatch.stage, sequence: dispatch.sequence) {
            tree = known
        } else {
            tree = MerkleTree(try PlanRows.leaves(session, stage: dispatch.stage, sequence: dispatch.sequence))
            plans.keep(tree, of: dispatch.stage, sequence: dispatch.sequence)
        }
        let base = try PlanRows.base(session, pipeline: dispatch.stage.pipeline, sequence: dispatch.sequence)
        // The plan's leaves are put together from its own rows and its base's; every join is by a primary key.
        let differing = try session.query(
            """
            with planned as (
              select l.cluster, l.application, l.bundle from plan_leaves l
              where l.pipeline = $1 and l.sequence = $3 and l.environment = $2 and l.cluster = any($4) and l.bundle is not null
              union all
              select l.cluster, l.application, l.bundle from plan_leaves l
              where l.pipeline = $1 and l.sequence = $5 and l.sequence <> $3 and l.environment = $2 and l.cluster = any($4)
                and not exists (select from plan_leaves o where o.pipeline = $1 and o.sequence = $3 and o.environment = $2
                  and o.cluster = l.cluster and o.application = l.application))
            select coalesce(l.cluster, d.cluster) as cluster, coalesce(l.application, d.application) as application, l.bundle
            from planned l
            full join (select * from desired where cluster = any($4)) d on d.cluster = l.cluster and d.application = l.application
            left join plan_applications a on a.pipeline = $1 and a.sequence = $3 and a.application = l.application
            left join plan_applications b on b.pipeline = $1 and b.sequence = $5 and b.application = l.application
            where case
              when l.cluster is null then d.intent = 'apply' and d.pipeline = $1 and d.environment = $2
              else d.cluster is null or d.intent <> 'apply' or d.bundle <> l.bundle or d.pipeline <> $1 or d.environment <> $2
                or d.namespace <> coalesce(a.namespace, b.namespace) or d.depends_on <> coalesce(a.depends_on, b.depends_on)
                or d.options <> coalesce(a.options, b.options) end
            """,
            [
                .text(dispatch.stage.pipeline), .text(dispatch.stage.environment), .int(dispatch.sequence), .textArray(dispatch.clusters),
                .int(base),
            ])
        var leaves: [MerkleLeaf] = []
        var dropped: [(cluster: String, application: String)] = []
        for row in differing {
            let (cluster, application) = (try row.text("cluster"), try row.text("application"))
            if let text = try row.optionalText("bundle") {
                guard let bundle = Digest(text) else { continue }
                leaves.append(MerkleLeaf(cluster: cluster, application: application, bundle: bundle))
            } else {
                dropped.append((cluster, application))
            }
        }
        var changed: Set<String> = []
        for start in stride(from: 0, to: leaves.count, by: 5_000) {
            let batch = Array(leaves[start..<min(start + 5_000, leaves.count)])
            changed.formUnion(try write(session, batch, of: dispatch, base: base, tree, epoch: epoch, at: now))
        }
        if !dropped.isEmpty { changed.formUnion(try drop(session, dropped, of: dispatch, root: tree.root, epoch: epoch, at: now)) }
        _ = try session.execute(
            """
            insert into dispatched (pipeline, environment, cluster, promotion, sequence, record_commit, release)
            select $1, $2, cluster, $4, $5, $6, $7 from unnest($3::text[]) as c (cluster) order by cluster
            on conflict (pipeline, environment, cluster) do update set promotion = excluded.promotion, sequence = excluded.sequence,
              record_commit = excluded.record_commit, release = excluded.release
            """,
            [
                .text(dispatch.stage.pipeline), .text(dispatch.stage.environment), .textArray(dispatch.clusters), .text(dispatch.promotion),
                .int(dispatch.sequence), .text(dispatch.commit), .text(dispatch.release),
            ])
        return changed
    }

    private static func write(
        _ session: Session, _ leaves: [MerkleLeaf], of dispatch: Dispatch, base: Int64, _ tree: MerkleTree, epoch: Int64, at now: Timestamp
    ) throws -> Set<String> {
        let paths = leaves.map { leaf in
            JSON.text(.list((tree.path(cluster: leaf.cluster, application: leaf.application) ?? []).map(\.json)))
        }
        let written = try session.query(
            """
            insert into desired as d (cluster, application, pipeline, environment, promotion, intent, namespace, epoch, counter, bundle,
              options, depends_on, record_commit, release, root, path, updated_at)
            select l.cluster, l.application, $4, $5, $6, 'apply', coalesce(a.namespace, b.namespace), $7, nextval('desired_counter'), l.bundle,
              coalesce(a.options, b.options), coalesce(a.depends_on, b.depends_on), $8, $9, $10, l.path::jsonb, $11
            from unnest($1::text[], $2::text[], $3::text[], $12::text[]) as l (cluster, application, bundle, path)
            left join plan_applications a on a.pipeline = $4 and a.sequence = $13 and a.application = l.application
            left join plan_applications b on b.pipeline = $4 and b.sequence = $14 and b.application = l.application
            order by l.cluster, l.application
            on conflict (cluster, application) do update set
              pipeline = excluded.pipeline, environment = excluded.environment, promotion = excluded.promotion,
              intent = excluded.intent, namespace = excluded.namespace, options = excluded.options, depends_on = excluded.depends_on,
              bundle = excluded.bundle, record_commit = excluded.record_commit, release = excluded.release, root = excluded.root,
              path = excluded.path, updated_at = excluded.updated_at,
              epoch = case when d.bundle = excluded.bundle and d.intent = excluded.intent and d.namespace = excluded.namespace
                and d.options = excluded.options and d.depends_on = excluded.depends_on then d.epoch else excluded.epoch end,
              counter = case when d.bundle = excluded.bundle and d.intent = excluded.intent and d.namespace = excluded.namespace
                and d.options = excluded.options and d.depends_on = excluded.depends_on then d.counter else excluded.counter end
            returning cluster
            """,
            [
                .textArray(leaves.map(\.cluster)), .textArray(leaves.map(\.application)), .textArray(leaves.map(\.bundle.description)),
                .text(dispatch.stage.pipeline), .text(dispatch.stage.environment), .text(dispatch.promotion), .int(epoch),
                .text(dispatch.commit), .text(dispatch.release), .text(tree.root.description), .int(now.milliseconds), .textArray(paths),
                .int(dispatch.sequence), .int(base),
            ])
        return Set(try written.map { try $0.text("cluster") })
    }

    private static func drop(
        _ session: Session, _ dropped: [(cluster: String, application: String)], of dispatch: Dispatch, root: Digest, epoch: Int64,
        at now: Timestamp
    ) throws -> Set<String> {
        let rows = try session.query(
            """
            update desired d set
              intent = case when coalesce((select a.deletion from planned_applications a where a.pipeline = d.pipeline
                and a.application = d.application order by a.sequence desc limit 1), 'prune') = 'orphan' then 'orphan' else 'prune' end,
              promotion = $4, epoch = $5, counter = nextval('desired_counter'), bundle = $6, record_commit = $7, release = $8, root = $9,
              path = '[]'::jsonb, updated_at = $10
            from unnest($3::text[], $11::text[]) as l (cluster, application)
            where d.cluster = l.cluster and d.application = l.application and d.pipeline = $1 and d.environment = $2 and d.intent = 'apply'
            returning d.cluster
            """,
            [
                .text(dispatch.stage.pipeline), .text(dispatch.stage.environment), .textArray(dropped.map(\.cluster)),
                .text(dispatch.promotion), .int(epoch), .text(Bundle(entries: []).digest.description), .text(dispatch.commit),
                .text(dispatch.release), .text(root.description), .int(now.milliseconds), .textArray(dropped.map(\.application)),
            ])
        return Set(try rows.map { try $0.text("cluster") })
    }

    /// What the reports say of each cluster under a promotion; only reports that name the desired generation count.
    static func observations(_ session: Session, promotion: String, clusters: [String]) throws -> [(cluster: String, state: ClusterState)] {
        let rows = try session.query(
            """
            select d.cluster,
              bool_and(coalesce((o.epoch, o.counter) = (d.epoch, d.counter)
                and ((d.intent = 'apply' and o.phase = 'synced' and o.health = 'Current') or (d.intent <> 'apply' and o.phase = 'removed')),
                false)) as current,
              string_agg(d.application || ': ' || coalesce(nullif(o.message, ''), o.object || ' is ' || o.health), '; ' order by d.application)
                filter (where (o.epoch, o.counter) = (d.epoch, d.counter) and (o.phase in ('failed', 'held') or o.health = 'Failed')) as failure
            from dispatched h
            join desired d on d.cluster = h.cluster and d.pipeline = h.pipeline and d.environment = h.environment
            left join observed o on o.cluster = d.cluster and o.application = d.application
            where h.promotion = $1 and h.cluster = any($2) and (d.intent = 'apply' or d.promotion = $1)
            group by d.cluster order by d.cluster
            """, [.text(promotion), .textArray(clusters)])
        return try rows.map { row in
            let cluster = try row.text("cluster")
            if let failure = try row.optionalText("failure") { return (cluster, .failed(reason: failure)) }
            return (cluster, try row.bool("current") ? .current : .progressing)
        }
    }

    /// The clusters of a stage where something desired before this rollout is not Current.
    static func notCurrent(_ session: Session, stage: StageID, clusters: [String]) throws -> Set<String> {
        let rows = try session.query(
            """
            select c.name as cluster from unnest($3::text[]) as c (name)
            where not exists (select from desired d where d.cluster = c.name and d.pipeline = $1 and d.environment = $2)
              or exists (
                select from desired d left join observed o on o.cluster = d.cluster and o.application = d.application
                where d.cluster = c.name and d.pipeline = $1 and d.environment = $2
                  and not coalesce((o.epoch, o.counter) = (d.epoch, d.counter)
                    and ((d.intent = 'apply' and o.phase = 'synced' and o.health = 'Current')
                      or (d.intent <> 'apply' and o.phase = 'removed')), false))
            """, [.text(stage.pipeline), .text(stage.environment), .textArray(clusters)])
        return Set(try rows.map { try $0.text("cluster") })
    }

    /// What is desired of one cluster's applications, as tasks for its agent.
    static func tasks(_ session: Session, cluster: String, applications: [String]) throws -> [SyncTask] {
        let rows = try session.query(
            """
            select d.application, d.intent, d.namespace, d.epoch, d.counter, d.options::text as options,
              array_to_string(d.depends_on, ',') as depends_on, d.record_commit, d.release, d.promotion, d.root, d.path::text as path,
              coalesce(m.origin, 'release') as origin, b.document
            from desired d join bundles b on b.digest = d.bundle left join promotions m on m.id = d.promotion
            where d.cluster = $1 and d.application = any($2) order by d.application
            """, [.text(cluster), .textArray(applications)])
        return try rows.map { row in
            let document = try JSON.read(Array(try row.text("document").utf8))
            let entries = try Fields(document).list("entries", limit: 100_000) { (item, place) throws(ShapeError) in
                try Bundle.Entry(json: item, at: place)
            }
            let steps = try Fields(.map(["path": JSON.read(Array(try row.text("path").utf8))])).list("path", limit: 64) {
                (item, place) throws(ShapeError) in try MerkleStep(json: item, at: place)
            }
            guard let root = Digest(try row.text("root")), let intent = SyncTask.Intent(rawValue: try row.text("intent")) else {
                throw ShapeError(path: "desired", message: "a row that this version cannot read")
            }
            return SyncTask(
                application: try row.text("application"), intent: intent, namespace: try row.text("namespace"),
                generation: Generation(epoch: try row.int64("epoch"), counter: try row.int64("counter")), bundle: Bundle(entries: entries),
                record: RecordReference(
                    commit: try row.text("record_commit"), release: try row.text("release"), promotion: try row.text("promotion"),
                    origin: try row.text("origin"), root: root, path: steps),
                options: try SyncOptions(json: JSON.read(Array(try row.text("options").utf8)), at: "options"),
                dependsOn: try row.text("depends_on").split(separator: ",").map(String.init))
        }
    }

    /// What is desired of one cluster, in brief: enough to know whether an agent has it. A paused cluster is told nothing new.
    static func generations(_ session: Session, cluster: String) throws -> [(application: String, generation: Generation)] {
        try session.query(
            """
            select d.application, d.epoch, d.counter from desired d join clusters c on c.name = d.cluster
            where d.cluster = $1 and not c.paused
              and (d.intent = 'apply' or not exists (select from observed o where o.cluster = d.cluster and o.application = d.application
                and o.phase = 'removed' and (o.epoch, o.counter) = (d.epoch, d.counter)))
            """, [.text(cluster)]
        ).map {
            (try $0.text("application"), Generation(epoch: try $0.int64("epoch"), counter: try $0.int64("counter")))
        }
    }

    /// Clusters of a plan that run nothing of this stage yet.
    static func joiners(_ session: Session, stage: StageID, sequence: Int64) throws -> [String] {
        try session.query(
            """
            select distinct l.cluster from planned_leaves l where l.pipeline = $1 and l.environment = $2 and l.sequence = $3
              and not exists (select from desired d where d.cluster = l.cluster and d.pipeline = $1 and d.environment = $2)
            order by l.cluster
            """, [.text(stage.pipeline), .text(stage.environment), .int(sequence)]
        ).map { try $0.text("cluster") }
    }

    /// Forgets applications whose removal the agent has confirmed, but not while the rollout that removes them still counts them.
    static func forgetRemoved(_ session: Session, clusters: [String]) throws {
        _ = try session.execute(
            """
            delete from desired d using observed o
            where d.cluster = any($1) and d.intent <> 'apply' and o.cluster = d.cluster and o.application = d.application
              and o.phase = 'removed' and (o.epoch, o.counter) = (d.epoch, d.counter)
              and not exists (select from stages s where s.in_flight = d.promotion)
            """, [.textArray(clusters)])
    }
}
