// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Manifests

struct AccessCheck: AsyncParsableCommand {
    enum Permission: String, ExpressibleByArgument, CaseIterable { case read, operate, approve, administer }

    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Say whether somebody may do something, and by which policy.",
        discussion: """
            Without --stage and its like, the whole fleet is meant. Of others than yourself you are told if you may read the whole fleet. \
            Exits with 3 when it is not allowed.

            Examples:
              flotilla access check --permission operate --stage shop/staging
              flotilla access check ada --permission approve --stage shop/production
              flotilla access check --group release-managers --permission approve --environment production
            """,
        aliases: ["can-i"])

    @Argument(help: "The account; you yourself by default.")
    var user: String?

    @Option(help: "read, operate, approve or administer.")
    var permission: Permission

    @Option(help: "A stage: PIPELINE/ENVIRONMENT.")
    var stage: StageTarget?

    @Option(help: "A pipeline.")
    var pipeline: String?

    @Option(help: "An environment.")
    var environment: String?

    @Option(help: "A cluster; with --application, the application there.")
    var cluster: String?

    @Option(help: "An application.")
    var application: String?

    @Option(help: "Count the account as a member of this group, instead of its own groups; can be repeated.")
    var group: [String] = []

    @Option(name: .shortAndLong, help: "How to print: table, wide, json or yaml.")
    var output = OutputFormat.table

    @OptionGroup var client: ClientOptions

    func validate() throws {
        let named = [pipeline, environment, cluster, application].compactMap(\.self).count + (stage == nil ? 0 : 1)
        guard named <= 1 || (named == 2 && cluster != nil && application != nil) else {
            throw ValidationError("name one place: --stage, --pipeline, --environment, --cluster or --application (with its --cluster)")
        }
        guard !group.contains(where: { $0.contains(",") }) else { throw ValidationError("--group names one group; repeat it for more") }
    }

    func run() async throws {
        var query = [(name: "permission", value: permission.rawValue)]
        for (name, value) in [
            ("user", user), ("groups", group.isEmpty ? nil : group.joined(separator: ",")), ("pipeline", stage?.pipeline ?? pipeline),
            ("environment", stage?.environment ?? environment), ("cluster", cluster), ("application", application),
        ] {
            if let value { query.append((name, value)) }
        }
        let client = try client.client()
        let answer = try await client.get("/access/check", query: query)
        await client.shutdown()
        let isAllowed = answer["allowed"]?.bool == true
        if let text = output.document(answer) {
            Terminal.write(text, to: 1)
        } else {
            Terminal.write(Self.text(answer), to: 1)
        }
        if !isAllowed { throw ExitCode(ProgramExit.unhealthy.rawValue) }
    }

    private static func text(_ answer: Value) -> String {
        let isAllowed = answer["allowed"]?.bool == true
        let user = answer["user"]?.string ?? ""
        let (permission, place) = (answer["permission"]?.string ?? "", answer["place"]?.string ?? "")
        var lines = ["\(user) \(isAllowed ? "may" : "may not") \(permission) in \(place)"]
        for policy in answer["policies"]?.list ?? [] {
            lines.append(
                "  by policy \(policy["name"]?.string ?? "") (\(policy["role"]?.string ?? "")), \(policy["declared"]?.string ?? "")")
        }
        if !isAllowed {
            let roles = (answer["roles"]?.list ?? []).compactMap(\.string).joined(separator: " or ")
            lines.append("  no policy in force gives the role \(roles) there")
        }
        let word = isAllowed ? Terminal.style.paint("yes", .good) : Terminal.style.paint("no", .bad)
        return "\(word): " + lines.map { Table.visible($0) + "\n" }.joined()
    }
}
