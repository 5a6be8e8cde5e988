// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Manifests
import PostgresClient
import Promotion

extension Store {
    /// Rows written at once that make a table another one to the query planner.
    private static let countForStatistics = 1_000

    /// Stores a plan whose bundles are stored, in one transaction, and returns its sequence; one that is there already is left alone.
    ///
    /// What is written is what differs from the pipeline's last full plan, if that is little: it costs what a commit changed.
    func add(_ plan: PlanRows.Plan, at now: Timestamp) async throws -> Int64 {
        var base = plans.base(of: plan.pipeline)
        if base == nil, let stored = try await database.read({ try PlanRows.newestBase($0, pipeline: plan.pipeline) }) {
            plans.keep(stored, of: plan.pipeline)
            base = stored
        }
        let difference = base?.difference(to: plan)
        let content = difference ?? PlanRows.Content(plan)
        let sequenceOfBase = difference == nil ? nil : base?.sequence
        let added = try await database.transaction { session in
            try PlanRows.add(session, plan, content, base: sequenceOfBase, at: now)
        }
        if content.count > Self.countForStatistics {
            // Until the server looks by itself, in a minute or so, it would take these tables to be as small as they were.
            try await database.read { session in
                _ = try session.execute("analyze plan_applications, plan_leaves")
            }
        }
        if added.isNew {
            if difference == nil { plans.keep(PlanBase(sequence: added.sequence, plan), of: plan.pipeline) }
            for stage in plan.stages {
                plans.keep(
                    stage.tree, of: StageID(pipeline: plan.pipeline, environment: stage.environment), sequence: added.sequence)
            }
        }
        return added.sequence
    }
}

extension PlanRows.Content {
    /// All of a plan.
    init(_ plan: PlanRows.Plan) {
        applications = plan.applications
        leaves = plan.stages.flatMap { stage in
            stage.tree.leaves.map {
                PlanRows.Leaf(environment: stage.environment, cluster: $0.cluster, application: $0.application, bundle: $0.bundle)
            }
        }
    }
}
