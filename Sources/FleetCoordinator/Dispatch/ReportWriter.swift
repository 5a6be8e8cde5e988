// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Logging
import Manifests
import PostgresClient
import Synchronization

/// Writes agents' reports in batches: what comes while one batch is being written makes the next.
///
/// One commit for many reports is what makes ten thousand a second durable; nobody waits longer than one batch ahead of their own.
final class ReportWriter: Sendable {
    private struct Waiting: Sendable {
        let cluster: String
        let report: Report
        let continuation: CheckedContinuation<Void, any Error>
    }

    enum Failure: Error { case stopped, tooManyWaiting }

    /// Reports that may wait; agents try again when there are more.
    static let waitingMax = 20_000
    static let batchMax = 500

    private struct State {
        var waiting: [Waiting] = []
        var isClosed = false
    }

    private let state = Mutex(State())
    private let bell = Bell()
    private let store: Store
    private let engine: PromotionEngine
    private let time: WallTime
    private let logger: Logger

    init(store: Store, engine: PromotionEngine, time: WallTime, logger: Logger) {
        self.store = store
        self.engine = engine
        self.time = time
        self.logger = logger
    }

    func write(_ report: Report, cluster: String) async throws {
        try await withCheckedThrowingContinuation { continuation in
            let failure = state.withLock { state -> Failure? in
                if state.isClosed { return .stopped }
                if state.waiting.count >= Self.waitingMax { return .tooManyWaiting }
                state.waiting.append(Waiting(cluster: cluster, report: report, continuation: continuation))
                return nil
            }
            if let failure { continuation.resume(throwing: failure) } else { bell.ring() }
        }
    }

    /// Writes batches until the task is cancelled; then refuses what still waits.
    func run() async {
        while !Task.isCancelled {
            let batch = state.withLock { state -> [Waiting] in
                let batch = Array(state.waiting.prefix(Self.batchMax))
                state.waiting.removeFirst(batch.count)
                return batch
            }
            if batch.isEmpty {
                await bell.wait(atMost: .seconds(5))
                continue
            }
            await write(batch)
        }
        let rest = state.withLock { state in
            defer { state.waiting = [] }
            state.isClosed = true
            return state.waiting
        }
        for waiting in rest { waiting.continuation.resume(throwing: Failure.stopped) }
    }

    private func write(_ batch: [Waiting]) async {
        let touched: [String]
        do {
            touched = try await insert(batch.map { ($0.cluster, $0.report) })
        } catch {
            logger.warning("reports were not stored", metadata: ["error": "\(error)", "reports": "\(batch.count)"])
            for waiting in batch { waiting.continuation.resume(throwing: error) }
            return
        }
        CrashPoint.reached(.reportStored)
        for waiting in batch { waiting.continuation.resume() }
        engine.bells.readers.ring()
        guard !touched.isEmpty else { return }
        // The reports are stored: should this fail, the regular round shows them to the stages.
        do { try await engine.observe(touched) } catch {
            logger.warning("stages have not seen reports yet", metadata: ["error": "\(error)"])
        }
    }

    /// Stores reports and shows the stages what they say.
    func store(_ reports: [(cluster: String, report: Report)]) async throws {
        let touched = try await insert(reports)
        if !touched.isEmpty { try await engine.observe(touched) }
    }

    private func insert(_ reports: [(cluster: String, report: Report)]) async throws -> [String] {
        let now = time.now
        return try await store.database.transaction { try Self.store($0, reports, at: now) }
    }

    /// Stores reports in their order; returns the clusters whose applications were reported on.
    private static func store(_ session: Session, _ reports: [(cluster: String, report: Report)], at now: Timestamp) throws -> [String] {
        var entries: [ObservedRows.Entry] = []
        var events: [FleetEvent] = []
        var touched: Set<String> = []
        var sequences = try ClusterRows.lockSequences(session, clusters: Set(reports.map(\.cluster)))
        for (cluster, report) in reports {
            // Counted before, or of an instance that does not speak for the cluster.
            guard let last = sequences[cluster], last.instance == report.instance, last.sequence < report.sequence else { continue }
            sequences[cluster] = (report.instance, report.sequence)
            entries += report.applications.map { ObservedRows.Entry(cluster: cluster, report: $0) }
            events += report.events.map { Self.event($0, cluster: cluster, at: now) }
            if !report.applications.isEmpty { touched.insert(cluster) }
        }
        try ClusterRows.storeSequences(session, sequences.mapValues(\.sequence), at: now)
        try ObservedRows.upsert(session, entries, at: now)
        try EventRows.append(session, events)
        return touched.sorted()
    }

    private static func event(_ event: AgentEvent, cluster: String, at now: Timestamp) -> FleetEvent {
        let severity: FleetEvent.Severity =
            switch event.kind {
            case .applyFailed, .healFailed: .error
            case .drift, .fight, .pruneHeld, .clusterUnreachable: .warning
            case .applied, .pruned, .healed, .fightEnded, .healthChanged, .agentStarted, .clusterReachable, .other: .info
            }
        return FleetEvent(
            at: now, kind: event.word, severity: severity, cluster: cluster,
            application: event.application.isEmpty ? nil : event.application, object: event.object.isEmpty ? nil : event.object,
            message: event.message, paths: event.paths, durationMilliseconds: event.durationMilliseconds)
    }
}
