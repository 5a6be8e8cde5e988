// SPDX-License-Identifier: Apache-2.0
import FleetModel
import GitRepository
import Logging
import Manifests
import PostgresClient
import Promotion
import Synchronization

/// Follows the fleet repository: fetches, judges the trunk's head, plans releases, and notices what people push to environment branches.
final class FleetFollower: Sendable {
    /// What people may want to know about following.
    struct Status: Sendable {
        var lastFetch: Timestamp?
        /// Why the last fetch failed; empty when it did not.
        var failure = ""
        var fetchFailures = 0
        /// The first round is done: plans and stages are as Git says.
        var isReady = false
    }

    private let store: Store
    private let engine: PromotionEngine
    private let mirror: GitMirror
    private let planner: Planner
    private let signer: SSHSigner
    private let branch: String
    private let interval: Duration
    private let time: WallTime
    private let holder: String
    /// A commit of the trunk that somebody vouches for, whoever signed it.
    private let vouched: ObjectID?
    private let hasVouched = Mutex(false)
    private let logger: Logger
    private let judge: CommitJudge
    private let state = Mutex(Status())
    private let reader = DeclarationReader()
    /// Parsed declarations by commit; the last few.
    private let parsed = Mutex<[(commit: String, declarations: Declarations)]>([])
    /// The first head of each stage's branch that was looked at and found wanting, so that it is reported once.
    private let reported = Mutex<[StageID: String]>([:])

    private static let parsedMax = 4
    /// How far below a stage's head its last record is looked for.
    private static let headsAboveRecordMax = 100
    /// Commits that a new database looks through for changes of the signature rule.
    private static let ruleChangesMax = 1_000
    private static let leaseSeconds: Int64 = 60

    init(
        store: Store, engine: PromotionEngine, mirror: GitMirror, planner: Planner, signer: SSHSigner, branch: String, interval: Duration,
        time: WallTime, holder: String, vouched: ObjectID? = nil, logger: Logger
    ) {
        self.store = store
        self.engine = engine
        self.mirror = mirror
        self.planner = planner
        self.signer = signer
        self.branch = branch
        self.interval = interval
        self.time = time
        self.holder = holder
        self.vouched = vouched
        self.logger = logger
        // Our own line can be parsed; were it not, no record would count.
        judge = CommitJudge(
            mirror: mirror,
            own: (try? AllowedSigners(parsing: signer.allowedSignersLine(principal: Recorder.committerEmail)))
                ?? AllowedSigners(entries: []))
    }

    var status: Status { state.withLock { $0 } }

    /// Follows until cancelled: at every interval, and whenever the bell rings (a webhook, a branch found moved).
    func run() async {
        while !Task.isCancelled {
            do { try await round() } catch is CancellationError {
                return
            } catch {
                state.withLock {
                    $0.failure = "\(error)"
                    $0.fetchFailures += 1
                }
                logger.warning("following the fleet repository failed; what was known stays", metadata: ["error": "\(error)"])
            }
            await engine.bells.follower.wait(atMost: interval)
        }
    }

    /// One round. Another coordinator that holds the lease does it instead; this one then only fetches for its own renders and records.
    func round() async throws {
        _ = try await mirror.fetch()
        let now = time.now
        state.withLock {
            $0.lastFetch = now
            $0.failure = ""
        }
        let mine = try await store.database.transaction { [holder] session in
            try LeaseRows.take(session, name: "follow", holder: holder, until: now + .seconds(Self.leaseSeconds), at: now)
        }
        if mine {
            try await followTrunk()
            try await followEnvironmentBranches()
            await planner.tidy()
            try await engine.offerEverything()
        }
        state.withLock { $0.isReady = true }
    }

    func releaseLease() async {
        try? await store.database.transaction { [holder] in try LeaseRows.release($0, name: "follow", holder: holder) }
    }

    // MARK: - The trunk

