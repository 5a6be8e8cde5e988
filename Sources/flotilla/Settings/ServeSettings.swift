// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import GitRepository
import Manifests

/// What a coordinator is started with, from the command line, the environment and a configuration file, the first that says something.
struct ServeSettings: Sendable, Equatable {
    /// One setting under its three names.
    enum Key: String, CaseIterable, Sendable {
        case listen
        case databaseURL = "databaseUrl"
        case fleetRepository, branch, dataDirectory
        case tlsCertificate, tlsKey
        case repositoryTokenFile, repositoryUser, repositoryCertificateAuthority
        case repositorySSHKey = "repositorySshKey"
        case repositorySSHPassphraseFile = "repositorySshPassphraseFile"
        case repositoryKnownHosts, repositoryProxy, repositoryProxyCredentialFile, acceptFleetCommit
        case publicURL = "publicUrl"
        case agentImage, agentListen, seedAccounts, identityProviders
        case agentURL = "agentUrl"
        case agentCertificateLifetime, agentAuthorityCertificate, agentAuthorityKey
        case pollInterval, renderMemory, logLevel

        /// `FLOTILLA_DATABASE_URL`
        var variable: String { "FLOTILLA_" + words.joined(separator: "_").uppercased() }
        /// `--database-url`
        var option: String { "--" + words.joined(separator: "-") }

        private var words: [String] {
            var words: [String] = [""]
            for character in rawValue {
                if character.isUppercase { words.append("") }
                words[words.count - 1] += character.lowercased()
            }
            return words
        }
    }

    var listen: ListenAddress
    var databaseURL: String
    var fleetRepository: String
    var branch: String
    var dataDirectory: String
    var tlsCertificate: String?
    var tlsKey: String?
    var connection: RepositoryConnection
    /// The full name of a commit that comes into force whoever signed it.
    var acceptFleetCommit: String?
    var publicURL: String?
    /// The agents' image, for manifests and upgrades that name none.
    var agentImage: String?
    /// The file of identity providers.
    var identityProviders: String?
    /// Where agents are listened to.
    var agentListen: ListenAddress
    /// How agents reach that.
    var agentURL: String?
    var agentCertificateLifetime: TimeSpan
    /// An authority of somebody else's making: its certificate with those above it, and its key, as paths of PEM files.
    var agentAuthorityCertificate: String?
    var agentAuthorityKey: String?
    /// A file of accounts that are made where they are not there yet.
    var seedAccounts: String?
    var pollInterval: Duration
    /// MiB that renders may take at once.
    var renderMemory: Int
    var logLevel: String

    /// - Parameters:
    ///   - options: what the command line says.
    ///   - environment: gives a variable's value, `nil` where it is not set.
    ///   - file: the configuration file's contents; `nil` where there is none.
    init(options: [Key: String], environment: (String) -> String?, file: Value?) throws(Failure) {
        let settings = try Self.read(file)
        func value(_ key: Key) -> String? { options[key] ?? environment(key.variable) ?? settings[key] }
        func needed(_ key: Key) throws(Failure) -> String {
            guard let value = value(key) else {
                throw Failure(
                    "\(key.option) is missing", hint: "say it on the command line, as \(key.variable), or as \(key.rawValue) in the file")
            }
            return value
        }
        listen = try ListenAddress(value(.listen) ?? "127.0.0.1:8480")
        databaseURL = try needed(.databaseURL)
        fleetRepository = try needed(.fleetRepository)
        dataDirectory = LocalFile.absolute(try needed(.dataDirectory))
        branch = value(.branch) ?? "main"
        tlsCertificate = value(.tlsCertificate)
        tlsKey = value(.tlsKey)
        var reaching: [Key: String] = [:]
        for key in RepositoryConnection.keys { reaching[key] = value(key) }
        connection = try RepositoryConnection(reaching)
        acceptFleetCommit = value(.acceptFleetCommit)
        if let commit = acceptFleetCommit, ObjectID(hex: commit.lowercased()) == nil {
            throw Failure("\(Key.acceptFleetCommit.option) \(commit.prefix(80)): not the full name of a commit")
        }
        publicURL = value(.publicURL)
        agentImage = value(.agentImage)
        if let agentImage, !AgentImage.isValid(agentImage) {
            throw Failure(
                "\(Key.agentImage.option) \(agentImage): no name of a container image, such as registry.example/flotilla-agent:1.0")
        }
        // Next to where people are listened to.
        let next = listen.port == 0 || listen.port == Int(UInt16.max) ? 0 : listen.port + 1
        agentListen =
            try value(.agentListen).map { (text) throws(Failure) in try ListenAddress(text) }
            ?? ListenAddress(host: listen.host, port: next)
        agentURL = value(.agentURL).map { String($0.reversed().drop { $0 == "/" }.reversed()) }
        if let agentURL, !agentURL.hasPrefix("https://") || agentURL.utf8.count < 9 {
            throw Failure("\(Key.agentURL.option) \(agentURL): no https URL", hint: "agents are only listened to within TLS")
        }
        let lifetime = value(.agentCertificateLifetime) ?? "24h"
        guard let span = TimeSpan(argument: lifetime), Self.certificateLifetime.contains(span.seconds) else {
            throw Failure("\(Key.agentCertificateLifetime.option) \(lifetime): not a time from 10m to 90d, such as 24h")
        }
        agentCertificateLifetime = span
        agentAuthorityCertificate = value(.agentAuthorityCertificate)
        agentAuthorityKey = value(.agentAuthorityKey)
        if (agentAuthorityCertificate == nil) != (agentAuthorityKey == nil) {
            throw Failure("\(Key.agentAuthorityCertificate.option) and \(Key.agentAuthorityKey.option) go together")
        }
        seedAccounts = value(.seedAccounts)
        identityProviders = value(.identityProviders).map { LocalFile.absolute($0) }
        logLevel = value(.logLevel) ?? "info"
        let interval = value(.pollInterval) ?? "10"
        guard let seconds = Double(interval), seconds >= 0.1, seconds <= 86_400 else {
            throw Failure("\(Key.pollInterval.option) \(interval): not a number of seconds from 0.1 to 86400")
        }
        pollInterval = .milliseconds(Int64(seconds * 1_000))
        let memory = value(.renderMemory) ?? "512"
        guard let mebibytes = Int(memory), (64...1_048_576).contains(mebibytes) else {
            throw Failure("\(Key.renderMemory.option) \(memory): not a number of MiB from 64 to 1048576")
        }
        renderMemory = mebibytes
        if (tlsCertificate == nil) != (tlsKey == nil) { throw Failure("--tls-certificate and --tls-key go together") }
    }

    /// Seconds that an agent's certificate may be good.
    private static let certificateLifetime: ClosedRange<Int64> = 600...7_776_000

    private static func read(_ file: Value?) throws(Failure) -> [Key: String] {
        guard let file, !file.isNull else { return [:] }
        guard let map = file.map else { throw Failure("the configuration file holds \(file.kindName), not a map of settings") }
        var settings: [Key: String] = [:]
        for entry in map {
            guard let key = Key(rawValue: entry.key) else {
                let known = Key.allCases.map(\.rawValue).joined(separator: ", ")
                throw Failure("the configuration file has an unknown setting '\(entry.key)'", hint: "known are \(known)")
            }
            switch entry.value {
            case .string(let text): settings[key] = text
            case .int(let number): settings[key] = "\(number)"
            case .decimal(let number): settings[key] = "\(number)"
            case .null: break
            case .bool, .list, .map: throw Failure("'\(entry.key)' in the configuration file is \(entry.value.kindName), not a text")
            }
        }
        return settings
    }
}
