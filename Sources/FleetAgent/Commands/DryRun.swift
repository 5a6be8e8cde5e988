// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import KubernetesAPI
import Manifests

/// Says what applying a bundle would change in the cluster: the API server goes through with it, admission and all, and stores nothing.
struct DryRun {
    let context: AgentContext

    private static let concurrency = 4
    /// Differences that are shown of one object.
    private static let changesMax = 200

    /// What would become of one object.
    struct Trial: Sendable {
        enum Action: String, Sendable, CaseIterable { case create, change, unchanged, hook, left, error }

        var identity: ObjectIdentity
        var action: Action
        var message = ""
        var changes: [StructuralDiff.Change] = []

        var json: Value {
            var map: Map = ["object": .string(identity.description), "action": .string(action.rawValue)]
            if !message.isEmpty { map["message"] = .string(message) }
            if !changes.isEmpty {
                map["changes"] = .list(
                    changes.map { change in
                        var entry: Map = ["path": .string(change.path.description)]
                        if let old = change.old { entry["before"] = old }
                        if let new = change.new { entry["after"] = new }
                        return .map(entry)
                    })
            }
            return .map(map)
        }
    }

    /// - Parameter pin: keeps bodies from being tidied away meanwhile.
    func run(_ command: Command.DryRun, pin: (Set<Digest>) -> Void) async throws -> CommandAnswer {
        let application = context.board[command.application]
        guard application != nil || command.task != nil else {
            throw CommandFailure("application '\(command.application)' is not on this cluster")
        }
        let held = await application?.task
        guard let task = command.task ?? held else { throw CommandFailure("there is nothing to try") }
        guard task.application == command.application else { throw CommandFailure("the bundle is another application's") }
        let known = await application?.inventory.records ?? [:]
        var trials: [Trial] = []
        var wanted: Set<ObjectIdentity> = []
        if task.intent == .apply {
            pin(Set(task.bundle.entries.flatMap { [$0.object] + ($0.original.map { [$0] } ?? []) }))
            let missing = try await context.state.missing(task.bundle.entries)
            if !missing.isEmpty { try await context.coordinator.fetch(missing, into: context.state) }
            let plan = try await read(task)
            if let failure = BoundsRefusal.failure(plan.violations, doing: "nothing was tried") { throw CommandFailure(failure.message) }
            wanted = plan.wanted
            trials = plan.settled + (await tryOut(plan.jobs, known: known, plan))
        }
        trials.sort { ($0.identity, $0.action.rawValue) < ($1.identity, $1.action.rawValue) }
        return answer(trials, prune(known.keys.filter { !wanted.contains($0) }, wanted, task))
    }

    // MARK: Reading the bundle

    private struct Plan: Sendable {
        var wanted: Set<ObjectIdentity> = []
        var settled: [Trial] = []
        var jobs: [ApplyJob] = []
        /// Namespaces that come with the bundle, or are made for it.
        var namespaces: Set<String> = []
        /// What the pipeline's bounds do not allow.
        var violations: [BoundsViolation] = []
    }

    /// Reads the objects one at a time; their bodies stay on disk.
    private func read(_ task: SyncTask) async throws -> Plan {
        var plan = Plan()
        var definitions: [String: Bool] = [:]
        let check = task.boundsCheck
        plan.violations = check?.violations(of: task.options) ?? []
        if task.options.createNamespace { plan.namespaces.insert(task.namespace) }
        for entry in task.bundle.entries {
            let object = try await context.body(entry.object)
            guard let identity = ObjectIdentity(object) else { continue }
            if identity.kind == "Namespace", identity.group.isEmpty { plan.namespaces.insert(identity.name) }
            if identity.kind == "CustomResourceDefinition", let group = object.at("spec", "group")?.string,
                let kind = object.at("spec", "names", "kind")?.string
            {
                definitions["\(group)/\(kind)"] = object.at("spec", "scope")?.string == "Namespaced"
            }
        }
        for entry in task.bundle.entries {
            let digest = entry.object
            let object = try await context.body(digest)
            let (apiVersion, kind) = (object["apiVersion"]?.string ?? "", object["kind"]?.string ?? "")
            let type = try await context.cluster.type(apiVersion: apiVersion, kind: kind)
            let group = ObjectIdentity.group(ofAPIVersion: apiVersion)
            var planned: PlannedObject
            do {
                planned = try DesiredObject.plan(
                    object, digest: digest, task: task, isNamespaced: type?.namespaced ?? definitions["\(group)/\(kind)"])
            } catch {
                throw CommandFailure(error.message)
            }
            planned.original = entry.original
            let scope =
                KindScope.builtIn(group: group, kind: kind) ?? type?.scope
                ?? definitions["\(group)/\(kind)"].map { $0 ? KindScope.namespaced : .cluster }
            if let violation = check?.violation(of: planned.identity, scope: scope) { plan.violations.append(violation) }
            plan.wanted.insert(planned.identity)
            if let hook = planned.directives.hook, planned.directives.writing != .never {
                plan.wanted.remove(planned.identity)
                plan.settled.append(Trial(identity: planned.identity, action: .hook, message: "runs at its time, as \(hook); not tried"))
            } else if planned.directives.writing == .never {
                plan.settled.append(Trial(identity: planned.identity, action: .left, message: "annotated to be left alone"))
            } else if let type {
                var job = ApplyJob(planned, type: type, task: task)
                job.dryRun = true
                plan.jobs.append(job)
            } else if definitions["\(group)/\(kind)"] != nil {
                plan.settled.append(
                    Trial(
                        identity: planned.identity, action: .create, message: "cannot be tried before its definition, which comes with it"))
            } else {
                plan.settled.append(
                    Trial(identity: planned.identity, action: .error, message: "the cluster does not serve \(apiVersion) \(kind)"))
            }
        }
        return plan
    }

