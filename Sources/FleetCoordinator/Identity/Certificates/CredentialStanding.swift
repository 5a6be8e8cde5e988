// SPDX-License-Identifier: Apache-2.0
import HTTPTypes
import Manifests
import PostgresClient
import Synchronization

/// What makes a cluster's credentials good or bad: the epoch that its declaration names, and a revocation in the database.
struct CredentialStanding: Sendable, Equatable {
    var epoch: Int64
    /// What was issued until then is good for nothing.
    var revokedUntil: Timestamp?

    func accepts(epoch: Int64, issuedAt: Timestamp) -> Bool {
        self.epoch == epoch && revokedUntil.map { $0 < issuedAt } ?? true
    }

    /// When something that is issued now says it was: never within what was revoked, even in the millisecond of the revocation.
    func issuing(at now: Timestamp) -> Timestamp {
        guard let revokedUntil else { return now }
        return max(now, Timestamp(milliseconds: revokedUntil.milliseconds + 1))
    }
}

/// The clusters' standings, remembered for a moment: an agent's every request asks for one.
final class CredentialStandings: Sendable {
    private let remembered = Mutex<[String: (standing: CredentialStanding?, at: Timestamp)]>([:])
    private let store: Store
    private let time: WallTime

    /// A raised epoch, and a revocation by another coordinator, counts at the latest so many milliseconds after it is in the database.
    static let rememberMilliseconds: Int64 = 2_000

    init(store: Store, time: WallTime) {
        self.store = store
        self.time = time
    }

    /// `nil` for a cluster that nobody knows. Only names from genuine credentials may be asked for: that bounds what is remembered.
    func current(for cluster: String) async throws -> CredentialStanding? {
        let now = time.now
        let known = remembered.withLock { $0[cluster] }
        if let known, now.milliseconds - known.at.milliseconds < Self.rememberMilliseconds { return known.standing }
        let standing = try await store.database.read { try AgentIdentityRows.standing($0, cluster: cluster) }
        remembered.withLock { $0[cluster] = (standing, now) }
        return standing
    }

    /// Looks again at these clusters when they are next asked for.
    func forget(_ clusters: some Sequence<String>) {
        remembered.withLock { remembered in
            for cluster in clusters { remembered[cluster] = nil }
        }
    }
}

/// Judges agents' certificates with every request: the handshake has shown only whose they are.
struct AgentGate: Sendable {
    let authorities: Authorities
    let standings: CredentialStandings
    let time: WallTime

    /// - Throws: what the agent is told where its certificate is not, or no longer, good.
    func admit(_ identity: AgentIdentity?) async throws -> AgentIdentity {
        guard let identity else {
            throw Self.refusal("certificate-needed", "an agent's certificate is needed", hint: "enrol the agent first")
        }
        guard authorities.current.one(identity.authority) != nil else {
            throw Self.refusal("certificate-revoked", "the authority of this certificate was retired", hint: Self.again)
        }
        guard identity.isValid(at: time.now) else {
            throw Self.refusal(
                "certificate-expired", "the certificate was good from \(identity.notBefore.rfc3339) to \(identity.notAfter.rfc3339)",
                hint: Self.again)
        }
        guard let standing = try await standings.current(for: identity.cluster) else {
            throw Self.refusal("unknown-cluster", "no cluster '\(identity.cluster)' is declared in the fleet repository")
        }
        guard standing.accepts(epoch: identity.epoch, issuedAt: identity.issuedAt) else { throw Self.revoked }
        return identity
    }

    private static let again = "enrol the agent again: 'flotilla cluster enroll' prints how"

    static let revoked = refusal("certificate-revoked", "the cluster's credentials of that time were revoked", hint: again)

    private static func refusal(_ code: String, _ message: String, hint: String? = nil) -> APIFailure {
        APIFailure(.unauthorized, code, message, hint: hint)
    }
}
