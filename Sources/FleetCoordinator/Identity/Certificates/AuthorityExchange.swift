// SPDX-License-Identifier: Apache-2.0
import Manifests
import PostgresClient

/// Exchanges the authority that signs agents' certificates, as people ask for it.
struct AuthorityExchange: Sendable {
    let engine: PromotionEngine
    let authorities: Authorities
    let tls: AgentTLS
    /// How long agents' certificates are good.
    let lifetime: Duration

    /// An authority, and until when certificates of it are good.
    struct Reading: Sendable {
        var fingerprint: Digest
        var name: String
        var issues: Bool
        var notBefore: Timestamp
        var notAfter: Timestamp
        /// Certificates of agents that have not ended, and when the last one does.
        var certificates: Int64
        var lastEnds: Timestamp?
    }

    func list() async throws -> [Reading] {
        let now = engine.time.now
        let all = authorities.current.all
        return try await engine.store.database.read { session in
            try all.enumerated().map { index, authority in
                let last = try AgentIdentityRows.last(session, authority: authority.fingerprint, at: now)
                return Reading(
                    fingerprint: authority.fingerprint, name: authority.name, issues: index == all.count - 1,
                    notBefore: authority.notBefore, notAfter: authority.notAfter, certificates: last?.count ?? 0, lastEnds: last?.until)
            }
        }
    }

    /// Makes a new authority that issues from now on; the others are believed as before.
    func rotate(reason: String, by author: Author) async throws {
        let now = engine.time.now
        let before = authorities.current.all.last
        let fresh: Authority
        do { fresh = try authorities.rotate() } catch let refusal as Authorities.Refusal {
            throw APIFailure.conflict("not-now", "\(refusal)")
        }
        try tls.refresh()
        try await tell(
            "authority.rotate", "authorityAdded", "\(fresh.name) (\(fresh.fingerprint.hex.prefix(16))) issues from now on", reason, author,
            before: before, after: fresh, at: now)
    }

    /// Takes an authority away, once no certificate of it is good any more; `force` does it all the same.
    /// - Parameter name: the authority's fingerprint, or the beginning of it.
    func retire(_ name: String, force: Bool, reason: String, by author: Author) async throws {
        let now = engine.time.now
        let all = authorities.current.all
        let wanted = name.lowercased()
        let fitting = all.filter { $0.fingerprint.hex.hasPrefix(wanted) }
        guard wanted.utf8.count >= 8, let authority = fitting.first, fitting.count == 1, let newest = all.last else {
            throw APIFailure.notFound("there is no authority '\(name.prefix(64))'")
        }
        if !force, authority.fingerprint != newest.fingerprint {
            let last = try await engine.store.database.read {
                try AgentIdentityRows.last($0, authority: authority.fingerprint, at: now)
            }
            // What a database that was lost had known is bounded all the same: nothing was issued by it since there is a newer one.
            let bound = newest.notBefore + Authority.skew + lifetime
            let until = max(last?.until ?? .epoch, bound)
            guard until <= now else {
                throw APIFailure.conflict(
                    "still-valid", "certificates of this authority are good until \(until.rfc3339)",
                    hint: "every agent has one of the newer authority by then; --force retires it now and cuts those off that have not")
            }
        }
        do { try authorities.retire(authority.fingerprint) } catch let refusal as Authorities.Refusal {
            throw APIFailure.conflict("not-now", "\(refusal)")
        }
        try tls.refresh()
        try await tell(
            "authority.retire", "authorityRetired",
            "\(authority.name) (\(authority.fingerprint.hex.prefix(16))) is not believed any more" + (force ? ", by force" : ""), reason,
            author, before: authority, after: nil, at: now)
    }

    private func tell(
        _ action: String, _ kind: String, _ story: String, _ reason: String, _ author: Author, before: Authority?, after: Authority?,
        at now: Timestamp
    ) async throws {
        try await engine.store.database.transaction { session in
            try EventRows.append(
                session,
                [
                    FleetEvent(
                        at: now, kind: kind, severity: .warning, actor: author.name,
                        message: reason.isEmpty ? story : "\(story): \(reason)")
                ])
            try engine.store.audit.append(
                session,
                [
                    AuditEntry(
                        at: now, by: author, action, on: "agents' authority", reason: reason,
                        before: before.map { .string($0.fingerprint.hex) }, after: after.map { .string($0.fingerprint.hex) })
                ])
        }
        engine.bells.readers.ring()
    }
}
