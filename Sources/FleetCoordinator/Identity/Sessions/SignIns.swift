// SPDX-License-Identifier: Apache-2.0
import Glibc
import HTTPTypes
import Logging
import Manifests
import PostgresClient

/// Signing in and out: every means ends in a session of its own, kept here and not in the browser.
struct SignIns: Sendable {
    /// What is known of who signs in.
    struct Visitor: Sendable {
        var address: String?
        /// What the browser or program calls itself.
        var agent: String = ""
        /// The session's cookie that was sent along: it ends with a new sign-in.
        var cookie: String?
    }

    struct Opened: Sendable {
        /// The value of the cookie; it is nowhere else.
        var cookie: String
        var session: SessionReading
        var principal: Principal
    }

    let store: Store
    let time: WallTime
    let credentials: Credentials
    let accounts: LocalAccounts
    let hasher: PasswordHasher
    let reader: CredentialReader
    let denials: DenialLog
    let logger: Logger

    /// However busy, a session ends after this long.
    static let sessionMilliseconds: Int64 = 12 * 3_600_000
    private static let agentMax = 200

    // MARK: - Means

    /// - Throws: `APIFailure`: `sign-in-failed`, whatever was wrong; `too-many-tries`, with when to try again.
    func password(_ name: String, _ password: String, _ visitor: Visitor) async throws -> Opened {
        let account = try await checked(name, password, visitor)
        let principal = Principal(
            name: account.name, displayName: account.displayName, email: account.email, groups: account.groups, origin: .local,
            means: .session(""))
        return try await open(principal, .password, visitor)
    }

    func administratorToken(_ token: String, _ visitor: Visitor) async throws -> Opened {
        guard credentials.isAdministrator(token) else {
            await denials.note(
                "session.sign-in", on: "account \(Principal.administratorName)",
                by: Author(name: "anybody", means: "nothing", address: visitor.address),
                reason: "not the administrator's token")
            throw APIFailure(.forbidden, "sign-in-failed", "This is not the administrator's token.")
        }
        return try await open(.administrator, .administratorToken, visitor)
    }

    /// Uses up a link that a coordinator printed; of several tries, in several coordinators, one succeeds.
    func link(_ link: String, _ visitor: Visitor) async throws -> Opened {
        guard let kind = link.split(separator: ".").first, kind.hasPrefix(Self.linkPrefix),
            credentials.accepts(link, kind: String(kind), at: time.now)
        else { throw try await usedUp(visitor) }
        let now = time.now
        let until = now + .milliseconds(Credentials.linkMilliseconds)
        let isTaken = try await store.database.transaction { session in
            try SignInRows.take(session, link: Digest.sha256(link), until: until, at: now)
        }
        guard isTaken else { throw try await usedUp(visitor) }
        return try await open(.administrator, .link, visitor)
    }

    /// An account that an identity provider vouches for; the caller has checked that it does.
    func provider(_ account: ProviderAccount, _ visitor: Visitor) async throws -> Opened {
        try await see(account)
        let principal = Principal(
            name: account.name, displayName: account.displayName, email: account.email, groups: account.groups, origin: account.origin,
            means: .session(""))
        return try await open(principal, .provider, visitor)
    }

    /// Keeps what a provider says of an account, for its sessions and tokens.
    /// - Throws: where a local account, or the coordinator itself, goes by that name.
    func see(_ account: ProviderAccount) async throws {
        guard !account.name.isEmpty, ![Principal.administratorName, "anybody", "coordinator"].contains(account.name) else {
            throw APIFailure(.forbidden, "account-name", "an account of a provider cannot be called '\(account.name.prefix(80))' here")
        }
        _ = try AccountRules.checked(text: account.name, "account")
        let local: Account?
        do { local = try await accounts.account(account.name) } catch { throw LocalAccounts.failure(error) }
        guard local == nil else {
            throw APIFailure(
                .forbidden, "account-name", "there is a local account '\(account.name)': the provider's account of that name is not let in",
                hint: "an administrator removes or renames one of them")
        }
        try await store.database.transaction { try ProviderAccountRows.see($0, account) }
        reader.forget()
    }

