// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// What this process counts itself; everything else that is measured is read from the database.
final class Counters: Sendable {
    enum Name: String, Sendable, CaseIterable {
        case reports = "flotilla_reports_total"
        case webhooks = "flotilla_webhooks_total"
        case renders = "flotilla_renders_total"
        case renderHits = "flotilla_render_hits_total"
        case rendersAffected = "flotilla_render_reads_affected_total"
        case renderMilliseconds = "flotilla_render_seconds_total"

        var help: String {
            switch self {
            case .reports: "Agents' reports that were stored by this process."
            case .webhooks: "Calls of the Git webhook."
            case .renders: "Renders that this process did."
            case .renderHits: "Applications on clusters that a plan of this process served with a render known before."
            case .rendersAffected: "Sets of reads that commits have given other answers to."
            case .renderMilliseconds: "Time that plans of this process took until everything was rendered."
            }
        }

        /// What one count is, in the name's unit.
        var unit: Double { self == .renderMilliseconds ? 0.001 : 1 }
    }

    private struct State {
        var counts: [Name: Int] = [:]
        /// Answers by the first digit of their status.
        var answers: [Int: Int] = [:]
    }

    private let state = Mutex(State())

    func add(_ name: Name, _ count: Int = 1) { state.withLock { $0.counts[name, default: 0] += count } }

    func countAnswer(_ status: Int) { state.withLock { $0.answers[status / 100, default: 0] += 1 } }

    subscript(name: Name) -> Int { state.withLock { $0.counts[name] ?? 0 } }

    var answers: [Int: Int] { state.withLock { $0.answers } }
}
