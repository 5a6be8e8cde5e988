// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Manifests
import PostgresClient

/// A command as people see it.
struct CommandReading: Sendable {
    enum State: String, Sendable, CaseIterable {
        case queued, delivered, done, failed, expired

        /// Nothing more comes of it, but for an answer that arrives after it was given up.
        var isFinal: Bool { self != .queued && self != .delivered }
    }

    var cluster: String
    var id: Generation
    var kind: String
    var application: String?
    var parameters: Value
    var state: State
    var askedBy: String
    var askedAt: Timestamp
    var reason: String
    var expiresAt: Timestamp
    var deliveredAt: Timestamp?
    var startedAt: Timestamp?
    var finishedAt: Timestamp?
    var message: String
    /// JSON; only where one command was asked for.
    var output: String?
}

/// Rows of `commands`: what agents are asked to do once.
enum CommandRows {
    struct New: Sendable {
        var cluster: String
        var kind: Command.Kind
        /// Kept instead of the kind's own, where those are made when it is delivered.
        var parameters: Value
        /// What a dry run tries.
        var bundle: Digest?
        var by: String
        var reason: String
        var expiresAt: Timestamp
        /// How long an agent may take.
        var patience: Duration
    }

    enum Asked: Sendable, Equatable {
        case queued(Generation)
        case unknownCluster
        case tooMany
    }

    /// Commands of one cluster that may wait at once.
    static let openMax = 100
    /// Finished commands that are kept of one cluster.
    static let keptMax = 200
    static let keptMilliseconds: Int64 = 7 * 86_400_000

    /// Queues a command behind all others of its cluster.
    static func ask(_ session: Session, _ new: New, epoch: Int64, at now: Timestamp) throws -> Asked {
        // Whoever asks the same cluster waits here: counters are committed in their order, so that none is passed over by an agent.
        guard
            !(try session.query("select name from clusters where name = $1 for no key update", [.text(new.cluster)])).isEmpty
        else { return .unknownCluster }
        let open =
            try session.query(
                "select count(*) as open from commands where cluster = $1 and state in ('queued', 'delivered')", [.text(new.cluster)]
            ).first?.int64("open") ?? 0
        guard open < openMax else { return .tooMany }
        let rows = try session.query(
            """
            insert into commands (cluster, epoch, counter, kind, application, parameters, bundle, state, asked_by, asked_at, reason,
              expires_at, patience, due_at)
            values ($1, $2, nextval('command_counter'), $3, $4, $5, $6, 'queued', $7, $8, $9, $10, $11, $10) returning counter
            """,
            [
                .text(new.cluster), .int(epoch), .text(new.kind.name),
                PostgresValue(new.kind.application.isEmpty ? nil : new.kind.application),
                .text(JSON.text(new.parameters)), PostgresValue(new.bundle?.description), .text(new.by), .int(now.milliseconds),
                .text(new.reason), .int(new.expiresAt.milliseconds), .int(new.patience.wholeMilliseconds),
            ])
        _ = try session.execute(
            """
            delete from commands where cluster = $1 and state in ('done', 'failed', 'expired') and (epoch, counter) <= (
              select epoch, counter from commands where cluster = $1 and state in ('done', 'failed', 'expired')
              order by epoch desc, counter desc offset $2 limit 1)
            """, [.text(new.cluster), .int(Int64(keptMax))])
        return .queued(Generation(epoch: epoch, counter: try rows.first?.int64("counter") ?? 0))
    }

    /// What an agent has to be given, besides tasks.
    struct News: Sendable {
        var hasCommands: Bool
        /// The cluster's pauses of healing, as `APPLICATION MILLISECONDS`, sorted.
        var pauses: [String]
        /// Some of them were not known to be held by the agent.
        var hasUnheld: Bool
    }

    /// Asked by every poll: one statement for everything that is rare.
    static func news(_ session: Session, cluster: String, after: Generation?) throws -> News {
        let row = try session.query(
            """
            select exists (select from commands where cluster = $1 and state in ('queued', 'delivered') and (epoch, counter) > ($2, $3))
                as commands,
              p.pauses, p.unheld
            from (select coalesce(array_agg(application || ' ' || until_at order by application collate "C"), '{}') as pauses,
              coalesce(bool_or(held_at is null), false) as unheld from drift_pauses where cluster = $1) p
            """, [.text(cluster), .int(after?.epoch ?? .max), .int(after?.counter ?? .max)]
        ).first
        guard let row else { return News(hasCommands: false, pauses: [], hasUnheld: false) }
        return News(
            hasCommands: try row.bool("commands"), pauses: try row.textArray("pauses").compactMap { $0 }, hasUnheld: try row.bool("unheld"))
    }

