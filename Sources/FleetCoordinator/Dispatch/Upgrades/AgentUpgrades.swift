// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import FleetModel
import Manifests
import PostgresClient
import Promotion

/// Moves agents to other images, an environment at a time. Agents are asked in the answers to their polls and move themselves.
struct AgentUpgrades: Sendable {
    let engine: PromotionEngine
    /// What the fleet commit in force declares.
    let fleet: @Sendable () async throws -> Fleet?
    /// The coordinator's version: no agent may be newer.
    let version: String

    static let timeoutSeconds: ClosedRange<Int64> = 10...86_400
    static let timeoutSecondsDefault: Int64 = 600

    private var store: Store { engine.store }

    func read(_ environment: String) async throws -> AgentUpgrade? {
        try await store.database.read { try AgentUpgradeRows.read($0, environment: environment) }
    }

    // MARK: What people ask

    /// Begins a run.
    /// - Throws: `APIFailure` where there is nobody to move, a run is under way, or the image is newer than the coordinator.
    func start(
        _ environment: String, image: String, timeoutSeconds: Int64, reason: String, by author: Author
    ) async throws -> AgentUpgrade {
        guard AgentImage.isValid(image) else {
            throw APIFailure.invalid(
                "'\(image.prefix(80))' is no name of a container image", hint: "such as registry.example/flotilla-agent:1.0")
        }
        if let tag = AgentImage.tag(of: image), ProgramVersion.isAgent(tag, newerThan: version) {
            throw APIFailure.conflict(
                "coordinator-older", "the image's version \(tag) is newer than the coordinator's \(version)",
                hint: "upgrade the coordinator first: it understands older agents, not newer ones")
        }
        // Taken once: another fleet commit may come into force at any time.
        guard let fleet = try await self.fleet(), let declared = fleet.environment(environment) else {
            throw APIFailure.notFound("there is no environment '\(environment)'")
        }
        let clusters = fleet.clusters(in: declared)
        guard !clusters.isEmpty else { throw APIFailure.invalid("the environment '\(environment)' has no clusters") }
        let strategy = Self.strategy(declared, clusters)
        let id = engine.identifiers.next(at: engine.time.now)
        return try await transaction(environment) { session, now, woken in
            let present = try AgentUpgradeRows.lock(session, environment: environment)
            if let present, !present.isOver {
                throw APIFailure.conflict(
                    "upgrade-under-way", "an upgrade of \(environment) to \(present.image) is under way",
                    hint: "resume or abort it: flotilla cluster upgrade-agents --environment \(environment) --resume (or --abort)")
            }
            var (run, effects) = AgentUpgrade.begin(
                id: id, environment: environment, image: image, strategy: strategy, timeoutMilliseconds: timeoutSeconds * 1_000,
                by: Actor(name: author.name, reason: reason), at: now)
            try carry(&run, effects[...], session, now, &woken)
            try AgentUpgradeRows.save(session, run)
            try audit(session, "agents.upgrade", from: present, to: run, reason: reason, by: author, at: now)
            return run
        }
    }

    /// Gives agents that have not come back time again, and goes on.
    func resume(_ environment: String, reason: String, by author: Author) async throws -> AgentUpgrade {
        try await decide(environment, .resumed(by: Actor(name: author.name, reason: reason)), "agents.resume", reason: reason, by: author) {
            run in
            guard case .stopped = run.phase else {
                throw APIFailure.conflict("not-stopped", "the upgrade of \(environment) has not stopped; there is nothing to resume")
            }
        }
    }

    /// Asks nobody any more; agents that have moved stay where they are.
    func abort(_ environment: String, reason: String, by author: Author) async throws -> AgentUpgrade {
        try await decide(environment, .aborted(by: Actor(name: author.name, reason: reason)), "agents.abort", reason: reason, by: author) {
            run in
            guard !run.isOver else { throw APIFailure.conflict("over", "the upgrade of \(environment) is over") }
        }
    }

    private func decide(
        _ environment: String, _ event: AgentUpgrade.Event, _ action: String, reason: String, by author: Author,
        _ check: @escaping @Sendable (AgentUpgrade) throws -> Void
    ) async throws -> AgentUpgrade {
        try await transaction(environment) { session, now, woken in
            guard var run = try AgentUpgradeRows.lock(session, environment: environment) else {
                throw APIFailure.notFound("the agents of '\(environment)' have never been upgraded from here")
            }
            try check(run)
            let before = run
            try step(&run, [event], session, now, &woken)
            try audit(session, action, from: before, to: run, reason: reason, by: author, at: now)
            return run
        }
    }

    private func audit(
        _ session: Session, _ action: String, from before: AgentUpgrade?, to after: AgentUpgrade, reason: String, by author: Author,
        at now: Timestamp
    ) throws {
        try store.audit.append(
            session,
            [
                AuditEntry(
                    at: now, by: author, action, on: "environment \(after.environment)", reason: reason, before: before?.audited,
                    after: after.audited)
            ])
    }

    // MARK: What happens

