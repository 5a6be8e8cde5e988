// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import HTTPTypes
import Manifests
import PostgresClient

/// How agents come by their certificates: a one-time token, then each certificate by the one before.
struct AgentEnrolment: Sendable {
    let engine: PromotionEngine
    let authorities: Authorities
    let standings: CredentialStandings
    /// How long a certificate is good.
    let lifetime: Duration
    private let failures: AttemptLimiter
    private let renewals: AttemptLimiter

    var store: Store { engine.store }
    var time: WallTime { engine.time }

    static let expiresDefault: Int64 = 3_600
    /// Seconds that a token may be good.
    static let expiresRange: ClosedRange<Int64> = 60...604_800
    /// Tokens of one cluster that can be used at the same time.
    static let usableMax: Int64 = 20
    /// Refused enrolments from one address in a minute.
    static let failuresMax = 20
    /// Renewals of one cluster in a minute.
    static let renewalsMax = 20
    /// After so many seconds an agent asks again whether it was approved.
    static let approvalRetrySeconds: Int64 = 5

    init(engine: PromotionEngine, authorities: Authorities, standings: CredentialStandings, lifetime: Duration) {
        self.engine = engine
        self.authorities = authorities
        self.standings = standings
        self.lifetime = lifetime
        failures = AttemptLimiter(limit: Self.failuresMax, time: engine.time)
        renewals = AttemptLimiter(limit: Self.renewalsMax, time: engine.time)
    }

    // MARK: Giving out tokens

    /// A token as it is given out; it is nowhere else.
    struct Issued: Sendable {
        var token: String
        var enrollment: EnrollmentReading
        var credentialEpoch: Int64
    }

    /// Makes a one-time token for the agent of a declared cluster.
    func open(
        cluster: String, expiresSeconds: Int64, needsApproval: Bool, reason: String, by author: Author
    ) async throws -> Issued {
        guard Self.expiresRange.contains(expiresSeconds) else {
            throw APIFailure.invalid(
                "'expiresSeconds' is not between \(Self.expiresRange.lowerBound) and \(Self.expiresRange.upperBound)")
        }
        let now = time.now
        let token = "flotilla-enroll-" + KeyFolder.hex(KeyFolder.random(32))
        let enrollment = EnrollmentReading(
            id: KeyFolder.hex(KeyFolder.random(6)), cluster: cluster, state: .open, needsApproval: needsApproval, createdAt: now,
            createdBy: author.name, reason: reason, expiresAt: now + .seconds(expiresSeconds))
        let epoch = try await store.database.transaction { session -> Int64 in
            guard let declaration = try ClusterRows.declaration(session, cluster: cluster), declaration.isDeclared else {
                throw APIFailure(
                    .notFound, "not-found", "there is no cluster '\(cluster)'", hint: "declare it in the fleet repository first")
            }
            guard try AgentIdentityRows.usable(session, cluster: cluster, at: now) < Self.usableMax else {
                throw APIFailure.conflict(
                    "too-many-tokens", "\(Self.usableMax) tokens of '\(cluster)' can be used already",
                    hint: "they end by themselves; 'flotilla cluster revoke' ends them at once, and the agent's certificate with them")
            }
            try AgentIdentityRows.add(session, enrollment, token: Digest.sha256(token))
            try EventRows.append(
                session,
                [
                    FleetEvent(
                        at: now, kind: "enrollmentOpened", cluster: cluster, actor: author.name,
                        message: "one-time token \(enrollment.id), good until \(enrollment.expiresAt.rfc3339)"
                            + (needsApproval ? ", after an approval" : ""))
                ])
            try store.audit.append(
                session,
                [
                    AuditEntry(
                        at: now, by: author, "cluster.enroll", on: "cluster \(cluster)", reason: reason,
                        after: .map([
                            "enrollment": .string(enrollment.id), "expires": .string(enrollment.expiresAt.rfc3339),
                            "requiresApproval": .bool(needsApproval),
                        ]))
                ])
            return declaration.credentialEpoch
        }
        engine.bells.readers.ring()
        return Issued(token: token, enrollment: enrollment, credentialEpoch: epoch)
    }