    /// The commands after `last`, marked as given to this instance of the agent. Of those that were given to another one it cannot be known
    /// whether they were carried out: they fail, and are returned apart.
    static func deliver(
        _ session: Session, cluster: String, after last: Generation, instance: String, at now: Timestamp
    ) throws -> (commands: [Command], lost: [CommandReading]) {
        let rows = try session.query(
            """
            select k.epoch, k.counter, k.kind, k.parameters, k.expires_at, k.asked_by, k.state, k.instance, b.document
            from commands k left join bundles b on b.digest = k.bundle
            where k.cluster = $1 and k.state in ('queued', 'delivered') and (k.epoch, k.counter) > ($2, $3)
              and (k.state = 'delivered' or k.expires_at > $4)
            order by k.epoch, k.counter limit $5 for update of k
            """,
            [
                .text(cluster), .int(last.epoch), .int(last.counter), .int(now.milliseconds), .int(Int64(Command.listedMax)),
            ])
        var commands: [Command] = []
        var fresh: [Generation] = []
        var lost: [Generation] = []
        for row in rows {
            let id = Generation(epoch: try row.int64("epoch"), counter: try row.int64("counter"))
            if let other = try row.optionalText("instance"), other != instance {
                lost.append(id)
                continue
            }
            if try row.text("state") == "queued" { fresh.append(id) }
            commands.append(try command(row, id))
        }
        if !fresh.isEmpty {
            _ = try session.execute(
                """
                update commands k set state = 'delivered', instance = $4, delivered_at = $5, due_at = greatest(k.expires_at, $5) + k.patience
                from unnest($2::bigint[], $3::bigint[]) as d (epoch, counter)
                where k.cluster = $1 and k.epoch = d.epoch and k.counter = d.counter
                """,
                [
                    .text(cluster), .intArray(fresh.map(\.epoch)), .intArray(fresh.map(\.counter)), .text(instance), .int(now.milliseconds),
                ])
        }
        let message = "interrupted: the agent that was given it is gone; whether it was carried out is not known"
        return (commands, lost.isEmpty ? [] : try fail(session, cluster: cluster, lost, message: message, at: now))
    }

    private static func command(_ row: Row, _ id: Generation) throws -> Command {
        let parameters = try Fields(JSON.read(Array(try row.text("parameters").utf8)))
        var kind = try Command.Kind(name: try row.text("kind"), parameters: parameters, at: "parameters")
        if case .dryRun(var run) = kind, let document = try row.optionalText("document") {
            run.task = try task(run, parameters, document, id)
            kind = .dryRun(run)
        }
        return Command(
            id: id, kind: kind, expires: Timestamp(milliseconds: try row.int64("expires_at")), requestedBy: try row.text("asked_by"))
    }

    /// What a dry run of something that is not desired yet tries. No record covers it, and nothing is applied of it.
    private static func task(_ run: Command.DryRun, _ parameters: Fields, _ document: String, _ id: Generation) throws -> SyncTask {
        let entries = try Fields(JSON.read(Array(document.utf8))).list("entries", limit: 100_000) { (item, place) throws(ShapeError) in
            try Bundle.Entry(json: item, at: place)
        }
        let bundle = Bundle(entries: entries)
        return SyncTask(
            application: run.application, namespace: try parameters.optionalString("namespace") ?? "", generation: id, bundle: bundle,
            record: RecordReference(
                commit: "", release: try parameters.optionalString("release") ?? "", promotion: "", root: bundle.digest, path: []),
            options: try SyncOptions(json: parameters.value("options") ?? .map([:]), at: "options"))
    }

    private static func fail(
        _ session: Session, cluster: String, _ ids: [Generation], message: String, at now: Timestamp
    ) throws -> [CommandReading] {
        try session.query(
            """
            update commands k set state = 'failed', message = $4, finished_at = $5
            from unnest($2::bigint[], $3::bigint[]) as d (epoch, counter)
            where k.cluster = $1 and k.epoch = d.epoch and k.counter = d.counter returning \(columns)
            """, [.text(cluster), .intArray(ids.map(\.epoch)), .intArray(ids.map(\.counter)), .text(message), .int(now.milliseconds)]
        ).map { try reading($0) }
    }

    /// Takes in how commands ended. Returns those for which this was the first answer; others change nothing.
    static func settle(_ session: Session, cluster: String, _ results: [CommandResult], at now: Timestamp) throws -> [CommandReading] {
        var settled: [CommandReading] = []
        for result in results {
            let output = result.output.isNull ? nil : JSON.text(result.output)
            // PostgreSQL has no null characters; in JSON they are escaped.
            let message = String(String.UnicodeScalarView(result.message.unicodeScalars.filter { $0 != "\0" }))
            settled += try session.query(
                """
                update commands k set state = $4, message = $5, output = $6, started_at = $7, finished_at = $8, answered = true
                where k.cluster = $1 and k.epoch = $2 and k.counter = $3 and not k.answered returning \(columns)
                """,
                [
                    .text(cluster), .int(result.id.epoch), .int(result.id.counter), .text(result.outcome.rawValue), .text(message),
                    PostgresValue(output), result.startedAt.map { .int($0.milliseconds) } ?? .null, .int(now.milliseconds),
                ]
            ).map { try reading($0) }
        }
        return settled
    }

