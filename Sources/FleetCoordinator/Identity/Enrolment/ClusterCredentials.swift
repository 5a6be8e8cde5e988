// SPDX-License-Identifier: Apache-2.0
import Manifests
import PostgresClient

/// What people do about clusters' credentials: approve, revoke, and let a cluster go.
struct ClusterCredentials: Sendable {
    let engine: PromotionEngine
    let standings: CredentialStandings

    /// Approves the enrolment of a cluster's agent that waits for it.
    /// - Parameter fingerprint: that of the agent's key, or the beginning of it; needed where several wait.
    func approve(cluster: String, fingerprint: String?, reason: String, by author: Author) async throws -> EnrollmentReading {
        let now = engine.time.now
        let approved = try await engine.store.database.transaction { session -> EnrollmentReading in
            let pending = try AgentIdentityRows.lockPending(session, cluster: cluster, at: now)
            guard !pending.isEmpty else {
                throw APIFailure.notFound("no enrolment of a cluster '\(cluster)' waits for approval")
            }
            let wanted = fingerprint.map { $0.lowercased() }.map { $0.hasPrefix("sha256:") ? String($0.dropFirst(7)) : $0 }
            if let wanted, wanted.utf8.count < 8 { throw APIFailure.invalid("'fingerprint' is shorter than 8 characters") }
            let fitting = pending.filter { row in wanted.map { row.key?.hex.hasPrefix($0) == true } ?? true }
            let keys = pending.compactMap { $0.key.map { "\($0)" } }.joined(separator: ", ")
            guard let row = fitting.first else {
                throw APIFailure.conflict("other-key", "no key of this fingerprint waits for approval; there waits: \(keys)")
            }
            guard fitting.count == 1 else {
                throw APIFailure.conflict("several-wait", "several keys wait for approval: \(keys)", hint: "name one by its fingerprint")
            }
            try AgentIdentityRows.approve(session, id: row.id, by: author.name, at: now)
            let key = row.key.map { "\($0)" } ?? ""
            try EventRows.append(
                session,
                [
                    FleetEvent(
                        at: now, kind: "enrollmentApproved", cluster: cluster, actor: author.name,
                        message: "the agent with the key \(key)" + (reason.isEmpty ? "" : ": \(reason)"))
                ])
            try engine.store.audit.append(
                session,
                [
                    AuditEntry(
                        at: now, by: author, "cluster.approve", on: "cluster \(cluster)", reason: reason,
                        after: .map(["enrollment": .string(row.id), "key": .string(key)]))
                ])
            return try AgentIdentityRows.one(session, id: row.id) ?? row
        }
        engine.bells.readers.ring()
        return approved
    }

    /// Ends all credentials of a cluster that were issued until now: at once here, and as soon as they hear of it on other coordinators.
    /// - Returns: how many certificates were good until then.
    func revoke(cluster: String, reason: String, by author: Author) async throws -> Int64 {
        let now = engine.time.now
        let count = try await engine.transaction { transaction -> Int64 in
            let session = transaction.session
            guard try ClusterRows.declaration(session, cluster: cluster) != nil else {
                throw APIFailure.notFound("there is no cluster '\(cluster)'")
            }
            let count = try AgentIdentityRows.revoke(session, cluster: cluster, by: author.name, reason: reason, at: now)
            try Self.tell(
                &transaction, author, "cluster.revoke", "credentialsRevoked", .warning, cluster, reason,
                "\(count) certificates, and all one-time tokens", at: now)
            transaction.wake(cluster)
            return count
        }
        standings.forget([cluster])
        return count
    }

    /// Lets go of what runs on a cluster that has left the fleet: its agent stops managing it, and all objects stay.
    /// - Returns: the applications that were let go.
    func release(cluster: String, reason: String, by author: Author) async throws -> [String] {
        try await engine.transaction { transaction in
            let (session, now) = (transaction.session, transaction.now)
            try Self.requireUndeclared(session, cluster)
            let applications = try ClusterRows.release(session, cluster: cluster, epoch: transaction.epoch, at: now)
            try Self.tell(
                &transaction, author, "cluster.release", "clusterReleased", .warning, cluster, reason,
                applications.isEmpty
                    ? "nothing was managed there"
                    : "no longer managed, and left as it is: \(applications.joined(separator: ", "))", at: now)
            transaction.wake(cluster)
            return applications
        }
    }

    /// Forgets a cluster that has left the fleet, and ends its credentials. What runs there is not touched.
    func remove(cluster: String, reason: String, by author: Author) async throws {
        let now = engine.time.now
        try await engine.transaction { transaction in
            let session = transaction.session
            try Self.requireUndeclared(session, cluster)
            guard try !ClusterRows.inRollouts(session).contains(cluster) else {
                throw APIFailure.conflict(
                    "in-rollout", "a rollout that is under way counts on '\(cluster)'", hint: "wait until it has ended")
            }
            _ = try AgentIdentityRows.revoke(session, cluster: cluster, by: author.name, reason: reason, at: now)
            try ClusterRows.forget(session, cluster: cluster)
            try Self.tell(
                &transaction, author, "cluster.remove", "clusterRemoved", .warning, cluster, reason,
                "its credentials are revoked; what runs there is left as it is", at: now)
            transaction.wake(cluster)
        }
        standings.forget([cluster])
    }

    private static func requireUndeclared(_ session: Session, _ cluster: String) throws {
        guard let declaration = try ClusterRows.declaration(session, cluster: cluster) else {
            throw APIFailure.notFound("there is no cluster '\(cluster)'")
        }
        guard !declaration.isDeclared else {
            throw APIFailure.conflict(
                "declared", "'\(cluster)' is declared in the fleet repository", hint: "remove its file there first, and have that merged")
        }
    }

    private static func tell(
        _ transaction: inout StageTransaction, _ author: Author, _ action: String, _ kind: String, _ severity: FleetEvent.Severity,
        _ cluster: String,
        _ reason: String, _ story: String, at now: Timestamp
    ) throws {
        try EventRows.append(
            transaction.session,
            [
                FleetEvent(
                    at: now, kind: kind, severity: severity, cluster: cluster, actor: author.name,
                    message: reason.isEmpty ? story : "\(story): \(reason)")
            ])
        transaction.audit(
            AuditEntry(at: now, by: author, action, on: "cluster \(cluster)", reason: reason, after: .string(story)))
    }
}