    // MARK: Trying

    private func tryOut(_ jobs: [ApplyJob], known: [ObjectIdentity: ObjectRecord], _ plan: Plan) async -> [Trial] {
        await withTaskGroup(of: Trial.self) { group in
            var rest = jobs[...]
            func addNext() {
                guard var job = rest.popFirst() else { return }
                let record = known[job.identity]
                // Taking over what others manage is part of the same trial: nothing of it is stored, so conflicts are overruled here.
                if job.task.options.adopt, record?.applied == nil { job.force = true }
                // What was applied before is healed: fields that somebody took are taken back.
                if record?.applied != nil, record?.body == job.body { job.force = true }
                let trying = job
                group.addTask { await tryOut(trying, plan) }
            }
            for _ in 0..<Self.concurrency { addNext() }
            var trials: [Trial] = []
            for await trial in group {
                trials.append(trial)
                addNext()
            }
            return trials
        }
    }

    private func tryOut(_ job: ApplyJob, _ plan: Plan) async -> Trial {
        let identity = job.identity
        let live: Value?
        do {
            live = try await context.client(for: job.task).get(job.type, namespace: identity.namespace, name: identity.name)
        } catch {
            guard error.isNotFound else { return Trial(identity: identity, action: .error, message: "\(error)") }
            live = nil
        }
        if let owner = live?.at("metadata", "labels", Ownership.applicationLabel)?.string, owner != job.task.application,
            context.board[owner] != nil
        {
            return Trial(identity: identity, action: .error, message: "belongs to application \(owner)")
        }
        switch await job.run(context).outcome {
        case .failure(let failure):
            if live == nil, plan.namespaces.contains(identity.namespace), failure.message.contains("namespaces \"\(identity.namespace)\"") {
                return Trial(identity: identity, action: .create, message: "cannot be tried before its namespace, which comes with it")
            }
            return Trial(identity: identity, action: .error, message: failure.message)
        case .success(let applied):
            guard let live else { return Trial(identity: identity, action: .create) }
            guard let after = applied.object else { return Trial(identity: identity, action: .unchanged) }
            // What was filled into it must not be told, of what it takes the place neither.
            let secrets: Plaintexts
            do { secrets = try await context.desired(job.body, original: job.original).secrets } catch {
                return Trial(identity: identity, action: .error, message: context.mask.redact("\(error)"))
            }
            let changes = StructuralDiff.changes(from: shown(live, secrets), to: shown(after, secrets))
            var trial = Trial(identity: identity, action: changes.isEmpty ? .unchanged : .change)
            trial.changes = Array(changes.prefix(Self.changesMax))
            if changes.count > Self.changesMax { trial.message = "the first \(Self.changesMax) of \(changes.count) differences" }
            return trial
        }
    }

    /// The object without secrets and without what only the server writes.
    private func shown(_ object: Value, _ secrets: Plaintexts) -> Value {
        var object = object
        object["status"] = nil
        var metadata = object["metadata"] ?? .null
        for key in ["managedFields", "creationTimestamp", "resourceVersion", "uid", "generation", "selfLink"] { metadata[key] = nil }
        object["metadata"] = metadata
        return context.mask.masked(object, secrets: secrets)
    }

    // MARK: Answering

    private func prune(_ dropped: [ObjectIdentity], _ wanted: Set<ObjectIdentity>, _ task: SyncTask) -> [Value] {
        let dropped = dropped.filter { context.rules.successor(of: $0, after: task.application) == nil }
        var word = "deleted"
        if task.intent == .orphan { word = "stays: the application is left behind" }
        if task.intent == .apply {
            if !task.options.prune {
                word = "stays: sync.prune is false"
            } else if dropped.count * 100 > task.options.pruneMaxPercent * (dropped.count + wanted.count) {
                word = "held for a person: more than \(task.options.pruneMaxPercent) % of the objects"
            }
        }
        return PrunePlan.ordered(dropped).map { ["object": .string($0.description), "message": .string(word)] }
    }

    private func answer(_ trials: [Trial], _ prune: [Value]) -> CommandAnswer {
        var counts: Map = [:]
        var words: [String] = []
        for action in Trial.Action.allCases {
            let count = trials.count { $0.action == action }
            counts[action.rawValue] = .int(Int64(count))
            if count > 0 { words.append("\(count) \(action == .error ? "cannot be applied" : action.rawValue)") }
        }
        if !prune.isEmpty { words.append("\(prune.count) no longer wanted") }
        counts["prune"] = .int(Int64(prune.count))
        return CommandAnswer(
            message: words.isEmpty ? "nothing to apply" : words.joined(separator: ", "),
            output: ["summary": .map(counts), "objects": .list(trials.map(\.json)), "prune": .list(prune)],
            isFailure: trials.contains { $0.action == .error })
    }
}
