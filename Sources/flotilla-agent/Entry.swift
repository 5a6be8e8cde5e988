// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FleetAgent
import Glibc
import HTTPTransport
import KubernetesAPI
import Logging

@main
struct Entry {
    static func main() async {
        Process.prepare()
        await AgentCommand.main()
    }
}

struct AgentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flotilla-agent",
        abstract: "Keeps one Kubernetes cluster as its fleet's Git repository says.",
        discussion: """
            Every option can also be given as an environment variable: --coordinator as FLOTILLA_AGENT_COORDINATOR, and so on. \
            Without --kubeconfig the agent uses the service account of the pod it runs in.

            Example:
              flotilla-agent --coordinator https://flotilla.example.com:8481 --cluster prod-eu-1 \\
                --enrolment-token-file /etc/flotilla/token --coordinator-ca /etc/flotilla/ca.crt --state-directory /var/lib/flotilla-agent
            """,
        version: "0.1.0")

    @Option(help: "The URL at which the coordinator listens to agents; https.") var coordinator: String?
    @Option(help: "The name under which this cluster is enrolled.") var cluster: String?
    @Option(help: "The file with the one-time token of 'flotilla cluster enroll'; looked at only without a good certificate.")
    var enrolmentTokenFile: String?
    @Option(help: "PEM file of the authorities of the coordinator's certificate, until it has told its own; otherwise the system's.")
    var coordinatorCA: String?
    @Option(help: "The kubeconfig of the cluster.") var kubeconfig: String?
    @Option(help: "The kubeconfig's context; its current one by default.") var context: String?
    @Option(help: "The namespaces that the agent manages, with commas between; without this, the whole cluster.")
    var namespaces: String?
    @Option(help: "The folder of the pod's service account, where it is not in its usual place.") var serviceAccountFolder: String?
    @Option(help: "The folder in which desired state is kept.") var stateDirectory: String?
    @Option(help: "A file with age identities, beside those of the Secret flotilla-system/flotilla-age-keys.")
    var ageKeyFile: String?
    @Option(help: "How long a poll waits, in seconds, at most 50.") var pollWait: Int?
    @Option(help: ArgumentHelp("Serve /healthz, /readyz and /metrics there, such as 0.0.0.0:8081.", valueName: "address:port"))
    var listen: String?
    @Flag(help: "Act without holding a Lease: only where no second agent can run for this cluster.")
    var withoutLease = false
    @Option(help: "Namespaces in which 'flotilla run-job' may run Jobs, with commas between them; * for all. Nowhere by default.")
    var allowJobs: String?
    @Flag(help: "Answer neither 'flotilla logs' nor 'flotilla get --cluster'.") var forbidReading = false
    @Option(help: "trace, debug, info, notice, warning, error or critical.") var logLevel: String?

    func run() async throws {
        let logger = try makeLogger()
        let configuration = try configuration()
        let agent = ElectedAgent(configuration: configuration, options: try options(), logger: logger)
        await withTaskGroup(of: Int32.self) { group in
            group.addTask {
                do {
                    try await agent.run()
                    return 0
                } catch {
                    logger.critical("\(error)")
                    return 1
                }
            }
            group.addTask {
                let signal = await Process.stopSignal()
                logger.info("stopping (\(signal == SIGINT ? "SIGINT" : "SIGTERM"))")
                return 0
            }
            let code = await group.next() ?? 0
            if code != 0 { Glibc.exit(code) }
            group.cancelAll()
        }
    }

    private func makeLogger() throws -> Logger {
        let text = logLevel ?? Self.variable("LOG_LEVEL") ?? "info"
        guard let level = Logger.Level(rawValue: text) else { throw ValidationError("unknown log level '\(text)'") }
        var logger = Logger(label: "flotilla-agent") { _ in LineLog() }
        logger.logLevel = level
        return logger
    }

    private func options() throws -> ElectedAgent.Options {
        let isSingle = withoutLease || ["1", "true"].contains(Self.variable("WITHOUT_LEASE") ?? "")
        guard let text = listen ?? Self.variable("LISTEN") else { return ElectedAgent.Options(usesLease: !isSingle) }
        guard let address = ListenAddress(text) else {
            throw ValidationError("--listen is no IP address with a port, such as 0.0.0.0:8081 or [::]:8081: \(text.prefix(80))")
        }
        return ElectedAgent.Options(usesLease: !isSingle, listen: address)
    }

    private func configuration() throws -> AgentConfiguration {
        func need(_ value: String?, _ option: String, _ variable: String) throws -> String {
            guard let value = value ?? Self.variable(variable), !value.isEmpty else {
                throw ValidationError("missing --\(option) (or FLOTILLA_AGENT_\(variable))")
            }
            return value
        }
        let url = try need(coordinator, "coordinator", "COORDINATOR")
        guard url.hasPrefix("https://") else {
            throw ValidationError("--coordinator is no https URL: \(HTTPRequest.endpoint(of: url))")
        }
        let kubeconfig = kubeconfig ?? Self.variable("KUBECONFIG")
        let connection =
            if let kubeconfig {
                try ClusterConnection(kubeconfigPath: kubeconfig, context: context ?? Self.variable("CONTEXT"))
            } else {
                try ClusterConnection.inCluster(
                    folder: serviceAccountFolder ?? Self.variable("SERVICE_ACCOUNT_FOLDER") ?? ClusterConnection.serviceAccountFolder)
            }
        let identification = AgentConfiguration.Identification.certificate(
            AgentConfiguration.Enrolment(
                tokenFile: enrolmentTokenFile ?? Self.variable("ENROLMENT_TOKEN_FILE"),
                authorityFile: coordinatorCA ?? Self.variable("COORDINATOR_CA"),
                // A pod's state folder goes with it; another's stays.
                isKeptInCluster: kubeconfig == nil))
        let wait = pollWait ?? Self.variable("POLL_WAIT").flatMap { Int($0) } ?? 50
        var configuration = AgentConfiguration(
            coordinator: url, cluster: try need(cluster, "cluster", "CLUSTER"), identification: identification, connection: connection,
            stateDirectory: try need(stateDirectory, "state-directory", "STATE_DIRECTORY"),
            ageKeyFile: ageKeyFile ?? Self.variable("AGE_KEY_FILE"), pollWaitSeconds: min(max(wait, 1), 50))
        let jobs = allowJobs ?? Self.variable("ALLOW_JOBS") ?? ""
        configuration.commands = CommandPermissions(
            jobNamespaces: jobs.split(separator: ",").map { String($0.filter { $0 != " " }) },
            allowsReading: !(forbidReading || ["1", "true"].contains(Self.variable("FORBID_READING") ?? "")))
        if let names = namespaces ?? Self.variable("NAMESPACES") {
            configuration.scope = .namespaces(Set(names.split(separator: ",").map(String.init)).sorted())
        }
        // Set in the manifest's pod: they say who the agent is in its own cluster.
        if let deployment = Self.variable("DEPLOYMENT"), let pod = Self.variable("POD") {
            configuration.place = AgentPlace(deployment: deployment, pod: pod)
        }
        return configuration
    }

    private static func variable(_ name: String) -> String? {
        getenv("FLOTILLA_AGENT_\(name)").map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }
}