    private func usedUp(_ visitor: Visitor) async throws -> APIFailure {
        await denials.note(
            "session.sign-in", on: "account \(Principal.administratorName)",
            by: Author(name: "anybody", means: "nothing", address: visitor.address),
            reason: "a link that was used, has run out, or is none")
        return APIFailure(.forbidden, "link-used", "This link has been used, or its quarter of an hour is over.")
    }

    static let linkPrefix = "link"

    // MARK: - Passwords

    /// The account whose password this is. As much work for an account that is not there or is disabled as for a wrong password.
    func checked(_ name: String, _ password: String, _ visitor: Visitor) async throws -> Account {
        let isName = AccountRules.isName(name)
        // A password that was typed into the wrong field is in no log.
        let target = isName ? "account \(name)" : "no account's name"
        let author = Author(name: "anybody", means: "password", address: visitor.address)
        let ofAccount = "account:" + Digest.sha256(name).hex
        var subjects = [SignInFailureRows.Subject(name: ofAccount, delay: .account)]
        let ofAddress = Self.subject(ofAddress: visitor.address)
        if let ofAddress { subjects.append(SignInFailureRows.Subject(name: ofAddress, delay: .address)) }
        let now = time.now
        let counted = subjects
        let next = try await store.database.transaction { session in try SignInFailureRows.begin(session, counted, at: now) }
        if let next {
            await denials.note("session.sign-in", on: target, by: author, reason: "too many failed tries")
            let seconds = max(1, ((next - now).wholeMilliseconds + 999) / 1_000)
            throw APIFailure(
                .tooManyRequests, "too-many-tries", "too many failed tries; try again in \(seconds) s",
                headers: [.retryAfter: "\(seconds)"])
        }
        let account: Account?
        let isRight: Bool
        do {
            account = isName ? try await accounts.account(name) : nil
            isRight =
                try await hasher.check(String(password.prefix(AccountRules.passwordMax)), against: account?.password)
                && password.utf8.count <= AccountRules.passwordMax
        } catch {
            try await forgive([], takenBack: subjects.map(\.name))
            throw LocalAccounts.failure(error)
        }
        guard isRight, let account, !account.isDisabled else {
            let reason = account == nil ? "no such account" : isRight ? "the account is disabled" : "wrong password"
            await denials.note("session.sign-in", on: target, by: author, reason: reason)
            throw APIFailure(.forbidden, "sign-in-failed", "This account and password do not go together.")
        }
        try await forgive([ofAccount], takenBack: ofAddress.map { [$0] } ?? [])
        if account.password.cost != hasher.cost { await renew(account, password) }
        return account
    }

    private func forgive(_ forgotten: [String], takenBack: [String]) async throws {
        try await store.database.transaction { try SignInFailureRows.forgive($0, forgotten: forgotten, takenBack: takenBack) }
    }

    /// The password is known now: it is hashed at today's cost. That it cannot be written keeps nobody out.
    private func renew(_ account: Account, _ password: String) async {
        do {
            let fresh = try await hasher.hash(password)
            try await accounts.update(account.name) { current in
                if current.password == account.password { current.password = fresh }
            }
        } catch {
            logger.warning("a password's hash was not renewed", metadata: ["account": "\(account.name)", "error": "\(error)"])
        }
    }

