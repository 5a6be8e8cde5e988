// SPDX-License-Identifier: Apache-2.0
import Manifests
import PostgresClient

/// The access policies that fleet commits declare: rows of `access_policies`, each named by the commits that say the same.
enum AccessRows {
    /// Notes what a valid fleet commit declares.
    static func set(_ session: Session, commit: String, _ rules: [AccessRule]) throws {
        let document = JSON.text(.list(rules.map(\.json)))
        let digest = Digest.sha256(document).hex
        _ = try session.execute(
            "insert into access_policies (digest, document) values ($1, $2) on conflict (digest) do nothing",
            [.text(digest), .text(document)])
        _ = try session.execute("update fleet_commits set access = $2 where commit = $1", [.text(commit), .text(digest)])
    }

    /// The fleet commit in force, and the digest of its policies; `nil` before there is one.
    static func inForce(_ session: Session) throws -> (commit: String, digest: String?)? {
        try session.query("select commit, access from fleet_commits where valid order by sequence desc limit 1").first.map { row in
            (try row.text("commit"), try row.optionalText("access"))
        }
    }

    static func rules(_ session: Session, digest: String) throws -> [AccessRule] {
        guard let row = try session.query("select document from access_policies where digest = $1", [.text(digest)]).first,
            let list = try JSON.read(Array(try row.text("document").utf8)).list
        else { return [] }
        return try list.map(AccessRule.init(json:))
    }

    /// The policies of the fleet commit that was in force before `commit`, if `commit` itself has changed them.
    static func replaced(_ session: Session, by commit: String) throws -> (commit: String, rules: [AccessRule])? {
        let rows = try session.query(
            """
            select f.access, b.commit as before_commit, b.access as before_access from fleet_commits f
            cross join lateral (
              select commit, access from fleet_commits where valid and sequence < f.sequence order by sequence desc limit 1) b
            where f.commit = $1
            """, [.text(commit)])
        guard let row = rows.first else { return nil }
        let (now, before) = (try row.optionalText("access"), try row.optionalText("before_access"))
        guard now != before else { return nil }
        let old = try before.map { try rules(session, digest: $0) } ?? []
        let new = try now.map { try rules(session, digest: $0) } ?? []
        // Another place in a file is another document, but no other policy.
        guard Set(old.map(\.meaning)) != Set(new.map(\.meaning)) else { return nil }
        return (try row.text("before_commit"), old)
    }

    // MARK: - What is where

    /// Environments of the pipeline's stages.
    static func environments(_ session: Session, pipeline: String) throws -> [String] {
        try session.query("select environment from stages where pipeline = $1 and not retired order by position", [.text(pipeline)])
            .map { try $0.text("environment") }
    }

    /// Pipelines that have a stage in the environment; `nil` where neither a stage nor a cluster is in it.
    static func pipelines(_ session: Session, environment: String) throws -> [String]? {
        try session.query(
            """
            select array(select s.pipeline from stages s where s.environment = $1 and not s.retired) as pipelines
            where exists (select from stages s where s.environment = $1 and not s.retired)
              or exists (select from clusters c where c.environment = $1)
            """, [.text(environment)]
        ).first.map { try $0.textArray("pipelines").compactMap { $0 } }
    }

    /// A cluster's environment, with the pipelines that have a stage there; `nil` where there is no such cluster.
    static func place(_ session: Session, cluster: String) throws -> (environment: String?, pipelines: [String])? {
        try session.query(
            """
            select c.environment, array(select s.pipeline from stages s where s.environment = c.environment and not s.retired) as pipelines
            from clusters c where c.name = $1
            """, [.text(cluster)]
        ).first.map { (try $0.optionalText("environment"), try $0.textArray("pipelines").compactMap { $0 }) }
    }

    /// The stage that desires the application on the cluster.
    static func stages(_ session: Session, cluster: String, application: String) throws -> [Spot.Stage] {
        try session.query(
            "select pipeline, environment from desired where cluster = $1 and application = $2", [.text(cluster), .text(application)]
        ).map { Spot.Stage(pipeline: try $0.text("pipeline"), environment: try $0.text("environment")) }
    }

    /// The stages that desire the application somewhere, and all of the pipelines whose newest plan has it.
    static func stages(_ session: Session, application: String) throws -> [Spot.Stage] {
        try session.query(
            """
            select distinct pipeline, environment from desired where application = $1
            union select s.pipeline, s.environment from stages s where not s.retired and s.pipeline in (
              \(ReadApplications.planning("$1")))
            """, [.text(application)]
        ).map { Spot.Stage(pipeline: try $0.text("pipeline"), environment: try $0.text("environment")) }
    }

    /// All stages, also those that are declared no more: what they desired may still run.
    static func stages(_ session: Session) throws -> [Spot.Stage] {
        try session.query("select pipeline, environment from stages").map {
            Spot.Stage(pipeline: try $0.text("pipeline"), environment: try $0.text("environment"))
        }
    }
}
