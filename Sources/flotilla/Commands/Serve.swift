// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FleetCoordinator
import GitRepository
import Logging
import Manifests
import PostgresClient
import ServiceLifecycle
import UnixSignals

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the coordinator.",
        discussion: """
            Each option can also be an environment variable (--database-url: FLOTILLA_DATABASE_URL) or be in the configuration file \
            (databaseUrl); the command line goes before the environment, and that before the file. SIGTERM and Ctrl-C end it gracefully; \
            it may be killed at any moment, too.

            Examples:
              flotilla serve --database-url postgresql:///flotilla --fleet-repository https://git.example/fleet.git --data-directory data
              flotilla serve --configuration /etc/flotilla.yaml --listen 0.0.0.0:8480 --tls-certificate cert.pem --tls-key key.pem
            """)

    @Option(help: ArgumentHelp("A file with settings, in YAML or JSON. (environment: FLOTILLA_CONFIGURATION)", valueName: "file"))
    var configuration: String?

    @Option(help: ArgumentHelp("Where to listen. (default: 127.0.0.1:8480)", valueName: "host:port"))
    var listen: String?

    @Option(help: ArgumentHelp("The database: postgresql://…", valueName: "url"))
    var databaseUrl: String?

    @Option(help: ArgumentHelp("The fleet repository: https://…, ssh://… or file://…", valueName: "url"))
    var fleetRepository: String?

    @Option(help: "The branch of it that is followed. (default: main)")
    var branch: String?

    @Option(help: ArgumentHelp("Where mirror, keys and the administrator's token are kept.", valueName: "folder"))
    var dataDirectory: String?

    @Option(help: ArgumentHelp("The certificate, with its chain, in PEM; with it the coordinator speaks HTTPS.", valueName: "file"))
    var tlsCertificate: String?

    @Option(help: ArgumentHelp("The certificate's key, in PEM.", valueName: "file"))
    var tlsKey: String?

    @OptionGroup
    var repository: RepositoryOptions

    @Option(
        help: ArgumentHelp("A commit of the trunk that comes into force whoever signed it, and whatever the rule.", valueName: "commit"))
    var acceptFleetCommit: String?

    @Option(help: ArgumentHelp("How agents and people reach the coordinator. (default: where it listens)", valueName: "url"))
    var publicUrl: String?

    @Option(help: ArgumentHelp("The agents' image, where 'cluster enroll' and 'cluster upgrade-agents' name none.", valueName: "image"))
    var agentImage: String?

    @Option(
        help: ArgumentHelp(
            "Where to listen to agents, always within TLS. (default: the port after that of --listen)", valueName: "host:port"))
    var agentListen: String?

    @Option(help: ArgumentHelp("How agents reach that. (default: the host of --public-url, or where it listens)", valueName: "url"))
    var agentUrl: String?

    @Option(help: ArgumentHelp("How long agents' certificates are good; they are renewed by themselves. (default: 24h)", valueName: "time"))
    var agentCertificateLifetime: String?

    @Option(
        help: ArgumentHelp(
            "The certificate of an authority of your own that signs agents' certificates, with those above it, in PEM.", valueName: "file"))
    var agentAuthorityCertificate: String?

    @Option(help: ArgumentHelp("That authority's key, in PEM.", valueName: "file"))
    var agentAuthorityKey: String?

    @Option(
        help: ArgumentHelp(
            "A file of local accounts, with passwords, that are made where they are not there yet; for demonstrations.", valueName: "file"))
    var seedAccounts: String?

    @Option(help: ArgumentHelp("The file of identity providers (OpenID Connect) that people sign in with.", valueName: "file"))
    var identityProviders: String?

    @Option(help: ArgumentHelp("How often the repository is asked for news. (default: 10)", valueName: "seconds"))
    var pollInterval: String?

    @Option(help: ArgumentHelp("How much memory renders may take at once. (default: 512)", valueName: "MiB"))
    var renderMemory: String?

    @Option(help: "What is logged: trace, debug, info, notice, warning, error or critical. (default: info)")
    var logLevel: String?

    @Option(help: .hidden)
    var announce: String?

    func run() async throws {
        let settings = try settings()
        guard let level = Logger.Level(rawValue: settings.logLevel) else { throw Failure("--log-level \(settings.logLevel): unknown") }
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = level
            return handler
        }
        var logger = Logger(label: "flotilla.coordinator")
        logger.logLevel = level
        let announcement = Announcement(file: announce, dataDirectory: settings.dataDirectory)
        let coordinator = try await Coordinator.prepare(try configuration(settings), logger: logger) { url in announcement.ready(at: url) }
        announcement.know(coordinator)
        let group = ServiceGroup(
            configuration: {
                var configuration = ServiceGroupConfiguration(
                    services: [coordinator], gracefulShutdownSignals: [.sigint, .sigterm], logger: logger)
                // Parked requests are answered within this; what then still runs loses nothing by being cut off.
                configuration.maximumGracefulShutdownDuration = .seconds(10)
                return configuration
            }())
        try await group.run()
    }

    private func settings() throws -> ServeSettings {
        var file: Value?
        if let path = configuration ?? Environment["FLOTILLA_CONFIGURATION"] {
            let bytes = try LocalFile.read(path, limit: 1 << 20)
            // JSON is YAML.
            do { file = try YAML.document(bytes) } catch { throw Failure("\(path):\(error)") }
        }
        var options: [ServeSettings.Key: String] = [:]
        options[.listen] = listen
        options[.databaseURL] = databaseUrl
        options[.fleetRepository] = fleetRepository
        options[.branch] = branch
        options[.dataDirectory] = dataDirectory
        options[.tlsCertificate] = tlsCertificate
        options[.tlsKey] = tlsKey
        options.merge(repository.options) { $1 }
        options[.acceptFleetCommit] = acceptFleetCommit
        options[.publicURL] = publicUrl
        options[.agentImage] = agentImage
        options[.agentListen] = agentListen
        options[.agentURL] = agentUrl
        options[.agentCertificateLifetime] = agentCertificateLifetime
        options[.agentAuthorityCertificate] = agentAuthorityCertificate
        options[.agentAuthorityKey] = agentAuthorityKey
        options[.seedAccounts] = seedAccounts
        options[.identityProviders] = identityProviders
        options[.pollInterval] = pollInterval
        options[.renderMemory] = renderMemory
        options[.logLevel] = logLevel
        return try ServeSettings(options: options, environment: { Environment[$0] }, file: file)
    }

    private func configuration(_ settings: ServeSettings) throws -> CoordinatorConfiguration {
        let remote = try settings.connection.remote(settings.fleetRepository)
        var configuration = CoordinatorConfiguration(
            database: try ConnectionSettings(url: settings.databaseURL), fleetRepository: remote, dataDirectory: settings.dataDirectory)
        configuration.host = settings.listen.host
        configuration.port = settings.listen.port
        configuration.branch = settings.branch
        configuration.vouchedCommit = settings.acceptFleetCommit.flatMap { ObjectID(hex: $0.lowercased()) }
        configuration.pollInterval = settings.pollInterval
        configuration.renderMemoryBytes = settings.renderMemory << 20
        configuration.tlsCertificate = settings.tlsCertificate
        configuration.tlsKey = settings.tlsKey
        configuration.publicURL = settings.publicURL
        configuration.agentImage = settings.agentImage
        configuration.identityProviders = settings.identityProviders
        configuration.agentHost = settings.agentListen.host
        configuration.agentPort = settings.agentListen.port
        configuration.agentURL = settings.agentURL
        configuration.agentCertificateLifetime = .seconds(settings.agentCertificateLifetime.seconds)
        if let certificate = settings.agentAuthorityCertificate, let key = settings.agentAuthorityKey {
            configuration.agentAuthority = (certificate, key)
        }
        if let path = settings.seedAccounts {
            let document: Value
            do { document = try YAML.document(try LocalFile.read(path, limit: 1 << 20)) } catch {
                throw Failure("\(path): is not YAML or JSON")
            }
            do { configuration.seedAccounts = try SeedAccount.list(document) } catch { throw Failure("\(path): \(error)") }
        }
        return configuration
    }
}