    // MARK: The first certificate

    private enum Outcome: Sendable {
        case answered(CertificateAnswer)
        case refused
    }

    /// What every refusal looks like: a token that never was, one that has ended, and a cluster that is gone.
    static let refusal = APIFailure(
        .unauthorized, "enrolment-refused", "this token is not accepted",
        hint: "it is good once, for one agent and for a while; 'flotilla cluster enroll' gives out a new one")

    /// Gives an agent its first certificate for a one-time token.
    ///
    /// The first key that comes with a token is the only one that it is good for: an agent that did not hear the answer asks again and gets
    /// the same certificate; whoever else has the token gets nothing, and it is told loudly.
    func enroll(_ request: EnrolmentRequest, address: String?) async throws -> CertificateAnswer {
        let origin = address ?? ""
        try failures.check(origin)
        let proven: ProvenKey
        do throws(APIFailure) { proven = try ProvenKey(request: request.certificateRequest) } catch {
            failures.count(origin)
            throw error
        }
        let token = Digest.sha256(request.token)
        let outcome = try await store.database.transaction { session in
            try answer(session, token: token, proven, instance: request.instance, address: address, at: time.now)
        }
        engine.bells.readers.ring()
        switch outcome {
        case .answered(let answer): return answer
        case .refused:
            failures.count(origin)
            throw Self.refusal
        }
    }

    private func answer(
        _ session: Session, token: Digest, _ proven: ProvenKey, instance: String, address: String?, at now: Timestamp
    ) throws -> Outcome {
        guard let row = try AgentIdentityRows.lock(session, token: token) else { return .refused }
        let author = Author(name: row.cluster, means: "one-time token \(row.id)", address: address)
        let agent = "instance \(instance.prefix(64)) with the key \(proven.digest)\(address.map { " from \($0)" } ?? "")"
        if let known = row.key, known != proven.digest {
            let story = "one-time token \(row.id), which the key \(known) has used, came again by \(agent)"
            try tell(
                session, author, "agent.enroll", "enrollmentReplayed", .error, row.cluster, outcome: .denied,
                story + ": somebody else has the token; if this was not you, revoke the cluster's credentials", at: now)
            return .refused
        }
        let standing = try AgentIdentityRows.standing(session, cluster: row.cluster)
        guard let standing, try ClusterRows.declaration(session, cluster: row.cluster)?.isDeclared == true, row.state != .revoked,
            now < row.expiresAt
        else {
            let why = row.state == .revoked ? "was revoked" : now < row.expiresAt ? "is of a cluster that is gone" : "has ended"
            try tell(
                session, author, "agent.enroll", "enrollmentRefused", .warning, row.cluster, outcome: .denied,
                "one-time token \(row.id), which \(why), came by \(agent)", at: now)
            return .refused
        }
        if row.key == nil {
            try AgentIdentityRows.bind(
                session, id: row.id, key: proven.digest, instance: instance, address: address,
                state: row.needsApproval ? .pending : row.state, at: now)
        }
        switch row.state {
        case .open where row.needsApproval:
            try tell(
                session, author, "agent.ask-enrollment", "enrollmentPending", .warning, row.cluster,
                "\(agent) waits for approval: 'flotilla cluster approve \(row.cluster)'", at: now)
            return .answered(.pending(retrySeconds: Self.approvalRetrySeconds))
        case .pending: return .answered(.pending(retrySeconds: Self.approvalRetrySeconds))
        case .issued:
            guard let kept = try AgentIdentityRows.certificate(session, id: row.id), now < kept.notAfter else { return .refused }
            return .answered(
                .issued(
                    IssuedCertificate(
                        certificate: kept.chain, authorities: authorities.current.bundle, renewAfter: kept.renewAfter,
                        expires: kept.notAfter)))
        case .open, .approved:
            let certificate = try issue(session, proven, cluster: row.cluster, standing, at: now)
            try AgentIdentityRows.issued(session, id: row.id, certificate)
            try tell(
                session, author, "agent.enroll", "agentEnrolled", .info, row.cluster,
                "\(agent) has got a certificate until \(certificate.identity.notAfter.rfc3339)", certificate.identity, at: now)
            return .answered(.issued(issued(certificate)))
        case .revoked: return .refused
        }
    }

