// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Manifests
import Synchronization

/// What the coordinator has still to be told. States are coalesced: only an application's latest counts; events are bounded.
final class ReportQueue: Sendable {
    static let eventsMax = 2_000

    private struct State {
        /// The latest state of each application, told or not.
        var applications: [String: ApplicationReport] = [:]
        var untold: Set<String> = []
        var events: [AgentEvent] = []
        var dropped = 0
        /// The same from the start on.
        var droppedTotal = 0
        var isUrgent = false
    }

    private let state = Mutex(State())
    let wakeup = Wakeup()
    private let mask: SecretMask
    let meter: Meter

    /// - Parameter mask: hides secrets in everything that is told, as the last place where that can be done.
    init(mask: SecretMask = SecretMask(), meter: Meter = Meter()) {
        self.mask = mask
        self.meter = meter
    }

    /// - Parameter urgent: whether this must not wait for others to join it.
    func put(_ report: ApplicationReport, urgent: Bool) {
        var report = report
        report.message = mask.redact(report.message)
        state.withLock { state in
            state.applications[report.application] = report
            state.untold.insert(report.application)
            if urgent { state.isUrgent = true }
        }
        wakeup.wake()
    }

    func add(_ event: AgentEvent) {
        meter.happened(event)
        var event = event
        event.message = mask.redact(event.message)
        // A set's items are steps of a path.
        event.paths = event.paths.map { mask.redact($0) }
        state.withLock { state in
            state.events.append(event)
            guard state.events.count > Self.eventsMax else { return }
            // What happened often and matters least goes first.
            let index = state.events.firstIndex { [.healthChanged, .applied, .healed].contains($0.kind) } ?? 0
            state.events.remove(at: index)
            state.dropped += 1
            state.droppedTotal += 1
        }
        wakeup.wake()
    }

    /// The latest state of each application.
    var applications: [ApplicationReport] { state.withLock { Array($0.applications.values) } }
    var waiting: (events: Int, dropped: Int) { state.withLock { ($0.events.count, $0.droppedTotal) } }

    var isUrgent: Bool { state.withLock { $0.isUrgent } }
    var hasNews: Bool { state.withLock { !$0.untold.isEmpty || !$0.events.isEmpty } }

    /// Takes what is to be told next, at most what one report may carry; `nil` when there is nothing.
    func take() -> (applications: [ApplicationReport], events: [AgentEvent])? {
        state.withLock { state in
            guard !state.untold.isEmpty || !state.events.isEmpty else { return nil }
            let names = state.untold.sorted().prefix(Report.applicationsMax)
            state.untold.subtract(names)
            var events = Array(state.events.prefix(Report.eventsMax))
            state.events.removeFirst(events.count)
            if state.dropped > 0, !events.isEmpty {
                events[0].message += " (\(state.dropped) other events were lost meanwhile)"
                state.dropped = 0
            }
            state.isUrgent = false
            return (names.compactMap { state.applications[$0] }, events)
        }
    }

    fileprivate func putBack(_ names: [String], _ events: [AgentEvent]) {
        state.withLock { state in
            state.untold.formUnion(names.filter { state.applications[$0] != nil })
            state.events.insert(contentsOf: events, at: 0)
            state.events.removeLast(max(0, state.events.count - Self.eventsMax))
        }
        wakeup.wake()
    }

    /// Tells everything again.
    func repeatEverything() {
        state.withLock { state in
            state.untold.formUnion(state.applications.keys)
            state.isUrgent = true
        }
        wakeup.wake()
    }

    /// Forgets an application whose removal has been told.
    func forget(_ application: String) {
        state.withLock { state in
            state.applications[application] = nil
            state.untold.remove(application)
        }
    }
}

extension ReportQueue {
    /// Takes back what could not be delivered. A state that was told anew meanwhile stays as it is.
    func giveBack(_ applications: [ApplicationReport], _ events: [AgentEvent]) {
        putBack(applications.map(\.application), events)
    }
}

extension Report {
    /// Puts times of the steady clock as people's clocks show them.
    /// - Parameter offset: `AgentClock.offset`.
    mutating func show(by offset: Duration) {
        // Less than what clocks are corrected by all the time.
        guard abs(offset.wholeMilliseconds) >= 100 else { return }
        for index in events.indices { events[index].at = events[index].at + offset }
        for index in applications.indices { applications[index].since = applications[index].since + offset }
    }
}

extension StateFolder {
    func savedSequence() async -> Int64 {
        guard let bytes = try? await contents("sequence", bytesMax: 32) else { return 0 }
        return Int64(String(decoding: bytes.filter { $0 > 32 && $0 < 127 }, as: UTF8.self)) ?? 0
    }

    func saveSequence(_ sequence: Int64) async { try? await replace("sequence", with: Array("\(sequence)\n".utf8)) }
}
