// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FleetModel

@testable import flotilla

/// What every verb of the program needs; a verb without an entry is a failure of the test.
enum VerbTable {
    enum Need: Sendable {
        /// It asks no coordinator; or, as `login` and `logout`, is about the credential itself.
        case nothing
        /// Anybody who is signed in.
        case signedIn
        /// Whoever may read anything: the rest is left out.
        case anything
        /// The permission at the place that the arguments name: at the stage, or at an application there.
        case place(String)
        /// The permission in the whole fleet.
        case fleet(String)
    }

    struct Entry: Sendable, CustomStringConvertible {
        var verb: String
        /// Words in braces are filled in.
        var arguments: String
        var need: Need

        var description: String { "\(verb) \(arguments)" }
    }

    static func entry(_ verb: String, _ arguments: String = "", _ need: Need) -> Entry {
        Entry(verb: verb, arguments: arguments, need: need)
    }

    static let entries: [Entry] =
        [
            "up", "serve", "simulate", "validate", "render", "secrets keygen", "secrets encrypt", "secrets decrypt",
            "cluster uninstall-manifest", "login", "logout",
        ].map { entry($0, "", .nothing) } + [
            entry("status", .anything), entry("get", "clusters", .anything), entry("get", "access", .anything),
            entry("get", "clusters {cluster}", .place("read")), entry("get", "applications", .anything),
            entry("why", "web --cluster {cluster}", .anything), entry("history", "{stage}", .place("read")),
            entry("events", .anything),
            entry("promote", "{stage}", .place("operate")),
            entry("promote", "{stage} --override --reason because", .place("administer")),
            entry("approve", "{stage}", .place("approve")), entry("reject", "{stage} --reason because", .place("approve")),
            entry("pause", "{stage} --reason because", .place("operate")), entry("resume", "{stage}", .place("operate")),
            entry("rollback", "{stage} --reason because", .place("operate")),
            entry("pause", "web --drift --cluster {cluster} --for 1h --reason because", .place("operate")),
            entry("resume", "web --drift --cluster {cluster}", .place("operate")),
            entry("sync", "web --cluster {cluster} --expires 5s", .place("operate")),
            entry("dry-run", "web --cluster {cluster} --expires 5s", .place("operate")),
            entry("run-job", "--file {job} --namespace shop --cluster {cluster} --expires 5s", .place("operate")),
            entry("logs", "web --namespace shop --cluster {cluster} --expires 5s", .place("operate")),
            entry("cluster enroll", "{cluster} --token-only", .place("administer")),
            entry("cluster upgrade-agents", "--environment {environment} --status", .place("read")),
            entry("cluster upgrade-agents", "--environment {environment} --image registry.example/agent:1", .place("administer")),
            entry("access check", "--permission read", .signedIn), entry("allowed-signers", .signedIn), entry("whoami", .signedIn),
            entry("token list", .signedIn), entry("token create", "another --expires 1h", .signedIn),
            entry("token revoke", "none", .signedIn),
            entry("account list", .fleet("administer")), entry("account create", "somebody", .fleet("administer")),
            entry("account groups", "somebody", .fleet("administer")), entry("account set-password", "somebody", .fleet("administer")),
            entry("account disable", "somebody", .fleet("administer")), entry("account enable", "somebody", .fleet("administer")),
            entry("account delete", "somebody", .fleet("administer")),
            entry("cluster approve", "{cluster}", .place("administer")),
            entry("cluster revoke", "{cluster} --reason because", .place("administer")),
            entry("cluster release", "staging-1 --reason because", .fleet("administer")),
            entry("cluster remove", "staging-1 --reason because", .fleet("administer")),
            entry("ca status", .fleet("administer")), entry("ca rotate", .fleet("administer")),
            entry("ca retire", "0123456789ab", .fleet("administer")),
            entry("audit list", .fleet("administer")), entry("audit verify", .fleet("administer")),
            entry("audit export", .fleet("administer")),
            entry("audit prune", "--before 2020-01-01T00:00:00Z --export {scratch}/audit.jsonl", .fleet("administer")),
        ]

    private static func entry(_ verb: String, _ need: Need) -> Entry { entry(verb, "", need) }

    /// The verbs that there are, as the parser knows them: `cluster enroll`.
    static func verbs(of command: any ParsableCommand.Type = Flotilla.self, before: [String] = []) -> [String] {
        let configuration = command.configuration
        let below = configuration.subcommands + configuration.groupedSubcommands.flatMap(\.subcommands)
        if below.isEmpty { return [before.joined(separator: " ")] }
        return Set(below.map { ObjectIdentifier($0) }).compactMap { id in below.first { ObjectIdentifier($0) == id } }
            .flatMap { verbs(of: $0, before: before + [$0._commandName]) }.sorted()
    }
}
