// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import KubernetesAPI
import Logging
import Manifests

/// One application on this cluster: makes it match its task and keeps it so.
///
/// Everything it does to the cluster is done by `run`, step by step; what watches see only changes what the next step finds to do.
actor ManagedApplication {
    nonisolated let name: String
    nonisolated let wakeup = Wakeup()
    let context: AgentContext

    var task: SyncTask
    var inventory = Inventory()
    var isLoaded = false
    /// The agent ended while it was applying: what the cluster has of the newer objects is not known until they have been applied again.
    var isUnsure = false

    // The sync in force.
    var needsSync = true
    var plan: SyncPlan?
    /// The run of the hooks that this task belongs to.
    var hookRun: String?
    /// The hooks that run before or after the application goes.
    var removalPlan: [PlannedHook] = []
    /// Since when hooks are known to run, by their keys.
    var hookSince: [String: Timestamp] = [:]
    var hookPolls = 0
    /// How often the pods of hooks that have failed were asked for in vain, by the hooks' keys.
    var hookLooks: [String: Int] = [:]
    /// What people should know of this sync although it did not fail for it.
    var warnings: [String] = []
    /// The failure that was told last, so that each is told once.
    var toldFailure: String?
    /// The hooks' annotation of the parent, as last read or written.
    var parentHooks: String?
    /// Whether the parent is known to be labelled as one.
    var isParentLabelled = true
    var retry = RetryPlan()
    var retryAt: Timestamp?
    /// Since when the sync waits for something that should come by itself.
    var pendingSince: Timestamp?
    var hasReadParent = false
    /// Whether anything was sent to the cluster for this generation.
    var sent = 0
    /// Whether something could not be decrypted with the keys at hand.
    var isKeyless = false
    /// What was said of objects that cannot be decrypted, so that it is said once.
    var toldUndecryptable: [ObjectIdentity: String] = [:]
    /// Whether the last attempt failed because an object is another application's.
    var isRefused = false

    // What is running and what was seen.
    var inFlight: Set<ObjectIdentity> = []
    var seenMeanwhile: [ObjectIdentity: Sighting] = [:]
    /// What was seen before the inventory was read.
    var seenEarly: [ObjectIdentity: Sighting] = [:]
    var drifted: [ObjectIdentity: Drift] = [:]
    var pacing: [ObjectIdentity: HealPacing] = [:]
    var fights: [ObjectIdentity: Fight] = [:]
    /// Who else has fields of these objects, with equal values.
    var sharers: [ObjectIdentity: [String]] = [:]
    /// Dropped objects that stay in place, as their annotations say.
    var exempt: Set<ObjectIdentity> = []
    var isDirty = false
    /// Since when there has been something to save that can wait: a heal, of which the next list would tell as well.
    var staleSince: Timestamp?
    /// So that a large inventory is not written anew for each object that is healed.
    static let savePause = Duration.seconds(2)
    var resync = Resync()

    // What is told.
    var phase = ApplicationReport.Phase.syncing
    var message = ""
    var told: ApplicationReport?
    var inProgressSince: Timestamp?
    var podReason: (object: ObjectIdentity, text: String)?
    var podChecks = 0
    var podCheckAt: Timestamp?
    /// The failed object whose pods have been looked into.
    var explained: ObjectIdentity?
    var damping = HealthDamping()
    /// When a change of health may be told that had to wait.
    var tellAt: Timestamp?
    var mustTell = true

    /// Whether the task was read back from the copy in the cluster, which may be older than what the cluster has: nothing is pruned for
    /// it before the coordinator has confirmed it.
    private(set) var isRestored: Bool
    /// Whether something is to be pruned as soon as that has happened.
    var awaitsConfirmation = false
    /// Why the inventory could not be saved; empty when it was.
    var saveFailure = ""

    /// Whether the task was read back from there after it had been applied as a whole: fields that others have taken since are drift.
    private(set) var wasSynced: Bool
    /// The generation that the copy in the cluster has been told to be applied.
    private var toldSynced = ""

    /// How far a task was that was read back from the copy in the cluster.
    enum Restored { case no, begun, synced }

    init(task: SyncTask, context: AgentContext, restored: Restored = .no) {
        isRestored = restored != .no
        wasSynced = restored == .synced
        name = task.application
        self.task = task
        self.context = context
    }

    /// Takes a newer task. An older one, or the same, changes nothing: a generation never goes back.
    func adopt(_ new: SyncTask) {
        guard new.generation > task.generation else { return }
        let isTransfer = new.intent == .apply && task.intent != .apply
        task = new
        isRestored = false
        wasSynced = false
        awaitsConfirmation = false
        needsSync = true
        plan = nil
        hookRun = nil
        removalPlan = []
        hookSince = [:]
        hookPolls = 0
        hookLooks = [:]
        warnings = []
        toldFailure = nil
        retry.reset()
        retryAt = nil
        pendingSince = nil
        sent = 0
        isRefused = false
        inProgressSince = nil
        podReason = nil
        podChecks = 0
        podCheckAt = nil
        explained = nil
        phase = .syncing
        message = ""
        mustTell = true
        exempt = []
        if isTransfer { hasReadParent = false }
        context.rules.setIgnored(new.options.ignore, application: name)
        context.rules.setHealthRules(new.options.healthRules, application: name)
        context.board.setReady(false, name)
        wakeup.wake()
    }

    /// Tells what was begun for a task whether that is still the one to follow: a newer one may have come at any wait, and may want what
    /// this one drops.
    func checkInForce(_ generation: Generation) throws(Superseded) {
        guard task.generation == generation else { throw Superseded() }
    }

    /// Says that the coordinator has this very task in force, or has sent a newer one.
    func confirm() {
        guard isRestored else { return }
        isRestored = false
        guard awaitsConfirmation else { return }
        awaitsConfirmation = false
        needsSync = true
        retryAt = nil
        wakeup.wake()
    }

    /// Whether its loop has ended; a new task needs a new application.
    var isRemoved: Bool { phase == .removed }

    var held: PollRequest.Held { PollRequest.Held(application: name, generation: task.generation, bundle: task.bundle.digest) }

    /// The digests whose bodies are still needed.
    var neededBodies: Set<Digest> {
        Set(task.bundle.entries.map(\.object)).union(task.bundle.entries.compactMap(\.original))
            .union(inventory.records.values.compactMap(\.body)).union(inventory.records.values.compactMap(\.original))
            .union((inventory.hooks?.removal ?? []).map(\.body))
    }

    // MARK: The loop

    func run() async {
        await load()
        while !Task.isCancelled, phase != .removed {
            let next = await step()
            if isDirty { await save() }
            tell()
            if phase == .removed { break }
            let now = context.clock.now()
            if let since = staleSince, now - since >= Self.savePause { await save() }
            let due = [next, timeToLook(), staleSince.map { $0 + Self.savePause }].compactMap { $0 }.min()
            await wakeup.wait(atMost: due.map { max($0 - now, .milliseconds(1)) }, context.clock)
        }
        if isDirty || staleSince != nil, phase != .removed { await save() }
        tellResync()
    }

    private func load() async {
        guard !isLoaded else { return }
        context.rules.setIgnored(task.options.ignore, application: name)
        context.rules.setHealthRules(task.options.healthRules, application: name)
        do { inventory = try await context.state.inventory(name) ?? Inventory() } catch {
            context.logger.warning("\(name): the inventory cannot be read and is made again: \(error)")
        }
        if let keys = context.keyring.keys { inventory.rekey(keys.identifier) }
        for (identity, record) in inventory.records where record.body != nil { context.rules.restore(identity, for: name) }
        for (identity, record) in inventory.records where record.body == nil { context.rules.hold(identity, for: name) }
        isUnsure = inventory.begun != inventory.synced
        isLoaded = true
        let seen = seenEarly
        seenEarly = [:]
        for sighting in seen.values { observe(sighting) }
    }

    /// Makes sure that the disk knows what this application has applied.
    func saved() async throws(ApplyFailure) {
        if isDirty { await save() }
        guard isDirty else { return }
        throw ApplyFailure(nil, "the state folder cannot be written: \(saveFailure)", .retry(after: .seconds(5)))
    }

    func save() async {
        isDirty = false
        staleSince = nil
        do {
            try await context.state.save(inventory, of: name)
            saveFailure = ""
            if inventory.synced != toldSynced {
                toldSynced = inventory.synced
                context.copy.wakeup.wake()
            }
        } catch {
            isDirty = true
            guard saveFailure != "\(error)" else { return }
            saveFailure = "\(error)"
            let text = "what was applied cannot be noted, so that nothing is pruned and no new release is begun: \(error)"
            context.logger.error("\(name): \(text)")
            context.reports.add(AgentEvent(.applyFailed, at: context.clock.now(), application: name, message: text))
        }
    }

    /// Does what is due, and says when the next thing is (`nil`: only when woken).
    private func step() async -> Timestamp? {
        beginResync()
        var next: Timestamp?
        func consider(_ time: Timestamp?) {
            guard let time else { return }
            next = next.map { min($0, time) } ?? time
        }
        if needsSync {
            // What waits for something to come by itself is looked at whenever anything has come.
            if let retryAt, retryAt > context.clock.now(), pendingSince == nil {
                consider(retryAt)
            } else {
                let generation = task.generation
                await syncOnce()
                if task.generation != generation { return context.clock.now() }
                consider(retryAt)
            }
        }
        if phase == .removed { return nil }
        consider(await heal())
        consider(settleFights())
        consider(await explain())
        consider(healthDeadline())
        return next
    }

    private func syncOnce() async {
        let outcome: SyncOutcome
        let generation = task.generation
        switch task.intent {
        case .apply: outcome = await sync()
        case .prune: outcome = await removeEverything()
        case .orphan: outcome = await letGo()
        }
        guard task.generation == generation else { return }
        settle(outcome)
        context.tidy.wake()
        if !needsSync { await context.board.retryRefused(after: name) }
    }

    private func settle(_ outcome: SyncOutcome) {
        let now = context.clock.now()
        retryAt = nil
        if !outcome.isPending { pendingSince = nil }
        switch outcome {
        case .synced:
            finishSync(.synced, "", now)
        case .held(let text):
            // Applied as a whole; what a person has to decide does not keep the application from being healed.
            finishSync(.held, text, now)
        case .removed(let text):
            needsSync = false
            phase = .removed
            message = text
            for identity in inventory.records.keys { context.rules.release(identity, of: name) }
            context.rules.setIgnored([], application: name)
            context.rules.setHealthRules([], application: name)
            inventory = Inventory()
            drifted = [:]
            (pacing, fights, sharers) = ([:], [:], [:])
        case .waiting(let text):
            (phase, message) = (.waiting, text)
        case .pending(let text, let after):
            let since = pendingSince ?? now
            pendingSince = since
            let isLate = now - since >= .milliseconds(task.options.timeoutMilliseconds)
            (phase, message) = (isLate ? .failed : .syncing, text)
            if let after { retryAt = now + after }
        case .failing(let outcome, let text, let after):
            tellFailure(outcome, now)
            (phase, message) = (.failed, text)
            retryAt = now + after
        case .failed(let failure, let text):
            let options = task.options
            retryAt =
                now
                + retry.next(
                    after: failure.course, limit: options.retryLimit, base: .milliseconds(options.retryBackoffMilliseconds),
                    cap: .milliseconds(options.retryMaxBackoffMilliseconds), share: Double.random(in: 0...1))
            // What may pass by itself is no failure until it has been tried as often as the application says.
            let mayPass = failure.isRetryable && retry.failures <= options.retryLimit
            phase = mayPass ? .syncing : failure.course == .hold ? .held : .failed
            isRefused = failure.isOwnership
            if failure.needsKeys { isKeyless = true }
            if !mayPass || message.isEmpty { tellFailure(outcome, now) }
            message = text
        }
        settleResync(outcome)
        mustTell = true
    }

    private func tellFailure(_ outcome: SyncOutcome, _ now: Timestamp) {
        let text = outcome.text
        guard toldFailure != text else { return }
        toldFailure = text
        var object = ""
        if case .failed(let failure, _) = outcome { object = failure.identity?.description ?? "" }
        context.reports.add(AgentEvent(.applyFailed, at: now, application: name, object: object, message: text))
    }

    /// Tries again what failed because another application had an object.
    func retryIfRefused() {
        guard isRefused else { return }
        isRefused = false
        retryAt = nil
        wakeup.wake()
    }

    /// Tries again what failed for want of a key: there are others now.
    func retryKeyless() {
        guard isKeyless else { return }
        isKeyless = false
        retryAt = nil
        for identity in drifted.keys { drifted[identity]?.notBefore = nil }
        wakeup.wake()
    }

    private func finishSync(_ phase: ApplicationReport.Phase, _ text: String, _ now: Timestamp) {
        let isNews = inventory.synced != task.generation.description
        needsSync = false
        isKeyless = false
        isUnsure = false
        plan = nil
        retry.reset()
        pendingSince = nil
        if self.phase != phase || message != text, phase == .held {
            context.reports.add(AgentEvent(.pruneHeld, at: now, application: name, message: text))
        }
        (self.phase, message) = (phase, text)
        inventory.synced = task.generation.description
        isDirty = true
        if isNews {
            context.reports.add(
                AgentEvent(
                    .applied, at: now, application: name,
                    message: "generation \(task.generation): \(sent) of \(task.bundle.entries.count) objects sent"
                        + (warnings.isEmpty ? "" : "; warnings: \(warnings.joined(separator: "; "))")))
        }
    }
}

