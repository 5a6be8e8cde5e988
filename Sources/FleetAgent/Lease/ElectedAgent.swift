// SPDX-License-Identifier: Apache-2.0
import HTTPTransport
import KubernetesAPI
package import Logging
import Manifests
import Synchronization

/// An agent that acts while it holds the cluster's Lease, and otherwise stands by; from here it is asked for its health and metrics.
///
/// Each term in which it acts begins from what is on disk, as after a restart.
package final class ElectedAgent: Sendable {
    package struct Options: Sendable {
        /// Whether to act only while holding the Lease. Without, nothing else may act on this cluster.
        package var usesLease: Bool
        /// Where `/healthz`, `/readyz` and `/metrics` are served; `nil` serves nothing.
        package var listen: ListenAddress?
        var lease: @Sendable (String) -> LeaseElection.Settings = { LeaseElection.Settings(identity: $0) }

        package init(usesLease: Bool = true, listen: ListenAddress? = nil) {
            self.usesLease = usesLease
            self.listen = listen
        }
    }

    private let configuration: AgentConfiguration
    private let options: Options
    private let clock: AgentClock
    private let logger: Logger
    private let meter = Meter()
    private let mask = SecretMask()
    private let reports: ReportQueue
    private let pulse: Pulse
    private let started = Mutex<(status: AgentStatus, address: ListenAddress?)?>(nil)

    private static let pulseEvery = Duration.seconds(10)

    package init(configuration: AgentConfiguration, options: Options = Options(), clock: AgentClock = .system, logger: Logger) {
        self.configuration = configuration
        self.options = options
        self.clock = clock
        self.logger = logger
        reports = ReportQueue(mask: mask, meter: meter)
        pulse = Pulse(clock: clock)
    }

    /// Runs until the task is cancelled; gives the Lease up at the end.
    /// - Throws: `StateError` when the state folder cannot be used, or the address not be listened on.
    package func run() async throws {
        _ = try await StateLock.held(configuration.stateDirectory, clock, logger) { try await runLocked() }
    }

    private func runLocked() async throws {
        let folder = configuration.stateDirectory
        let state = try await StateFolder(path: folder)
        defer { state.stop() }
        let instance = try await state.instance(Agent.randomInstance)
        let client = Agent.client(configuration, mask)
        let elector =
            options.usesLease
            ? LeaseElector(options.lease(instance), client: client, clock: clock, logger: logger, pulse: pulse, meter: meter) : nil
        let standing = elector?.standing ?? .always
        if elector == nil { logger.notice("acts without a Lease: no other agent may run for this cluster") }
        let status = AgentStatus(
            version: configuration.version, cluster: configuration.cluster, instance: instance, meter: meter, pulse: pulse,
            standing: standing, reports: reports, clock: clock)
        let server: StatusServer?
        if let listen = options.listen {
            let started = try StatusServer(listen) { status.answer($0) }
            logger.info("serves /healthz, /readyz and /metrics on \(started.address)")
            server = started
        } else {
            server = nil
        }
        started.withLock { $0 = (status, server?.address) }
        let failure = await withTaskGroup(of: (any Error)?.self) { group in
            if let elector {
                group.addTask {
                    await elector.run()
                    return nil
                }
            }
            group.addTask {
                await self.keepPulse()
                return nil
            }
            group.addTask {
                do { try await self.runTerms(standing, client, state) } catch { return error }
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
        // Nothing acts any more. The task may be cancelled, and this has to be done nevertheless.
        if let elector { await Task { await elector.release() }.value }
        await client.shutdown()
        await server?.stop()
        if let failure { throw failure }
    }

    /// What it says of itself, and where it serves that; `nil` before it has begun.
    var status: AgentStatus? { started.withLock { $0?.status } }
    var address: ListenAddress? { started.withLock { $0?.address } }

    /// A sign of life of whatever runs tasks.
    private func keepPulse() async {
        while !Task.isCancelled {
            pulse.beat("main", within: .seconds(60))
            do { try await clock.sleep(Self.pulseEvery) } catch { return }
        }
    }

    /// Acts whenever the standing allows it.
    private func runTerms(_ standing: Standing, _ client: KubernetesClient, _ state: StateFolder) async throws {
        while !Task.isCancelled {
            guard standing.mayAct(at: clock.now()) else {
                await standing.changed.wait(atMost: .seconds(5), clock)
                continue
            }
            let isTrusted = try await isTrusted(standing.now, state)
            let clock = clock
            // Whatever is still on its way when the term ends is not sent.
            let acting = client.permitting { standing.mayAct(at: clock.now()) }
            let term = standing.now.term
            let duty = AgentDuty(
                client: acting, reports: reports, mask: mask, pulse: pulse, isStateTrusted: isTrusted,
                confirmed: { [options] in if options.usesLease { await state.saveTerm(term) } })
            if isTrusted { await duty.confirmed() }
            let agent = Agent(configuration: configuration, clock: clock, logger: logger, duty: duty)
            logger.info("acts\(options.usesLease ? ", holding the Lease for term \(term)" : "")")
            meter.began(loaded: false)
            defer { meter.ended() }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await agent.run() }
                group.addTask { await Self.wait(whileActing: standing, term, clock) }
                try await group.next()
                group.cancelAll()
                try await group.waitForAll()
            }
            if !Task.isCancelled { logger.warning("does not hold the Lease any more, and has stopped acting") }
        }
    }

    private static func wait(whileActing standing: Standing, _ term: Int64, _ clock: AgentClock) async {
        while !Task.isCancelled {
            let now = clock.now()
            let state = standing.now
            guard let end = state.actsUntil, end > now, state.term == term else { return }
            await standing.changed.wait(atMost: min(end - now, .seconds(3_600)), clock)
        }
    }

    /// Whether what is on disk is the newest that this cluster was told: not where another agent has acted since it was written. Then it
    /// would take the cluster back.
    private func isTrusted(_ standing: Standing.State, _ state: StateFolder) async throws -> Bool {
        guard options.usesLease, let before = standing.termBefore else { return true }
        guard try await !state.tasks().isEmpty else { return true }
        // Without a note the folder is from before there were Leases, or was never used for acting under one.
        guard let own = await state.savedTerm() else { return before <= 0 }
        return own == before
    }
}

/// What an agent is given for a term.
struct AgentDuty: Sendable {
    let client: KubernetesClient
    let reports: ReportQueue
    let mask: SecretMask
    let pulse: Pulse
    /// Whether the tasks on disk may be acted upon before the coordinator has been asked.
    let isStateTrusted: Bool
    /// To be called once the tasks on disk are the newest.
    let confirmed: @Sendable () async -> Void
}

extension StateFolder {
    /// The term of the Lease in which this folder was last the one that is acted from.
    func savedTerm() async -> Int64? {
        guard let bytes = try? await contents("term", bytesMax: 32) else { return nil }
        return Int64(String(decoding: bytes.filter { $0 > 32 && $0 < 127 }, as: UTF8.self))
    }

    func saveTerm(_ term: Int64) async { try? await replace("term", with: Array("\(term)\n".utf8)) }
}
