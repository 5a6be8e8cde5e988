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
            The manifest holds the token with which the agent signs in: keep it as you keep a password. The token is good for this \
            cluster only, until the cluster's file raises spec.credentialEpoch.

            Examples:
              flotilla cluster enroll prod-eu-1 --image registry.example/flotilla-agent:0.1.0 | kubectl apply -f -
              flotilla cluster enroll edge-7 --mode namespaced --namespaces shop,web | kubectl --context edge-7 apply -f -
              flotilla cluster enroll prod-eu-1 --token-only > prod-eu-1.token
              flotilla cluster enroll prod-eu-1 -o json
            """)

    @Argument(help: "The cluster's name, as its file in the fleet repository says.")
    var name: String

    @OptionGroup var access: ClusterRights

    @Option(help: ArgumentHelp("The agent's image. (default: what the coordinator was started with, --agent-image)", valueName: "image"))
    var image: String?

    @Option(help: ArgumentHelp("How the agent reaches the coordinator. (default: the coordinator's --public-url)", valueName: "url"))
    var coordinatorUrl: String?

    @Option(
        help: ArgumentHelp(
            "The authority that signed the coordinator's certificate, in PEM. (default: --certificate-authority, where that is given)",
            valueName: "file"))
    var coordinatorCA: String?

    @Option(help: ArgumentHelp("The priority class of the agent's pod.", valueName: "name"))
    var priorityClass: String?

    @Flag(help: "Print the token alone; the same as -o token.")
    var tokenOnly = false

    @Option(name: .shortAndLong, help: "How to print: manifest, token or json.")
    var output = Format.manifest

    @OptionGroup var client: ClientOptions

    func validate() throws {
        if let image, !AgentImage.isValid(image) { throw ValidationError("--image '\(image)' is no name of a container image") }
        if let url = coordinatorUrl, !Self.isURL(url) { throw ValidationError("--coordinator-url '\(url)' is no http(s) URL") }
        if tokenOnly, output == .json { throw ValidationError("either --token-only or -o json") }
    }

    func run() async throws {
        let authority = try (coordinatorCA ?? client.authorityFile).map { path in
            String(decoding: try LocalFile.read(path, limit: 1 << 20), as: UTF8.self)
        }
        if let authority, !authority.contains("-----BEGIN CERTIFICATE-----") {
            throw Failure("\(coordinatorCA ?? client.authorityFile ?? ""): contains no certificate in PEM")
        }
        let coordinator = try client.client()
        let answer = try await coordinator.post("/clusters/\(Percent.encode(name))/enroll")
        await coordinator.shutdown()
        guard let token = answer["token"]?.string else { throw Failure("the coordinator's answer has no token") }
        let text: String
        switch tokenOnly ? .token : output {
        case .token: text = token + "\n"
        case .json: text = JSON.text(answer, pretty: true) + "\n"
        case .manifest: text = try manifest(token, answer, authority, server: coordinator.server)
        }
        if Terminal.isInteractive {
            Terminal.note("what follows holds the agent's token: send it where it belongs (| kubectl apply -f -) rather than to a screen")
        }
        Terminal.write(text, to: 1)
    }

    private func manifest(_ token: String, _ answer: Value, _ authority: String?, server: String) throws -> String {
        guard let image = image ?? answer["agentImage"]?.string else {
            throw Failure(
                "no image of the agent is known",
                hint: "name one with --image, or start the coordinator with --agent-image; docs/deploy/agent.Containerfile builds one")
        }
        let installation = AgentInstallation(
            cluster: name, rights: try access.rights(), coordinator: try coordinator(answer["coordinator"]?.string, server: server),
            token: token, certificateAuthority: authority, image: image, priorityClass: priorityClass)
        return """
            # Flotilla's agent for the cluster \(name). Holds the agent's token: do not keep it in Git.
            #   kubectl apply -f -     'flotilla cluster uninstall-manifest \(name)' prints what takes it out again.

            """ + YAML.write(documents: installation.objects)
    }

    private func coordinator(_ announced: String?, server: String) throws -> String {
        if let url = coordinatorUrl ?? announced { return url }
        let host = server.split(separator: "/").dropFirst().first ?? ""
        guard !["127.", "localhost", "[::1]", "0.0.0.0"].contains(where: { host.hasPrefix($0) }) else {
            throw Failure(
                "the coordinator does not say how agents reach it, and \(server) is good on this machine only",
                hint: "start it with --public-url, or name the URL here with --coordinator-url")
        }
        return server
    }

    private static func isURL(_ text: String) -> Bool {
        (text.hasPrefix("https://") || text.hasPrefix("http://")) && text.utf8.count > 8 && text.utf8.count <= 2_000
            && text.utf8.allSatisfy { $0 > 32 && $0 < 127 }
    }
}
