// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Manifests
import PostgresClient
import Promotion

/// Gives agents what people have asked of them, takes in how it ended, and ends what nobody answers.
struct CommandDesk: Sendable {
    let engine: PromotionEngine

    /// What a poll's answer says besides tasks.
    struct News: Sendable {
        var commands: [Command] = []
        /// `nil` leaves the agent's list as it is.
        var driftPauses: [DriftPause]?

        var isEmpty: Bool { commands.isEmpty && driftPauses == nil }
    }

    /// Looks for what is new to the agent, in the transaction of its poll.
    static func news(_ session: Session, _ request: PollRequest, cluster: String, at now: Timestamp) throws -> News {
        guard request.lastCommand != nil || request.driftPauses != nil else { return News() }
        let found = try CommandRows.news(session, cluster: cluster, after: request.lastCommand)
        var news = News()
        if found.hasCommands, let last = request.lastCommand {
            let (commands, lost) = try CommandRows.deliver(
                session, cluster: cluster, after: last, instance: request.instance, at: now)
            news.commands = commands
            try EventRows.append(session, lost.map { event($0, at: now) })
        }
        if let held = request.driftPauses {
            let known = Set(held.map { "\($0.application) \($0.until.milliseconds)" })
            if known != Set(found.pauses) {
                news.driftPauses = try DriftPauseRows.of(session, .everything, cluster: cluster).map(\.pause)
            } else if found.hasUnheld {
                try DriftPauseRows.held(session, cluster: cluster, at: now)
            }
        }
        return news
    }

    /// Stores how commands of the cluster ended. Every one is acknowledged: what is not known here, or answered already, need not come again.
    func settle(_ results: CommandResults, cluster: String) async throws -> CommandResultsResponse {
        let now = engine.time.now
        try await engine.store.database.transaction { session in
            let settled = try CommandRows.settle(session, cluster: cluster, results.results, at: now)
            try EventRows.append(session, settled.map { Self.event($0, at: now) })
        }
        engine.bells.readers.ring()
        return CommandResultsResponse(acknowledged: results.results.map(\.id))
    }

    /// Ends commands that were not fetched or answered in time, and pauses whose time is up; harmless to repeat.
    func tidy() async throws {
        let now = engine.time.now
        try await engine.transaction { transaction in
            let session = transaction.session
            let ended = try CommandRows.giveUp(session, at: now)
            let pauses = try DriftPauseRows.endDue(session, at: now)
            try CommandRows.forgetOld(session, at: now)
            try EventRows.append(
                session,
                ended.map { Self.event($0, at: now) }
                    + pauses.map { pause in
                        FleetEvent(
                            at: now, kind: "driftPauseEnded", pipeline: pause.stage.pipeline, environment: pause.stage.environment,
                            cluster: pause.cluster, application: pause.pause.application, message: "its time is up: it is healed again")
                    })
            for pause in pauses { transaction.wake(pause.cluster) }
        }
    }

    /// What happened to a command, as an event.
    static func event(_ command: CommandReading, at now: Timestamp, by actor: String? = nil) -> FleetEvent {
        let (kind, severity): (String, FleetEvent.Severity) =
            switch command.state {
            case .queued, .delivered: ("commandAsked", .info)
            case .done: ("commandDone", .info)
            case .failed: ("commandFailed", .warning)
            case .expired: ("commandExpired", .warning)
            }
        var message = "\(command.title) (\(command.id))"
        let words = command.state == .queued ? command.reason : command.message
        if !words.isEmpty { message += ": \(words)" }
        return FleetEvent(
            at: now, kind: kind, severity: severity, cluster: command.cluster, application: command.application, actor: actor,
            message: message)
    }
}

extension CommandReading {
    /// What is asked, in a few words.
    var title: String {
        func text(_ key: String) -> String { parameters[key]?.string ?? "" }
        switch kind {
        case "syncNow": return "sync now"
        case "dryRun":
            let release = text("release")
            return release.isEmpty ? "dry run" : "dry run of release \(release.prefix(7))"
        case "runJob":
            let job = parameters.at("manifest", "metadata")
            return "run job \(job?["name"]?.string ?? job?["generateName"]?.string ?? "") in \(text("namespace"))"
        case "logs": return "logs of \(text("target")) in \(text("namespace"))"
        case "listObject":
            let place = text("namespace").isEmpty ? "" : " in \(text("namespace"))"
            return "get \(text("kind"))\(text("name").isEmpty ? "" : " \(text("name"))")\(place)"
        default: return kind
        }
    }
}
