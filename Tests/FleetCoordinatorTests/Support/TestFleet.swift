// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import GitRepository
import Glibc
import Logging
import Manifests
import PostgresClient
import Promotion
import Rendering
import Synchronization
import Threads

@testable import FleetCoordinator

/// A time that tests move by hand.
final class HandTime: Sendable {
    private let current: Mutex<Timestamp>

    init(_ start: Timestamp = Timestamp(seconds: 1_800_000_000)) { current = Mutex(start) }

    var now: Timestamp { current.withLock { $0 } }
    var wall: WallTime { WallTime { self.now } }

    func advance(by duration: Duration) { current.withLock { $0 = $0 + duration } }
}

/// A coordinator's core over a real database and a real Git remote, driven round by round, with agents that do as they are told.
struct TestFleet {
    let folder: String
    let remote: String
    let time: HandTime
    let threads: ThreadPool
    let store: Store
    let mirror: GitMirror
    let engine: PromotionEngine
    let cache: RenderCache
    let counters = Counters()
    let follower: FleetFollower
    let recorder: Recorder
    let journalist: Journalist
    let reports: ReportWriter
    let agents: AgentService
    let signer: SSHSigner
    let sealing: SealingKeys

    static let author = CommitPerson(name: "Ada Developer", email: "ada@example.com", when: Timestamp(seconds: 1_800_000_000))

    init(
        files: [String: String], time: HandTime = HandTime(), database: Database? = nil, remote existing: String? = nil,
        signer: SSHSigner? = nil, sealing: SealingKeys? = nil, vouched: ObjectID? = nil,
        reach: (_ path: String) async throws -> RemoteSettings = { RemoteSettings(url: $0) }
    ) async throws {
        self.time = time
        folder = "/tmp/flotilla-test-\(getpid())-\(UInt64.random(in: .min ... .max))"
        try Folders.make(folder)
        threads = ThreadPool(name: "git", count: 2)
        remote = existing ?? "\(folder)/remote.git"
        if existing == nil {
            _ = try await GitMirror.initializeBare(
                at: remote, branch: "main", files: files.mapValues { Array($0.utf8) }, message: "Begin\n", author: Self.author,
                threads: threads)
        }
        self.sealing = try sealing ?? SealingKeys(parsing: String(repeating: "5e", count: 32))
        self.signer = signer ?? SSHSigner.generate(comment: "test")
        var logger = Logger(label: "test")
        logger.logLevel = .error
        let made: Database
        if let database { made = database } else { made = try await TestDatabase.shared.make() }
        store = try await Store.open(made, now: time.now)
        mirror = try await GitMirror.open(at: "\(folder)/mirror", remote: try await reach(remote), threads: threads)
        let bells = Bells()
        let waiters = PollWaiters()
        engine = PromotionEngine(
            store: store, time: time.wall, readyAt: time.now, identifiers: Identifiers(), bells: bells,
            waker: ClusterWaker(waiters: waiters, outgoing: ChangedClusters(), bell: Bell()))
        journalist = Journalist(
            store: store, mirror: mirror, signer: self.signer, time: time.wall, bell: bells.journalist, logger: logger)
        recorder = Recorder(
            store: store, engine: engine, mirror: mirror, signer: self.signer, journalist: journalist, time: time.wall, holder: "test",
            logger: logger)
        cache = RenderCache(
            records: StoredRenders(store: store, sealing: self.sealing),
            trees: MirrorTrees(mirror: mirror, threads: ThreadPool(name: "render", count: 2), sealing: self.sealing),
            width: 2)
        follower = FleetFollower(
            store: store, engine: engine, mirror: mirror,
            planner: Planner(
                store: store, mirror: mirror, cache: cache, sealing: self.sealing, counters: counters, time: time.wall, logger: logger),
            signer: self.signer,
            branch: "main", interval: .seconds(1), time: time.wall, holder: "test", vouched: vouched,
            logger: logger)
        reports = ReportWriter(store: store, engine: engine, time: time.wall, logger: logger)
        agents = AgentService(
            store: store, time: time.wall, waiters: waiters, reports: reports, sealing: self.sealing, desk: CommandDesk(engine: engine),
            upgrades: AgentUpgrades(
                engine: engine, fleet: { [follower] in try await follower.fleetInForce() }, version: FlotillaVersion.current))
    }

