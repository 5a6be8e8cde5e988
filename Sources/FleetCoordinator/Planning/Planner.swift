// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import FleetModel
import GitRepository
import Kustomize
import Logging
import Manifests
import PostgresClient
import Promotion
import Rendering

/// Turns a release and a fleet commit into a plan: every application rendered for every cluster of every stage.
struct Planner: Sendable {
    let store: Store
    let mirror: GitMirror
    let cache: RenderCache
    let time: WallTime
    let logger: Logger

    /// One thing to plan.
    struct Request: Sendable {
        var pipeline: Pipeline
        /// The declarations of the fleet commit.
        var fleet: Fleet
        var fleetCommit: String
        /// The applications that the release declares.
        var applications: [Application]
        var release: CommitInfo
        var origin: Origin
        /// The fleet commit before: its gates judge this plan.
        var gates: Fleet?
    }

    enum Outcome: Sendable {
        case planned(sequence: Int64, renders: Int)
        case refused(String)
    }

    /// Plans and stores; a plan that is there already is returned as it is.
    func plan(_ request: Request) async throws -> Outcome {
        let release = "\(request.release.id)"
        let known = try await store.database.read {
            try PlanRows.exists($0, pipeline: request.pipeline.name, release: release, fleet: request.fleetCommit)
        }
        if let known { return .planned(sequence: known, renders: 0) }
        let cache = cache
        let rendering: Rendering
        do {
            rendering = try await mirror.read(at: request.release.id) { tree in try Self.render(request, tree, cache) }
        } catch let failure as PlanFailure {
            try await refuse(request, failure.description)
            return .refused(failure.description)
        }
        for start in stride(from: 0, to: rendering.objects.count, by: 5_000) {
            let batch = Array(rendering.objects[start..<min(start + 5_000, rendering.objects.count)])
            try await store.database.transaction { try PlanRows.addObjects($0, batch) }
        }
        CrashPoint.reached(.planObjectsStored)
        let now = time.now
        let sequence = try await store.add(rendering.plan, at: now)
        CrashPoint.reached(.planStored)
        return .planned(sequence: sequence, renders: rendering.plan.renders)
    }

    func refuse(_ request: Request, _ reason: String) async throws {
        let now = time.now
        try await store.database.transaction { session in
            try PlanRows.addRefused(
                session, pipeline: request.pipeline.name, release: "\(request.release.id)", fleet: request.fleetCommit, error: reason,
                subject: request.release.title, author: "\(request.release.author)", committedAt: request.release.committer.when, at: now)
            try EventRows.append(
                session,
                [
                    FleetEvent(
                        at: now, kind: "releaseRefused", severity: .error, pipeline: request.pipeline.name,
                        release: "\(request.release.id)", message: reason)
                ])
        }
    }

    // MARK: - Rendering (on a Git thread)

    struct Rendering: Sendable {
        var plan: PlanRows.Plan
        /// Objects that were rendered now; those of cached renders are stored already.
        var objects: [(digest: Digest, body: String)]
    }

    /// Everything that is wrong with a release, at once.
    struct PlanFailure: Error, CustomStringConvertible {
        var problems: [String]
        static let problemsMax = 50

        var description: String {
            let shown = problems.prefix(Self.problemsMax).joined(separator: "\n")
            return problems.count > Self.problemsMax ? shown + "\nand \(problems.count - Self.problemsMax) more" : shown
        }
    }