    /// What an address counts as: itself, or its network of 64 bits, of which one customer has all (RFC 6177). This machine is not counted:
    /// a proxy on it speaks for everybody.
    static func subject(ofAddress text: String?) -> String? {
        guard let text else { return nil }
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            return UInt32(bigEndian: four.s_addr) >> 24 == 127 ? nil : "address:\(text)"
        }
        var six = in6_addr()
        guard inet_pton(AF_INET6, text, &six) == 1 else { return "address:\(text.prefix(64))" }
        let bytes = withUnsafeBytes(of: &six) { Array($0) }
        if bytes.prefix(15).allSatisfy({ $0 == 0 }), bytes[15] == 1 { return nil }
        if bytes.prefix(10).allSatisfy({ $0 == 0 }), bytes[10] == 0xFF, bytes[11] == 0xFF {
            return subject(ofAddress: bytes[12...].map(String.init).joined(separator: "."))
        }
        return "address:\(KeyFolder.hex(bytes.prefix(8)))/64"
    }

    // MARK: - Sessions

    private func open(_ principal: Principal, _ means: SignInMeans, _ visitor: Visitor) async throws -> Opened {
        let now = time.now
        let cookie = SessionCookie.new()
        let agent = String(
            String.UnicodeScalarView(visitor.agent.unicodeScalars.filter { $0.value >= 32 && $0.value != 127 }.prefix(Self.agentMax)))
        let reading = SessionReading(
            id: Random.identifier(), origin: principal.origin, account: principal.name, means: means,
            boundTo: principal.isAdministrator ? credentials.administratorMark : "", createdAt: now, seenAt: now,
            expiresAt: now + .milliseconds(Self.sessionMilliseconds), address: visitor.address, agent: agent)
        let former = visitor.cookie.flatMap { SessionCookie.isOne($0) ? SessionCookie.digest($0) : nil }
        let entry = AuditEntry(
            at: now, by: Author(name: principal.name, means: means.rawValue, address: visitor.address), "session.sign-in",
            on: "account \(principal.name)",
            after: .map([
                "session": .string(reading.id), "origin": .string(principal.origin.rawValue), "expiresAt": Value(reading.expiresAt),
            ]))
        try await store.database.transaction { session in
            if let former, try SessionRows.end(session, digest: former) != nil { try IdentityStatements.notify(session) }
            try SessionRows.add(session, reading, digest: SessionCookie.digest(cookie))
            try store.audit.append(session, [entry])
        }
        if former != nil { reader.forget() }
        var principal = principal
        principal.means = .session(reading.id)
        principal.expiresAt = reading.expiresAt
        principal.csrfSecret = cookie
        return Opened(cookie: cookie, session: reading, principal: principal)
    }

    /// Ends what the caller is known by: its session, or the token that it carries.
    func signOut(_ principal: Principal, by author: Author) async throws {
        let now = time.now
        switch principal.means {
        case .session(let id):
            try await store.database.transaction { session in
                _ = try SessionRows.end(session, id: id, account: principal.name, origin: principal.origin)
                try IdentityStatements.notify(session)
                try store.audit.append(session, [AuditEntry(at: now, by: author, "session.sign-out", on: "account \(principal.name)")])
            }
        case .token(let id):
            try await store.database.transaction { session in
                _ = try TokenRows.revoke(session, named: id, account: principal.name, origin: principal.origin)
                try IdentityStatements.notify(session)
                try store.audit.append(
                    session, [AuditEntry(at: now, by: author, "token.revoke", on: "account \(principal.name)", reason: "signed out")])
            }
        case .administratorToken:
            throw APIFailure.conflict(
                "administrator-token", "the administrator's token cannot be signed out",
                hint: "delete the file 'admin-token' of the data folder and restart the coordinator to get another one")
        }
        reader.forget()
    }

    /// Ends one session of an account.
    func end(_ id: String, of account: String, origin: Principal.Origin?, by author: Author) async throws {
        let now = time.now
        try await store.database.transaction { session in
            guard let ended = try SessionRows.end(session, id: id, account: account, origin: origin) else {
                throw APIFailure.notFound("the account '\(account)' has no session '\(id)'")
            }
            try IdentityStatements.notify(session)
            try store.audit.append(
                session,
                [AuditEntry(at: now, by: author, "session.revoke", on: "account \(account)", before: ended.json)])
        }
        reader.forget()
    }

    /// Ends all sessions of an account, but for the caller's own; returns how many.
    func endAll(of account: String, origin: Principal.Origin?, except: String?, by author: Author) async throws -> Int {
        let now = time.now
        let count = try await store.database.transaction { session in
            let count = try SessionRows.endAll(session, account: account, origin: origin, except: except)
            try IdentityStatements.notify(session)
            try store.audit.append(
                session,
                [
                    AuditEntry(
                        at: now, by: author, "session.revoke", on: "account \(account)", before: .map(["sessions": .int(Int64(count))]))
                ])
            return count
        }
        reader.forget()
        return count
    }
}

extension SessionReading {
    var json: Value {
        .map([
            "id": .string(id), "account": .string(account), "origin": .string(origin.rawValue), "means": .string(means.rawValue),
            "createdAt": Value(createdAt), "lastSeenAt": Value(seenAt), "expiresAt": Value(expiresAt), "address": Value(address),
            "userAgent": .string(agent),
        ])
    }
}
