// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import ArgumentParser
import Manifests

struct ClusterUpgradeAgents: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "upgrade-agents",
        abstract: "Move an environment's agents to another image, wave by wave.",
        discussion: """
            Agents are asked in the waves of the environment's rollout. Each moves itself, by changing the image of its own Deployment; the \
            next wave begins when all of this one are heard with the new image. One that does not come back stops the upgrade: mend it, then \
            --resume, or --abort. Clusters that are offline are skipped and asked on their return, or waited for, as the environment says.

            Exit code 3: the upgrade has stopped.

            Examples:
              flotilla cluster upgrade-agents --environment staging --image registry.example/flotilla-agent:0.2.0
              flotilla cluster upgrade-agents --environment production --wait
              flotilla cluster upgrade-agents --environment production --status
              flotilla cluster upgrade-agents --environment production --resume --reason "registry is back"
            """)

    @Option(help: "The environment whose agents are meant.")
    var environment: String

    @Option(help: ArgumentHelp("The new image. (default: what the coordinator was started with, --agent-image)", valueName: "image"))
    var image: String?

    @Option(help: ArgumentHelp("How long an agent may take to come back. (default: 600)", valueName: "seconds"))
    var timeout: Int64?

    @Flag(help: "Give agents that have not come back time again, and go on.")
    var resume = false

    @Flag(help: "End the upgrade where it is; agents that have moved stay there.")
    var abort = false

    @Flag(help: "Show the newest upgrade, and change nothing.")
    var status = false

    @Flag(help: "Wait until the upgrade has finished or stopped.")
    var wait = false

    @Option(help: "Why; it goes into the events.")
    var reason: String?

    @Option(name: .shortAndLong, help: "How to print: table, json or yaml.")
    var output = OutputFormat.table

    @OptionGroup var client: ClientOptions

    func validate() throws {
        guard [resume, abort, status].count(where: { $0 }) <= 1 else { throw ValidationError("one of --resume, --abort and --status") }
        if resume || abort || status, image != nil || timeout != nil {
            throw ValidationError("--image and --timeout are those of a new upgrade")
        }
        if let image, !AgentImage.isValid(image) { throw ValidationError("--image '\(image)' is no name of a container image") }
        if let timeout, !(10...86_400).contains(timeout) { throw ValidationError("--timeout is a number of seconds from 10 to 86400") }
    }

    func run() async throws {
        let client = try client.client()
        let path = "/environments/\(Percent.encode(environment))/agent-upgrade"
        var run: Value
        if status {
            run = try await client.get(path)
        } else {
            var body: Map = [:]
            if let image { body["image"] = .string(image) }
            if let timeout { body["timeoutSeconds"] = .int(timeout) }
            if let reason { body["reason"] = .string(reason) }
            run = try await client.post(resume ? "\(path)/resume" : abort ? "\(path)/abort" : path, body)
        }
        while wait, run["state"]?.string == "rolling" {
            try await Task.sleep(for: .seconds(2))
            run = try await client.get(path)
        }
        await client.shutdown()
        if let document = output.document(run) {
            Terminal.write(document, to: 1)
        } else {
            for line in AgentUpgradeText.lines(run, Terminal.style) { Terminal.print(line) }
        }
        if run["state"]?.string == "stopped" { throw ExitCode(ProgramExit.unhealthy.rawValue) }
    }
}

/// An upgrade of agents, in lines for people.
enum AgentUpgradeText {
    static func lines(_ run: Value, _ style: Style) -> [String] {
        let state = run["state"]?.string ?? ""
        var lines = ["\(run["environment"]?.string ?? ""): \(style.paint(state, .strong)), agents to \(run["image"]?.string ?? "")"]
        if let message = run["message"]?.string, !message.isEmpty { lines.append("  \(message)") }
        for wave in run["waves"]?.list ?? [] {
            lines.append("  wave \(wave["name"]?.string ?? "")\(wave["current"]?.bool == true ? " (now)" : "")")
            for cluster in wave["clusters"]?.list ?? [] {
                let message = cluster["message"]?.string ?? ""
                lines.append(
                    "    \(cluster["name"]?.string ?? "")  \(cluster["state"]?.string ?? "")\(message.isEmpty ? "" : ": \(message)")")
            }
        }
        return lines
    }
}
