// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import FleetModel
import GitRepository
import Logging
import Manifests
import PostgresClient
import Promotion
import Rendering
import Synchronization

/// Turns a release and a fleet commit into a plan: every application rendered for every cluster of every stage.
struct Planner: Sendable {
    let store: Store
    let mirror: GitMirror
    let cache: RenderCache
    let sealing: SealingKeys
    let counters: Counters
    let time: WallTime
    let logger: Logger
    private let tidying = Recurrence()
    private let bounds: PlanBounds

    init(store: Store, mirror: GitMirror, cache: RenderCache, sealing: SealingKeys, counters: Counters, time: WallTime, logger: Logger) {
        self.store = store
        self.mirror = mirror
        self.cache = cache
        self.sealing = sealing
        self.counters = counters
        self.time = time
        self.logger = logger
        bounds = PlanBounds(store: store, mirror: mirror, cache: cache, sealing: sealing)
    }

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
        let plan: PlanRows.Plan
        do {
            let targets = try PlanTargets(request, saltName: sealing.saltName)
            let resolution = try await resolve(targets, for: request)
            plan = try targets.plan(resolution, violations: try await bounds.violations(of: targets, resolution, for: request))
        } catch let failure as PlanFailure {
            try await refuse(request, failure.description)
            return .refused(failure.description)
        }
        CrashPoint.reached(.planObjectsStored)
        let now = time.now
        let sequence = try await store.add(plan, at: now)
        CrashPoint.reached(.planStored)
        return .planned(sequence: sequence, renders: plan.renders)
    }

    private func resolve(_ targets: PlanTargets, for request: Request) async throws -> RenderCache.Resolution {
        let branch = request.pipeline.source.branch
        let tree = try await mirror.treeID(of: request.release.id)
        let isHead = try await mirror.head(of: branch) == request.release.id
        let resolution = try await cache.resolve(
            targets.renders, facts: targets.facts, at: "\(tree)", line: RenderLine(name: branch, moves: isHead), now: time.now)
        counters.add(.renders, resolution.renders)
        counters.add(.renderHits, resolution.hits)
        counters.add(.rendersAffected, resolution.affected)
        counters.add(.renderMilliseconds, Int(resolution.elapsed.wholeMilliseconds))
        if resolution.renders > RenderRows.countForStatistics { try await store.database.read { try RenderRows.analyze($0) } }
        logger.debug(
            "rendered",
            metadata: [
                "pipeline": "\(request.pipeline.name)", "release": "\(request.release.id)", "renders": "\(resolution.renders)",
                "hits": "\(resolution.hits)", "affected": "\(resolution.affected)", "compared": "\(resolution.compared)",
                "affected_milliseconds": "\(resolution.comparing.wholeMilliseconds)",
                "milliseconds": "\(resolution.elapsed.wholeMilliseconds)",
            ])
        return resolution
    }

    /// Renders that no plan has used for so long go, and the longest unused beyond so many.
    static let renderAgeMax: Duration = .seconds(30 * 86_400)
    static let rendersMax = 1_000_000
    private static let tidyEvery: Duration = .seconds(3_600)
    private static let tidyBatch = 5_000

    /// Removes what is long unused, once an hour; after a round of plans, when whatever is in use was used.
    func tidy() async {
        let now = time.now
        guard tidying.isDue(at: now, every: Self.tidyEvery) else { return }
        do {
            var removed = 0
            repeat {
                removed = try await store.database.transaction { session in
                    try RenderRows.removeUnused(
                        session, at: now, age: Self.renderAgeMax, countMax: Self.rendersMax, limit: Self.tidyBatch)
                }
            } while removed >= Self.tidyBatch
        } catch {
            logger.warning("unused renders were not removed; they stay until the next time", metadata: ["error": "\(error)"])
        }
        await reseal()
    }

    /// Seals with the first key what another one sealed, so that the other one can go.
    private func reseal() async {
        let sealing = sealing
        for table in BodyRows.Table.allCases {
            do {
                var count = 0
                repeat {
                    count = try await store.database.transaction { session in
                        let bodies = try BodyRows.sealed(session, table, notBy: sealing.sealPrefix, limit: Self.resealBatch)
                        guard !bodies.isEmpty else { return 0 }
                        try BodyRows.reseal(
                            session, table,
                            try bodies.map { body in
                                guard let sealed = body.sealed else { return body }
                                let opened = try sealing.open(sealed, as: body.digest)
                                return StoredBody(digest: body.digest, content: .sealed(try sealing.seal(opened, as: body.digest)))
                            })
                        return bodies.count
                    }
                } while count >= Self.resealBatch
            } catch {
                logger.warning(
                    "what an earlier key sealed was not sealed anew: keep that key",
                    metadata: ["table": "\(table.rawValue)", "error": "\(error)"])
            }
        }
    }

    private static let resealBatch = 200

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

    /// Everything that is wrong with a release, at once.
    struct PlanFailure: Error, CustomStringConvertible {
        var problems: [String]
        static let problemsMax = 50

        var description: String {
            let shown = problems.prefix(Self.problemsMax).joined(separator: "\n")
            return problems.count > Self.problemsMax ? shown + "\nand \(problems.count - Self.problemsMax) more" : shown
        }
    }
}

/// When something was last done that is to be done now and then.
final class Recurrence: Sendable {
    private let last = Mutex<Timestamp?>(nil)

    /// Whether it is time; then it counts as done.
    func isDue(at now: Timestamp, every interval: Duration) -> Bool {
        last.withLock { last in
            if let last, now - last < interval { return false }
            last = now
            return true
        }
    }
}

extension SyncOptions {
    /// The declaration's `sync` with every default filled in, and the bounds of its pipeline.
    init(_ application: Application, bounds: Pipeline.Bounds? = nil) {
        self.init()
        self.bounds = bounds.map { Bounds($0) }
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
        adopt = application.sync.adopt
        healthRules = application.health.rules.map { rule in
            HealthRule(
                group: rule.group, kind: rule.kind, path: rule.path.description, comparison: .init(rule.comparison),
                failed: rule.failed.map { .init(path: ($0.path ?? rule.path).description, comparison: .init($0.comparison)) })
        }
        ignore = application.sync.ignore.map {
            IgnoreRule(group: $0.group ?? "", kind: $0.kind, name: $0.name ?? "", paths: $0.paths.map(\.description))
        }
    }
}

extension HealthRule.Comparison {
    init(_ declared: Application.HealthRule.Comparison) {
        self =
            switch declared {
            case .equals(let value): .equals(value)
            case .notEquals(let value): .notEquals(value)
            case .oneOf(let values): .oneOf(values)
            }
    }
}
