// SPDX-License-Identifier: Apache-2.0
import HTTPTypes
import Manifests
import PostgresClient

/// Local accounts, and the sessions and tokens of any account: `/api/v1/accounts`.
struct AccountRoutes: Sendable {
    let store: Store
    let time: WallTime
    let identities: Identities

    private static let why = Route.Input.optional("reason", .string, "why")

    func add(to table: inout RouteTable) {
        let actions = identities.accountActions
        let all = "/api/v1/accounts"
        let one = "\(all)/{account}"
        table.get(all, .needs(.administer, .fleet), "Local accounts by name", query: RouteTable.paging, answer: .list(of: "Account")) {
            call in
            let limit = try call.query.limit()
            let after = try call.query.text("after") ?? ""
            let accounts: [String: Account]
            do { accounts = try await identities.accounts.current() } catch { throw LocalAccounts.failure(error) }
            let following = accounts.values.filter { $0.name > after }.sorted { $0.name < $1.name }
            return .json(Page(Array(following.prefix(limit + 1)), limit: limit, key: \.name).json(\.json))
        }
        table.get(one, .needs(.administer, .fleet), "One local account", answer: .object("Account")) { call in
            let name = try call.parameter("account")
            guard let account = try await actions.present(name) else { throw AccountActions.missing(name) }
            return .json(account.json)
        }
        table.post(
            all, .needs(.administer, .fleet), "Makes a local account; without a password one is made up and shown, once",
            members: [
                .required("name", .string, AccountRules.nameRule), .optional("displayName", .string, "for people"),
                .optional("email", .string, "an address"), .optional("groups", .object, "a list of groups, which access policies name"),
                .optional("password", .string, "at least \(AccountRules.passwordMin) characters"), Self.why,
            ], bodyMax: 32 << 10, answer: .object("NewAccount")
        ) { call in
            let body = try call.json()
            let made = try await actions.create(
                AccountActions.New(
                    name: body.string("name", bytesMax: 512), displayName: body.optionalString("displayName"),
                    email: body.optionalString("email"), groups: body.strings("groups", limit: 1_000),
                    password: body.optionalString("password"), reason: Self.reason(body)), by: call.author)
            return .json(Self.json(made), status: .created)
        }
        table.put(
            one, .needs(.administer, .fleet), "Changes how an account is called and which groups it is in",
            members: [
                .optional("displayName", .string, "for people"), .optional("email", .string, "an address; an empty one takes it away"),
                .optional("groups", .object, "a list of groups, instead of those that it is in"), Self.why,
            ], answer: .object("Account")
        ) { call in
            let body = try call.json()
            let account = try await actions.update(
                call.parameter("account"), displayName: body.optionalString("displayName"), email: body.optionalString("email"),
                groups: body.value("groups") == nil ? nil : body.strings("groups", limit: 1_000), reason: Self.reason(body), by: call.author
            )
            return .json(account.json)
        }
        table.post(
            "\(one)/password", .needs(.administer, .fleet), "Sets an account's password, or makes one up; its sessions end",
            members: [.optional("password", .string, "at least \(AccountRules.passwordMin) characters"), Self.why],
            bodyMax: 32 << 10, answer: .object("NewAccount")
        ) { call in
            let body = try call.json()
            let made = try await actions.setPassword(
                call.parameter("account"), body.optionalString("password"), reason: Self.reason(body), by: call.author)
            return .json(Self.json(made))
        }
        for (verb, isDisabled) in [("disable", true), ("enable", false)] {
            table.post(
                "\(one)/\(verb)", .needs(.administer, .fleet),
                isDisabled ? "Ends an account's sessions and lets it in no more" : "Lets a disabled account in again", members: [Self.why],
                answer: .object("Account")
            ) { call in
                .json(
                    try await actions.setDisabled(
                        call.parameter("account"), isDisabled, reason: Self.reason(try call.json()), by: call.author
                    ).json)
            }
        }
        table.delete(
            one, .needs(.administer, .fleet), "Removes a local account, its sessions and its tokens", members: [Self.why],
            answer: .object("Account")
        ) { call in
            .json(try await actions.delete(call.parameter("account"), reason: Self.reason(try call.json()), by: call.author).json)
        }
        addCredentials(to: &table, one)
    }

    /// What others hold: for administrators.
    private func addCredentials(to table: inout RouteTable, _ one: String) {
        table.get("\(one)/sessions", .needs(.administer, .fleet), "An account's sessions, the newest first", answer: .list(of: "Session")) {
            call in
            let name = try call.parameter("account")
            let now = time.now
            let sessions = try await store.database.read { try SessionRows.of($0, account: name, origin: nil, at: now) }
            return .json(Page(items: sessions, next: nil).json(\.json))
        }
        table.delete("\(one)/sessions", .needs(.administer, .fleet), "Ends all sessions of an account", answer: .nothing) { call in
            let count = try await identities.signIns.endAll(
                of: call.parameter("account"), origin: nil, except: nil, by: call.author)
            return .json(.map(["ended": .int(Int64(count))]))
        }
        table.delete("\(one)/sessions/{session}", .needs(.administer, .fleet), "Ends a session of an account", answer: .nothing) { call in
            try await identities.signIns.end(call.parameter("session"), of: call.parameter("account"), origin: nil, by: call.author)
            return .json(.map(["ended": 1]))
        }
        table.get("\(one)/tokens", .needs(.administer, .fleet), "An account's API tokens by name", answer: .list(of: "Token")) { call in
            let name = try call.parameter("account")
            let tokens = try await store.database.read { try TokenRows.of($0, account: name, origin: nil) }
            return .json(Page(items: tokens, next: nil).json(\.json))
        }
        table.delete(
            "\(one)/tokens/{token}", .needs(.administer, .fleet), "Revokes an account's token, by its identifier or name", answer: .nothing
        ) {
            call in
            try await identities.tokens.revoke(call.parameter("token"), of: call.parameter("account"), origin: nil, by: call.author)
            return .json(.map(["revoked": 1]))
        }
    }

    private static func json(_ made: AccountActions.Made) -> Value {
        guard case .map(var map) = made.account.json else { return .null }
        map["password"] = Value(made.password)
        return .map(map)
    }

    private static func reason(_ body: Fields) throws -> String {
        let reason = try body.optionalString("reason") ?? ""
        guard reason.utf8.count <= StageActions.reasonMax else {
            throw APIFailure.invalid("'reason' is longer than \(StageActions.reasonMax) bytes")
        }
        return reason
    }
}