    /// Takes in what a polling agent says of the image that it is wanted to run.
    /// - Parameter isFirst: whether this is the poll's beginning: later looks at the same request say nothing new.
    /// - Returns: the image to tell the agent; `nil` where it knows, runs it, or does not understand.
    func heard(_ request: PollRequest, cluster: String, _ wanted: AgentUpgradeRows.Wanted, isFirst: Bool) async throws -> String? {
        let sighting = sighting(of: request, wanted)
        if isFirst {
            _ = try await transaction(wanted.environment) { session, now, woken -> Bool in
                guard var run = try AgentUpgradeRows.lock(session, environment: wanted.environment) else { return false }
                try step(&run, [.heard(cluster: cluster, sighting)], session, now, &woken)
                return true
            }
        }
        guard let image = request.image, image.running != wanted.image, image.taken != wanted.image else { return nil }
        return wanted.image
    }

    private func sighting(of request: PollRequest, _ wanted: AgentUpgradeRows.Wanted) -> AgentSighting {
        guard let image = request.image else {
            return .refuses(
                reason: "its agent \(request.agentVersion) knows of no upgrades: apply the manifest of 'flotilla cluster enroll' again")
        }
        if image.taken == wanted.image, !image.refusal.isEmpty { return .refuses(reason: image.refusal) }
        return .runs(
            image: image.running, version: request.agentVersion,
            isTooNew: ProgramVersion.isAgent(request.agentVersion, newerThan: version))
    }

    /// Lets time pass for the runs that wait for it; returns when the next one does.
    func tick() async throws -> Timestamp? {
        let now = engine.time.now
        for environment in try await store.database.read({ try AgentUpgradeRows.due($0, at: now) }) {
            _ = try await transaction(environment) { session, now, woken -> Bool in
                guard var run = try AgentUpgradeRows.lock(session, environment: environment) else { return false }
                let clusters = run.rollout.clusters.filter { $0.progress != .left }.map(\.name)
                let left = try AgentUpgradeRows.left(session, environment: environment, clusters)
                try step(&run, left.map { .left(cluster: $0) } + [.tick], session, now, &woken)
                return true
            }
        }
        return try await store.database.read { try AgentUpgradeRows.nextDeadline($0) }
    }

    // MARK: Carrying out

    private func step(
        _ run: inout AgentUpgrade, _ events: [AgentUpgrade.Event], _ session: Session, _ now: Timestamp, _ woken: inout Set<String>
    ) throws {
        let before = run
        for event in events { try carry(&run, run.step(event, at: now)[...], session, now, &woken) }
        if run != before { try AgentUpgradeRows.save(session, run) }
    }

    private func carry(
        _ run: inout AgentUpgrade, _ effects: ArraySlice<AgentUpgrade.Effect>, _ session: Session, _ now: Timestamp,
        _ woken: inout Set<String>
    ) throws {
        var queue = effects
        while let effect = queue.popFirst() {
            switch effect {
            case .inspect(let wave, let clusters):
                let offline = try ClusterRows.offline(
                    session, clusters, afterMilliseconds: run.offlineAfterMilliseconds, readyAt: engine.readyAt, at: now)
                queue += run.step(.inspected(wave: wave, offline: offline), at: now)
            case .ask(let clusters):
                woken.formUnion(clusters)
                // Some may run the image already.
                for sighting in try AgentUpgradeRows.sightings(session, clusters: clusters) where sighting.image == run.image {
                    let isTooNew = ProgramVersion.isAgent(sighting.version, newerThan: version)
                    queue += run.step(
                        .heard(cluster: sighting.cluster, .runs(image: sighting.image, version: sighting.version, isTooNew: isTooNew)),
                        at: now)
                }
            case .announce(let announcement): try EventRows.append(session, [Self.event(announcement, of: run, at: now)])
            }
        }
    }

    private func transaction<T: Sendable>(
        _ environment: String, _ body: @escaping @Sendable (Session, Timestamp, inout Set<String>) throws -> T
    ) async throws -> T {
        let now = engine.time.now
        let (result, woken) = try await store.database.transaction { session in
            var woken: Set<String> = []
            let result = try body(session, now, &woken)
            return (result, woken)
        }
        engine.waker.wake(woken)
        engine.bells.timers.ring()
        engine.bells.readers.ring()
        return result
    }

    private static func event(_ announcement: AgentUpgrade.Announcement, of run: AgentUpgrade, at now: Timestamp) -> FleetEvent {
        let severity: FleetEvent.Severity =
            switch announcement.kind {
            case .agentUpgradeStopped: .error
            case .agentUpgradeRefused: .warning
            case .agentUpgradeStarted, .agentUpgradeWave, .agentUpgraded, .agentUpgradeResumed, .agentUpgradeAborted, .agentUpgradeFinished:
                .info
            }
        return FleetEvent(
            at: now, kind: announcement.kind.rawValue, severity: severity, environment: run.environment, cluster: announcement.cluster,
            actor: announcement.kind == .agentUpgradeStarted ? run.startedBy.name : nil, message: announcement.message)
    }

    /// The environment's waves, with their soaks, widths and offline policy.
    private static func strategy(_ environment: Environment, _ clusters: [Cluster]) -> Strategy {
        let waves = environment.rollout.divide(clusters.sorted { $0.name < $1.name }).map { wave, members in
            Strategy.Wave(
                name: wave.name, clusters: members.map(\.name), maxUnavailable: wave.maxUnavailable.resolve(of: members.count),
                soakMilliseconds: wave.soak.wholeMilliseconds)
        }
        return Strategy(
            waves: waves, offline: environment.rollout.offline.policy == .skip ? .skip : .wait,
            offlineAfterMilliseconds: environment.rollout.offline.after.wholeMilliseconds)
    }
}
