// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Manifests
import Synchronization

/// Counts what the agent does, from its start on, over all terms in which it acts.
final class Meter: Sendable {
    struct Counts: Sendable {
        /// Objects sent, whether for a sync or to heal.
        var objectsApplied = 0
        /// By kind of event: what has happened, as it is told to the coordinator.
        var events: [AgentEvent.Kind: Int] = [:]
        var heals = Histogram()
        var watchRestarts = 0
        var polls = 0
        var pollFailures = 0
        var reports = 0
        var polledAt: Timestamp?
        var reportedAt: Timestamp?
        var isCoordinatorReachable = false
        var isClusterReachable = false
        /// Whether desired state has been read from disk, in the term in force.
        var isLoaded = false
        var terms = 0
        /// When the certificate ends, by the time of day.
        var certificateEnds: Timestamp?
        var renewalFailures = 0
        /// What is wrong about the agent's identity; empty while nothing is.
        var identityProblem = ""
        /// Whether the coordinator does not accept this agent.
        var isRefused = false
    }

    /// Durations, counted by upper bounds.
    struct Histogram: Sendable {
        static let bounds: [Int64] = [1, 2, 5, 10, 20, 50, 100, 500, 1_000, 10_000, 60_000]

        /// How many fell below each bound and not below the one before; the last one counts the rest.
        private(set) var counts = [Int](repeating: 0, count: bounds.count + 1)
        private(set) var sumMilliseconds: Int64 = 0

        mutating func add(milliseconds: Int64) {
            let index = Self.bounds.firstIndex { milliseconds <= $0 } ?? Self.bounds.count
            counts[index] += 1
            sumMilliseconds = sumMilliseconds.addingReportingOverflow(max(0, milliseconds)).partialValue
        }
    }

    private let state = Mutex(Counts())

    var counts: Counts { state.withLock { $0 } }

    func applied() { state.withLock { $0.objectsApplied += 1 } }

    func happened(_ event: AgentEvent) {
        state.withLock { state in
            state.events[event.kind, default: 0] += 1
            if event.kind == .healed, let took = event.durationMilliseconds { state.heals.add(milliseconds: took) }
        }
    }

    func watchEnded() { state.withLock { $0.watchRestarts += 1 } }

    func polled(at time: Timestamp) {
        state.withLock { state in
            state.polls += 1
            state.polledAt = time
            state.isCoordinatorReachable = true
        }
    }

    func pollFailed() {
        state.withLock { state in
            state.pollFailures += 1
            state.isCoordinatorReachable = false
        }
    }

    func reported(at time: Timestamp) {
        state.withLock { state in
            state.reports += 1
            state.reportedAt = time
        }
    }

    func clusterAnswers(_ isReachable: Bool) {
        state.withLock { state in
            if state.isClusterReachable != isReachable { state.isClusterReachable = isReachable }
        }
    }

    /// A term begins, or its state has been read.
    func began(loaded: Bool) {
        state.withLock { state in
            if !loaded { state.terms += 1 }
            state.isLoaded = loaded
        }
    }

    func identity(ends: Timestamp?, problem: String, isRefused: Bool) {
        state.withLock { state in
            state.certificateEnds = ends
            state.identityProblem = problem
            state.isRefused = isRefused
        }
    }

    func renewalFailed() { state.withLock { $0.renewalFailures += 1 } }

    func ended() { state.withLock { $0.isLoaded = false } }
}