    private func followTrunk() async throws {
        guard let head = try await mirror.head(of: branch) else {
            throw GitError.notFound(what: "branch '\(branch)' of the fleet repository")
        }
        let (known, before) = try await store.database.read {
            (try FleetCommitRows.newest($0, valid: false), try FleetCommitRows.newest($0, valid: true))
        }
        let isVouchedFor = try await vouches(for: head)
        if known?.commit != "\(head)" || isVouchedFor {
            // What never came into force need not stay in the trunk.
            if let last = before, let id = ObjectID(hex: last.commit), try await mirror.contains(id),
                !(try await mirror.isAncestor(id, of: head))
            {
                // A rewritten trunk holds: the last state stays in force until the trunk descends from it again.
                let message = "\(branch) was rewritten: \("\(head)".prefix(7)) does not descend from \(last.commit.prefix(7)); holding"
                let refusal = GitAuthorship(try await mirror.commit(head)).entry(
                    at: time.now, "fleet.refuse", on: "fleet", outcome: .refused, reason: message,
                    before: .map(["commit": .string(last.commit)]))
                try await note(
                    FleetEvent(at: time.now, kind: "trunkRewritten", severity: .error, release: "\(head)", message: message), refusal)
                return
            }
            var isDecided = false
            if before == nil, let ruled = try await ruledBefore(head) {
                try await decide(ruled, isRecorded: true)
                isDecided = ruled == head
            }
            // What somebody vouches for comes into force by itself, so that what follows is judged by it.
            if isVouchedFor {
                hasVouched.withLock { $0 = true }
                if let vouched, vouched != head { try await decide(vouched) }
            }
            if !isDecided { try await decide(head) }
        }
        guard let inForce = try await store.database.read({ try FleetCommitRows.newest($0, valid: true) }),
            let fleetID = ObjectID(hex: inForce.commit)
        else { return }
        let declared = try await declarations(at: fleetID)
        guard let fleet = declared.fleet else { return }
        let verdict = try await verdict(onTrunk: head)
        let trunk = Trunk(
            fleet: fleet, fleetCommit: fleetID, rule: try await judge.rule(of: declared, at: fleetID),
            head: verdict.isAccepted ? head : nil)
        for pipeline in fleet.pipelines { try await plan(pipeline, on: trunk) }
    }

    /// The fleet commit in force, and what may be released of the trunk.
    private struct Trunk {
        var fleet: Fleet
        var fleetCommit: ObjectID
        var rule: CommitJudge.Rule
        /// `nil` while the head does not meet the rule.
        var head: ObjectID?
    }

    // MARK: - Signatures

    /// Whether the commit that somebody vouches for has yet to come into force, also where it was refused before; that is tried once.
    private func vouches(for head: ObjectID) async throws -> Bool {
        guard let vouched, !hasVouched.withLock({ $0 }), try await mirror.contains(vouched),
            try await mirror.isAncestor(vouched, of: head)
        else { return false }
        guard let inForce = try await commitInForce() else { return true }
        return try await !mirror.isAncestor(vouched, of: inForce)
    }

    private func commitInForce() async throws -> ObjectID? {
        try await store.database.read({ try FleetCommitRows.newest($0, valid: true) }).flatMap { ObjectID(hex: $0.commit) }
    }

    /// Judges a head of the trunk by the commit in force; the first one ever by itself.
    private func verdict(onTrunk head: ObjectID) async throws -> CommitJudge.Verdict {
        if head == vouched {
            return CommitJudge.Verdict(signature: "vouched for by whoever runs the coordinator")
        }
        let inForce = try await commitInForce()
        let rule = try await judge.rule(of: try await declarations(at: inForce ?? head), at: inForce ?? head)
        return try await judge.judge(head, since: inForce, on: .trunk, by: rule)
    }

