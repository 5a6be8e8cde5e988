// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Manifests
import PostgresClient
import Promotion
import Testing

@testable import FleetCoordinator

/// The statements that every poll, report and rollout runs, at the size of a fleet: none may walk a whole table.
@Suite("Hot queries", .serialized) struct HotQueryTests {
    static let clusters = 1_000
    static let applications = 10
    static let large = [
        "desired", "observed", "events", "dispatched", "plan_leaves", "objects", "bundle_objects", "promotions", "originals",
        "bundle_originals", "commands", "drift_pauses", "agent_images", "agent_revocations", "agent_certificates", "enrollments",
    ]
    /// A small part of the fleet: one stage on ten clusters.
    private static let sight = Sight.part(
        Sight.Part(
            stages: [Spot.Stage(pipeline: "bank", environment: "test")], pipelines: ["bank"], environments: ["test"],
            wholeEnvironments: ["test"]))

    private static let result = CommandResult(
        id: Generation(epoch: 1, counter: 501), outcome: .done, message: "", finishedAt: Timestamp(seconds: 1))

    /// A database with one stage that rolls out over a thousand clusters.
    private func fill(_ session: Session) throws {
        try session.script(
            """
            insert into bundles select 'sha256:' || repeat('0', 60) || lpad(a::text, 4, '0'), '{"entries":[],"format":"flotilla.dev/bundle/v1"}'
              from generate_series(1, \(Self.applications)) a;
            insert into objects select 'sha256:' || lpad(to_hex(i), 64, '0'), '{}' from generate_series(1, 50000) i;
            insert into bundle_objects select 'sha256:' || repeat('0', 60) || lpad(a::text, 4, '0'), 'sha256:' || lpad(to_hex(a * 100 + i), 64, '0')
              from generate_series(1, \(Self.applications)) a, generate_series(1, 20) i;
            insert into originals (digest, body) select 'sha256:' || lpad(to_hex(i), 64, '0'), 'sops: {}' from generate_series(1, 50000) i;
            insert into bundle_originals select 'sha256:' || repeat('0', 60) || lpad(a::text, 4, '0'), 'sha256:' || lpad(to_hex(a * 100 + i), 64, '0')
              from generate_series(1, \(Self.applications)) a, generate_series(1, 20) i;
            insert into clusters (name, environment, instance, last_contact) select 'c' || c, 'production', 'i' || c, 0
              from generate_series(1, \(Self.clusters)) c;
            insert into plans (pipeline, sequence, release, fleet, origin, committed_at, created_at) overriding system value
              values ('shop', 1, 'r1', 'f1', 'release', 0, 0);
            insert into plan_applications (pipeline, sequence, application, namespace, options)
              select 'shop', 1, 'a' || a, 'shop', '{}' from generate_series(1, \(Self.applications)) a;
            insert into plan_leaves select 'shop', s, 'production', 'c' || c, 'a' || a, 'sha256:' || repeat('0', 60) || lpad(a::text, 4, '0')
              from generate_series(1, 1) s, generate_series(1, \(Self.clusters)) c, generate_series(1, \(Self.applications)) a;
            insert into desired select 'c' || c, 'a' || a, 'shop', 'production', 'p1', 'apply', 'shop', 1, c * 100 + a,
              'sha256:' || repeat('0', 60) || lpad(a::text, 4, '0'), '{}', '{}', 'k', 'r1', 'sha256:' || repeat('0', 64), '[]', 0
              from generate_series(1, \(Self.clusters)) c, generate_series(1, \(Self.applications)) a;
            insert into dispatched select 'shop', 'production', 'c' || c, 'p1', 1, 'k', 'r1' from generate_series(1, \(Self.clusters)) c;
            insert into observed select 'c' || c, 'a' || a, 1, c * 100 + a, '', 'synced', 'Current', '', '', 1, 1, 0, 0
              from generate_series(1, \(Self.clusters)) c, generate_series(1, \(Self.applications)) a;
            insert into events (at, kind, severity, pipeline, environment, cluster, application)
              select i, 'healed', 'info', case when i % 50 = 0 then 'shop' end, case when i % 50 = 0 then 'production' end, 'c' || i % 1000,
                'a' || i % 10 from generate_series(1, 100000) i;
            insert into commands (cluster, epoch, counter, kind, application, parameters, bundle, state, asked_by, asked_at, expires_at, patience,
              due_at, finished_at)
              select 'c' || c, 1, c * 100 + i, 'syncNow', 'a' || i % 10, '{"application":"a1"}', case when i = 1 and c = 6 then 'sha256:' || repeat('0', 64) end,
                case when i < 3 then 'queued' else 'done' end, 'x', 0, 1000, 1000, 1000000, case when i < 3 then null else 1000000000 end
              from generate_series(1, \(Self.clusters)) c, generate_series(1, 50) i;
            insert into drift_pauses select 'c' || c, 'a1', 'shop', 'production', 1000000, '', 'x', 0 from generate_series(1, \(Self.clusters)) c;
            insert into agent_images select 'c' || c, 'production', 'registry.example/agent:2' from generate_series(1, \(Self.clusters)) c;
            insert into agent_revocations select 'c' || c, 0, 'x', '' from generate_series(1, \(Self.clusters)) c;
            insert into agent_certificates select 's' || i, 'c' || i % 1000, 'a' || i % 3, 'k', 0, i, i from generate_series(1, 20000) i;
            insert into enrollments (id, token, cluster, state, needs_approval, created_at, created_by, expires_at)
              select 'e' || i, 't' || i, 'c' || i % 1000, case when i % 100 = 0 then 'pending' else 'issued' end, false, i, 'x', i
              from generate_series(1, 20000) i;
            insert into stages (pipeline, environment, position, state, in_flight) values ('shop', 'production', 0, '{}', 'p1');
            insert into clusters (name, environment, last_contact) select 't' || c, 'test', 0 from generate_series(1, 10) c;
            insert into plans (pipeline, sequence, release, fleet, origin, committed_at, created_at) overriding system value
              select 'bank', s, 'b' || s, 'f1', 'release', 0, 0 from generate_series(2, 20) s;
            insert into plans (pipeline, sequence, release, fleet, origin, committed_at, created_at) overriding system value
              select 'shop', s, 'r' || s, 'f1', 'release', 0, 0 from generate_series(21, 20000) s;
            insert into desired select 't' || c, 'b' || a, 'bank', 'test', 'p2', 'apply', 'bank', 1, 1000000 + c * 100 + a,
              'sha256:' || repeat('0', 60) || '0001', '{}', '{}', 'k', 'b20', 'sha256:' || repeat('0', 64), '[]', 0
              from generate_series(1, 10) c, generate_series(1, 5) a;
            insert into observed select cluster, application, epoch, counter, '', 'synced', 'Current', '', '', 1, 1, 0, 0
              from desired where pipeline = 'bank';
            insert into events (at, kind, severity, pipeline, environment, cluster, application)
              select i, 'healed', 'info', case when i % 2 = 0 then 'bank' end, 'test', 't' || i % 10, case when i % 2 = 0 then 'b1' end
              from generate_series(1, 500) i;
            insert into stages (pipeline, environment, position, state) values ('bank', 'test', 0, '{}');
            analyze;
            """)
    }

