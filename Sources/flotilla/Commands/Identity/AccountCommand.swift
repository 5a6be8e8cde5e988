// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Manifests

struct AccountCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "account", abstract: "Keep the coordinator's local accounts.",
        discussion: """
            Local accounts are kept in the coordinator's key folder. What an account may do is declared in the fleet repository, by \
            access policies that name it or its groups.
            """,
        subcommands: [
            AccountCreate.self, AccountList.self, AccountGroups.self, AccountSetPassword.self, AccountDisable.self, AccountEnable.self,
            AccountDelete.self,
        ])
}

/// Where a new password comes from.
struct NewPasswordOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The file with the password, - for standard input.", valueName: "file"))
    var passwordFile: String?

    @Flag(help: "Ask for the password at the terminal.")
    var prompt = false

    func validate() throws {
        if passwordFile != nil && prompt { throw ValidationError("either --password-file or --prompt") }
    }

    /// `nil` lets the coordinator make one up.
    func password(for account: String) async throws -> String? {
        if let passwordFile { return try PasswordPrompt.fromFile(passwordFile) }
        return prompt ? try await PasswordPrompt.newPassword(for: account) : nil
    }

    /// Shows what was made up, alone on standard output.
    static func show(_ answer: Value, of account: String) {
        guard let password = answer["password"]?.string else { return }
        Terminal.note("the password of '\(account)', which is not shown again:")
        Terminal.print(password)
    }
}

struct AccountCreate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Make a local account.",
        discussion: """
            Without --password-file or --prompt a password is made up, and shown once.

            Examples:
              flotilla account create anna --display-name "Anna Berg" --group web-team
              flotilla account create bot --password-file secret --reason "OPS-42"
            """)

    @Argument(help: "Its name: a-z, 0-9, '.', '-', '_' and '@'.")
    var name: String

    @Option(help: "The name as people read it.")
    var displayName: String?

    @Option(help: "Its address.")
    var email: String?

    @Option(name: .customLong("group"), help: ArgumentHelp("A group that it is in; repeatable.", valueName: "name"))
    var groups: [String] = []

    @OptionGroup var password: NewPasswordOptions

    @Option(help: "Why; kept in the audit trail.")
    var reason: String?

    @OptionGroup var client: ClientOptions

    func run() async throws {
        var body: Map = ["name": .string(name), "groups": .names(groups)]
        if let displayName { body["displayName"] = .string(displayName) }
        if let email { body["email"] = .string(email) }
        if let password = try await password.password(for: name) { body["password"] = .string(password) }
        if let reason { body["reason"] = .string(reason) }
        let coordinator = try client.client()
        let made = try await coordinator.post("/accounts", body)
        await coordinator.shutdown()
        Terminal.note("'\(name)' is there\(groups.isEmpty ? ", in no group" : ", in \(groups.joined(separator: ", "))")")
        NewPasswordOptions.show(made, of: name)
    }
}

struct AccountList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the local accounts.",
        discussion: """
            Examples:
              flotilla account list
              flotilla account list -o wide
            """)

    @Option(name: .shortAndLong, help: "How to print: table, wide, json or yaml.")
    var output = OutputFormat.table

    @OptionGroup var client: ClientOptions

    func run() async throws {
        let coordinator = try client.client()
        let accounts = try await coordinator.items("/accounts")
        await coordinator.shutdown()
        if let document = output.document(.list(accounts)) { return Terminal.write(document, to: 1) }
        var table = Table(["NAME", "STATE", "GROUPS", "CALLED"] + (output == .wide ? ["E-MAIL", "CREATED", "PASSWORD OF"] : []))
        for account in accounts {
            func text(_ key: String) -> String { account[key]?.string ?? "" }
            var row = [text("name"), account["disabled"]?.bool == true ? "disabled" : "enabled"]
            row += [(account["groups"]?.list ?? []).compactMap(\.string).joined(separator: ","), text("displayName")]
            if output == .wide { row += [text("email"), text("createdAt"), text("passwordChangedAt")] }
            table.append(row)
        }
        Terminal.write(table.isEmpty ? "There are no local accounts.\n" : table.text(style: Terminal.style), to: 1)
    }
}