    private static func render(_ request: Request, _ tree: GitTree, _ cache: RenderCache) throws -> Rendering {
        let selected = request.applications.filter(request.pipeline.applications.contains).sorted { $0.name < $1.name }
        guard !selected.isEmpty else {
            // Never "desired: nothing": an empty selection is a mistake until the pipeline itself is removed.
            throw PlanFailure(problems: ["pipeline '\(request.pipeline.name)' selects no application in this release"])
        }
        var work = RenderWork(cache: cache, tree: tree)
        var problems: [String] = []
        var stages: [PlanRows.StagePlan] = []
        for stage in request.pipeline.stages {
            guard let environment = request.fleet.environment(stage.environment) else {
                problems.append("stage '\(stage.environment)': there is no such environment")
                continue
            }
            let clusters = request.fleet.clusters(in: environment)
            var leaves: [MerkleLeaf] = []
            var receiving: Set<String> = []
            for application in selected {
                for cluster in clusters where application.clusterSelector?.matches(cluster.labels) ?? true {
                    do {
                        let bundle = try work.bundle(application, cluster: cluster, environment: environment)
                        leaves.append(MerkleLeaf(cluster: cluster.name, application: application.name, bundle: bundle.digest))
                        receiving.insert(cluster.name)
                    } catch {
                        problems.append(
                            "application '\(application.name)' for cluster '\(cluster.name)' in '\(environment.name)': \(error)")
                        // One cluster's failure says enough about an application in an environment.
                        break
                    }
                }
            }
            let gates =
                request.gates?.pipeline(request.pipeline.name)?.stages.first { $0.environment == stage.environment } ?? stage
            let tree = MerkleTree(leaves)
            stages.append(
                PlanRows.StagePlan(
                    environment: stage.environment,
                    strategy: StrategyMaking.strategy(
                        environment: environment, clusters: clusters.filter { receiving.contains($0.name) }, stage: stage, gates: gates),
                    rendered: RenderedSet(leaves).digest, tree: tree))
        }
        guard problems.isEmpty else { throw PlanFailure(problems: problems) }
        let plan = PlanRows.Plan(
            pipeline: request.pipeline.name, release: "\(request.release.id)", fleet: request.fleetCommit, origin: request.origin,
            subject: request.release.title, author: "\(request.release.author)", committedAt: request.release.committer.when,
            renders: work.renders,
            applications: selected.map { application in
                PlanRows.Application(
                    name: application.name, namespace: application.namespace ?? "default", options: SyncOptions(application),
                    dependsOn: application.dependsOn, orphanOnDeletion: application.deletion == .orphan)
            },
            stages: stages, bundles: work.bundles)
        return Rendering(plan: plan, objects: work.objects)
    }
}

/// The renders of one plan: each distinct one is done once, and only where no cached one still holds.
private struct RenderWork {
    let cache: RenderCache
    let tree: GitTree
    private(set) var renders = 0
    private(set) var bundles: [Digest: Bundle] = [:]
    private(set) var objects: [(digest: Digest, body: String)] = []
    private var seen: Set<Digest> = []
    /// What this plan has found to hold already, so that a thousand clusters with the same reads check them once.
    private var settled: [RenderCache.Key: [(trace: RenderTrace, bundle: Bundle)]] = [:]

    init(cache: RenderCache, tree: GitTree) {
        self.cache = cache
        self.tree = tree
    }

    mutating func bundle(_ application: Application, cluster: Cluster, environment: Environment) throws -> Bundle {
        let request = try RenderRequest(application, for: Variables(environment: environment, cluster: cluster))
        let key = RenderCache.Key(
            path: request.path, namespace: request.namespace, substitute: request.substitute,
            allowClearSecrets: request.allowClearSecrets)
        let flattened = request.variables
        let holds = { (trace: RenderTrace) in trace.variables.allSatisfy { flattened[$0.key] == $0.value } }
        if let hit = settled[key]?.first(where: { holds($0.trace) }) { return hit.bundle }
        for entry in cache.candidates(key)
        where try holds(entry.trace) && entry.trace.isValid(against: tree, variables: flattened) {
            keep(entry.bundle, entry.trace, key)
            return entry.bundle
        }
        let rendered = try Renderer.render(request, from: tree)
        renders += 1
        let bundle = Bundle(entries: rendered.objects.map { Bundle.Entry(object: $0.digest) })
        for object in rendered.objects where seen.insert(object.digest).inserted {
            objects.append((object.digest, String(decoding: object.bytes, as: UTF8.self)))
        }
        cache.add(key, bundle: bundle, trace: rendered.trace)
        keep(bundle, rendered.trace, key)
        return bundle
    }

    private mutating func keep(_ bundle: Bundle, _ trace: RenderTrace, _ key: RenderCache.Key) {
        settled[key, default: []].append((trace, bundle))
        bundles[bundle.digest] = bundle
    }
}

extension SyncOptions {
    /// The declaration's `sync` with every default filled in.
    init(_ application: Application) {
        self.init()
        prune = application.sync.prune
        pruneMaxPercent = application.sync.pruneProtectionPercentMax
        drift = DriftPolicy(rawValue: application.sync.drift.rawValue) ?? .heal
        createNamespace = application.sync.createNamespace
        serviceAccount = application.sync.serviceAccount
        retryLimit = application.sync.retry.limit
        retryBackoffMilliseconds = application.sync.retry.backoff.wholeMilliseconds
        retryMaxBackoffMilliseconds = application.sync.retry.maxBackoff.wholeMilliseconds
        timeoutMilliseconds = application.sync.timeout.wholeMilliseconds
        healthTimeoutMilliseconds = application.health.timeout.wholeMilliseconds
        force = application.sync.force
        ignore = application.sync.ignore.map {
            IgnoreRule(group: $0.group ?? "", kind: $0.kind, name: $0.name ?? "", paths: $0.paths.map(\.description))
        }
    }
}

extension GitTree: IdentifiedFileTree {
    package func identity(of path: String) throws -> String? { try objectID(at: path).map { "git:\($0)" } }
}