    /// The newest commit that has set the rule for those after it; `nil` where there never was a rule.
    ///
    /// A new database must not take up a trunk by the word of its head alone: from the newest fleet commit that one of our own records
    /// names, each change of the rule is judged by the rule before it.
    private func ruledBefore(_ head: ObjectID) async throws -> ObjectID? {
        guard var accepted = try await lastRecordedFleet(of: head) else { return nil }
        var rule = try await judge.rule(of: try await declarations(at: accepted), at: accepted)
        var isRuled = rule.require != .none
        let history = try await mirror.log(from: head, firstParent: true, limit: Self.ruleChangesMax, until: accepted)
        for commit in history.reversed() where commit.id != accepted {
            let declared = try await declarations(at: commit.id)
            guard declared.fleet != nil else { continue }
            let next = try await judge.rule(of: declared, at: commit.id)
            guard next.meaning != rule.meaning, next.errors.isEmpty,
                try await judge.judge(commit.id, since: accepted, on: .trunk, by: rule).isAccepted
            else { continue }
            (rule, accepted) = (next, commit.id)
            isRuled = isRuled || next.require != .none
        }
        return isRuled ? accepted : nil
    }

    /// The newest fleet commit before `head` that this coordinator has signed into a record.
    private func lastRecordedFleet(of head: ObjectID) async throws -> ObjectID? {
        let verifier = try SSHSignatureVerifier(allowedSigners: signer.allowedSignersLine(principal: Recorder.committerEmail))
        var newest: ObjectID?
        for start in try await mirror.heads(matching: "flotilla/").values {
            let history = try await mirror.log(from: start, firstParent: true, limit: Self.headsAboveRecordMax)
            guard let record = history.first(where: { verifier.verify($0).isGood }),
                let fleet = record.trailer(RecordMessage.fleetKey).flatMap({ ObjectID(hex: $0) }), try await mirror.contains(fleet),
                try await mirror.isAncestor(fleet, of: head)
            else { continue }
            if let known = newest, !(try await mirror.isAncestor(known, of: fleet)) { continue }
            newest = fleet
        }
        return newest
    }

    // MARK: - Into force

    /// Decides whether a new head of the trunk comes into force, and if so makes stages and clusters as it declares them.
    /// - Parameter isRecorded: one of our own records says that it was in force.
    private func decide(_ head: ObjectID, isRecorded: Bool = false) async throws {
        let declarations = try await declarations(at: head)
        let info = try await mirror.commit(head)
        let verdict =
            isRecorded
            ? CommitJudge.Verdict(signature: "in force before, as records and the rules since show") : try await verdict(onTrunk: head)
        let rule = try await judge.rule(of: declarations, at: head)
        // An invalid application refuses its pipeline's release; anything else that is invalid refuses the fleet commit.
        let refusing =
            (declarations.fleet == nil ? declarations.result.errors.filter { $0.subject?.kind != .application } : []) + rule.errors
        let isValid = declarations.fleet != nil && refusing.isEmpty && verdict.isAccepted
        let commit = FleetCommitRows.Commit(
            commit: "\(head)", valid: isValid,
            diagnostics: (verdict.reason.map { ["\($0):"] + verdict.details } ?? [])
                + (rule.diagnostics + declarations.result.diagnostics).map(\.description),
            subject: info.title, author: "\(info.author)", committedAt: info.committer.when, seenAt: time.now)
        let now = time.now
        let rules = isValid ? declarations.fleet.map { AccessRule.all(of: $0, in: declarations.files) } : nil
        let problems = "\(refusing.count) problem(s): \(refusing.first?.description ?? "")"
        let message = isValid ? info.title : verdict.isAccepted ? problems : verdict.text
        let events = [
            FleetEvent(
                at: now, kind: isValid ? "fleetCommit" : "fleetRefused", severity: isValid ? .info : .error, release: "\(head)",
                message: message)
        ]
        try await store.database.transaction { [store] session in
            let before = try FleetCommitRows.newest(session, valid: true)
            try FleetCommitRows.add(session, commit)
            if let rules { try AccessRows.set(session, commit: commit.commit, rules) }
            try EventRows.append(session, events)
            let entry = GitAuthorship(info, signature: verdict.signature).entry(
                at: now, isValid ? "fleet.accept" : "fleet.refuse", on: "fleet", outcome: isValid ? .done : .refused,
                reason: message, before: before.map { .map(["commit": .string($0.commit)]) })
            try store.audit.append(session, [entry])
        }
        store.access.forget()
        guard isValid, let fleet = declarations.fleet else { return }
        let clusters = fleet.clusters.map { cluster in
            ClusterRows.Declared(
                name: cluster.name, environment: fleet.environment(of: cluster)?.name,
                labels: cluster.labels, paused: cluster.paused, credentialEpoch: Int64(cluster.credentialEpoch))
        }
        try await engine.transaction { transaction in
            for pipeline in fleet.pipelines {
                try StageRows.declare(
                    transaction.session, pipeline: pipeline.name,
                    stages: pipeline.stages.map { ($0.environment, $0.after) })
            }
            try StageRows.retirePipelines(transaction.session, except: fleet.pipelines.map(\.name))
            for left in try ClusterRows.declare(transaction.session, clusters) {
                guard let environment = left.from else { continue }
                for pipeline in fleet.pipelines where pipeline.stages.contains(where: { $0.environment == environment }) {
                    try transaction.apply([.clusterLeft(left.cluster)], to: StageID(pipeline: pipeline.name, environment: environment))
                }
            }
        }
    }

