// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import HTTPTypes
import Manifests
import PostgresClient
import Promotion

/// What a person may ask of one cluster's agent: commands, and pauses of healing.
///
/// Whoever asks is told at once what cannot work; nothing has changed then.
struct CommandActions: Sendable {
    let engine: PromotionEngine

    static let expiresDefault: Int64 = 600
    static let expiresRange: ClosedRange<Int64> = 5...86_400
    static let manifestBytesMax = 128 << 10

    /// Queues a command and wakes the agent.
    /// - Parameters:
    ///   - parameters: as the kind's in `Command`; of a dry run also `release`, the beginning of a planned release's commit.
    ///   - expiresSeconds: how long an agent may take to fetch it.
    ///   - grants: whose role is limited to pipelines commands only what is about an application of theirs.
    func ask(
        _ name: String, parameters: Value, cluster: String, expiresSeconds: Int64?, reason: String, by author: Author,
        may grants: Grants
    ) async throws -> CommandReading {
        guard Command.Kind.names.contains(name) else {
            throw APIFailure.invalid(
                "there is no command '\(name.prefix(40))'", hint: "there are: \(Command.Kind.names.joined(separator: ", "))")
        }
        let seconds = expiresSeconds ?? Self.expiresDefault
        guard Self.expiresRange.contains(seconds) else {
            throw APIFailure.invalid(
                "'expiresSeconds' is not between \(Self.expiresRange.lowerBound) and \(Self.expiresRange.upperBound)")
        }
        let fields = try Fields(parameters, at: "parameters")
        // A task is made here, never taken from outside.
        guard fields.value("task") == nil else { throw APIFailure.invalid("'task' is no parameter") }
        guard !JSON.text(parameters).contains("\\u0000") else { throw APIFailure.invalid("the parameters have a null character") }
        let kind = try Command.Kind(name: name, parameters: fields, at: "parameters")
        if case .runJob(let run) = kind { try Self.check(run.manifest) }
        let release = name == "dryRun" ? try fields.optionalString("release") : nil
        return try await engine.transaction { transaction in
            let (session, now) = (transaction.session, transaction.now)
            if !kind.application.isEmpty { try Self.find(session, kind.application, cluster, reach: grants.reach(.read)) }
            // A job may be anything, in any namespace that the agent reaches: it is the cluster's business, for whichever application.
            let isOfCluster = if case .runJob = kind { true } else { false }
            try Self.check(grants, isOfCluster ? "" : kind.application, cluster, author, session)
            var new = CommandRows.New(
                cluster: cluster, kind: kind, parameters: kind.parameters, by: author.name, reason: reason,
                expiresAt: now + .seconds(seconds), patience: kind.patience)
            if let release { try Self.choose(session, release, cluster: cluster, for: &new) }
            switch try CommandRows.ask(session, new, epoch: transaction.epoch, at: now) {
            case .unknownCluster: throw APIFailure.notFound("there is no cluster '\(cluster)'")
            case .tooMany:
                throw APIFailure.conflict(
                    "too-many-commands", "\(CommandRows.openMax) commands wait for the agent of '\(cluster)' already",
                    hint: "they expire by themselves")
            case .queued(let id):
                guard let asked = try CommandRows.one(session, cluster: cluster, id) else {
                    throw APIFailure.notFound("there is no command '\(id)'")
                }
                try EventRows.append(session, [CommandDesk.event(asked, at: now, by: author.name)])
                transaction.audit(
                    AuditEntry(
                        at: now, by: author, "cluster.command", on: Self.target(cluster), reason: reason,
                        commit: new.parameters["release"]?.string,
                        after: asked.audited))
                transaction.wake(cluster)
                return asked
            }
        }
    }

    @discardableResult
    private static func find(
        _ session: Session, _ application: String, _ cluster: String, reach: Reach = .everywhere
    ) throws -> ApplicationState {
        guard let state = try ReadApplications.state(session, application: application, cluster: cluster),
            reach.covers(state.pipeline, state.environment)
        else {
            throw APIFailure(
                .notFound, "not-found", "application '\(application)' is not on cluster '\(cluster)'",
                hint: "'flotilla get clusters \(cluster)' shows what is")
        }
        return state
    }

    private static func check(
        _ grants: Grants, _ application: String, _ cluster: String, _ author: Author, _ session: Session
    ) throws {
        if grants.reach(.operate).isUnlimited { return }
        let spot: Spot
        if application.isEmpty {
            let place = try AccessRows.place(session, cluster: cluster)
            spot = .cluster(environment: place?.environment, pipelines: place?.pipelines ?? [])
        } else {
            spot = .stages(try AccessRows.stages(session, cluster: cluster, application: application))
        }
        guard !grants.allows(.operate, spot) else { return }
        let place = application.isEmpty ? "cluster \(cluster) as a whole" : "application \(application) on cluster \(cluster)"
        throw Permits.refusal(.operate, author.principal.map { .person($0) } ?? .anybody, where: place)
    }

