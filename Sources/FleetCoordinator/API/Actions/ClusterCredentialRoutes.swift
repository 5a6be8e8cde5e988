// SPDX-License-Identifier: Apache-2.0
import HTTPTypes
import Manifests
import PostgresClient

/// Who may speak for clusters: one-time tokens, approvals, revocations, and how a cluster leaves.
struct ClusterCredentialRoutes: Sendable {
    let store: Store
    let enrolment: AgentEnrolment
    let credentials: ClusterCredentials
    /// How agents reach their listener, where that is known.
    let agentURL: @Sendable () -> String?
    /// The agents' container image, where nobody names another one.
    let agentImage: String?

    private static let reason = Route.Input.optional("reason", .string, "why")
    private static let neededReason = Route.Input.required("reason", .string, "why")

    func add(to table: inout RouteTable) {
        addEnrollments(to: &table)
        table.post(
            "/api/v1/clusters/{cluster}/revoke", .needs(.administer, .cluster), "Ends all credentials of a cluster at once",
            members: [Self.neededReason], answer: .object("Revocation")
        ) { call in
            let cluster = try call.parameter("cluster")
            let count = try await credentials.revoke(cluster: cluster, reason: call.reason(isNeeded: true), by: call.author)
            return .json(.map(["cluster": .string(cluster), "certificates": .int(count)]))
        }
        table.post(
            "/api/v1/clusters/{cluster}/release", .needs(.administer, .fleet),
            "Lets go of what runs on a cluster that has left the fleet: all of it stays, unmanaged", members: [Self.neededReason],
            answer: .object("ClusterRelease")
        ) { call in
            let cluster = try call.parameter("cluster")
            let applications = try await credentials.release(cluster: cluster, reason: call.reason(isNeeded: true), by: call.author)
            return .json(.map(["cluster": .string(cluster), "applications": .texts(applications)]))
        }
        table.post(
            "/api/v1/clusters/{cluster}/remove", .needs(.administer, .fleet),
            "Forgets a cluster that has left the fleet, and ends its credentials", members: [Self.neededReason],
            answer: .object("ClusterRemoval")
        ) { call in
            let cluster = try call.parameter("cluster")
            try await credentials.remove(cluster: cluster, reason: call.reason(isNeeded: true), by: call.author)
            return .json(.map(["cluster": .string(cluster)]))
        }
    }

    private func addEnrollments(to table: inout RouteTable) {
        table.post(
            "/api/v1/clusters/{cluster}/enrollments", .needs(.administer, .cluster),
            "Gives out a one-time token for a declared cluster's agent",
            members: [
                .optional("expiresSeconds", .integer, "how long it is good, 60 to 604800; 3600 when absent"),
                .optional("requireApproval", .boolean, "whether somebody approves the agent's key first"), Self.reason,
            ], answer: .object("OpenedEnrollment")
        ) { call in
            let body = try call.json()
            let opened = try await enrolment.open(
                cluster: call.parameter("cluster"),
                expiresSeconds: try body.optionalInt("expiresSeconds") ?? AgentEnrolment.expiresDefault,
                needsApproval: try body.bool("requireApproval", default: false), reason: call.reason(), by: call.author)
            return .json(
                .map([
                    "id": .string(opened.enrollment.id), "cluster": .string(opened.enrollment.cluster), "token": .string(opened.token),
                    "expires": .string(opened.enrollment.expiresAt.rfc3339), "requiresApproval": .bool(opened.enrollment.needsApproval),
                    "agentUrl": Value(agentURL()), "authorities": .string(enrolment.authorities.current.bundle),
                    "agentImage": Value(agentImage), "credentialEpoch": .int(opened.credentialEpoch),
                ]), status: .created)
        }
        table.post(
            "/api/v1/clusters/{cluster}/enrollments/approve", .needs(.administer, .cluster),
            "Approves the agent that waits with a one-time token",
            members: [
                .optional("fingerprint", .string, "the agent's key, or the beginning of it; needed where several wait"), Self.reason,
            ], answer: .object("Enrollment")
        ) { call in
            let body = try call.json()
            return .json(
                try await credentials.approve(
                    cluster: call.parameter("cluster"), fingerprint: body.optionalString("fingerprint"), reason: call.reason(),
                    by: call.author
                ).json)
        }
        table.get(
            "/api/v1/enrollments", .needs(.administer, .fleet), "One-time tokens and what became of them, the newest first",
            query: [.optional("cluster", .string, "only those of this cluster")] + RouteTable.paging, answer: .list(of: "Enrollment")
        ) { call in
            let limit = try call.query.limit()
            let cluster = try call.query.text("cluster")
            let before = try call.query.text("after").map { text throws(APIFailure) in try Self.key(text) }
            let rows = try await store.database.read {
                try AgentIdentityRows.page($0, cluster: cluster, before: before, limit: limit + 1)
            }
            return .json(Page(rows, limit: limit) { "\($0.createdAt.milliseconds)-\($0.id)" }.json(\.json))
        }
    }