    private func plan(_ pipeline: Pipeline, on trunk: Trunk) async throws {
        let (fleet, fleetCommit) = (trunk.fleet, "\(trunk.fleetCommit)")
        try await restore(pipeline, on: trunk)
        let source = pipeline.source.branch
        // A head of the trunk that is refused is no release either; that was said already.
        guard let head = source == branch ? trunk.head : try await mirror.head(of: source) else {
            guard source != branch else { return }
            try await noteOnce(
                StageID(pipeline: pipeline.name, environment: ""), "no branch \(source)",
                FleetEvent(
                    at: time.now, kind: "releaseRefused", severity: .error, pipeline: pipeline.name,
                    message: "the pipeline's source branch '\(source)' does not exist"))
            return
        }
        if source != branch, !(try await mayRelease(head, pipeline, on: trunk)) { return }
        let before = try await store.database.read { try FleetCommitRows.before($0, fleetCommit) }
        var gates: Fleet?
        if let before, let id = ObjectID(hex: before.commit), try await mirror.contains(id) { gates = try await declarations(at: id).fleet }
        let outcome = try await planRelease(pipeline, at: head, fleet: fleet, fleetCommit: fleetCommit, gates: gates, origin: .release)
        if case .planned(let sequence, let renders) = outcome, renders > 0 {
            logger.info(
                "planned",
                metadata: ["pipeline": "\(pipeline.name)", "sequence": "\(sequence)", "release": "\(head)", "renders": "\(renders)"])
        }
    }

    /// Whether a head of another branch than the trunk meets the rule; one that was released before may be released again.
    private func mayRelease(_ head: ObjectID, _ pipeline: Pipeline, on trunk: Trunk) async throws -> Bool {
        guard trunk.rule.require != .none, !(try await mirror.isAncestor(head, of: trunk.fleetCommit)) else { return true }
        let last = try await store.database.read { try PlanRows.lastReleased($0, pipeline: pipeline.name) }.flatMap { ObjectID(hex: $0) }
        guard head != last else { return true }
        var since = trunk.fleetCommit
        if let last, try await mirror.contains(last) { since = last }
        let verdict = try await judge.judge(head, since: since, on: .trunk, by: trunk.rule)
        guard !verdict.isAccepted else { return true }
        let info = try await mirror.commit(head)
        try await noteOnce(
            StageID(pipeline: pipeline.name, environment: ""), "\(head)",
            FleetEvent(
                at: time.now, kind: "releaseRefused", severity: .error, pipeline: pipeline.name, release: "\(head)",
                message: verdict.text),
            GitAuthorship(info, signature: verdict.signature).entry(
                at: time.now, "release.refuse", on: pipeline.name, outcome: .refused, reason: verdict.text))
        return false
    }

