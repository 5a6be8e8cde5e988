// SPDX-License-Identifier: Apache-2.0
import PostgresClient
import Promotion

extension PlanRows {
    /// Whether two plans give every cluster that both know the same, with the same options.
    static func same(_ session: Session, stage: StageID, _ one: Int64, _ other: Int64) throws -> Bool {
        let parameters: [PostgresValue] = [.text(stage.pipeline), .text(stage.environment), .int(one), .int(other)]
        let bases = try session.query(
            "select coalesce(base, sequence) as base from plans where pipeline = $1 and sequence in ($2, $3)",
            [.text(stage.pipeline), .int(one), .int(other)]
        ).map { try $0.int64("base") }
        guard let base = bases.first, bases.allSatisfy({ $0 == base }) else { return try compareAll(session, parameters) }
        if try differsFromBase(session, parameters + [.int(base)]) { return false }
        return try session.query(
            """
            select exists (select from planned_leaves l where l.pipeline = $1 and l.environment = $2 and l.sequence = $3
              and exists (select from planned_leaves o where o.pipeline = $1 and o.environment = $2 and o.sequence = $4
                and o.cluster = l.cluster)) as same
            """, parameters
        ).first?.bool("same") ?? false
    }

    /// Two plans that stand on one base ($5) differ at most where one of them differs from it.
    private static func differsFromBase(_ session: Session, _ parameters: [PostgresValue]) throws -> Bool {
        /// Whether a plan has anything on a cluster.
        func knows(_ sequence: String) -> String {
            """
            (exists (select from plan_leaves l where l.pipeline = $1 and l.sequence = \(sequence) and l.environment = $2
                and l.cluster = t.cluster and l.bundle is not null)
              or exists (select from plan_leaves l where l.pipeline = $1 and l.sequence = $5 and l.environment = $2
                and l.cluster = t.cluster and not exists (select from plan_leaves o where o.pipeline = $1
                  and o.sequence = \(sequence) and o.environment = $2 and o.cluster = l.cluster and o.application = l.application)))
            """
        }
        /// What a plan says of the place `k`.
        func join(_ sequence: String, _ name: String) -> String {
            """
            left join plan_leaves \(name)l on \(name)l.pipeline = $1 and \(name)l.sequence = \(sequence)
              and \(name)l.environment = $2 and \(name)l.cluster = k.cluster and \(name)l.application = k.application
            left join plan_applications \(name)a on \(name)a.pipeline = $1 and \(name)a.sequence = \(sequence)
              and \(name)a.application = k.application
            """
        }
        func leaf(_ name: String) -> String { "case when \(name)l.application is null then bl.bundle else \(name)l.bundle end" }
        func options(_ name: String) -> String {
            """
            case when \(name)a.application is null then row (ba.namespace, ba.options, ba.depends_on)
              else row (\(name)a.namespace, \(name)a.options, \(name)a.depends_on) end
            """
        }
        return try session.query(
            """
            with places as (
              select l.cluster, l.application from plan_leaves l
              where l.pipeline = $1 and l.environment = $2 and l.sequence in ($3, $4) and l.sequence <> $5
              union
              select l.cluster, l.application from plan_applications a
              join plan_leaves l on l.pipeline = $1 and l.sequence = $5 and l.environment = $2 and l.application = a.application
              where a.pipeline = $1 and a.sequence in ($3, $4) and a.sequence <> $5),
            both_know as (select t.cluster from (select distinct cluster from places) t where \(knows("$3")) and \(knows("$4")))
            select exists (
              select from places k
              \(join("$5", "b"))
              \(join("$3", "x"))
              \(join("$4", "y"))
              where k.cluster in (table both_know)
                and (\(leaf("x")) is distinct from \(leaf("y"))
                  or (\(leaf("x")) is not null and \(options("x")) is distinct from \(options("y"))))) as differs
            """, parameters
        ).first?.bool("differs") ?? true
    }

    private static func compareAll(_ session: Session, _ parameters: [PostgresValue]) throws -> Bool {
        func leaves(_ sequence: String) -> String {
            """
            select l.cluster, l.application, l.bundle, a.namespace, a.options, a.depends_on from planned_leaves l
            join planned_applications a using (pipeline, sequence, application)
            where l.pipeline = $1 and l.environment = $2 and l.sequence = \(sequence)
            """
        }
        return try session.query(
            """
            with one as materialized (\(leaves("$3"))), other as materialized (\(leaves("$4"))),
            both_know as (select cluster from one intersect select cluster from other)
            select not exists (
                (select * from one where cluster in (table both_know)) except (select * from other where cluster in (table both_know)))
              and not exists (
                (select * from other where cluster in (table both_know)) except (select * from one where cluster in (table both_know)))
              and exists (table both_know) as same
            """, parameters
        ).first?.bool("same") ?? false
    }
}