    // MARK: Further certificates

    /// Gives an agent its next certificate: for the same cluster and the same key, as long as its present one is good.
    func renew(_ request: RenewalRequest, of identity: AgentIdentity, address: String?) async throws -> CertificateAnswer {
        try renewals.check(identity.cluster)
        renewals.count(identity.cluster)
        let proven = try ProvenKey(request: request.certificateRequest)
        let author = Author(name: identity.cluster, means: "certificate \(identity.serial)", address: address)
        let now = time.now
        guard proven.digest == identity.key else {
            try await store.database.transaction { session in
                try tell(
                    session, author, "agent.renew", "renewalRefused", .error, identity.cluster, outcome: .denied,
                    "an agent with the key \(identity.key) asked for a certificate for another key, \(proven.digest)", at: now)
            }
            engine.bells.readers.ring()
            throw APIFailure(
                .forbidden, "other-key", "a certificate is renewed for the key that it has",
                hint: "an agent with a new key enrols again")
        }
        let certificate = try await store.database.transaction { session -> AgentCertificate in
            guard let standing = try AgentIdentityRows.standing(session, cluster: identity.cluster),
                standing.accepts(epoch: identity.epoch, issuedAt: identity.issuedAt)
            else { throw AgentGate.revoked }
            let certificate = try issue(session, proven, cluster: identity.cluster, standing, at: now)
            try store.audit.append(
                session,
                [
                    AuditEntry(
                        at: now, by: author, "agent.renew", on: "cluster \(identity.cluster)", before: identity.json,
                        after: certificate.identity.json)
                ])
            return certificate
        }
        return .issued(issued(certificate))
    }

    // MARK: -

    private func issue(
        _ session: Session, _ proven: ProvenKey, cluster: String, _ standing: CredentialStanding, at now: Timestamp
    ) throws -> AgentCertificate {
        let certificate = try AgentCertificate.issue(
            by: try authorities.issuing(at: now), to: proven, cluster: cluster, epoch: standing.epoch, lifetime: lifetime,
            at: standing.issuing(at: now))
        try AgentIdentityRows.add(session, certificate.identity)
        return certificate
    }

    private func issued(_ certificate: AgentCertificate) -> IssuedCertificate {
        IssuedCertificate(
            certificate: certificate.chain, authorities: authorities.current.bundle, renewAfter: certificate.renewAfter,
            expires: certificate.identity.notAfter)
    }

    /// Notes what an agent did as an event and in the audit trail.
    private func tell(
        _ session: Session, _ author: Author, _ action: String, _ kind: String, _ severity: FleetEvent.Severity, _ cluster: String,
        outcome: AuditEntry.Outcome = .done, _ story: String, _ identity: AgentIdentity? = nil, at now: Timestamp
    ) throws {
        try EventRows.append(session, [FleetEvent(at: now, kind: kind, severity: severity, cluster: cluster, message: story)])
        try store.audit.append(
            session,
            [
                AuditEntry(
                    at: now, by: author, action, on: "cluster \(cluster)", outcome: outcome, reason: story, after: identity?.json)
            ])
    }
}

extension AgentIdentity {
    /// For the audit trail.
    var json: Value {
        .map([
            "authority": .string(authority.hex), "epoch": .int(epoch), "expires": .string(notAfter.rfc3339), "key": .string("\(key)"),
            "serial": .string(serial),
        ])
    }
}