    /// Plans `release` for the pipeline; its applications are those that the release's own tree declares.
    private func planRelease(
        _ pipeline: Pipeline, at release: ObjectID, fleet: Fleet, fleetCommit: String, gates: Fleet?, origin: Origin
    ) async throws -> Planner.Outcome {
        let known = try await store.database.read {
            try PlanRows.exists($0, pipeline: pipeline.name, release: "\(release)", fleet: fleetCommit)
        }
        if let known { return .planned(sequence: known, renders: 0) }
        let declared = try await declarations(at: release)
        let contents = FleetParser.release(declared.files, of: pipeline, in: fleet)
        let request = Planner.Request(
            pipeline: pipeline, fleet: fleet, fleetCommit: fleetCommit, applications: contents.applications,
            release: try await mirror.commit(release), origin: origin, gates: gates)
        guard contents.isValid else {
            let reason = contents.errors.map(\.description).joined(separator: "\n")
            try await planner.refuse(request, reason)
            return .refused(reason)
        }
        return try await planner.plan(request)
    }

    /// What the fleet commit in force declares; `nil` before there is one.
    func fleetInForce() async throws -> Fleet? {
        guard let name = try await store.database.read({ try FleetCommitRows.newest($0, valid: true) })?.commit,
            let commit = ObjectID(hex: name)
        else { return nil }
        return try await declarations(at: commit).fleet
    }

    private func declarations(at commit: ObjectID) async throws -> Declarations {
        let name = "\(commit)"
        if let known = parsed.withLock({ $0.first { $0.commit == name }?.declarations }) { return known }
        let reader = reader
        let result = try await mirror.read(at: commit) { tree in Declarations(commit: name, files: try reader.read(tree)) }
        parsed.withLock { parsed in
            parsed.append((name, result))
            if parsed.count > Self.parsedMax { parsed.removeFirst() }
        }
        return result
    }

    // MARK: - Environment branches

    private func followEnvironmentBranches() async throws {
        for row in try await store.database.read({ try StageRows.all($0) }) {
            let stage = row.stage
            guard let running = stage.running else { continue }
            let head = try await mirror.head(of: Branches.environment(stage.id))
            if "\(head.map { "\($0)" } ?? "")" == running.commit {
                reported.withLock { $0[stage.id] = nil }
                continue
            }
            // A record that is being written, or was just written, is the recorder's business.
            if case .recording = stage.promotion?.phase { continue }
            guard let head else {
                if stage.hold?.cause != .branch {
                    try await engine.send(
                        [.branchLost(reason: "the branch \(Branches.environment(stage.id)) was deleted; the last head stays")], to: stage.id
                    )
                }
                continue
            }
            try await adopt(head, stage: stage, running: running)
        }
    }

