// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import ArgumentParser
import Manifests

struct ClusterEnroll: AsyncParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case manifest, token, json
    }

    static let configuration = CommandConfiguration(
        commandName: "enroll",
        abstract: "Print what installs a cluster's agent: one manifest for kubectl.",
        discussion: """
            The manifest holds a one-time token, with which the agent gets a certificate for a key of its own; from then on it renews \
            that by itself. The token is good once and for a while (--expires): keep it as you keep a password until then. Applying the \
            manifest again does no harm; an agent that has a certificate takes no notice of the token. An agent that was revoked, or \
            whose certificate has ended, is enrolled again in the same way.

            Examples:
              flotilla cluster enroll prod-eu-1 --image registry.example/flotilla-agent:0.1.0 | kubectl apply -f -
              flotilla cluster enroll edge-7 --mode namespaced --namespaces shop,web | kubectl --context edge-7 apply -f -
              flotilla cluster enroll prod-eu-1 --token-only --expires 15m > prod-eu-1.token
              flotilla cluster enroll prod-eu-1 -o json
            """)

    @Argument(help: "The cluster's name, as its file in the fleet repository says.")
    var name: String

    @OptionGroup var access: ClusterRights

    @Option(help: ArgumentHelp("The agent's image. (default: what the coordinator was started with, --agent-image)", valueName: "image"))
    var image: String?

    @Option(
        help: ArgumentHelp(
            "How the agent reaches the coordinator's listener for agents; https. (default: the coordinator's --agent-url)",
            valueName: "url"))
    var coordinatorUrl: String?

    @Option(help: ArgumentHelp("How long the token is good, 1m to 7d. (default: 1h)", valueName: "time"))
    var expires: String?

    @Flag(help: "Somebody has to approve the agent's key first: 'flotilla cluster approve'.")
    var requireApproval = false

    @Option(help: "Why; it goes into the audit trail.")
    var reason: String?

    @Option(help: ArgumentHelp("The priority class of the agent's pod.", valueName: "name"))
    var priorityClass: String?

    @Flag(help: "Print the token alone; the same as -o token.")
    var tokenOnly = false

    @Option(name: .shortAndLong, help: "How to print: manifest, token or json.")
    var output = Format.manifest

    @OptionGroup var client: ClientOptions

    func validate() throws {
        if let image, !AgentImage.isValid(image) { throw ValidationError("--image '\(image)' is no name of a container image") }
        if let url = coordinatorUrl, !Self.isURL(url) { throw ValidationError("--coordinator-url '\(url)' is no https URL") }
        if tokenOnly, output == .json { throw ValidationError("either --token-only or -o json") }
        _ = try lifetime()
    }

    private func lifetime() throws -> Int64? {
        guard let expires else { return nil }
        guard let seconds = Self.seconds(expires), (60...604_800).contains(seconds) else {
            throw ValidationError("--expires '\(expires)' is no time from 1m to 7d, such as 90s, 30m, 2h or 1d")
        }
        return seconds
    }

    private static func seconds(_ text: String) -> Int64? {
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
        guard let last = text.last, let unit = units[last], let count = Int64(text.dropLast()), (1...604_800).contains(count) else {
            return nil
        }
        return count * unit
    }

    func run() async throws {
        let coordinator = try client.client()
        var body: Map = [:]
        if let seconds = try lifetime() { body["expiresSeconds"] = .int(seconds) }
        if requireApproval { body["requireApproval"] = true }
        if let reason { body["reason"] = .string(reason) }
        let answer = try await coordinator.post("/clusters/\(Percent.encode(name))/enrollments", body)
        await coordinator.shutdown()
        guard let token = answer["token"]?.string else { throw Failure("the coordinator's answer has no token") }
        let text: String
        switch tokenOnly ? .token : output {
        case .token: text = token + "\n"
        case .json: text = JSON.text(answer, pretty: true) + "\n"
        case .manifest: text = try manifest(token, answer)
        }
        if Terminal.isInteractive {
            Terminal.note("what follows holds a one-time token: send it where it belongs (| kubectl apply -f -) rather than to a screen")
        }
        Terminal.write(text, to: 1)
    }

    private func manifest(_ token: String, _ answer: Value) throws -> String {
        guard let image = image ?? answer["agentImage"]?.string else {
            throw Failure(
                "no image of the agent is known",
                hint: "name one with --image, or start the coordinator with --agent-image; docs/deploy/agent.Containerfile builds one")
        }
        guard let url = coordinatorUrl ?? answer["agentUrl"]?.string else {
            throw Failure(
                "the coordinator does not say how agents reach it",
                hint: "start it with --agent-url, or name the URL here with --coordinator-url")
        }
        guard let authorities = answer["authorities"]?.string, authorities.contains("-----BEGIN CERTIFICATE-----") else {
            throw Failure("the coordinator's answer names no authority by which agents know it")
        }
        let installation = AgentInstallation(
            cluster: name, rights: try access.rights(), coordinator: url, token: token, authorities: authorities, image: image,
            priorityClass: priorityClass)
        let until = answer["expires"]?.string.map { ", good until \($0)" } ?? ""
        return """
            # Flotilla's agent for the cluster \(name). Holds a one-time token\(until): do not keep it in Git.
            #   kubectl apply -f -     'flotilla cluster uninstall-manifest \(name)' prints what takes it out again.

            """ + YAML.write(documents: installation.objects)
    }

    private static func isURL(_ text: String) -> Bool {
        text.hasPrefix("https://") && text.utf8.count > 8 && text.utf8.count <= 2_000
            && text.utf8.allSatisfy { $0 > 32 && $0 < 127 }
    }
}
