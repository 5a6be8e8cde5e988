// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import HTTPTransport
import KubernetesAPI
import Manifests
import Synchronization

/// Takes what lists and watches see.
protocol Observer: Sendable {
    func seen(_ sighting: Sighting) async
    /// A whole list of a kind, in one namespace or (`""`) in all, has been handed over; `version` is the list's.
    func listed(_ type: ResourceType, in namespace: String, seen: Set<ObjectIdentity>, version: UInt64) async
    /// The API server does not let the agent see a kind.
    func refused() async
}

/// One watch per kind of the objects that carry an ApplySet's label: over all namespaces, or one for each that the agent may manage.
final class WatchSet: Sendable {
    private struct Key: Hashable {
        var apiVersion: String
        var kind: String
        var namespace: String
    }

    private let watches = Mutex<[Key: KindWatch]>([:])
    private let cluster: ClusterAccess
    private let rules: RuleBoard
    private let reachability: Reachability
    private let clock: AgentClock
    private let observer: any Observer
    private let spawn: @Sendable (@escaping @Sendable () async -> Void) -> Void

    init(
        cluster: ClusterAccess, rules: RuleBoard, reachability: Reachability, clock: AgentClock, observer: any Observer,
        spawn: @escaping @Sendable (@escaping @Sendable () async -> Void) -> Void
    ) {
        self.cluster = cluster
        self.rules = rules
        self.reachability = reachability
        self.clock = clock
        self.observer = observer
        self.spawn = spawn
    }

    /// Starts the watches that are missing. Returns whether the first list of each kind has been handed over; applications are woken
    /// when it has.
    func ensure(_ types: some Sequence<ResourceType>) -> Bool {
        var areListed = true
        for type in types where type.verbs.contains("watch") && type.verbs.contains("list") {
            for namespace in cluster.scope.places(of: type) {
                let (watch, isNew) = watches.withLock { watches in
                    let key = Key(apiVersion: type.apiVersion, kind: type.kind, namespace: namespace)
                    if let watch = watches[key] { return (watch, false) }
                    let watch = KindWatch(
                        type: type, namespace: namespace, cluster: cluster, rules: rules, reachability: reachability, clock: clock,
                        observer: observer)
                    watches[key] = watch
                    return (watch, true)
                }
                if isNew { spawn { await watch.run() } } else { watch.served() }
                if !watch.isListed { areListed = false }
            }
        }
        return areListed
    }

    /// Why kinds that have not been listed were not, in the API server's words; `nil` while that is only a matter of time.
    var obstacle: String? {
        watches.withLock { watches in watches.values.compactMap(\.obstacle).min() }
    }
}

/// Follows one kind: a list, then a watch from there, for ever.
final class KindWatch: Sendable {
    private let type: ResourceType
    private let namespace: String
    private let cluster: ClusterAccess
    private let rules: RuleBoard
    private let reachability: Reachability
    private let clock: AgentClock
    private let observer: any Observer
    private let isUnserved = Mutex(false)
    private let again = Wakeup()
    private let listedFlag = Mutex(false)
    private let refusal = Mutex<String?>(nil)

    private static let shortest = Duration.seconds(5)
    private static let unservedPause = Duration.seconds(60)
    private var selection: Selection { Selection(namespace: namespace, labelSelector: Ownership.partOfLabel) }

    /// - Parameter namespace: `""` for all.
    init(
        type: ResourceType, namespace: String, cluster: ClusterAccess, rules: RuleBoard, reachability: Reachability, clock: AgentClock,
        observer: any Observer
    ) {
        self.type = type
        self.namespace = namespace
        self.cluster = cluster
        self.rules = rules
        self.reachability = reachability
        self.clock = clock
        self.observer = observer
    }

    /// Says that the server serves the kind: where its definition was gone, it is back.
    func served() { if isUnserved.withLock({ $0 }) { again.wake() } }

    var isListed: Bool { listedFlag.withLock { $0 } }

    /// Why the API server does not let the agent see this kind.
    var obstacle: String? { refusal.withLock { $0 } }

    func run() async {
        var backoff = Backoff(base: .milliseconds(100), cap: .seconds(30))
        var version: String?
        while !Task.isCancelled {
            do {
                let from: String
                if let version { from = version } else { from = try await list() }
                version = from
                let begun = clock.now()
                try await follow(from: from) { reached in
                    version = reached
                    // It works: something came. What only seemed to work does not make the next attempt any sooner.
                    backoff.reset()
                }
                reachability.reports.meter.watchEnded()
                // Watches end every few minutes. Where they end at once, something between here and the server does not want them.
                guard clock.now() - begun < Self.shortest else { continue }
                var random = SystemRandomNumberGenerator()
                do { try await clock.sleep(backoff.next(using: &random)) } catch { return }
            } catch {
                guard let failure = error as? KubernetesError, !failure.isCancelled, !Task.isCancelled else { return }
                reachability.failed(failure)
                reachability.reports.meter.watchEnded()
                if failure.isForbidden, refusal.withLock({ $0 }) != failure.message {
                    refusal.withLock { $0 = failure.message }
                    await observer.refused()
                }
                if failure.isExpired || failure.isUnknownResource { version = nil }
                if failure.isUnknownResource {
                    // Its definition is gone: nothing but its return is worth a request.
                    await cluster.doubt()
                    isUnserved.withLock { $0 = true }
                    await again.wait(atMost: Self.unservedPause, clock)
                    isUnserved.withLock { $0 = false }
                    continue
                }
                var random = SystemRandomNumberGenerator()
                let pause = failure.isExpired ? .milliseconds(20) : max(backoff.next(using: &random), failure.retryAfter ?? .zero)
                do { try await clock.sleep(pause) } catch { return }
            }
        }
    }

    private func list() async throws -> String {
        var sightings: [Sighting] = []
        let now = clock.wall()
        let version = try await cluster.client.list(type, selection) { object in
            if let sighting = Sighting(object, keepsObject: false, rules: rules, now: now) { sightings.append(sighting) }
        }
        reachability.answered()
        refusal.withLock { $0 = nil }
        var seen: Set<ObjectIdentity> = []
        for sighting in sightings {
            seen.insert(sighting.identity)
            await observer.seen(sighting)
        }
        listedFlag.withLock { $0 = true }
        await observer.listed(type, in: namespace, seen: seen, version: UInt64(version) ?? 0)
        return version
    }

    private func follow(from version: String, _ reached: (String) -> Void) async throws {
        // Spread, so that the watches of many agents and kinds do not end together.
        let watch = try await cluster.client.watch(type, selection, from: version, timeout: .seconds(Int64.random(in: 240...360)))
        reachability.answered()
        for try await event in watch {
            let (object, isDeleted): (Value, Bool)
            switch event {
            case .added(let value), .modified(let value): (object, isDeleted) = (value, false)
            case .deleted(let value): (object, isDeleted) = (value, true)
            case .bookmark(let version):
                reached(version)
                continue
            }
            if let version = object.at("metadata", "resourceVersion")?.string { reached(version) }
            if let sighting = Sighting(object, isDeleted: isDeleted, keepsObject: true, rules: rules, now: clock.wall()) {
                await observer.seen(sighting)
            }
        }
    }
}