    /// Ends what was not fetched in time, or not answered; at most `limit`.
    static func giveUp(_ session: Session, at now: Timestamp, limit: Int = 500) throws -> [CommandReading] {
        try session.query(
            """
            update commands k set finished_at = $1,
              state = case k.state when 'queued' then 'expired' else 'failed' end,
              message = case k.state when 'queued' then 'expired: the agent did not fetch it in time'
                else 'no answer: the agent has taken it and not said how it ended; whether it was carried out is not known' end
            from (select cluster, epoch, counter from commands where state in ('queued', 'delivered') and due_at <= $1
              order by due_at limit $2 for update skip locked) d
            where k.cluster = d.cluster and k.epoch = d.epoch and k.counter = d.counter returning \(columns)
            """, [.int(now.milliseconds), .int(Int64(limit))]
        ).map { try reading($0) }
    }

    static func forgetOld(_ session: Session, at now: Timestamp) throws {
        _ = try session.execute(
            "delete from commands where finished_at is not null and finished_at < $1", [.int(now.milliseconds - keptMilliseconds)])
    }

    // MARK: - Reading

    /// Newest first, before the command `before`.
    static func page(
        _ session: Session, _ sight: Sight, cluster: String, before: Generation?, limit: Int
    ) throws -> Page<CommandReading> {
        var parameters: [PostgresValue] = [
            .text(cluster), .int(before?.epoch ?? .max), .int(before?.counter ?? .max), .int(Int64(limit + 1)),
        ]
        let seen = seen(sight, &parameters)
        let read = try session.query(
            """
            select \(columns) from commands k where k.cluster = $1 and (k.epoch, k.counter) < ($2, $3)\(seen)
            order by k.epoch desc, k.counter desc limit $4
            """, parameters
        ).map { try reading($0) }
        return Page(read, limit: limit, key: \.id.description)
    }

    /// Those about one application, newest first.
    static func recent(_ session: Session, cluster: String, application: String, limit: Int) throws -> [CommandReading] {
        try session.query(
            """
            select \(columns) from commands k
            where k.cluster = $1 and k.application = $2 order by k.epoch desc, k.counter desc limit $3
            """, [.text(cluster), .text(application), .int(Int64(limit))]
        ).map { try reading($0) }
    }

    static func one(
        _ session: Session, _ sight: Sight = .everything, cluster: String, _ id: Generation
    ) throws -> CommandReading? {
        var parameters: [PostgresValue] = [.text(cluster), .int(id.epoch), .int(id.counter)]
        let seen = seen(sight, &parameters)
        return try session.query(
            "select \(columns), k.output from commands k where k.cluster = $1 and k.epoch = $2 and k.counter = $3\(seen)", parameters
        ).first.map { row in
            var one = try reading(row)
            one.output = try row.optionalText("output")
            return one
        }
    }

    /// ` and …`: commands about an application that is seen there, and all of a cluster that is seen as a whole.
    private static func seen(_ sight: Sight, _ parameters: inout [PostgresValue]) -> String {
        guard let part = sight.part else { return "" }
        let whole = Sight.add(part.wholeEnvironments, to: &parameters)
        let stages = Sight.add(part.stages, to: &parameters)
        return """
             and (exists (select from clusters c where c.name = k.cluster and c.environment = any(\(whole)))
              or exists (select from desired d where d.cluster = k.cluster and d.application = k.application
                and (d.pipeline, d.environment) in (select * from \(stages))))
            """
    }

    private static let columns =
        "k.cluster, k.epoch, k.counter, k.kind, k.application, k.parameters, k.state, k.asked_by, k.asked_at, k.reason, "
        + "k.expires_at, k.delivered_at, k.started_at, k.finished_at, k.message"

    private static func reading(_ row: Row) throws -> CommandReading {
        CommandReading(
            cluster: try row.text("cluster"), id: Generation(epoch: try row.int64("epoch"), counter: try row.int64("counter")),
            kind: try row.text("kind"), application: try row.optionalText("application"),
            parameters: try JSON.read(Array(try row.text("parameters").utf8)),
            state: CommandReading.State(rawValue: try row.text("state")) ?? .failed, askedBy: try row.text("asked_by"),
            askedAt: try row.time("asked_at"), reason: try row.text("reason"), expiresAt: try row.time("expires_at"),
            deliveredAt: try row.optionalTime("delivered_at"), startedAt: try row.optionalTime("started_at"),
            finishedAt: try row.optionalTime("finished_at"), message: try row.text("message"))
    }
}
