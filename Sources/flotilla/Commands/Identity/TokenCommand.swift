// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Manifests

struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Make, list and revoke API tokens, for programs.",
        subcommands: [TokenCreate.self, TokenList.self, TokenRevoke.self])
}

struct TokenCreate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Make an API token of your account; it is shown once.",
        discussion: """
            A token may what your account may, or less: --role, --pipeline and --environment narrow it. It ends; the longest is a year.

            Examples:
              flotilla token create ci --expires 30d --role operator --pipeline storefront > ci.token
              flotilla token create dashboard --expires 365d --role viewer
            """)

    @Argument(help: "Your name for it.")
    var name: String

    @Option(help: ArgumentHelp("How long it lasts: 12h, 30d, at most 365d.", valueName: "span"))
    var expires: TimeSpan

    @Option(help: ArgumentHelp("All that it may: viewer, operator, approver or administrator.", valueName: "role"))
    var role: String?

    @Option(help: ArgumentHelp("A pipeline that it acts in; repeatable. (default: all)", valueName: "name"))
    var pipeline: [String] = []

    @Option(help: ArgumentHelp("An environment that it acts in; repeatable. (default: all)", valueName: "name"))
    var environment: [String] = []

    @Option(name: .shortAndLong, help: "How to print: table, which is the token alone, json or yaml.")
    var output = OutputFormat.table

    @OptionGroup var client: ClientOptions

    func validate() throws {
        guard (60...(365 * 86_400)).contains(expires.seconds) else { throw ValidationError("--expires is from 1m to 365d") }
    }

    func run() async throws {
        var body: Map = ["name": .string(name), "expiresSeconds": .int(expires.seconds)]
        if let role { body["role"] = .string(role) }
        if !pipeline.isEmpty { body["pipelines"] = .names(pipeline) }
        if !environment.isEmpty { body["environments"] = .names(environment) }
        let coordinator = try client.client()
        let made = try await coordinator.post("/tokens", body)
        await coordinator.shutdown()
        guard let token = made["token"]?.string else { throw Failure("the coordinator's answer has no token") }
        Terminal.write(output.document(made) ?? token + "\n", to: 1)
        Terminal.note("'\(name)' is good until \(made["expiresAt"]?.string ?? "?"); it is not shown again")
    }
}

struct TokenList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List API tokens.",
        discussion: """
            Examples:
              flotilla token list
              flotilla token list --account anna -o json
            """)

    @Option(help: ArgumentHelp("Another account's; for administrators.", valueName: "name"))
    var account: String?

    @Option(name: .shortAndLong, help: "How to print: table, json or yaml.")
    var output = OutputFormat.table

    @OptionGroup var client: ClientOptions

    func run() async throws {
        let coordinator = try client.client()
        let all = try await coordinator.get(account.map { "/accounts/\(Percent.encode($0))/tokens" } ?? "/tokens")
        await coordinator.shutdown()
        if let document = output.document(all["items"] ?? .list([])) { return Terminal.write(document, to: 1) }
        var table = Table(["NAME", "ID", "ROLE", "PIPELINES", "ENVIRONMENTS", "EXPIRES", "LAST USED"])
        for item in all["items"]?.list ?? [] {
            func list(_ key: String) -> String { item[key]?.list.map { $0.compactMap(\.string).joined(separator: ",") } ?? "all" }
            table.append([
                item["name"]?.string ?? "", item["id"]?.string ?? "", item["role"]?.string ?? "the account's", list("pipelines"),
                list("environments"), item["expiresAt"]?.string ?? "", item["lastUsedAt"]?.string ?? "never",
            ])
        }
        Terminal.write(table.isEmpty ? "There are no tokens.\n" : table.text(style: Terminal.style), to: 1)
    }
}

struct TokenRevoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Revoke an API token, at once.",
        discussion: """
            Examples:
              flotilla token revoke ci
              flotilla token revoke 4f0c6a1be2d39875 --account anna
            """)

    @Argument(help: "Its name, or its identifier as 'token list' shows it.")
    var name: String

    @Option(help: ArgumentHelp("Another account's; for administrators.", valueName: "name"))
    var account: String?

    @OptionGroup var client: ClientOptions

    func run() async throws {
        let coordinator = try client.client()
        let tokens = account.map { "/accounts/\(Percent.encode($0))/tokens" } ?? "/tokens"
        _ = try await coordinator.delete("\(tokens)/\(Percent.encode(name))")
        await coordinator.shutdown()
        Terminal.print("'\(name)' is revoked")
    }
}
