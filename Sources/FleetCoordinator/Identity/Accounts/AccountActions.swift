// SPDX-License-Identifier: Apache-2.0
import Manifests
import PostgresClient
import Synchronization

/// Making, changing and removing local accounts: the file, the sessions and tokens that go with it, and the audit trail together.
struct AccountActions: Sendable {
    let store: Store
    let time: WallTime
    let accounts: LocalAccounts
    let hasher: PasswordHasher
    let reader: CredentialReader

    struct New: Sendable {
        var name: String
        var displayName: String?
        var email: String?
        var groups: [String] = []
        /// `nil` lets one be generated.
        var password: String?
        var reason = ""
    }

    struct Made: Sendable {
        var account: Account
        /// Where one was generated: shown once, and nowhere else.
        var password: String?
    }

    func create(_ new: New, by author: Author) async throws -> Made {
        let name = try AccountRules.checked(name: new.name)
        let generated = new.password == nil ? Random.password() : nil
        let hash = try await hasher.hash(try generated ?? AccountRules.checked(password: new.password ?? "", for: name))
        let now = time.now
        let account = Account(
            name: name, displayName: try AccountRules.checked(text: new.displayName ?? name, "displayName"),
            email: try AccountRules.checked(email: new.email), groups: try AccountRules.checked(groups: new.groups), createdAt: now,
            passwordChangedAt: now, password: hash)
        let entry = AuditEntry(at: now, by: author, "account.create", on: "account \(name)", reason: new.reason, after: account.json)
        try await change(entry) { session, accounts in
            guard accounts[name] == nil else {
                throw APIFailure.conflict("account-exists", "there is an account '\(name)'", hint: "'flotilla account list' shows them")
            }
            guard accounts.count < AccountRules.accountsMax else {
                throw APIFailure.conflict(
                    "too-many-accounts", "there are \(AccountRules.accountsMax) local accounts: use an identity provider")
            }
            // Left by an account of that name whose end the database did not hear of.
            _ = try SessionRows.endAll(session, account: name, origin: .local)
            _ = try TokenRows.revokeAll(session, account: name, origin: .local)
            accounts[name] = account
        }
        return Made(account: account, password: generated)
    }

    /// Changes how an account is called and which groups it is in; `nil` leaves things as they are.
    func update(
        _ name: String, displayName: String?, email: String?, groups: [String]?, reason: String, by author: Author
    ) async throws -> Account {
        let displayName = try displayName.map { text throws(APIFailure) in try AccountRules.checked(text: text, "displayName") }
        let checkedEmail = try AccountRules.checked(email: email)
        let groups = try groups.map { list throws(APIFailure) in try AccountRules.checked(groups: list) }
        return try await modify(name, "account.update", reason: reason, by: author) { _, account in
            if let displayName { account.displayName = displayName }
            if email != nil { account.email = checkedEmail }
            if let groups { account.groups = groups }
        }
    }

    /// Sets a password, `nil` for a generated one; the account's sessions end, all but the caller's own.
    func setPassword(_ name: String, _ password: String?, except: String? = nil, reason: String, by author: Author) async throws -> Made {
        let generated = password == nil ? Random.password() : nil
        let hash = try await hasher.hash(try generated ?? AccountRules.checked(password: password ?? "", for: name))
        let now = time.now
        let account = try await modify(name, "account.set-password", reason: reason, by: author) { session, account in
            account.password = hash
            // The caller's own session goes on, and is older than this moment.
            account.passwordChangedAt = except == nil ? now : account.passwordChangedAt
            _ = try SessionRows.endAll(session, account: name, origin: .local, except: except)
        }
        return Made(account: account, password: generated)
    }

    /// A disabled account signs in no more, its sessions end, and its tokens do nothing until it is enabled again.
    func setDisabled(_ name: String, _ isDisabled: Bool, reason: String, by author: Author) async throws -> Account {
        try await modify(name, isDisabled ? "account.disable" : "account.enable", reason: reason, by: author) { session, account in
            account.isDisabled = isDisabled
            if isDisabled { _ = try SessionRows.endAll(session, account: name, origin: .local) }
        }
    }

    func delete(_ name: String, reason: String, by author: Author) async throws -> Account {
        guard let account = try await present(name) else { throw Self.missing(name) }
        let entry = AuditEntry(at: time.now, by: author, "account.delete", on: "account \(name)", reason: reason, before: account.json)
        try await change(entry) { session, accounts in
            guard accounts.removeValue(forKey: name) != nil else { throw Self.missing(name) }
            _ = try SessionRows.endAll(session, account: name, origin: .local)
            _ = try TokenRows.revokeAll(session, account: name, origin: .local)
        }
        return account
    }

    /// The account, `nil` where there is none.
    func present(_ name: String) async throws -> Account? {
        do { return try await accounts.account(name) } catch { throw LocalAccounts.failure(error) }
    }

    static func missing(_ name: String) -> APIFailure {
        .notFound("there is no local account '\(name.prefix(80))'")
    }

    // MARK: - Changing

    private func modify(
        _ name: String, _ action: String, reason: String, by author: Author,
        _ body: @escaping @Sendable (Session, inout Account) throws -> Void
    ) async throws -> Account {
        guard let before = try await present(name) else { throw Self.missing(name) }
        let changed = Mutex(before)
        let now = time.now
        let entry = { @Sendable (after: [String: Account]) in
            AuditEntry(at: now, by: author, action, on: "account \(name)", reason: reason, before: before.json, after: after[name]?.json)
        }
        try await change(telling: entry) { session, accounts in
            guard var account = accounts[name] else { throw Self.missing(name) }
            try body(session, &account)
            accounts[name] = account
            let result = account
            changed.withLock { $0 = result }
        }
        return changed.withLock { $0 }
    }

    private func change(
        _ entry: AuditEntry, _ body: @escaping @Sendable (Session, inout [String: Account]) throws -> Void
    ) async throws { try await change(telling: { _ in entry }, body) }

    /// One transaction around the change of the file: the entry is written first, and comes to stand only when the file has been changed.
    /// Coordinators of one database wait for each other here, since each must have the end of the audit trail.
    private func change(
        telling entry: @escaping @Sendable ([String: Account]) -> AuditEntry,
        _ body: @escaping @Sendable (Session, inout [String: Account]) throws -> Void
    ) async throws {
        let accounts = accounts
        // A transaction whose connection breaks is run again; the file is not changed twice.
        let isDone = Mutex(false)
        do {
            try await store.database.transaction { session in
                try IdentityStatements.notify(session)
                guard !isDone.withLock({ $0 }) else {
                    try store.audit.append(session, [entry([:])])
                    return
                }
                try accounts.change { all in
                    try body(session, &all)
                    try store.audit.append(session, [entry(all)])
                }
                isDone.withLock { $0 = true }
            }
        } catch {
            throw LocalAccounts.failure(error)
        }
        reader.forget()
    }
}
