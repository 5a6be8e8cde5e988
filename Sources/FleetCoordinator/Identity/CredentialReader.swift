// SPDX-License-Identifier: Apache-2.0
import HTTPTypes
import Logging
import Manifests
import PostgresClient
import Synchronization

/// Reads credentials' owners from the database and the file of accounts, and remembers them for a moment.
final class CredentialReader: Authenticator {
    private struct State {
        var remembered: [Digest: (principal: Principal?, at: Timestamp)] = [:]
        /// Counts `forget`: what was read before is not remembered after.
        var forgotten: UInt64 = 0
    }

    private let store: Store
    private let time: WallTime
    private let credentials: Credentials
    private let accounts: LocalAccounts
    private let denials: DenialLog
    private let state = Mutex(State())

    /// What was revoked elsewhere is refused here after so many milliseconds at the latest; what was revoked here, at once.
    static let rememberMilliseconds: Int64 = 2_000
    /// Credentials that are remembered; when there are more, all are read anew.
    static let rememberMax = 4_096
    /// An account of an identity provider must have signed in this lately for its tokens to be good.
    static let providerMilliseconds: Int64 = 30 * 86_400_000

    init(store: Store, time: WallTime, credentials: Credentials, accounts: LocalAccounts, denials: DenialLog) {
        self.store = store
        self.time = time
        self.credentials = credentials
        self.accounts = accounts
        self.denials = denials
    }

    /// Reads everything anew at the next question.
    func forget() {
        accounts.forget()
        state.withLock { state in
            state.remembered.removeAll(keepingCapacity: true)
            state.forgotten += 1
        }
    }

    func principal(bearer token: String, from address: String?) async throws -> Principal? {
        if TokenText.isOne(token) {
            let digest = TokenText.digest(token)
            return try await remembered(digest) { now in try await self.owner(token: digest, from: address, at: now) }
        }
        guard credentials.isAdministrator(token) else { return nil }
        await denials.noteBreakGlass(from: address)
        return .administrator
    }

    func principal(session cookie: String, from address: String?) async throws -> Principal? {
        guard SessionCookie.isOne(cookie) else { return nil }
        let digest = SessionCookie.digest(cookie)
        guard var principal = try await remembered(digest, { now in try await self.owner(session: digest, at: now) }) else { return nil }
        principal.csrfSecret = cookie
        return principal
    }

    private func remembered(_ digest: Digest, _ read: (Timestamp) async throws -> Principal?) async throws -> Principal? {
        let now = time.now
        let (known, round) = state.withLock { ($0.remembered[digest], $0.forgotten) }
        if let known, (0..<Self.rememberMilliseconds).contains(now.milliseconds - known.at.milliseconds) {
            // What ends meanwhile ends at its time.
            guard let ends = known.principal?.expiresAt, ends <= now else { return known.principal }
        }
        let principal = try await read(now)
        state.withLock { state in
            guard state.forgotten == round else { return }
            if state.remembered.count >= Self.rememberMax { state.remembered.removeAll(keepingCapacity: true) }
            state.remembered[digest] = (principal, now)
        }
        return principal
    }

    private func owner(session digest: Digest, at now: Timestamp) async throws -> Principal? {
        guard let session = try await store.database.read({ try SessionRows.use($0, digest: digest, at: now) }) else { return nil }
        if session.origin == .builtIn, session.boundTo != credentials.administratorMark { return nil }
        guard
            var principal = try await account(
                session.origin, session.account, since: session.createdAt, means: .session(session.id), isSession: true, at: now)
        else { return nil }
        principal.expiresAt = session.expiresAt
        return principal
    }

    private func owner(token digest: Digest, from address: String?, at now: Timestamp) async throws -> Principal? {
        guard let token = try await store.database.read({ try TokenRows.use($0, digest: digest, from: address, at: now) }),
            var principal = try await account(
                token.origin, token.account, since: token.createdAt, means: .token(token.id), isSession: false, at: now)
        else { return nil }
        principal.permissions = token.role?.permissions
        principal.narrowing = token.narrowing
        principal.expiresAt = token.expiresAt
        return principal
    }

    /// The account as it is now: a credential never outlives what it was given for.
    private func account(
        _ origin: Principal.Origin, _ name: String, since: Timestamp, means: Principal.Means, isSession: Bool, at now: Timestamp
    ) async throws -> Principal? {
        switch origin {
        case .builtIn:
            guard isSession else { return nil }
            var principal = Principal.administrator
            principal.means = means
            return principal
        case .local:
            let found: Account?
            do { found = try await accounts.account(name) } catch { throw LocalAccounts.failure(error) }
            // An account that was deleted and made again is another one.
            guard let account = found, !account.isDisabled, since >= account.createdAt,
                !isSession || since >= account.passwordChangedAt
            else { return nil }
            return Principal(
                name: name, displayName: account.displayName, email: account.email, groups: account.groups, origin: origin, means: means)
        case .provider(let provider):
            guard let account = try await store.database.read({ try ProviderAccountRows.one($0, provider: provider, name: name) }),
                isSession || now.milliseconds - account.seenAt.milliseconds <= Self.providerMilliseconds
            else { return nil }
            return Principal(
                name: name, displayName: account.displayName, email: account.email, groups: account.groups, origin: origin, means: means)
        }
    }
}

extension LocalAccounts {
    /// What callers are told when the file of accounts is of no use: where it is stands in the log.
    static func failure(_ error: any Error) -> any Error {
        guard let failure = error as? AccountFile.Failure else { return error }
        switch failure {
        case .unreadable:
            return APIFailure(
                .serviceUnavailable, "accounts-unreadable", "the file of local accounts cannot be read",
                hint: "the coordinator's log says why; its administrator's token works meanwhile")
        case .unwritable:
            return APIFailure(
                .serviceUnavailable, "accounts-unwritable", "the file of local accounts cannot be written; nothing was changed",
                hint: "\(failure)")
        case .locked:
            return APIFailure(
                .serviceUnavailable, "accounts-locked", "the file of local accounts is being changed by another process; try again",
                headers: [.retryAfter: "1"])
        }
    }
}
