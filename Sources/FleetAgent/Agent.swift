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

    private let rules: RuleBoard
    private let board: ApplicationBoard
    private let mask: SecretMask
    private let reports: ReportQueue
    /// What this agent may and has to do in its term; `nil` where it has always acted and always will.
    private let duty: AgentDuty?
    private let pulse: Pulse
    /// Tasks on disk that may be older than what the cluster has: nothing is done with them before the coordinator has spoken.
    private var unconfirmed: [SyncTask] = []
    /// Open once the state folder is known to be the newest there is: a copy of an older one must not replace the one in the cluster.
    private let current = Gate()
    /// Open once the coordinator has taken this instance for the one that speaks for the cluster.
    private let session = Gate()
    let keyring = Keyring()
    private let ageKeys: AgeKeys
    private let coordinator: CoordinatorClient
    private let cluster: ClusterAccess
    private let upgrade: SelfUpgrade
    private let jobs: AsyncStream<@Sendable () async -> Void>
    private let spawn: @Sendable (@escaping @Sendable () async -> Void) -> Void
    /// Woken when the coordinator was asked once with everything that is held, whether it answered or not.
    private let polled = Wakeup()
    /// Whether something was read back from the copy in the cluster that the coordinator has not confirmed.
    private var hasRestored = false
    private var instance = ""
    /// Bodies of tasks that are being taken over: not yet anybody's, and not to be collected.
    private var pinned: Set<Digest> = []
    /// Applications whose tasks are being taken over: not to be forgotten meanwhile.
    private var accepting: Set<String> = []
    /// Refusals that have been told, by application, so that each is told once.
    private var refusals: [String: Generation] = [:]

    /// The most objects that are on their way to the API server at once, of all applications together.
    package static let appliesAtOnce = 24
    /// The most objects that are in memory for that.
    static let objectsAtOnce = 32

    private static let quick = Backoff(base: .milliseconds(250), cap: .seconds(10))
    private static let slow = Backoff(base: .seconds(5), cap: .seconds(60))
    /// The longest that what was read back from the copy in the cluster waits for the coordinator's first answer.
    private static let restoredPause = Duration.seconds(10)
    private static let restoreAttempts = 8
    private static let reportPause = Duration.milliseconds(50)

    package init(configuration: AgentConfiguration, clock: AgentClock = .system, logger: Logger) {
        self.init(configuration: configuration, clock: clock, logger: logger, duty: nil)
    }

    init(configuration: AgentConfiguration, clock: AgentClock, logger: Logger, duty: AgentDuty?) {
        self.configuration = configuration
        self.duty = duty
        pulse = duty?.pulse ?? Pulse(clock: clock)
        self.clock = clock
        let mask = duty?.mask ?? SecretMask()
        let rules = RuleBoard(mask: mask)
        self.rules = rules
        mask.use(names: { [weak rules] in rules?.isName($0) ?? false })
        self.mask = mask
        self.logger = logger.redacting(by: mask)
        reports = duty?.reports ?? ReportQueue(mask: mask)
        board = ApplicationBoard(rules: rules)
        coordinator = CoordinatorClient(configuration)
        let client = duty?.client ?? Self.client(configuration, mask)
        cluster = ClusterAccess(client: client, scope: configuration.scope, clock: clock)
        upgrade = SelfUpgrade(place: configuration.place, client: client, logger: logger)
        ageKeys = AgeKeys(client: client, file: configuration.ageKeyFile, clock: clock)
        let (stream, continuation) = AsyncStream<@Sendable () async -> Void>.makeStream()
        jobs = stream
        spawn = { job in continuation.yield(job) }
    }

    static func client(_ configuration: AgentConfiguration, _ mask: SecretMask) -> KubernetesClient {
        KubernetesClient(
            connection: configuration.connection,
            options: KubernetesClient.Options(
                userAgent: "flotilla-agent/\(configuration.version)", httpVersion: .http1, idleConnectionsFor: .seconds(20),
                redact: { mask.redact($0) }))
    }

    /// Runs until the task is cancelled.
    /// - Throws: `StateError` when the state folder cannot be used.
    package func run() async throws {
        let state = try await StateFolder(path: configuration.stateDirectory, keyring: keyring)
        instance = try await state.instance(Self.randomInstance)
        let reachability = Reachability(reports: reports, clock: clock)
        let watches = WatchSet(cluster: cluster, rules: rules, reachability: reachability, clock: clock, observer: board, spawn: spawn)
        let context = AgentContext(
            cluster: cluster, state: state, coordinator: coordinator, rules: rules, board: board, reports: reports,
            reachability: reachability, watches: watches,
            copy: ClusterCopy(
                client: cluster.client, state: state, cluster: configuration.cluster, pause: configuration.stateCopyPause,
                settling: min(configuration.stateCopyPause, .seconds(1)), clock: clock, logger: logger), mask: mask, keyring: keyring,
            ageKeys: ageKeys, clock: clock, logger: logger, version: configuration.version)
        let identity = identityKeeper(state)
        let commands = CommandRunner(context: context, permissions: configuration.commands, spawn: spawn)
        try await commands.load()
        logger.info("agent of cluster \(configuration.cluster) (\(instance)): \(configuration.connection)")
        reports.add(AgentEvent(.agentStarted, at: clock.now(), message: "flotilla-agent \(configuration.version)"))
        let tasks = try await state.tasks()
        var held: [ManagedApplication] = []
        if duty?.isStateTrusted ?? true {
            // Held from the first poll on; begun when the agent has its keys.
            held = tasks.map { ManagedApplication(task: $0, context: context) }
            for application in held { board.add(application) }
            current.open()
        } else {
            logger.warning("another agent has acted here since: what is on disk is not acted upon before the coordinator has been asked")
            unconfirmed = tasks
        }
        reports.meter.began(loaded: true)
        await withDiscardingTaskGroup { group in
            group.addTask { [held] in await self.begin(held, tasks, context) }
            group.addTask { await self.keyLoop(context) }
            if let identity { group.addTask { await identity.run() } }
            group.addTask { await self.pollLoop(context, commands, identity) }
            group.addTask { await commands.sendLoop() }
            group.addTask { await self.reportLoop(context) }
            group.addTask { await self.tidyLoop(context, commands) }
            // Ends when the task is cancelled, and with it everything in the group.
            for await job in jobs { group.addTask { await job() } }
            group.cancelAll()
        }
        await ageKeys.shutdown()
        await coordinator.shutdown()
        if duty == nil { await cluster.client.shutdown() }
        for loop in ["poll", "report", "tidy", "identity"] { pulse.rest(loop) }
        state.stop()
    }

    /// - Returns: `nil` where the agent shows nothing.
    private func identityKeeper(_ state: StateFolder) -> IdentityKeeper? {
        guard case .certificate(let enrolment) = configuration.identification else { return nil }
        let secret = enrolment.isKeptInCluster ? IdentitySecret(client: cluster.client) : nil
        return IdentityKeeper(
            source: IdentityKeeper.Source(tokenFile: enrolment.tokenFile, authorityFile: enrolment.authorityFile),
            store: IdentityStore(state: state, cluster: configuration.cluster, secret: secret), coordinator: coordinator, mask: mask,
            meter: reports.meter, pulse: pulse, clock: clock, logger: logger, instance: instance)
    }

    @Sendable static func randomInstance() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<2).map { _ in
            let word = String(generator.next() as UInt64, radix: 16)
            return String(repeating: "0", count: 16 - word.count) + word
        }.joined()
    }

    /// Gets the agent's keys from the cluster, however long that takes, and begins to keep what the state folder holds, or, where that is
    /// new, what the copy in the cluster does.
    private func begin(_ held: [ManagedApplication], _ tasks: [SyncTask], _ context: AgentContext) async {
        guard let keys = await loadKeys(context) else { return }
        mask.use(keys.coding)
        let restored = await restore(tasks, keys, context)
        let again = restored.map { ManagedApplication(task: $0.task, context: context, restored: $0.isSynced ? .synced : .begun) }
        for application in again { board.add(application) }
        hasRestored = !again.isEmpty
        keyring.use(keys)
        await expect(tasks + restored.map(\.task), context)
        for application in held { spawn { await application.run() } }
        spawn { [current] in
            await current.wait()
            await context.copy.run(keys)
        }
        context.copy.wakeup.wake()
        guard !again.isEmpty else { return }
        // What the coordinator knows better comes first, where it can be reached.
        await polled.wait(atMost: Self.restoredPause, clock)
        for application in again { spawn { await application.run() } }
    }

    /// Reads back from the copy in the cluster what the state folder should hold and does not.
    private func restore(_ tasks: [SyncTask], _ keys: AgentKeys, _ context: AgentContext) async -> [(task: SyncTask, isSynced: Bool)] {
        var backoff = Self.quick
        var random = SystemRandomNumberGenerator()
        do {
            let damaged = try await context.state.damagedTasks()
            let isNew = try await context.state.isNew() && tasks.isEmpty
            guard isNew || !damaged.isEmpty else { return [] }
            for attempt in 1... {
                do {
                    let restored = try await context.copy.restore(only: isNew ? nil : damaged, keys)
                    if !restored.isEmpty {
                        let names = restored.prefix(20).map(\.task.application).joined(separator: ", ")
                        logger.info("read back from the copy of the state in the cluster: \(restored.count) applications (\(names))")
                    }
                    try await context.state.noteBegun()
                    return restored
                } catch let error as KubernetesError {
                    let mayPass = error.code == 0 || error.isRetryable || error.isUnauthorized
                    guard mayPass, attempt < Self.restoreAttempts else { throw error }
                    context.reachability.failed(error)
                    try await clock.sleep(backoff.next(using: &random))
                }
            }
        } catch {
            if Task.isCancelled { return [] }
            let text = "the copy of the state in the cluster is not used, and nothing is changed because of it: \(error)"
            logger.error("\(text)")
            reports.add(AgentEvent(.applyFailed, at: clock.now(), message: text))
            try? await context.state.noteBegun()
        }
        return []
    }

    /// - Returns: `nil` when cancelled.
    private func loadKeys(_ context: AgentContext) async -> AgentKeys? {
        var backoff = Self.quick
        var random = SystemRandomNumberGenerator()
        var said = ""
        while !Task.isCancelled {
            do { return try await KeySecret.load(cluster.client) } catch {
                if Task.isCancelled { return nil }
                (error as? KubernetesError).map(context.reachability.failed)
                let text = "the agent's key cannot be had, and nothing is applied without it: \(error)"
                if text != said {
                    logger.error("\(text)")
                    if (error as? KubernetesError)?.code != 0 { reports.add(AgentEvent(.applyFailed, at: clock.now(), message: text)) }
                }
                said = text
            }
            do { try await clock.sleep(backoff.next(using: &random)) } catch { return nil }
        }
        return nil
    }

    /// As long as something cannot be decrypted: looks whether there are other keys.
    private func keyLoop(_ context: AgentContext) async {
        while !Task.isCancelled {
            await ageKeys.needed.wait()
            do { try await clock.sleep(configuration.ageKeyPause) } catch { return }
            var isNeeded = false
            for application in board.all where await application.isKeyless { isNeeded = true }
            guard isNeeded else { continue }
            let areOthers = (try? await ageKeys.refresh()) ?? false
            if areOthers { for application in board.all { await application.retryKeyless() } }
            ageKeys.needed.wake()
        }
    }

    private func start(_ task: SyncTask, _ context: AgentContext) {
        let application = ManagedApplication(task: task, context: context)
        board.add(application)
        spawn { await application.run() }
    }

    // MARK: Polling

    private func pollLoop(_ context: AgentContext, _ commands: CommandRunner, _ identity: IdentityKeeper?) async {
        var quick = Self.quick
        var slow = Self.slow
        var random = SystemRandomNumberGenerator()
        var isFirst = true
        var lastMessage = ""
        var lastRival: String?
        while !Task.isCancelled {
            if !coordinator.isIdentified {
                // Also for days, where an enrolment has to be approved: what is held is kept all the same.
                session.close()
                pulse.rest("poll")
                await coordinator.identified.wait()
                if Task.isCancelled { return }
            }
            let isComplete = keyring.keys != nil
            do {
                pulse.beat("poll", within: .seconds(configuration.pollWaitSeconds) + .seconds(120))
                if await cluster.version.isEmpty, (try? await cluster.discover()) != nil { reports.meter.clusterAnswers(true) }
                var held: [PollRequest.Held] = []
                for application in board.all { held.append(await application.held) }
                let request = PollRequest(
                    instance: instance, agentVersion: configuration.version, kubernetesVersion: await cluster.version,
                    waitSeconds: isFirst ? 0 : configuration.pollWaitSeconds,
                    held: held.sorted { $0.application < $1.application }, lastCommand: await commands.last,
                    driftPauses: context.pauses.told, image: await upgrade.current())
                let answer = try await coordinator.poll(request)
                reports.meter.polled(at: clock.now())
                await identity?.accepted()
                session.open()
                // Fetching what is missing has deadlines of its own.
                pulse.beat("poll", within: .seconds(600))
                if let rival = answer.rival, rival != lastRival {
                    logger.warning(
                        "another agent, the instance \(rival.prefix(8))…, polls for this cluster too and is refused while this one lives")
                }
                lastRival = answer.rival
                if answer.reportEverything { reports.repeatEverything() }
                if let pauses = answer.driftPauses { await commands.take(pauses) }
                await commands.take(answer.commands)
                for task in answer.refused {
                    tell("refused: not understood: \(task.reason)", of: task.application, task.generation, task.bundle)
                }
                // Without its keys, as when it asked, an agent may store nothing: what it is told comes again.
                let taken = isComplete ? try await accept(answer.tasks, context) : answer.tasks.isEmpty ? .all : .none
                if isComplete, taken != .none, !unconfirmed.isEmpty { try await confirm(answer, context) }
                let hasAll = taken == .all && answer.refused.isEmpty
                let isMoving = if let image = answer.agentImage { await upgrade.follow(image) } else { true }
                if isComplete {
                    isFirst = false
                    polled.wake()
                    if hasRestored, taken != .none {
                        // What it has named and could not be taken over is another than what is held.
                        let others = Set(answer.tasks.map(\.application) + answer.refused.map(\.application))
                        for application in board.all where !others.contains(application.name) { await application.confirm() }
                        hasRestored = !hasAll
                    }
                }
                if !lastMessage.isEmpty { logger.info("the coordinator answers again") }
                lastMessage = ""
                slow.reset()
                // A task that is refused comes again at once, and without keys nothing is taken: that must not spin.
                if hasAll, isMoving, isComplete { quick.reset() } else { try await clock.sleep(quick.next(using: &random)) }
            } catch {
                if Task.isCancelled { return }
                let refusal = error as? CoordinatorError
                if let refusal {
                    reports.meter.pollFailed()
                    await identity?.heard(refusal)
                }
                // Another instance speaks for the cluster; it is asked again until that one's session has run out.
                if refusal?.isOtherInstance == true { session.close() }
                let isSlow = refusal?.isSlow ?? false
                if isComplete { polled.wake() }
                if "\(error)" != lastMessage { logger.warning("\(error)") }
                lastMessage = "\(error)"
                let pause = isSlow ? slow.next(using: &random) : quick.next(using: &random)
                pulse.beat("poll", within: pause + .seconds(120))
                do { try await clock.sleep(pause) } catch { return }
            }
        }
    }

    /// The coordinator has named all that this cluster should have: what only the disk knows of has been removed by the agent that acted
    /// meanwhile, and is forgotten; nothing of it is touched in the cluster.
    private func confirm(_ answer: PollResponse, _ context: AgentContext) async throws {
        // What has been taken over is not named again.
        let taken = Set(board.all.map(\.name))
        let named = taken.union(answer.tasks.map(\.application)).union(answer.refused.map(\.application))
        // A coordinator that knows of nothing at all has lost its memory, and is about to find it again.
        guard !named.isEmpty else { return }
        for task in unconfirmed where !named.contains(task.application) {
            logger.notice("\(task.application): no longer known to the coordinator: forgotten")
            try await context.state.forget(application: task.application)
        }
        // What was named and could not be taken over lies on the disk as it was, and must not be acted upon from there.
        unconfirmed.removeAll { !named.contains($0.application) || taken.contains($0.application) }
        guard unconfirmed.isEmpty else { return }
        await duty?.confirmed()
        current.open()
    }

    /// What became of the tasks of an answer.
    private enum Taken {
        /// All are held now: the next poll may follow at once.
        case all
        /// Some were refused or are older than what is held, and would come again.
        case some
        /// Nothing could be stored.
        case none
    }

    /// Takes tasks over: each is verified, its objects are fetched, it is stored, and only then acted upon.
    private func accept(_ tasks: [SyncTask], _ context: AgentContext) async throws -> Taken {
        var accepted: [SyncTask] = []
        var entries: [Bundle.Entry] = []
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
            for entry in task.bundle.entries {
                for digest in [entry.object, entry.original].compactMap({ $0 }) { pinned.insert(digest) }
                entries.append(entry)
            }
            accepted.append(task)
        }
        do {
            let missing = try await context.state.missing(entries)
            if !missing.isEmpty { try await coordinator.fetch(missing, into: context.state) }
            try await context.state.save(accepted)
            if !accepted.isEmpty { try await context.state.noteBegun() }
        } catch let error as StateError {
            for task in accepted {
                tell("cannot be taken over, and what is held is kept: \(error)", of: task.application, task.generation, task.bundle.digest)
            }
            return .none
        }
        if !accepted.isEmpty { context.copy.wakeup.wake() }
        await expect(accepted, context)
        // All at once: what depends on another application must find it here.
        for task in accepted where board[task.application] != nil { board.setReady(false, task.application) }
        for task in accepted {
            if let known = board[task.application], await !known.isRemoved { await known.adopt(task) } else { start(task, context) }
        }
        return accepted.count == tasks.count ? .all : .some
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
        // Above all that were used before, also where the clock was set back meanwhile.
        var sequence = max(1, clock.wall().milliseconds, await context.state.savedSequence())
        var reserved: Int64 = 0
        var random = SystemRandomNumberGenerator()
        while !Task.isCancelled {
            pulse.rest("report")
            await reports.wakeup.wait()
            // What another instance says about this cluster is not heard while a session of somebody else lasts.
            await session.wait()
            while let isUrgent = reports.hasNews ? reports.isUrgent : nil {
                if Task.isCancelled { return }
                if !isUrgent { try? await clock.sleep(Self.reportPause) }
                if sequence >= reserved {
                    reserved = sequence + 100_000
                    await context.state.saveSequence(reserved)
                }
                guard let news = reports.take() else { break }
                var report = Report(instance: instance, sequence: sequence, applications: news.applications, events: news.events)
                report.show(by: clock.offset)
                guard await send(&report, &random) else {
                    // Ended before it was delivered: the next term, if there is one, delivers it.
                    reports.giveBack(news.applications, news.events)
                    return
                }
                sequence = report.sequence + 1
                reports.meter.reported(at: clock.now())
                for told in news.applications where told.phase == .removed { await forget(told, context) }
            }
        }
    }

    /// Sends a report until the coordinator has it. Returns `false` when cancelled.
    private func send(_ report: inout Report, _ random: inout SystemRandomNumberGenerator) async -> Bool {
        var backoff = Self.quick
        var slow = Self.slow
        while !Task.isCancelled {
            pulse.rest("report")
            await session.wait()
            pulse.beat("report", within: .seconds(240))
            do {
                let answer = try await coordinator.report(report)
                if answer.acknowledged == report.sequence { return true }
                if answer.acknowledged > report.sequence {
                    // Later ones than this are known: this one was not heard, as it looks like an old one.
                    report.sequence = answer.acknowledged + 1
                    continue
                }
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
        context.copy.wakeup.wake()
    }

    // MARK: Tidying

    /// After syncs: removes objects that nobody needs and gives memory back.
    private func tidyLoop(_ context: AgentContext, _ commands: CommandRunner) async {
        while !Task.isCancelled {
            await context.tidy.wait()
            do { try await clock.sleep(.seconds(3)) } catch { return }
            var needed = pinned.union(commands.neededBodies)
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
        return nil
    }
}
