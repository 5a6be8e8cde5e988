// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import FleetModel
import GitRepository
import Manifests
import Promotion
import Rendering

/// What has to be rendered for a plan, and the plan that follows from what that gives. Pure.
struct PlanTargets: Sendable {
    private struct Leaf: Sendable {
        let cluster: Int
        let application: Int
        /// The index of its render.
        let render: Int
    }

    private struct StageTargets: Sendable {
        let stage: Pipeline.Stage
        let environment: Environment
        let clusters: [Cluster]
        var leaves: [Leaf] = []
    }

    private let request: Planner.Request
    private let applications: [Application]
    private var stages: [StageTargets] = []
    /// What is wrong before anything is rendered.
    private var problems: [String] = []
    /// One for every application on every cluster of every stage.
    private(set) var renders: [RenderTarget] = []
    /// By cluster and environment.
    private(set) var facts: [ClusterFacts] = []

    /// Renders that may hold readable Secrets are other ones when their digests are salted by another key.
    private let saltName: String

    init(_ request: Planner.Request, saltName: String, engine: String = Renderer.engineVersion) throws(Planner.PlanFailure) {
        self.request = request
        self.saltName = saltName
        applications = request.applications.filter(request.pipeline.applications.contains).sorted { $0.name < $1.name }
        guard !applications.isEmpty else {
            // Never "desired: nothing": an empty selection is a mistake until the pipeline itself is removed.
            throw Planner.PlanFailure(problems: ["pipeline '\(request.pipeline.name)' selects no application in this release"])
        }
        for stage in request.pipeline.stages {
            guard let environment = request.fleet.environment(stage.environment) else {
                problems.append("stage '\(stage.environment)': there is no such environment")
                continue
            }
            add(stage, environment, engine)
        }
    }

    private mutating func add(_ stage: Pipeline.Stage, _ environment: Environment, _ engine: String) {
        var targets = StageTargets(stage: stage, environment: environment, clusters: request.fleet.clusters(in: environment))
        let variables = targets.clusters.map { Variables(environment: environment, cluster: $0) }
        let firstFacts = facts.count
        facts += variables.map { ClusterFacts(variables: $0.flattened) }
        for (index, application) in applications.enumerated() {
            let engine = application.allowClearSecrets ? "\(engine)+\(saltName)" : engine
            let hasTemplate = application.source.path.utf8.contains(UInt8(ascii: "$"))
            var undefined: (error: TemplateError, clusters: [String])?
            for (place, cluster) in targets.clusters.enumerated()
            where application.clusterSelector?.matches(cluster.labels) ?? true {
                do throws(TemplateError) {
                    let path = hasTemplate ? try Template.expand(application.source.path, variables[place]) : application.source.path
                    targets.leaves.append(Leaf(cluster: place, application: index, render: renders.count))
                    renders.append(RenderTarget(recipe: Recipe(application, path: path, engine: engine), facts: firstFacts + place))
                } catch {
                    undefined = (error, (undefined?.clusters ?? []) + [cluster.name])
                }
            }
            if let undefined { problems.append(Self.problem(application, undefined.clusters, environment, "\(undefined.error)")) }
        }
        stages.append(targets)
    }

    private static func problem(_ application: Application, _ clusters: [String], _ environment: Environment, _ what: String) -> String {
        problem(application, clusters, environment: environment.name, what)
    }

    static func problem(_ application: Application, _ clusters: [String], environment: String, _ what: String) -> String {
        let others = clusters.count > 1 ? " and \(clusters.count - 1) more" : ""
        return "application '\(application.name)' for cluster '\(clusters.first ?? "")'\(others) in '\(environment)': \(what)"
    }

    /// What an application gets somewhere in an environment.
    struct PlannedBundle: Sendable {
        let application: Application
        let environment: String
        let bundle: Digest
        var clusters: [String]
        /// The index of a render that gives it.
        let render: Int
    }

    /// Each bundle once by application and environment, with the clusters that get it; failures are left out.
    func bundles(_ resolution: RenderCache.Resolution) -> [PlannedBundle] {
        var found: [PlannedBundle] = []
        for targets in stages {
            var places: [Digest: Int] = [:]
            var current = -1
            for leaf in targets.leaves {
                // An application's leaves stand together.
                if leaf.application != current { places = [:] }
                current = leaf.application
                guard case .bundle(let bundle) = resolution.outcomes[leaf.render] else { continue }
                let cluster = targets.clusters[leaf.cluster].name
                if let place = places[bundle] {
                    found[place].clusters.append(cluster)
                } else {
                    places[bundle] = found.count
                    found.append(
                        PlannedBundle(
                            application: applications[leaf.application], environment: targets.environment.name, bundle: bundle,
                            clusters: [cluster], render: leaf.render))
                }
            }
        }
        return found
    }

    /// The plan, or everything that is wrong: of each application in each environment, every failure once.
    /// - Parameter violations: what was found wrong with the objects.
    func plan(_ resolution: RenderCache.Resolution, violations: [String] = []) throws(Planner.PlanFailure) -> PlanRows.Plan {
        var problems = problems + violations
        var plans: [PlanRows.StagePlan] = []
        for targets in stages { plans.append(plan(targets, resolution.outcomes, &problems)) }
        guard problems.isEmpty else { throw Planner.PlanFailure(problems: problems) }
        return PlanRows.Plan(
            pipeline: request.pipeline.name, release: "\(request.release.id)", fleet: request.fleetCommit, origin: request.origin,
            subject: request.release.title, author: "\(request.release.author)", committedAt: request.release.committer.when,
            renders: resolution.renders,
            applications: applications.map { application in
                PlanRows.Application(
                    name: application.name, namespace: application.namespace ?? Application.namespaceByDefault,
                    options: SyncOptions(application, bounds: request.pipeline.bounds),
                    dependsOn: application.dependsOn, orphanOnDeletion: application.deletion == .orphan)
            },
            stages: plans)
    }

    private func plan(_ targets: StageTargets, _ outcomes: [RenderOutcome], _ problems: inout [String]) -> PlanRows.StagePlan {
        var leaves: [MerkleLeaf] = []
        leaves.reserveCapacity(targets.leaves.count)
        var receiving: Set<Int> = []
        /// Of the application at hand.
        var failures: [(failure: RenderFailure, clusters: [String])] = []
        var current = -1
        func report() {
            for (failure, clusters) in failures {
                problems.append(Self.problem(applications[current], clusters, targets.environment, failure.description))
            }
            failures = []
        }
        for leaf in targets.leaves {
            if leaf.application != current { report() }
            current = leaf.application
            switch outcomes[leaf.render] {
            case .bundle(let bundle):
                leaves.append(
                    MerkleLeaf(cluster: targets.clusters[leaf.cluster].name, application: applications[current].name, bundle: bundle))
                receiving.insert(leaf.cluster)
            case .failure(let failure):
                if let index = failures.firstIndex(where: { $0.failure == failure }) {
                    failures[index].clusters.append(targets.clusters[leaf.cluster].name)
                } else {
                    failures.append((failure, [targets.clusters[leaf.cluster].name]))
                }
            }
        }
        report()
        let stage = targets.stage
        let gates = request.gates?.pipeline(request.pipeline.name)?.stages.first { $0.environment == stage.environment } ?? stage
        let tree = MerkleTree(leaves)
        return PlanRows.StagePlan(
            environment: stage.environment,
            strategy: StrategyMaking.strategy(
                environment: targets.environment, clusters: receiving.sorted().map { targets.clusters[$0] }, stage: stage, gates: gates),
            rendered: RenderedSet(leaves).digest, tree: tree)
    }
}
