// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import FleetModel
import GitRepository
import Manifests
import PostgresClient
import Rendering
import Synchronization

/// Judges what a plan's applications would touch by their pipeline's bounds, as the fleet commit of the plan declares them.
///
/// Looks at stored objects, and renders nothing: new bounds cost a look at what is there. What has passed is remembered while the
/// coordinator runs, so that a plan costs a look at what is new in it.
struct PlanBounds: Sendable {
    let store: Store
    let mirror: GitMirror
    let cache: RenderCache
    let sealing: SealingKeys
    private let passed = PassedBundles()

    init(store: Store, mirror: GitMirror, cache: RenderCache, sealing: SealingKeys) {
        self.store = store
        self.mirror = mirror
        self.cache = cache
        self.sealing = sealing
    }

    /// Bundles whose objects are read at once.
    private static let batch = 50
    /// Bundles that are rendered once more to find the files of what is wrong in them; there may be thousands with the same fault.
    private static let originsMax = 20

    /// Everything that is out of bounds, in words, each with its application; nothing for a pipeline without bounds.
    func violations(
        of targets: PlanTargets, _ resolution: RenderCache.Resolution, for request: Planner.Request
    ) async throws -> [String] {
        guard let declared = request.pipeline.bounds else { return [] }
        let bounds = Bounds(declared)
        var problems: [String] = []
        var open: [Judged] = []
        var checks: [Terms: BoundsCheck] = [:]
        var last = ""
        for bundle in targets.bundles(resolution) {
            let terms = Terms(bounds, bundle.application)
            let check = checks[terms] ?? BoundsCheck(bounds, namespace: terms.namespace, serviceAccount: terms.serviceAccount)
            checks[terms] = check
            if bundle.application.name != last {
                let violations = Judged.violations(of: bundle.application, check)
                problems += violations.map { "application '\(bundle.application.name)': error[\(Self.code)]: \($0)" }
            }
            last = bundle.application.name
            if !passed.contains(bundle.bundle, under: terms) { open.append(Judged(bundle: bundle, terms: terms, check: check)) }
        }
        // Stages have the same applications: what is wrong with one as a whole is told once.
        var told: Set<String> = []
        problems = problems.filter { told.insert($0).inserted }
        var failed: [(judged: Judged, violations: [(written: ObjectIdentity, violation: BoundsViolation)])] = []
        for start in stride(from: 0, to: open.count, by: Self.batch) {
            let batch = Array(open[start..<min(start + Self.batch, open.count)])
            let objects = try await objects(of: Set(batch.map(\.bundle.bundle)))
            for judged in batch {
                let bundle = judged.bundle.bundle
                // No bundle is empty: what cannot be looked at has not passed.
                guard let objects = objects[bundle] else {
                    throw ShapeError(path: "bundle_objects", message: "the objects of bundle \(bundle) are not there")
                }
                let violations = judged.violations(of: objects)
                if violations.isEmpty { passed.insert(bundle, under: judged.terms) } else { failed.append((judged, violations)) }
            }
        }
        guard !failed.isEmpty else { return problems }
        let tree = "\(try await mirror.treeID(of: request.release.id))"
        for (index, item) in failed.enumerated() {
            var origins: [ObjectIdentity: String] = [:]
            if index < Self.originsMax {
                let target = targets.renders[item.judged.bundle.render]
                origins = try await cache.origins(of: target, facts: targets.facts[target.facts], at: tree)
            }
            let bundle = item.judged.bundle
            problems += item.violations.map { written, violation in
                let place = origins[written].map { "\($0): " } ?? ""
                return PlanTargets.problem(
                    bundle.application, bundle.clusters, environment: bundle.environment, "\(place)error[\(Self.code)]: \(violation)")
            }
        }
        return problems
    }

    static let code = "out-of-bounds"

