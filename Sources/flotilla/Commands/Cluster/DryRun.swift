// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Manifests

struct DryRun: AsyncParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable { case text, json, yaml }

    static let configuration = CommandConfiguration(
        abstract: "Show what applying an application would change on a cluster.",
        discussion: """
            The cluster's API server goes through with it and stores nothing. Values of Secrets are shown as keyed hashes. With --release \
            it tries a planned release, promoted or not. Exits with 3 when something cannot be applied.

            Examples:
              flotilla dry-run storefront --cluster prod-eu-1
              flotilla dry-run storefront --cluster prod-eu-1 --release latest --output json
            """)

    @Argument(help: "The application's name.")
    var application: String

    @Option(help: "A planned release's commit or its beginning, or 'latest', instead of what is desired now.")
    var release: String?

    @Option(name: .shortAndLong, help: "How to print: text, json or yaml.")
    var output = Format.text

    @OptionGroup var options: CommandOptions

    func run() async throws {
        let client = try options.client.client()
        var parameters: Map = ["application": .string(application)]
        if let release { parameters["release"] = .string(release) }
        let command = try await options.run(client).run("dryRun", parameters)
        await client.shutdown()
        let found = command["output"] ?? .null
        // Without objects it has not come to trying.
        guard found["objects"]?.list != nil else {
            try CommandRun.check(command)
            throw Failure("the agent's answer was too long")
        }
        switch output {
        case .json: Terminal.write(JSON.text(found, pretty: true) + "\n", to: 1)
        case .yaml: Terminal.write(YAML.write(found), to: 1)
        case .text: Terminal.write(DryRunText(style: Terminal.style).text(found, message: command["message"]?.string ?? ""), to: 1)
        }
        if command["state"] != "done" { throw ExitCode(ProgramExit.unhealthy.rawValue) }
    }
}

/// A dry run as people read it: a sign and a name for each object that changes, and its differences.
struct DryRunText {
    let style: Style

    func text(_ output: Value, message: String) -> String {
        var text = ""
        for object in output["objects"]?.list ?? [] {
            let name = Table.visible(object["object"]?.string ?? "")
            let words = object["message"]?.string.map { "  " + style.paint(Table.visible($0), .faint) } ?? ""
            switch object["action"]?.string {
            case "create": text += style.paint("+ \(name)", .good) + words + "\n"
            case "change": text += style.paint("~ \(name)", .busy) + words + "\n" + changes(object)
            case "error": text += style.paint("! \(name)", .bad) + ": \(Table.visible(object["message"]?.string ?? ""))\n"
            case "hook", "left": text += style.paint("  \(name)", .faint) + words + "\n"
            default: continue
            }
        }
        for object in output["prune"]?.list ?? [] {
            let words = object["message"]?.string.map { "  (\(Table.visible($0)))" } ?? ""
            text += style.paint("- \(Table.visible(object["object"]?.string ?? ""))", .bad) + words + "\n"
        }
        if output["truncated"] == true { text += style.paint("more objects than fit the answer", .busy) + "\n" }
        return text + Table.visible(message) + "\n"
    }

    private func changes(_ object: Value) -> String {
        var text = ""
        for change in object["changes"]?.list ?? [] {
            text += "    \(Table.visible(change["path"]?.string ?? ""))\n"
            if let before = change["before"] { text += style.paint("    - \(Self.short(before))", .bad) + "\n" }
            if let after = change["after"] { text += style.paint("    + \(Self.short(after))", .good) + "\n" }
        }
        return text
    }

    /// A value on one line.
    private static func short(_ value: Value) -> String {
        let text = Table.visible(value.string ?? JSON.text(value))
        return text.count > 400 ? text.prefix(399) + "…" : text
    }
}