    /// Rows read by walking whole large tables, so far.
    private func walked(_ session: Session) throws -> Int64 {
        _ = try session.query("select pg_stat_force_next_flush()")
        _ = try session.query("select pg_stat_clear_snapshot()")
        return try session.query(
            "select coalesce(sum(seq_tup_read), 0)::bigint as walked from pg_stat_user_tables where relname = any($1)",
            [.textArray(Self.large)]
        ).first?.int64("walked") ?? 0
    }

    @Test("polls, objects, reports, rollouts and event pages find their rows by index")
    func usesIndexes() async throws {
        let store = try await Store.open(try await TestDatabase.shared.make(connections: 1), now: Timestamp(seconds: 0))
        try await store.database.read(timeout: .seconds(120)) { try self.fill($0) }
        let stage = StageID(pipeline: "shop", environment: "production")
        let now = Timestamp(seconds: 100)
        let report = ApplicationReport(
            application: "a3", generation: Generation(epoch: 1, counter: 503), bundle: .sha256([]), phase: .synced, health: .current,
            since: now)
        let operations: [(name: String, run: @Sendable (Session) throws -> Void)] = [
            ("generations", { _ = try DesiredRows.generations($0, cluster: "c5") }),
            ("tasks", { _ = try DesiredRows.tasks($0, cluster: "c5", applications: ["a3"]) }),
            ("objects", { _ = try BodyRows.fetch($0, .objects, cluster: "c5", digests: [.sha256([])]) }),
            ("originals", { _ = try BodyRows.fetch($0, .originals, cluster: "c5", digests: [.sha256([])]) }),
            ("objects of bundles", { _ = try BodyRows.objects($0, of: [.sha256([])]) }),
            (
                "contact",
                {
                    _ = try ClusterRows.contact(
                        $0, cluster: "c5", instance: "i5", agentVersion: "", kubernetesVersion: "", at: now, sessionSeconds: 60)
                }
            ),
            ("a certificate's standing", { _ = try AgentIdentityRows.standing($0, cluster: "c5") }),
            ("a one-time token", { _ = try AgentIdentityRows.lock($0, token: .sha256([])) }),
            ("usable tokens", { _ = try AgentIdentityRows.usable($0, cluster: "c5", at: now) }),
            ("what waits for approval", { _ = try AgentIdentityRows.lockPending($0, cluster: "c5", at: now) }),
            ("certificates of an authority", { _ = try AgentIdentityRows.last($0, authority: .sha256([]), at: now) }),
            ("the newest tokens", { _ = try AgentIdentityRows.page($0, cluster: "c5", before: nil, limit: 50) }),
            ("sequences", { _ = try ClusterRows.lockSequences($0, clusters: ["c5", "c6"]) }),
            ("reports", { try ObservedRows.upsert($0, [ObservedRows.Entry(cluster: "c5", report: report)], at: now) }),
            ("stages of a report", { _ = try StageRows.rolling($0, clusters: ["c5"]) }),
            ("observations", { _ = try DesiredRows.observations($0, promotion: "p1", clusters: ["c5", "c6"]) }),
            ("not current", { _ = try DesiredRows.notCurrent($0, stage: stage, clusters: ["c5", "c6"]) }),
            ("removed", { try DesiredRows.forgetRemoved($0, clusters: ["c5"]) }),
            ("events of a cluster", { _ = try EventRows.page($0, .everything, EventRows.Filter(cluster: "c5"), before: nil, limit: 50) }),
            (
                "events of a stage",
                {
                    _ = try EventRows.page(
                        $0, .everything, EventRows.Filter(pipeline: "shop", environment: "production"), before: nil, limit: 50)
                }
            ),
            ("newest events", { _ = try EventRows.page($0, .everything, EventRows.Filter(), before: nil, limit: 50) }),
            ("following events", { _ = try EventRows.following($0, .everything, EventRows.Filter(), after: 99_950, limit: 50) }),
            ("news of a poll", { _ = try CommandRows.news($0, cluster: "c5", after: Generation(epoch: 1, counter: 0)) }),
            (
                "commands of a poll",
                { _ = try CommandRows.deliver($0, cluster: "c5", after: Generation(epoch: 1, counter: 0), instance: "i5", at: .epoch) }
            ),
            ("a command's end", { _ = try CommandRows.settle($0, cluster: "c5", [Self.result], at: now) }),
            ("overdue commands", { _ = try CommandRows.giveUp($0, at: now) }),
            ("old commands", { try CommandRows.forgetOld($0, at: now) }),
            ("a page of commands", { _ = try CommandRows.page($0, .everything, cluster: "c5", before: nil, limit: 20) }),
            ("commands of an application", { _ = try CommandRows.recent($0, cluster: "c5", application: "a1", limit: 20) }),
            ("ended pauses", { _ = try DriftPauseRows.endDue($0, at: now) }),
            ("records to write", { _ = try PromotionRows.recording($0) }),
            ("seen events", { _ = try EventRows.page($0, Self.sight, EventRows.Filter(), before: nil, limit: 50) }),
            ("following seen events", { _ = try EventRows.following($0, Self.sight, EventRows.Filter(), after: 10, limit: 50) }),
            (
                "seen events of a cluster",
                { _ = try EventRows.page($0, Self.sight, EventRows.Filter(cluster: "t5"), before: nil, limit: 50) }
            ),
            (
                "seen events of an environment",
                { _ = try EventRows.page($0, Self.sight, EventRows.Filter(environment: "test"), before: nil, limit: 50) }
            ),
            ("seen releases", { _ = try ReadReleases.page($0, Self.sight, pipeline: nil, before: nil, limit: 10) }),
            ("seen clusters", { _ = try ReadClusters.page($0, Self.sight, environment: nil, after: "", limit: 20) }),
            ("what is seen on a cluster", { _ = try ReadApplications.states($0, Self.sight, cluster: "t5") }),
            (
                "where an application is seen",
                { _ = try ReadApplications.states($0, Self.sight, application: "b1", after: "", limit: 20) }
            ),
            ("the count of what is seen", { _ = try ReadFleet.counts($0, Self.sight, at: now) }),
            ("seen commands of a cluster", { _ = try CommandRows.page($0, Self.sight, cluster: "c5", before: nil, limit: 20) }),
            ("seen promotions", { _ = try ReadStages.recent($0, Self.sight, pipeline: "bank", limit: 20) }),
            ("where an instance belongs", { _ = try AccessRows.stages($0, cluster: "c5", application: "a1") }),
            ("where an application belongs", { _ = try AccessRows.stages($0, application: "b1") }),
            ("where a cluster belongs", { _ = try AccessRows.place($0, cluster: "c5") }),
            ("an agent's image", { _ = try AgentUpgradeRows.wanted($0, cluster: "c5") }),
        ]
        // The measure itself: a statement without an index is seen.
        let seen = try await store.database.read { session in
            let before = try self.walked(session)
            _ = try session.query("select count(*) from desired where namespace = 'none'")
            return try self.walked(session) - before
        }
        #expect(seen == Int64(Self.clusters * Self.applications + 50))
        for operation in operations {
            let walked = try await store.database.read { session in
                let before = try self.walked(session)
                try operation.run(session)
                return try self.walked(session) - before
            }
            #expect(walked == 0, "\(operation.name) walked \(walked) rows")
        }
    }
}
