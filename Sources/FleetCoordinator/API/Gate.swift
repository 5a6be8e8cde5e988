// SPDX-License-Identifier: Apache-2.0
import HTTPTypes
import Manifests
import PostgresClient
import Synchronization

/// Finds out who calls, and whether the route is for them.
struct Gate: Sendable {
    let credentials: Credentials
    let epochs: CredentialEpochs
    let time: WallTime
    /// Only this machine can connect.
    let listensOnLoopback: Bool

    static let sessionCookie = "flotilla_session"
    static let csrfField = "csrf"
    static let csrfHeader = HTTPField.Name("X-Flotilla-CSRF")

    enum Verdict: Sendable {
        case admitted(Caller)
        /// A browser that has to sign in first.
        case signIn
    }

    func admit(_ access: Access, _ headers: HTTPFields) async throws -> Verdict {
        switch access {
        case .open: return .admitted(.anybody)
        case .agent:
            guard let token = Self.bearer(headers), let (cluster, epoch) = credentials.agent(token),
                try await epochs.current(for: cluster) == epoch
            else {
                throw APIFailure(.unauthorized, "unauthorized", "a valid agent's token is needed", headers: [.wwwAuthenticate: "Bearer"])
            }
            return .admitted(.agent(cluster: cluster))
        case .signedIn, .needs:
            guard let principal = principal(headers) else { throw APIFailure.unauthorized }
            return .admitted(.person(principal))
        case .monitoring:
            if let principal = principal(headers) { return .admitted(.person(principal)) }
            guard listensOnLoopback else { throw APIFailure.unauthorized }
            return .admitted(.anybody)
        case .page:
            guard let principal = principal(headers) else { return .signIn }
            return .admitted(.person(principal))
        }
    }

    private func principal(_ headers: HTTPFields) -> Principal? {
        if let token = Self.bearer(headers) { return credentials.isAdministrator(token) ? .administrator : nil }
        guard let cookie = Self.cookie(Self.sessionCookie, headers), credentials.accepts(cookie, kind: "session", at: time.now) else {
            return nil
        }
        var principal = Principal.administrator
        principal.means = .session(String(Digest.sha256(cookie).hex.prefix(8)))
        principal.csrfSecret = cookie
        return principal
    }

    /// The token that forms of this session carry: no other site knows it, and another session's is no good here. Empty where a caller
    /// sends its credential itself.
    func csrfToken(for call: Call) -> String {
        guard case .person(let principal) = call.caller, let secret = principal.csrfSecret else { return "" }
        return credentials.sign(Self.csrfKind(secret), until: time.now + .milliseconds(Credentials.sessionMilliseconds))
    }

    /// Refuses a change that a browser's cookie vouches for when the request does not carry the session's token.
    func checkCSRF(_ call: Call) throws {
        guard case .person(let principal) = call.caller, let secret = principal.csrfSecret else { return }
        guard let token = try Self.csrfToken(in: call), credentials.accepts(token, kind: Self.csrfKind(secret), at: time.now) else {
            throw APIFailure(
                .forbidden, "csrf", "the form's token is missing or has expired", hint: "load the page again and repeat the action")
        }
    }

    private static func csrfKind(_ secret: String) -> String { "csrf-\(Digest.sha256(secret).hex.prefix(32))" }

    private static func csrfToken(in call: Call) throws -> String? {
        if let name = csrfHeader, let token = call.headers[name] { return token }
        if call.headers[.contentType]?.hasPrefix("application/x-www-form-urlencoded") == true {
            return try Form(call.body).text(csrfField)
        }
        return try call.json().optionalString(csrfField)
    }

    static func bearer(_ headers: HTTPFields) -> String? {
        guard let value = headers[.authorization] else { return nil }
        let parts = value.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer", parts[1].utf8.count <= 1_024 else { return nil }
        return String(parts[1])
    }

    static func cookie(_ name: String, _ headers: HTTPFields) -> String? {
        for header in headers[values: .cookie] {
            for pair in header.split(separator: ";") {
                let parts = pair.split(separator: "=", maxSplits: 1)
                if parts.count == 2, parts[0].drop(while: { $0 == " " }) == name { return String(parts[1]) }
            }
        }
        return nil
    }
}

/// The clusters' credential epochs, remembered for a moment: an agent's every request asks for one.
final class CredentialEpochs: Sendable {
    private let remembered = Mutex<[String: (epoch: Int64?, at: Timestamp)]>([:])
    private let store: Store
    private let time: WallTime

    /// A raised epoch counts at the latest so many milliseconds after it is in the database.
    static let rememberMilliseconds: Int64 = 2_000

    init(store: Store, time: WallTime) {
        self.store = store
        self.time = time
    }

    /// `nil` for a cluster that nobody declared. Only names from genuine tokens may be asked for: that bounds what is remembered.
    func current(for cluster: String) async throws -> Int64? {
        let now = time.now
        let known = remembered.withLock { $0[cluster] }
        if let known, now.milliseconds - known.at.milliseconds < Self.rememberMilliseconds { return known.epoch }
        let epoch = try await store.database.read { try ClusterRows.credentialEpoch($0, cluster: cluster) }
        remembered.withLock { $0[cluster] = (epoch, now) }
        return epoch
    }
}
