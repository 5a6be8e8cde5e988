// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import HTTPTransport
import Logging
import Manifests
import Synchronization

/// Carries out commands, beside syncing: a few at once, each in bounded time, begun in the order of their identifiers and at most once.
actor CommandRunner {
    private let context: AgentContext
    private let folder: CommandFolder
    private let permissions: CommandPermissions
    private let spawn: @Sendable (@escaping @Sendable () async -> Void) -> Void
    private var ledger = CommandLedger()
    private var waiting: [Command] = []
    private var running = 0
    private var isStarting = false
    /// The newest that has come from the coordinator; polls say it.
    private(set) var last = CommandLedger.none
    private var unsent: [Generation] = []
    /// Small answers, also kept for when they cannot be stored.
    private var kept: [Generation: CommandResult] = [:]
    private let answered = Wakeup()
    private let pinned = Mutex<[Generation: Set<Digest>]>([:])

    static let atOnce = 2

    init(
        context: AgentContext, permissions: CommandPermissions, spawn: @escaping @Sendable (@escaping @Sendable () async -> Void) -> Void
    ) {
        self.context = context
        self.permissions = permissions
        self.spawn = spawn
        folder = CommandFolder(state: context.state)
    }

    /// Bodies that commands under way need.
    nonisolated var neededBodies: Set<Digest> { pinned.withLock { $0.values.reduce(into: []) { $0.formUnion($1) } } }

    /// Takes up what the agent that ran before has left.
    func load() async throws {
        context.pauses.replace(try await folder.pauses())
        (ledger, unsent) = try await folder.load(at: context.clock.wall())
        last = ledger.last
        if !unsent.isEmpty { answered.wake() }
    }

    /// Takes over the complete list of pauses.
    func take(_ pauses: [DriftPause]) async {
        // What cannot be stored counts all the same, until the next start.
        do { try await folder.save(pauses) } catch { context.logger.error("pauses of healing cannot be stored: \(error)") }
        for name in context.pauses.replace(pauses) { context.board[name]?.wakeup.wake() }
    }

    /// Takes commands from a poll's answer; those that have come before change nothing.
    func take(_ commands: [Command]) async {
        for command in commands.sorted(by: { $0.id < $1.id }) where command.id > last {
            last = command.id
            waiting.append(command)
        }
        await startNext()
    }

    private func startNext() async {
        // One after the other, so that they begin in their order.
        guard !isStarting else { return }
        isStarting = true
        defer { isStarting = false }
        while running < Self.atOnce, !waiting.isEmpty {
            let command = waiting.removeFirst()
            // The coordinator says until when by the time of day, as everybody reads it.
            let now = context.clock.wall()
            guard command.expires > now else {
                await finish(
                    CommandResult(
                        id: command.id, outcome: .expired, message: "expired: it came to its turn after \(command.expires.rfc3339)",
                        finishedAt: now))
                continue
            }
            guard ledger.begin(command.id, at: now) else { continue }
            do { try await folder.save(ledger) } catch {
                // Who cannot write down that it has begun could begin it again.
                let text = "not begun: the agent cannot write to its state folder: \(error)"
                await finish(CommandResult(id: command.id, outcome: .failed, message: text, finishedAt: now))
                continue
            }
            running += 1
            spawn { await self.run(command, since: now) }
        }
    }

    private func run(_ command: Command, since start: Timestamp) async {
        let outcome = await carryOut(command)
        // Stopped in between: the next start says so.
        guard !Task.isCancelled else { return }
        pinned.withLock { $0[command.id] = nil }
        var result = CommandResult(
            id: command.id, outcome: .done, message: "", startedAt: start, finishedAt: context.clock.wall())
        switch outcome {
        case .success(let answer):
            result.outcome = answer.isFailure ? .failed : .done
            result.message = answer.message
            result.output = CommandAnswer.bounded(answer.output)
        case .failure(let failure):
            result.outcome = .failed
            result.message = failure.message
        }
        result.message = String(context.mask.redact(result.message).prefix(Report.textMax))
        running -= 1
        await finish(result)
        await startNext()
    }

    private func carryOut(_ command: Command) async -> Result<CommandAnswer, CommandFailure> {
        let limit = command.kind.timeLimit
        return await withTaskGroup(of: Result<CommandAnswer, CommandFailure>.self) { group in
            group.addTask { await self.perform(command) }
            group.addTask { [clock = context.clock] in
                try? await clock.sleep(limit)
                return .failure(CommandFailure("took longer than \(limit.components.seconds) s, and was given up"))
            }
            let first = await group.next()
            group.cancelAll()
            return first ?? .failure(CommandFailure("interrupted"))
        }
    }

    private func perform(_ command: Command) async -> Result<CommandAnswer, CommandFailure> {
        do {
            switch command.kind {
            case .syncNow(let application): return .success(try await syncNow(application))
            case .dryRun(let run):
                return .success(try await DryRun(context: context).run(run) { digests in self.pin(digests, for: command.id) })
            case .runJob(let run):
                return .success(try await JobCommand(context: context, permissions: permissions).run(run, id: command.id))
            case .logs(let query): return .success(try await LogCommand(context: context, permissions: permissions).run(query))
            case .listObject(let query): return .success(try await ObjectCommand(context: context, permissions: permissions).run(query))
            case .unknown(let name):
                return .failure(CommandFailure("this agent (\(context.version)) does not know the command '\(name)': upgrade it"))
            }
        } catch let failure as CommandFailure {
            return .failure(failure)
        } catch {
            return .failure(CommandFailure("\(error)"))
        }
    }

    private nonisolated func pin(_ digests: Set<Digest>, for id: Generation) { pinned.withLock { $0[id] = digests } }

    private func syncNow(_ name: String) async throws(CommandFailure) -> CommandAnswer {
        guard let application = context.board[name] else { throw CommandFailure("application '\(name)' is not on this cluster") }
        let waiter = SyncWaiter()
        await application.syncNow(waiter)
        guard let settled = await waiter.wait() else { throw CommandFailure("interrupted") }
        return CommandAnswer(
            message: settled.message.isEmpty ? "\(settled.phase.rawValue): \(settled.sent) objects sent" : settled.message,
            output: [
                "phase": .string(settled.phase.rawValue), "objectsSent": .int(Int64(settled.sent)),
                "generation": settled.generation.json,
            ], isFailure: settled.phase == .failed || settled.phase == .held)
    }

    private func finish(_ result: CommandResult) async {
        do {
            // The answer first: what has one is never taken for interrupted.
            try await folder.save(result)
            ledger.end(result.id)
            try await folder.save(ledger)
        } catch {
            context.logger.error("the answer to command \(result.id) cannot be stored: \(error)")
        }
        unsent.append(result.id)
        kept[result.id] = result.output.isNull ? result : nil
        answered.wake()
    }

    // MARK: Answering

    /// Sends answers until cancelled.
    func sendLoop() async {
        var backoff = Backoff(base: .milliseconds(250), cap: .seconds(30))
        var random = SystemRandomNumberGenerator()
        while !Task.isCancelled {
            await answered.wait()
            while let id = unsent.first {
                if Task.isCancelled { return }
                let stored = (try? await folder.result(id)) ?? nil
                guard let result = stored ?? kept[id] else {
                    context.logger.error("the answer to command \(id) is lost")
                    await sent(id)
                    continue
                }
                do {
                    try await send(result)
                    backoff.reset()
                    await sent(id)
                } catch {
                    context.logger.debug("\(error)")
                    do { try await context.clock.sleep(backoff.next(using: &random)) } catch { return }
                }
            }
        }
    }

    private func send(_ result: CommandResult) async throws(CoordinatorError) {
        do { _ = try await context.coordinator.results(CommandResults(results: [result])) } catch {
            guard [400, 413, 422].contains(error.status) else { throw error }
            context.logger.error("the coordinator refused the answer to command \(result.id): \(error)")
            var short = result
            short.output = .null
            short.message = String("\(result.message) (its output was refused by the coordinator)".prefix(Report.textMax))
            do { _ = try await context.coordinator.results(CommandResults(results: [short])) } catch {
                guard [400, 413, 422].contains(error.status) else { throw error }
            }
        }
    }

    private func sent(_ id: Generation) async {
        unsent.removeAll { $0 == id }
        kept[id] = nil
        do { try await folder.forget(id) } catch { context.logger.warning("\(error)") }
    }
}

extension Command.Kind {
    /// How long it may take.
    var timeLimit: Duration {
        switch self {
        case .syncNow: .seconds(900)
        case .runJob(let run): .seconds(run.timeoutSeconds + 60)
        case .dryRun, .logs, .listObject, .unknown: .seconds(300)
        }
    }
}
