// SPDX-License-Identifier: Apache-2.0
import Manifests
import PostgresClient
import Synchronization

/// The access policies in force, remembered: every call asks for them, and they change with fleet commits only.
///
/// The coordinator that takes a commit into force forgets at once; the others look whether there is a newer one every two seconds. What is
/// in the database is in force also while Git cannot be read: a restart neither opens anything nor shuts anybody out.
final class AccessMemory: Sendable {
    struct Policies: Sendable {
        /// The fleet commit that declares them; `nil` before there is one.
        var commit: String?
        var rules: [AccessRule] = []
        fileprivate var digest: String?
    }

    private struct State {
        var known: (policies: Policies, at: Timestamp)?
        /// Counts how often was forgotten: what was read before that is not kept.
        var round = 0
    }

    private let state = Mutex(State())

    static let rememberMilliseconds: Int64 = 2_000

    /// Call after a fleet commit has come into force.
    func forget() {
        state.withLock { state in
            state.known = nil
            state.round += 1
        }
    }

    func policies(in store: Store, at now: Timestamp) async throws -> Policies {
        let (known, round) = state.withLock { ($0.known, $0.round) }
        if let known, (0..<Self.rememberMilliseconds).contains(now.milliseconds - known.at.milliseconds) { return known.policies }
        let policies = try await store.database.read { session -> Policies in
            guard let newest = try AccessRows.inForce(session) else { return Policies() }
            if let known, known.policies.digest == newest.digest {
                return Policies(commit: newest.commit, rules: known.policies.rules, digest: newest.digest)
            }
            let rules = try newest.digest.map { try AccessRows.rules(session, digest: $0) } ?? []
            return Policies(commit: newest.commit, rules: rules, digest: newest.digest)
        }
        state.withLock { state in if state.round == round { state.known = (policies, now) } }
        return policies
    }
}