    /// A head that the coordinator did not write: adopted where it descends from the last one.
    private func adopt(_ head: ObjectID, stage: Stage, running: Head) async throws {
        let last = try Recorder.objectID(running.commit)
        // The mirror may be behind what this coordinator has just pushed.
        if try await mirror.isAncestor(head, of: last) { return }
        guard try await mirror.isAncestor(last, of: head) else {
            let reason =
                "\(Branches.environment(stage.id)) was replaced by unrelated history (\("\(head)".prefix(7))); the last head stays"
            if stage.hold?.reason != reason { try await engine.send([.branchLost(reason: reason)], to: stage.id) }
            return
        }
        guard let fleetID = ObjectID(hex: running.candidate.fleet), let fleet = try await declarations(at: fleetID).fleet,
            let pipeline = fleet.pipelines.first(where: { $0.name == stage.id.pipeline })
        else { return }
        let info = try await mirror.commit(head)
        let verdict = try await verdict(onEnvironmentBranch: head, since: last)
        guard verdict.isAccepted else {
            try await noteOnce(
                stage.id, "unsigned \(head)",
                FleetEvent(
                    at: time.now, kind: "headRefused", severity: .error, pipeline: stage.id.pipeline, environment: stage.id.environment,
                    release: "\(head)", actor: "\(info.author)", message: verdict.text),
                GitAuthorship(info, signature: verdict.signature).entry(
                    at: time.now, "stage.adopt", on: "\(stage.id)", outcome: .refused, reason: verdict.text, before: stage.audited))
            if stage.hold?.cause != .branch {
                let reason = "\("\(head)".prefix(7)) on \(Branches.environment(stage.id)) is not adopted: \(verdict.text)"
                try await engine.send([.branchLost(reason: reason)], to: stage.id)
            }
            return
        }
        let outcome = try await planRelease(
            pipeline, at: head, fleet: fleet, fleetCommit: running.candidate.fleet, gates: nil, origin: .human)
        switch outcome {
        case .refused(let reason):
            try await noteOnce(
                stage.id, "\(head)",
                FleetEvent(
                    at: time.now, kind: "headRefused", severity: .error, pipeline: stage.id.pipeline, environment: stage.id.environment,
                    release: "\(head)", actor: "\(info.author)", message: "the pushed head cannot be rendered: \(reason)"),
                GitAuthorship(info).entry(
                    at: time.now, "stage.adopt", on: "\(stage.id)", outcome: .refused, reason: reason, before: stage.audited))
        case .planned(let sequence, _):
            try await engine.transaction { transaction in
                guard let offer = try PlanRows.offer(transaction.session, stage: stage.id, sequence: sequence),
                    let current = try StageRows.lock(transaction.session, stage.id)
                else { return }
                var candidate = try transaction.candidate(offer, for: current, predecessors: [])
                candidate.origin = .human
                let after = try transaction.apply(
                    [.adopted(candidate, commit: "\(head)", by: Actor(name: "\(info.author)", reason: info.title))], to: stage.id)
                guard let after, after.running?.commit == "\(head)" else { return }
                transaction.audit(
                    GitAuthorship(info).entry(
                        at: transaction.now, "stage.adopt", on: "\(stage.id)", reason: info.title, before: current.audited,
                        after: after.audited))
            }
        }
    }

    /// Judges what people pushed to a stage's branch, by the commit in force; our own records count.
    private func verdict(onEnvironmentBranch head: ObjectID, since last: ObjectID) async throws -> CommitJudge.Verdict {
        guard let inForce = try await commitInForce() else { return .accepted }
        let rule = try await judge.rule(of: try await declarations(at: inForce), at: inForce)
        return try await judge.judge(head, since: last, on: .environment, by: rule)
    }