    private static func key(_ text: String) throws(APIFailure) -> (createdAt: Int64, id: String) {
        let parts = text.split(separator: "-", maxSplits: 1)
        guard parts.count == 2, let at = Int64(parts[0]) else { throw .invalid("'after' is no key of a page before") }
        return (at, String(parts[1]))
    }
}

/// The authorities that sign agents' certificates.
struct AuthorityRoutes: Sendable {
    let exchange: AuthorityExchange

    func add(to table: inout RouteTable) {
        let reason = Route.Input.optional("reason", .string, "why")
        table.get(
            "/api/v1/authorities", .needs(.administer, .fleet), "The authorities of agents' certificates, the oldest first",
            answer: .list(of: "Authority")
        ) { _ in try await answer() }
        table.post(
            "/api/v1/authorities/rotate", .needs(.administer, .fleet),
            "Makes a new authority, which issues from now on; the others are believed until they are retired", members: [reason],
            answer: .list(of: "Authority")
        ) { call in
            try await exchange.rotate(reason: call.reason(), by: call.author)
            return try await answer()
        }
        table.post(
            "/api/v1/authorities/{authority}/retire", .needs(.administer, .fleet), "Ends the belief in an older authority",
            members: [.optional("force", .boolean, "also while certificates of it are good, which are cut off then"), reason],
            answer: .list(of: "Authority")
        ) { call in
            try await exchange.retire(
                call.parameter("authority"), force: call.json().bool("force", default: false), reason: call.reason(), by: call.author)
            return try await answer()
        }
    }

    private func answer() async throws -> Reply {
        .json(.map(["items": .list(try await exchange.list().map(\.json)), "next": .null]))
    }
}

extension Call {
    /// The body's `reason`, which goes into the record.
    func reason(isNeeded: Bool = false) throws -> String {
        let reason = try json().optionalString("reason") ?? ""
        guard reason.utf8.count <= StageActions.reasonMax else {
            throw APIFailure.invalid("'reason' is longer than \(StageActions.reasonMax) bytes")
        }
        guard !isNeeded || reason.contains(where: { !$0.isWhitespace }) else {
            throw APIFailure.invalid("a 'reason' is needed: it goes into the record")
        }
        return reason
    }
}

extension EnrollmentReading {
    var json: Value {
        .map([
            "id": .string(id), "cluster": .string(cluster), "state": .string(state.rawValue), "requiresApproval": .bool(needsApproval),
            "createdAt": Value(createdAt), "createdBy": .string(createdBy), "reason": .string(reason), "expires": Value(expiresAt),
            "fingerprint": Value(key.map { "\($0)" }), "instance": Value(instance), "address": Value(address),
            "requestedAt": Value(requestedAt), "approvedBy": Value(approvedBy), "certificateExpires": Value(notAfter),
        ])
    }
}

extension AuthorityExchange.Reading {
    var json: Value {
        .map([
            "fingerprint": .string(fingerprint.hex), "name": .string(name), "issues": .bool(issues), "notBefore": Value(notBefore),
            "notAfter": Value(notAfter), "certificates": .int(certificates), "lastEnds": Value(lastEnds),
        ])
    }
}
