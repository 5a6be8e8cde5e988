// SPDX-License-Identifier: Apache-2.0
import FleetModel
import Manifests
import PostgresClient

/// What an API token shall be.
struct TokenRequest: Sendable {
    var name: String
    var lifetime: Duration
    /// `nil` is all that whoever makes it may.
    var role: AccessPolicy.Role?
    var pipelines: [String]?
    var environments: [String]?
}

/// Making and revoking API tokens.
struct TokenActions: Sendable {
    struct Made: Sendable {
        /// The token: shown once, and nowhere else.
        var text: String
        var token: TokenReading
    }

    let store: Store
    let time: WallTime
    let reader: CredentialReader

    static let lifetime = Duration.seconds(60) ... .seconds(365 * 86_400)
    private static let nameMax = 64
    private static let placesMax = 50

    /// Makes a token for whoever asks; it never may more, nor lasts longer, than the token that asks for it.
    func make(_ request: TokenRequest, for principal: Principal, by author: Author) async throws -> Made {
        guard !principal.isAdministrator else {
            throw APIFailure.conflict(
                "administrator-token", "the administrator of the data folder has no API tokens",
                hint: "make an account with 'flotilla account create', and sign in as it")
        }
        let now = time.now
        let token = try Self.narrowed(request, principal, at: now)
        let text = TokenText.new()
        try await store.database.transaction { session in
            switch try TokenRows.add(session, token, digest: TokenText.digest(text)) {
            case .added: break
            case .nameTaken:
                throw APIFailure.conflict(
                    "token-exists", "there is a token '\(token.name)' of this account", hint: "revoke it first, or choose another name")
            case .tooMany: throw APIFailure.conflict("too-many-tokens", "the account has \(TokenRows.accountMax) tokens: revoke some")
            }
            try store.audit.append(
                session, [AuditEntry(at: now, by: author, "token.create", on: "account \(token.account)", after: token.json)])
        }
        return Made(text: text, token: token)
    }

    private static func narrowed(_ request: TokenRequest, _ principal: Principal, at now: Timestamp) throws(APIFailure) -> TokenReading {
        guard !request.name.isEmpty, request.name.utf8.count <= nameMax,
            request.name.unicodeScalars.allSatisfy({
                $0.isASCII && ($0.properties.isAlphabetic || ("0"..."9").contains($0) || ".-_@".unicodeScalars.contains($0))
            })
        else { throw .invalid("a token's name is 1 to \(nameMax) of a-z, A-Z, 0-9, '.', '-', '_' and '@'") }
        guard lifetime.contains(request.lifetime) else { throw .invalid("a token lasts a minute to 365 days") }
        let expiresAt = now + request.lifetime
        if case .token = principal.means, let ends = principal.expiresAt, expiresAt > ends {
            throw .invalid(
                "a token that a token makes ends with it: at \(ends.rfc3339) at the latest",
                hint: "make it in the browser, or sign in again with a longer 'flotilla login --expires'")
        }
        var role = request.role
        if let permissions = principal.permissions {
            role = role ?? AccessPolicy.Role.allCases.first { $0.permissions == permissions }
            guard let role, role.permissions.isSubset(of: permissions) else {
                throw .invalid("the token that you use is narrowed: it can make none that may more")
            }
        }
        let pipelines = try narrowed(request.pipelines, principal.narrowing?.pipelines, "pipelines")
        let environments = try narrowed(request.environments, principal.narrowing?.environments, "environments")
        return TokenReading(
            id: Random.identifier(), origin: principal.origin, account: principal.name, name: request.name, role: role,
            narrowing: pipelines == nil && environments == nil
                ? nil : Principal.Narrowing(pipelines: pipelines, environments: environments),
            createdAt: now, expiresAt: expiresAt)
    }

    /// `nil` is everywhere that the maker may.
    private static func narrowed(_ wanted: [String]?, _ allowed: [String]?, _ what: String) throws(APIFailure) -> [String]? {
        guard let wanted else { return allowed }
        guard !wanted.isEmpty, wanted.count <= placesMax, wanted.allSatisfy({ !$0.isEmpty && $0.utf8.count <= 253 }) else {
            throw .invalid("'\(what)' are 1 to \(placesMax) names")
        }
        if let allowed, let other = wanted.first(where: { !allowed.contains($0) }) {
            throw .invalid("the token that you use is narrowed: '\(other)' is not among its \(what)")
        }
        return Array(Set(wanted)).sorted()
    }

    /// Revokes a token, named by its identifier or its name.
    func revoke(_ name: String, of account: String, origin: Principal.Origin?, by author: Author) async throws {
        let now = time.now
        try await store.database.transaction { session in
            guard let revoked = try TokenRows.revoke(session, named: name, account: account, origin: origin) else {
                throw APIFailure.notFound("the account '\(account)' has no token '\(name.prefix(80))'")
            }
            try IdentityStatements.notify(session)
            try store.audit.append(
                session, [AuditEntry(at: now, by: author, "token.revoke", on: "account \(account)", before: revoked.json)])
        }
        reader.forget()
    }
}

extension TokenReading {
    var json: Value {
        .map([
            "id": .string(id), "name": .string(name), "account": .string(account), "origin": .string(origin.rawValue),
            "role": Value(role?.rawValue), "pipelines": (narrowing?.pipelines).map { .texts($0) } ?? .null,
            "environments": (narrowing?.environments).map { .texts($0) } ?? .null, "createdAt": Value(createdAt),
            "expiresAt": Value(expiresAt), "lastUsedAt": Value(usedAt), "lastUsedFrom": Value(usedFrom),
        ])
    }
}
