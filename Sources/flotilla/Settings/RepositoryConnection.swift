// SPDX-License-Identifier: Apache-2.0
import GitRepository

/// How the fleet repository is reached: files that hold what is secret, and never the secrets themselves.
struct RepositoryConnection: Sendable, Equatable {
    typealias Key = ServeSettings.Key

    /// The settings that are about it, in the order in which they are documented.
    static let keys: [Key] = [
        .repositoryTokenFile, .repositoryUser, .repositoryCertificateAuthority, .repositorySSHKey, .repositorySSHPassphraseFile,
        .repositoryKnownHosts, .repositoryProxy, .repositoryProxyCredentialFile,
    ]

    /// What is said, by setting.
    let options: [Key: String]

    init(_ options: [Key: String]) throws(Failure) {
        self.options = options
        if options[.repositoryTokenFile] != nil, options[.repositorySSHKey] != nil {
            throw Failure(
                "\(Key.repositoryTokenFile.option) and \(Key.repositorySSHKey.option) are both given",
                hint: "a token is for https, a key for ssh")
        }
        let pairs: [(Key, Key)] = [
            (.repositoryUser, .repositoryTokenFile), (.repositorySSHPassphraseFile, .repositorySSHKey),
            (.repositoryProxyCredentialFile, .repositoryProxy),
        ]
        for (key, other) in pairs where options[key] != nil && options[other] == nil {
            throw Failure("\(key.option) does not go without \(other.option)")
        }
    }

    /// For a coordinator in a process of its own; files by their absolute paths.
    var arguments: [String] {
        Self.keys.flatMap { key -> [String] in
            guard let value = options[key] else { return [] }
            let isText = key == .repositoryUser || key == .repositoryProxy
            return [key.option, isText ? value : LocalFile.absolute(value)]
        }
    }

    /// The remote with everything that the files hold.
    func remote(_ url: String) throws -> RemoteSettings {
        var remote = RemoteSettings(url: url)
        if let path = options[.repositoryTokenFile] {
            remote.credential = .token(username: options[.repositoryUser] ?? "git", password: try LocalFile.secret(path))
        }
        if let path = options[.repositorySSHKey] {
            var passphrase: String?
            if let file = options[.repositorySSHPassphraseFile] { passphrase = try Self.line(of: file, what: "passphrase") }
            remote.credential = .key(
                try SSHPrivateKey(try LocalFile.read(path, limit: 64 << 10), passphrase: passphrase, name: path))
        }
        if let path = options[.repositoryKnownHosts] {
            let text = String(decoding: try LocalFile.read(path, limit: 1 << 20), as: UTF8.self)
            remote.knownHosts = try KnownHosts(parsing: text, name: path)
        }
        if let proxy = options[.repositoryProxy] {
            var name: String?
            var password: String?
            if let path = options[.repositoryProxyCredentialFile] {
                let line = try Self.line(of: path, what: "credential")
                let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
                guard parts.count == 2 else { throw Failure("\(path): not of the form user:password") }
                (name, password) = (String(parts[0]), String(parts[1]))
            }
            remote.proxy = try ProxySettings(url: proxy, username: name, password: password)
        }
        remote.certificateAuthority = options[.repositoryCertificateAuthority].map(LocalFile.absolute)
        return remote
    }

    /// The first line of a file, with the spaces that belong to it.
    private static func line(of path: String, what: String) throws(Failure) -> String {
        let text = String(decoding: try LocalFile.read(path, limit: 64 << 10), as: UTF8.self)
        let line = String(text.prefix { !$0.isNewline })
        guard !line.isEmpty else { throw Failure("\(path): there is no \(what) in this file") }
        return line
    }
}