    func stage(_ name: String) async throws -> Stage? {
        let id = StageID(name)
        return try await store.database.read { session in try StageRows.all(session).first { $0.stage.id == id }?.stage }
    }

    /// Pushes a commit to `branch` as a person would, with these files changed (`nil` deletes).
    @discardableResult
    func push(_ changes: [String: String?], message: String, branch: String = "main", signer: SSHSigner? = nil) async throws -> ObjectID {
        _ = try await mirror.fetch()
        let head = try await mirror.head(of: branch)
        let tree = try await mirror.writeTree(base: head, changes: changes.mapValues { $0.map { Array($0.utf8) } })
        return try await push(tree: tree, parent: head, message: message, branch: branch, signer: signer)
    }

    @discardableResult
    func push(
        tree: ObjectID, parent: ObjectID?, message: String, branch: String, signer: SSHSigner? = nil, expecting head: ObjectID?? = .none
    ) async throws -> ObjectID {
        var person = Self.author
        person.when = time.now
        let commit = try await mirror.buildCommit(
            CommitDraft(tree: tree, parents: parent.map { [$0] } ?? [], author: person, message: message, signer: signer))
        _ = try await mirror.store(commit: commit.bytes)
        try await mirror.push(commit: commit.id, to: "refs/heads/\(branch)", expecting: head ?? parent)
        return commit.id
    }

    /// What each fake agent does with a task: healthy unless the bundle has an object whose text contains `broken`.
    final class FakeAgents: Sendable {
        struct Held: Sendable {
            var tasks: [String: SyncTask] = [:]
            var sequence: Int64 = 0
        }

        let held = Mutex<[String: Held]>([:])
    }

    let fakes = FakeAgents()

    /// One poll and report of a cluster's agent; returns how many tasks it got.
    @discardableResult
    func runAgent(_ cluster: String) async throws -> Int {
        let before = fakes.held.withLock { $0[cluster] ?? FakeAgents.Held() }
        let request = PollRequest(
            instance: "agent-\(cluster)", agentVersion: "test", kubernetesVersion: "v1.36.2", waitSeconds: 0,
            held: before.tasks.values.map { .init(application: $0.application, generation: $0.generation, bundle: $0.bundle.digest) })
        let response = try await agents.poll(request, cluster: cluster)
        guard !response.tasks.isEmpty else { return 0 }
        var results: [ApplicationReport] = []
        for task in response.tasks {
            let bodies = try await agents.objects(ObjectsRequest(digests: task.bundle.entries.map(\.object)), cluster: cluster).objects
            let broken = bodies.contains { $0.contains("broken") }
            let removed = task.intent != .apply
            results.append(
                ApplicationReport(
                    application: task.application, generation: task.generation, bundle: task.bundle.digest,
                    phase: removed ? .removed : .synced, health: broken ? .failed : .current, message: broken ? "ImagePullBackOff" : "",
                    object: "", objectsTotal: bodies.count, objectsCurrent: broken ? 0 : bodies.count, since: time.now))
        }
        let sequence = before.sequence + 1
        fakes.held.withLock { held in
            var own = held[cluster] ?? FakeAgents.Held()
            own.sequence = sequence
            for task in response.tasks { own.tasks[task.application] = task.intent == .apply ? task : nil }
            held[cluster] = own
        }
        let report = Report(instance: "agent-\(cluster)", sequence: sequence, applications: results, events: [])
        try await reports.store([(cluster, report)])
        return response.tasks.count
    }

    /// Lets everything happen that can, without time passing beyond what `step` adds each round.
    func settle(clusters: [String], rounds: Int = 40, step: Duration = .seconds(1)) async throws {
        for _ in 0..<rounds {
            try await follower.round()
            _ = try await recorder.writeAll()
            for cluster in clusters { try await runAgent(cluster) }
            _ = try await engine.tick()
            time.advance(by: step)
        }
        for pipeline in try await store.database.read({ try JournalRows.pipelines($0) }) { try await journalist.flush(pipeline: pipeline) }
    }
}
