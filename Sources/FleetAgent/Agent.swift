// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import CThreads
import HTTPTransport
import KubernetesAPI
package import Logging
import Manifests

/// The agent of one cluster: pulls desired state from the coordinator, keeps the cluster so, and reports.
///
/// It needs the coordinator only for news: what it holds on disk it goes on keeping through any outage.
package actor Agent {
    private let configuration: AgentConfiguration
    private let clock: AgentClock
    private let logger: Logger

    private let rules = RuleBoard()
    private let board: ApplicationBoard
    private let mask: SecretMask
    private let reports: ReportQueue
    private let coordinator: CoordinatorClient
    private let cluster: ClusterAccess
    private let upgrade: SelfUpgrade
    private let jobs: AsyncStream<@Sendable () async -> Void>
    private let spawn: @Sendable (@escaping @Sendable () async -> Void) -> Void
    private var instance = ""
    /// Bodies of tasks that are being taken over: not yet anybody's, and not to be collected.
    private var pinned: Set<Digest> = []
    /// Applications whose tasks are being taken over: not to be forgotten meanwhile.
    private var accepting: Set<String> = []
    /// Refusals that have been told, by application, so that each is told once.
    private var refusals: [String: Generation] = [:]

    /// The most objects that are on their way to the API server at once, of all applications together.
    package static let appliesAtOnce = 24

    private static let quick = Backoff(base: .milliseconds(250), cap: .seconds(10))
    private static let slow = Backoff(base: .seconds(5), cap: .seconds(60))
    private static let reportPause = Duration.milliseconds(50)

    package init(configuration: AgentConfiguration, clock: AgentClock = .system, logger: Logger) {
        self.configuration = configuration
        self.clock = clock
        let mask = SecretMask()
        mask.use(names: { [rules] in rules.isName($0) })
        self.mask = mask
        self.logger = logger.redacting(by: mask)
        reports = ReportQueue(mask: mask)
        board = ApplicationBoard(rules: rules)
        coordinator = CoordinatorClient(configuration)
        let client = KubernetesClient(
            connection: configuration.connection,
            options: KubernetesClient.Options(
                userAgent: "flotilla-agent/\(configuration.version)", httpVersion: .http1, idleConnectionsFor: .seconds(20),
                redact: { mask.redact($0) }))
        cluster = ClusterAccess(client: client, scope: configuration.scope, clock: clock)
        upgrade = SelfUpgrade(place: configuration.place, client: client, logger: logger)
        let (stream, continuation) = AsyncStream<@Sendable () async -> Void>.makeStream()
        jobs = stream
        spawn = { job in continuation.yield(job) }
    }

    /// Runs until the task is cancelled.
    /// - Throws: `StateError` when the state folder cannot be used.
    package func run() async throws {
        let state = try await StateFolder(path: configuration.stateDirectory)
        instance = try await state.instance(Self.randomInstance)
        let reachability = Reachability(reports: reports, clock: clock)
        let watches = WatchSet(cluster: cluster, rules: rules, reachability: reachability, clock: clock, observer: board, spawn: spawn)
        let context = AgentContext(
            cluster: cluster, state: state, coordinator: coordinator, rules: rules, board: board, reports: reports,
            reachability: reachability, watches: watches, mask: mask, clock: clock, logger: logger, version: configuration.version)
        logger.info("agent of cluster \(configuration.cluster) (\(instance)): \(configuration.connection)")
        reports.add(AgentEvent(.agentStarted, at: clock.now(), message: "flotilla-agent \(configuration.version)"))
        let tasks = try await state.tasks()
        await expect(tasks, context)
        for task in tasks { start(task, context) }
        await withDiscardingTaskGroup { group in
            group.addTask { await self.pollLoop(context) }
            group.addTask { await self.reportLoop(context) }
            group.addTask { await self.tidyLoop(context) }
            // Ends when the task is cancelled, and with it everything in the group.
            for await job in jobs { group.addTask { await job() } }
            group.cancelAll()
        }
        await coordinator.shutdown()
        await cluster.client.shutdown()
        state.stop()
    }

    @Sendable private static func randomInstance() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<2).map { _ in
            let word = String(generator.next() as UInt64, radix: 16)
            return String(repeating: "0", count: 16 - word.count) + word
        }.joined()
    }

    private func start(_ task: SyncTask, _ context: AgentContext) {
        let application = ManagedApplication(task: task, context: context)
        board.add(application)
        spawn { await application.run() }
    }

    // MARK: Polling

    private func pollLoop(_ context: AgentContext) async {
        var quick = Self.quick
        var slow = Self.slow
        var random = SystemRandomNumberGenerator()
        var isFirst = true
        var lastMessage = ""
        while !Task.isCancelled {
            do {
                if await cluster.version.isEmpty { _ = try? await cluster.discover() }
                var held: [PollRequest.Held] = []
                for application in board.all { held.append(await application.held) }
                let request = PollRequest(
                    instance: instance, agentVersion: configuration.version, kubernetesVersion: await cluster.version,
                    waitSeconds: isFirst ? 0 : configuration.pollWaitSeconds, held: held.sorted { $0.application < $1.application },
                    image: await upgrade.current())
                let answer = try await coordinator.poll(request)
                if answer.reportEverything { reports.repeatEverything() }
                for task in answer.refused {
                    tell("refused: not understood: \(task.reason)", of: task.application, task.generation, task.bundle)
                }
                var accepted = try await accept(answer.tasks, context)
                if !answer.refused.isEmpty { accepted = false }
                if let image = answer.agentImage, await !upgrade.follow(image) { accepted = false }
                isFirst = false
                if !lastMessage.isEmpty { logger.info("the coordinator answers again") }
                lastMessage = ""
                slow.reset()
                // A task that is refused comes again at once: that must not spin.
                if accepted { quick.reset() } else { try await clock.sleep(quick.next(using: &random)) }
            } catch {
                if Task.isCancelled { return }
                let isSlow = (error as? CoordinatorError)?.isSlow ?? false
                if "\(error)" != lastMessage { logger.warning("\(error)") }
                lastMessage = "\(error)"
                let pause = isSlow ? slow.next(using: &random) : quick.next(using: &random)
                do { try await clock.sleep(pause) } catch { return }
            }
        }
    }

    /// Takes tasks over: each is verified, its objects are fetched, it is stored, and only then acted upon.
    /// - Returns: whether the next poll may follow at once: not where a task was refused or is older than what is held, as it would
    ///   come again.
    private func accept(_ tasks: [SyncTask], _ context: AgentContext) async throws -> Bool {
        var accepted: [SyncTask] = []
        var digests: [Digest] = []
        accepting = Set(tasks.map(\.application))
        defer {
            pinned = []
            accepting = []
        }
        for task in tasks {
            if let known = board[task.application], await known.held.generation >= task.generation { continue }
            if let refusal = task.refusal(cluster: configuration.cluster) {
                tell(refusal, of: task.application, task.generation, task.bundle.digest)
                continue
            }
            for entry in task.bundle.entries where pinned.insert(entry.object).inserted { digests.append(entry.object) }
            accepted.append(task)
        }
        let missing = try await context.state.missing(digests)
        if !missing.isEmpty { try await coordinator.fetch(missing, into: context.state) }
        try await context.state.save(accepted)
        await expect(accepted, context)
        // All at once: what depends on another application must find it here.
        for task in accepted where board[task.application] != nil { board.setReady(false, task.application) }
        for task in accepted {
            if let known = board[task.application], await !known.isRemoved { await known.adopt(task) } else { start(task, context) }
        }
        return accepted.count == tasks.count
    }

    /// Tells all applications what each is about to have, before any of them acts.
    private func expect(_ tasks: [SyncTask], _ context: AgentContext) async {
        // Nothing can pass between applications where there is only one.
        guard Set(board.all.map(\.name)).union(tasks.map(\.application)).count > 1 else { return }
        for task in tasks {
            // What cannot be read will be fetched again, and claimed then.
            let written = try? await context.state.objects(task.bundle.entries.map(\.object)) { _, read in
                (try? read.get()).flatMap { object in ObjectIdentity(object).map { ($0, object["apiVersion"]?.string ?? "") } }
            }
            var identities: Set<ObjectIdentity> = []
            for case (let identity, let apiVersion)? in written ?? [] {
                let type = await cluster.knownType(apiVersion: apiVersion, kind: identity.kind)
                identities.insert(DesiredObject.placed(identity, in: task.namespace, isNamespaced: type?.namespaced))
            }
            rules.expect(identities, for: task.application)
        }
    }

    private func tell(_ refusal: String, of application: String, _ generation: Generation, _ bundle: Digest) {
        guard refusals[application] != generation else { return }
        refusals[application] = generation
        logger.error("\(application): \(refusal)")
        let now = clock.now()
        reports.add(AgentEvent(.applyFailed, at: now, application: application, message: refusal))
        reports.put(
            ApplicationReport(
                application: application, generation: generation, bundle: bundle, phase: .failed, health: .unknown, message: refusal,
                since: now), urgent: true)
    }

    // MARK: Reporting

    private func reportLoop(_ context: AgentContext) async {
        var sequence = max(1, clock.now().milliseconds)
        var random = SystemRandomNumberGenerator()
        while !Task.isCancelled {
            await reports.wakeup.wait()
            while let isUrgent = reports.hasNews ? reports.isUrgent : nil {
                if Task.isCancelled { return }
                if !isUrgent { try? await clock.sleep(Self.reportPause) }
                guard let news = reports.take() else { break }
                let report = Report(instance: instance, sequence: sequence, applications: news.applications, events: news.events)
                guard await send(report, &random) else { return }
                sequence += 1
                for told in news.applications where told.phase == .removed { await forget(told, context) }
            }
        }
    }

    /// Sends a report until the coordinator has it. Returns `false` when cancelled.
    private func send(_ report: Report, _ random: inout SystemRandomNumberGenerator) async -> Bool {
        var backoff = Self.quick
        var slow = Self.slow
        while !Task.isCancelled {
            do {
                let answer = try await coordinator.report(report)
                if answer.acknowledged >= report.sequence { return true }
                logger.warning("report \(report.sequence) was not acknowledged (\(answer.acknowledged))")
            } catch {
                logger.debug("\(error)")
                if error.status == 400 || error.status == 413 || error.status == 422 {
                    logger.error("the coordinator refused a report, which is dropped: \(error)")
                    return true
                }
                if error.isSlow {
                    do { try await clock.sleep(slow.next(using: &random)) } catch { return false }
                    continue
                }
            }
            do { try await clock.sleep(backoff.next(using: &random)) } catch { return false }
        }
        return false
    }

    /// Forgets an application whose removal the coordinator knows of.
    private func forget(_ told: ApplicationReport, _ context: AgentContext) async {
        guard let application = board[told.application], await application.held.generation == told.generation,
            !accepting.contains(told.application)
        else { return }
        board.remove(told.application)
        reports.forget(told.application)
        do { try await context.state.forget(application: told.application) } catch { logger.error("\(error)") }
        context.tidy.wake()
    }

    // MARK: Tidying

    /// After syncs: removes objects that nobody needs and gives memory back.
    private func tidyLoop(_ context: AgentContext) async {
        while !Task.isCancelled {
            await context.tidy.wait()
            do { try await clock.sleep(.seconds(3)) } catch { return }
            var needed = pinned
            for application in board.all { needed.formUnion(await application.neededBodies) }
            needed.formUnion(pinned)
            do { try await context.state.collect(keeping: needed) } catch { logger.warning("\(error)") }
            flotilla_return_free_memory()
            // The connections that the sync needed are closed a while later.
            if await context.tidy.wait(atMost: .seconds(40), clock) { context.tidy.wake() } else { flotilla_return_free_memory() }
        }
    }
}

extension SyncTask {
    /// Why this task must not be followed; `nil` when it may.
    func refusal(cluster: String) -> String? {
        guard intent == .apply else { return nil }
        let leaf = MerkleLeaf(cluster: cluster, application: application, bundle: bundle.digest)
        guard MerkleTree.verifies(leaf, path: record.path, root: record.root) else {
            return "refused: the record \(record.commit.prefix(12)) does not cover this bundle (its Merkle path does not lead to the root)"
        }
        if bundle.entries.contains(where: { $0.original != nil }) {
            return "refused: the bundle has encrypted objects, which this agent cannot decrypt"
        }
        return nil
    }
}