    private func objects(of bundles: Set<Digest>) async throws -> [Digest: [BoundObject]] {
        let sealing = sealing
        return try await store.database.read { session in
            var found: [Digest: [BoundObject]] = [:]
            for (bundle, body) in try BodyRows.objects(session, of: bundles.sorted()) {
                found[bundle, default: []].append(BoundObject(try JSON.read(Array(try body.opened(by: sealing).utf8))))
            }
            return found
        }
    }
}

/// What a bundle is judged by: the bounds, and what of an application matters to them.
private struct Terms: Hashable {
    let bounds: Bounds
    let namespace: String
    let serviceAccount: String?

    init(_ bounds: Bounds, _ application: Application) {
        self.bounds = bounds
        namespace = application.namespace ?? Application.namespaceByDefault
        serviceAccount = application.sync.serviceAccount
    }
}

/// Bundles that were found to be within their bounds.
private final class PassedBundles: Sendable {
    /// Beyond this everything is forgotten, and judged again.
    private static let countMax = 1_000_000
    private let state = Mutex<(bundles: [Terms: Set<Digest>], count: Int)>(([:], 0))

    func contains(_ bundle: Digest, under terms: Terms) -> Bool { state.withLock { $0.bundles[terms]?.contains(bundle) ?? false } }

    func insert(_ bundle: Digest, under terms: Terms) {
        state.withLock { state in
            if state.count >= Self.countMax { state = ([:], 0) }
            if state.bundles[terms, default: []].insert(bundle).inserted { state.count += 1 }
        }
    }
}

/// A bundle with what it is judged by.
private struct Judged {
    let bundle: PlanTargets.PlannedBundle
    let terms: Terms
    let check: BoundsCheck

    /// What is wrong with an application as a whole.
    static func violations(of application: Application, _ check: BoundsCheck) -> [BoundsViolation] {
        let account = check.violationByAccount()
        let making = application.sync.createNamespace && account?.bound != .namespaces ? check.violationByMakingNamespace() : nil
        return [account, making].compactMap(\.self)
    }

    func violations(of objects: [BoundObject]) -> [(written: ObjectIdentity, violation: BoundsViolation)] {
        var defined: [String: KindScope] = [:]
        for object in objects { if let definition = object.defines { defined[definition.groupKind] = definition.scope } }
        return objects.compactMap { object in
            let identity = object.identity
            let scope = KindScope.builtIn(group: identity.group, kind: identity.kind) ?? defined[identity.groupKind]
            return check.violation(of: identity, scope: scope).map { (identity, $0) }
        }.sorted { $0.0 < $1.0 }
    }
}

/// What bounds look at of an object.
private struct BoundObject: Sendable {
    let identity: ObjectIdentity
    /// For a CustomResourceDefinition.
    let defines: (groupKind: String, scope: KindScope)?

    init(_ object: Value) {
        let metadata = object["metadata"]
        // A hook may leave its name to be generated.
        let name = metadata?["name"]?.string ?? metadata?["generateName"]?.string ?? ""
        identity = ObjectIdentity(
            group: ObjectIdentity.group(ofAPIVersion: object["apiVersion"]?.string ?? ""), kind: object["kind"]?.string ?? "",
            namespace: metadata?["namespace"]?.string ?? "", name: name)
        if identity.groupKind == "apiextensions.k8s.io/CustomResourceDefinition", let group = object.at("spec", "group")?.string,
            let kind = object.at("spec", "names", "kind")?.string
        {
            defines = (group.isEmpty ? kind : "\(group)/\(kind)", object.at("spec", "scope") == "Namespaced" ? .namespaced : .cluster)
        } else {
            defines = nil
        }
    }
}

extension Bounds {
    /// What the agent is told of a pipeline's bounds.
    init(_ declared: Pipeline.Bounds) {
        self.init(
            namespaces: declared.namespaces, clusterScoped: declared.clusterScoped, serviceAccounts: declared.serviceAccounts)
    }
}
