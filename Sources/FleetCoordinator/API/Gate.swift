// SPDX-License-Identifier: Apache-2.0
import HTTPTypes
import Manifests

/// Finds out who calls, and whether the route is for them.
struct Gate: Sendable {
    let credentials: Credentials
    let authenticator: any Authenticator
    let cookie: SessionCookie
    let agents: AgentGate
    let time: WallTime
    /// Only this machine can connect.
    let listensOnLoopback: Bool

    static let csrfField = "csrf"
    static let csrfHeader = HTTPField.Name("X-Flotilla-CSRF")

    enum Verdict: Sendable {
        case admitted(Caller)
        /// A browser that has to sign in first.
        case signIn
    }

    func admit(
        _ access: Access, _ headers: HTTPFields, from address: String? = nil, peer: PeerCertificate? = nil
    ) async throws -> Verdict {
        switch access {
        case .open, .enrolment: return .admitted(.anybody)
        case .agent:
            return .admitted(.agent(try await agents.admit(try await peer?.identity())))
        case .signedIn, .needs:
            guard let principal = try await principal(headers, from: address) else {
                // People come to their own account's page as to any other.
                if access == .signedIn, headers[.authorization] == nil, headers[.accept]?.contains("text/html") == true { return .signIn }
                throw APIFailure.unauthorized
            }
            return .admitted(.person(principal))
        case .monitoring:
            if let principal = try await principal(headers, from: address) { return .admitted(.person(principal)) }
            guard listensOnLoopback else { throw APIFailure.unauthorized }
            return .admitted(.anybody)
        case .page:
            guard let principal = try await principal(headers, from: address) else { return .signIn }
            return .admitted(.person(principal))
        }
    }

    /// A credential that a caller sends itself goes before a cookie; one that is no good is not made up for by the other.
    private func principal(_ headers: HTTPFields, from address: String?) async throws -> Principal? {
        if headers[.authorization] != nil {
            guard let token = Self.bearer(headers) else { return nil }
            return try await authenticator.principal(bearer: token, from: address)
        }
        guard let value = cookie.value(in: headers) else { return nil }
        return try await authenticator.principal(session: value, from: address)
    }

    /// Who signs in by a call.
    func visitor(_ call: Call) -> SignIns.Visitor {
        SignIns.Visitor(address: call.address, agent: call.headers[.userAgent] ?? "", cookie: cookie.value(in: call.headers))
    }

    /// The token that forms of this session carry: no other site knows it, and another session's is no good here. Empty where a caller
    /// sends its credential itself.
    func csrfToken(for call: Call) -> String {
        guard case .person(let principal) = call.caller else { return "" }
        return csrfToken(for: principal)
    }

    func csrfToken(for principal: Principal) -> String {
        guard let secret = principal.csrfSecret else { return "" }
        return credentials.sign(Self.csrfKind(secret), until: time.now + .milliseconds(Credentials.formMilliseconds))
    }

    /// Refuses a change that a browser's cookie vouches for when the request does not carry the session's token.
    func checkCSRF(_ call: Call) throws {
        guard case .person(let principal) = call.caller, let secret = principal.csrfSecret else { return }
        try CrossOrigin.check(call.headers, host: call.host)
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
}