struct AccountGroups: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "groups", abstract: "Show or change which groups an account is in.",
        discussion: """
            Examples:
              flotilla account groups anna
              flotilla account groups anna --add approvers --remove web-team --reason "changed teams"
            """)

    @Argument(help: "The account's name.")
    var name: String

    @Option(help: ArgumentHelp("A group that it comes into; repeatable.", valueName: "name"))
    var add: [String] = []

    @Option(help: ArgumentHelp("A group that it leaves; repeatable.", valueName: "name"))
    var remove: [String] = []

    @Option(help: "Why; kept in the audit trail.")
    var reason: String?

    @OptionGroup var client: ClientOptions

    func run() async throws {
        let coordinator = try client.client()
        let path = "/accounts/\(Percent.encode(name))"
        var account = try await coordinator.get(path)
        if !add.isEmpty || !remove.isEmpty {
            let present = (account["groups"]?.list ?? []).compactMap(\.string)
            if let other = remove.first(where: { !present.contains($0) }) { throw Failure("'\(name)' is not in the group '\(other)'") }
            var body: Map = ["groups": .names(present.filter { !remove.contains($0) } + add)]
            if let reason { body["reason"] = .string(reason) }
            account = try await coordinator.put(path, body)
        }
        await coordinator.shutdown()
        for group in account["groups"]?.list ?? [] { Terminal.print(group.string ?? "") }
    }
}

struct AccountSetPassword: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set-password", abstract: "Give an account another password; its sessions end.",
        discussion: """
            Without --password-file or --prompt a password is made up, and shown once. API tokens go on; 'token revoke' ends them.

            Examples:
              flotilla account set-password anna --reason "forgotten"
              flotilla account set-password anna --prompt
            """)

    @Argument(help: "The account's name.")
    var name: String

    @OptionGroup var password: NewPasswordOptions

    @Option(help: "Why; kept in the audit trail.")
    var reason: String?

    @OptionGroup var client: ClientOptions

    func run() async throws {
        var body = Map()
        if let password = try await password.password(for: name) { body["password"] = .string(password) }
        if let reason { body["reason"] = .string(reason) }
        let coordinator = try client.client()
        let answer = try await coordinator.post("/accounts/\(Percent.encode(name))/password", body)
        await coordinator.shutdown()
        Terminal.note("'\(name)' has another password; its sessions have ended")
        NewPasswordOptions.show(answer, of: name)
    }
}

/// An account, and why something is done to it.
struct AccountTarget: ParsableArguments {
    @Argument(help: "The account's name.")
    var name: String

    @Option(help: "Why; kept in the audit trail.")
    var reason: String?

    @OptionGroup var client: ClientOptions

    func act(_ body: (CoordinatorClient, _ path: String, Map) async throws -> Value) async throws {
        let coordinator = try client.client()
        _ = try await body(coordinator, "/accounts/\(Percent.encode(name))", reason.map { ["reason": .string($0)] } ?? Map())
        await coordinator.shutdown()
    }
}

struct AccountDisable: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "disable", abstract: "End an account's sessions and let it in no more; its tokens do nothing.",
        discussion: """
            Examples:
              flotilla account disable anna --reason "left the company"
              flotilla account enable anna
            """)

    @OptionGroup var target: AccountTarget

    func run() async throws {
        try await target.act { client, path, body in try await client.post("\(path)/disable", body) }
        Terminal.print("'\(target.name)' is disabled")
    }
}

struct AccountEnable: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "enable", abstract: "Let a disabled account in again.",
        discussion: """
            Examples:
              flotilla account enable anna --reason "is back"
              flotilla account list
            """)

    @OptionGroup var target: AccountTarget

    func run() async throws {
        try await target.act { client, path, body in try await client.post("\(path)/enable", body) }
        Terminal.print("'\(target.name)' is enabled")
    }
}

struct AccountDelete: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Remove an account, its sessions and its tokens.",
        discussion: """
            Examples:
              flotilla account delete anna --reason "left the company"
              flotilla account list
            """)

    @OptionGroup var target: AccountTarget

    func run() async throws {
        try await target.act { client, path, body in try await client.delete(path, body) }
        Terminal.print("'\(target.name)' is removed")
    }
}

extension Value {
    static func names(_ names: [String]) -> Value { .list(names.map { .string($0) }) }
}