/// A newer task has come while something was done for the one before, which is broken off.
struct Superseded: Error {}

/// How an attempt to sync ended.
enum SyncOutcome: Sendable {
    case synced
    case held(String)
    case removed(String)
    /// Another application comes first.
    case waiting(String)
    /// Something should come by itself: looked at again when woken, or after the time.
    case pending(String, after: Duration?)
    case failed(ApplyFailure, String)
    /// Has failed as the outcome says, and what runs after a failure has not ended: looked at again after the time.
    indirect case failing(SyncOutcome, String, after: Duration)

    /// Broken off for a newer task; what becomes of this one counts no more.
    static let superseded = SyncOutcome.pending("a newer task has come", after: .zero)

    /// In words; empty where there is nothing to say.
    var text: String {
        switch self {
        case .synced: ""
        case .held(let text), .removed(let text), .waiting(let text), .pending(let text, _), .failed(_, let text), .failing(_, let text, _):
            text
        }
    }

    /// Whether something is waited for, also where that has become a failure by now.
    var isPending: Bool {
        switch self {
        case .pending: true
        case .failing(let outcome, _, _): outcome.isPending
        case .synced, .held, .removed, .waiting, .failed: false
        }
    }

    /// Puts several failures into one.
    static func failed(_ failures: [ApplyFailure], of total: Int) -> SyncOutcome {
        let sorted = failures.sorted { ($0.identity?.description ?? "") < ($1.identity?.description ?? "") }
        // One that a retry may mend keeps the pace quick; a person is asked for only when that is all that is left.
        let worst = sorted.first { $0.isRetryable } ?? sorted.first { $0.course == .hold } ?? sorted.first
        guard let worst else { return .synced }
        let text = sorted.count == 1 ? "\(worst)" : "\(sorted.count) of \(total) objects could not be applied: \(worst)"
        return .failed(worst, text)
    }
}