    /// Makes a dry run one of what a planned release would bring.
    private static func choose(_ session: Session, _ release: String, cluster: String, for new: inout CommandRows.New) throws {
        let application = new.kind.application
        let state = try find(session, application, cluster)
        guard release == "latest" || (4...64).contains(release.utf8.count) && release.allSatisfy({ $0.isHexDigit && !$0.isUppercase })
        else {
            throw APIFailure.invalid("'release' is no commit: give at least 4 of its hexadecimal digits, or 'latest'")
        }
        let sequence =
            release == "latest"
            ? try PlanRows.latest(session, pipeline: state.pipeline)
            : try PlanRows.sequence(session, pipeline: state.pipeline, releasePrefix: release)
        guard let sequence, let leaf = try PlanRows.placed(session, pipeline: state.pipeline, sequence: sequence, application, cluster)
        else {
            throw APIFailure.notFound(
                "pipeline '\(state.pipeline)' has no release '\(release)' with application '\(application)' on cluster '\(cluster)'")
        }
        new.bundle = leaf.bundle
        new.parameters = [
            "application": .string(application), "release": .string(leaf.release), "namespace": .string(leaf.namespace),
            "options": try JSON.read(Array(leaf.options.utf8)),
        ]
    }

    /// Only a Job may be run, and nothing but a Job: what else a manifest could bring is not what was asked for.
    private static func check(_ manifest: Value) throws {
        guard manifest["apiVersion"] == "batch/v1", manifest["kind"] == "Job" else {
            throw APIFailure.invalid(
                "the manifest is no Job", hint: "it has to begin with 'apiVersion: batch/v1' and 'kind: Job', and be one document")
        }
        let metadata = manifest["metadata"]
        guard (metadata?["name"]?.string ?? metadata?["generateName"]?.string)?.isEmpty == false else {
            throw APIFailure.invalid("the job has no name")
        }
        guard manifest.at("spec", "template", "spec")?.map != nil else { throw APIFailure.invalid("the job has no spec.template.spec") }
        guard JSON.write(manifest).count <= manifestBytesMax else {
            throw APIFailure.invalid("the manifest is longer than \(manifestBytesMax) bytes")
        }
    }

    // MARK: - Pauses of healing

    /// Stops healing of an application on one cluster until `seconds` from now. A pause that is there already is replaced.
    func pause(_ application: String, on cluster: String, seconds: Int64, reason: String, by author: Author) async throws
        -> DriftPauseReading
    {
        guard (60...DriftPause.secondsMax).contains(seconds) else {
            throw APIFailure.invalid("a pause lasts from 60 seconds to \(DriftPause.secondsMax / 86_400) days")
        }
        return try await engine.transaction { transaction in
            let (session, now) = (transaction.session, transaction.now)
            let stage = try Self.stage(session, application, cluster)
            let pause = DriftPause(application: application, until: now + .seconds(seconds), reason: reason, requestedBy: author.name)
            let before = try DriftPauseRows.one(session, cluster: cluster, application: application)
            try DriftPauseRows.put(session, pause, cluster: cluster, stage: stage, at: now)
            try transaction.journal(
                Decision(
                    kind: .driftPaused, stage: stage, by: author.name, reason: reason, at: now, cluster: cluster, application: application,
                    until: pause.until))
            try Self.tell(&transaction, "driftPaused", application, cluster, stage, author, "until \(pause.until.rfc3339): \(reason)")
            let put = DriftPauseReading(cluster: cluster, stage: stage, pause: pause, askedAt: now, heldAt: nil)
            transaction.audit(
                AuditEntry(
                    at: now, by: author, "drift.pause", on: Self.target(cluster, application), reason: reason, before: before?.audited,
                    after: put.audited))
            return put
        }
    }

    /// Ends a pause before its time.
    func resume(_ application: String, on cluster: String, reason: String, by author: Author) async throws -> DriftPauseReading {
        try await engine.transaction { transaction in
            let (session, now) = (transaction.session, transaction.now)
            guard let ended = try DriftPauseRows.end(session, cluster: cluster, application: application) else {
                throw APIFailure.conflict("not-paused", "healing of '\(application)' on '\(cluster)' is not paused")
            }
            try transaction.journal(
                Decision(
                    kind: .driftResumed, stage: ended.stage, by: author.name, reason: reason, at: now, cluster: cluster,
                    application: application)
            )
            try Self.tell(&transaction, "driftResumed", application, cluster, ended.stage, author, reason)
            transaction.audit(
                AuditEntry(
                    at: now, by: author, "drift.resume", on: Self.target(cluster, application), reason: reason, before: ended.audited))
            return ended
        }
    }

    private static func target(_ cluster: String, _ application: String? = nil) -> String {
        (application.map { "application \($0) on " } ?? "") + "cluster \(cluster)"
    }

    private static func stage(_ session: Session, _ application: String, _ cluster: String) throws -> StageID {
        let state = try find(session, application, cluster)
        return StageID(pipeline: state.pipeline, environment: state.environment)
    }

    private static func tell(
        _ transaction: inout StageTransaction, _ kind: String, _ application: String, _ cluster: String, _ stage: StageID,
        _ author: Author, _ message: String
    ) throws {
        try EventRows.append(
            transaction.session,
            [
                FleetEvent(
                    at: transaction.now, kind: kind, pipeline: stage.pipeline, environment: stage.environment, cluster: cluster,
                    application: application, actor: author.name, message: message)
            ])
        transaction.wake(cluster)
    }
}

extension Command.Kind {
    /// How long an agent may take for it before nobody believes in an answer any more.
    var patience: Duration {
        switch self {
        case .syncNow: .seconds(960)
        case .runJob(let run): .seconds(run.timeoutSeconds + 120)
        case .dryRun, .logs, .listObject, .unknown: .seconds(420)
        }
    }
}