    /// A new database takes up what Git has recorded: the head of each stage's branch, if it is the coordinator's own record or stands on
    /// one, and the journal's decisions.
    private func restore(_ pipeline: Pipeline, on trunk: Trunk) async throws {
        let (fleet, fleetCommit) = (trunk.fleet, "\(trunk.fleetCommit)")
        for declared in pipeline.stages {
            let id = StageID(pipeline: pipeline.name, environment: declared.environment)
            let stage = try await store.database.read { session in try StageRows.all(session).first { $0.stage.id == id }?.stage }
            guard let stage, stage.running == nil, stage.promotion == nil, let tip = try await mirror.head(of: Branches.environment(id))
            else {
                continue
            }
            let verifier = try SSHSignatureVerifier(allowedSigners: signer.allowedSignersLine(principal: Recorder.committerEmail))
            // A person may have pushed on top of the last record: that head is what runs, pinned to the record's fleet commit.
            let history = try await mirror.log(from: tip, firstParent: true, limit: Self.headsAboveRecordMax)
            guard let record = history.first(where: { verifier.verify($0).isGood }), let top = history.first,
                let promoted = record.trailer(RecordMessage.releaseKey).flatMap({ ObjectID(hex: $0) }),
                let promotion = record.trailer(RecordMessage.promotionKey), let pinned = record.trailer(RecordMessage.fleetKey),
                let recordOrigin = record.trailer(RecordMessage.originKey).flatMap(Origin.init(rawValue:)),
                try await mirror.contains(promoted)
            else {
                try await noteOnce(
                    id, "\(tip)",
                    FleetEvent(
                        at: time.now, kind: "headRefused", severity: .error, pipeline: id.pipeline, environment: id.environment,
                        release: "\(tip)",
                        message: "\(Branches.environment(id)) exists, but none of its last commits carries this coordinator's signature"))
                continue
            }
            // One that does not meet the rule was never adopted: the record is what runs, and following the branch finds the rest.
            let meets = try await judge.judge(tip, since: record.id, on: .environment, by: trunk.rule).isAccepted
            let isPersons = record.id != tip && meets
            let head = isPersons ? tip : record.id
            let release = isPersons ? head : promoted
            let origin = isPersons ? Origin.human : recordOrigin
            var pinnedFleet = fleet
            var pinnedCommit = fleetCommit
            if let id = ObjectID(hex: pinned), try await mirror.contains(id), let found = try await declarations(at: id).fleet {
                pinnedFleet = found
                pinnedCommit = pinned
            }
            let pinnedPipeline = pinnedFleet.pipelines.first { $0.name == pipeline.name } ?? pipeline
            guard
                case .planned(let sequence, _) = try await planRelease(
                    pinnedPipeline, at: release, fleet: pinnedFleet, fleetCommit: pinnedCommit, gates: nil,
                    origin: isPersons ? .human : .release)
            else { continue }
            let journal = try await Journalist.state(in: mirror, at: try await mirror.head(of: Branches.journal(pipeline: id.pipeline)))
            var decided = Restored(journal.stages[id.environment])
            if isPersons, decided.hold == nil {
                decided.hold = Hold(cause: .human, reason: top.title, by: "\(top.author)", at: top.committer.when)
            }
            let decisions = decided
            let pauses = journal.stages[id.environment]?.driftPauses ?? []
            try await engine.transaction { transaction in
                guard let offer = try PlanRows.offer(transaction.session, stage: id, sequence: sequence),
                    let current = try StageRows.lock(transaction.session, id)
                else { return }
                var candidate = try transaction.candidate(offer, for: current, predecessors: [])
                if !isPersons { candidate.id = promotion }
                candidate.origin = origin
                try transaction.apply([.restored(candidate, commit: "\(head)", decisions: decisions)], to: id)
                for pause in pauses where pause.until > transaction.now {
                    try DriftPauseRows.restore(transaction.session, pause, stage: id)
                }
            }
        }
    }

    // MARK: - Saying so

    private func note(_ event: FleetEvent, _ entry: AuditEntry) async throws {
        try await noteOnce(StageID(pipeline: "", environment: ""), event.kind + (event.release ?? ""), event, entry)
    }

    /// Writes an event unless the last one of this place said the same.
    private func noteOnce(_ place: StageID, _ what: String, _ event: FleetEvent, _ entry: AuditEntry? = nil) async throws {
        let isNew = reported.withLock { reported in
            defer { reported[place] = what }
            return reported[place] != what
        }
        guard isNew else { return }
        try await store.database.transaction { [store] session in
            try EventRows.append(session, [event])
            if let entry { try store.audit.append(session, [entry]) }
        }
        engine.bells.readers.ring()
    }
}

extension Restored {
    init(_ journal: JournalState.StageState?) {
        self.init()
        guard let journal else { return }
        rejected = journal.rejected.compactMap { entry in
            entry.rendered.map { Stage.Rejection(rendered: $0, reason: entry.reason, by: entry.by, at: entry.at) }
        }
        hold = journal.hold.map { Hold(cause: .rollback, reason: $0.reason, by: $0.by, at: $0.at) }
        paused = journal.pause.map { Actor(name: $0.by, reason: $0.reason) }
    }
}
