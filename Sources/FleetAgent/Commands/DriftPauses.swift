// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Manifests
import Synchronization

/// The applications that are not healed for a while. A pause ends by itself, by what this machine's clock shows.
final class DriftPauses: Sendable {
    private let state = Mutex<[String: DriftPause]>([:])

    /// As the coordinator told them last, those that have ended too: polls say whether that is still the list.
    var told: [DriftPause] { state.withLock { $0.values.sorted { $0.application < $1.application } } }

    /// Takes over a complete list.
    /// - Returns: the applications for which something changes.
    @discardableResult func replace(_ pauses: [DriftPause]) -> Set<String> {
        let new = Dictionary(pauses.map { ($0.application, $0) }) { _, last in last }
        return state.withLock { state in
            let old = state
            state = new
            return Set(old.keys).union(new.keys).filter { old[$0] != new[$0] }
        }
    }

    /// The pause that is in force.
    /// - Parameter now: the time of day, as the coordinator and people read it.
    func active(_ application: String, at now: Timestamp) -> DriftPause? {
        state.withLock { $0[application] }.flatMap { $0.until > now ? $0 : nil }
    }
}

extension DriftPause {
    /// For what is said of drift meanwhile.
    var words: String {
        let by = requestedBy.isEmpty ? "" : " by \(requestedBy)"
        return "not healed: healing is paused until \(until.rfc3339)\(by)\(reason.isEmpty ? "" : ": \(reason)")"
    }
}
