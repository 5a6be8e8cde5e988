// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// How the fleet repository is reached, on the command line.
struct RepositoryOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The file with the token for the fleet repository, over https.", valueName: "file"))
    var repositoryTokenFile: String?

    @Option(help: ArgumentHelp("The user's name that goes with the token. (default: git)", valueName: "name"))
    var repositoryUser: String?

    @Option(help: ArgumentHelp("Certificates to trust when talking to the repository's host, in PEM.", valueName: "file"))
    var repositoryCertificateAuthority: String?

    @Option(help: ArgumentHelp("The private key for the fleet repository, over ssh.", valueName: "file"))
    var repositorySshKey: String?

    @Option(help: ArgumentHelp("The file with the key's passphrase.", valueName: "file"))
    var repositorySshPassphraseFile: String?

    @Option(help: ArgumentHelp("The ssh hosts that are trusted, as in OpenSSH's known_hosts.", valueName: "file"))
    var repositoryKnownHosts: String?

    @Option(help: ArgumentHelp("The HTTP proxy through which the repository is reached.", valueName: "url"))
    var repositoryProxy: String?

    @Option(help: ArgumentHelp("The file with user:password for the proxy.", valueName: "file"))
    var repositoryProxyCredentialFile: String?

    /// What is said, by setting.
    var options: [ServeSettings.Key: String] {
        var options: [ServeSettings.Key: String] = [:]
        options[.repositoryTokenFile] = repositoryTokenFile
        options[.repositoryUser] = repositoryUser
        options[.repositoryCertificateAuthority] = repositoryCertificateAuthority
        options[.repositorySSHKey] = repositorySshKey
        options[.repositorySSHPassphraseFile] = repositorySshPassphraseFile
        options[.repositoryKnownHosts] = repositoryKnownHosts
        options[.repositoryProxy] = repositoryProxy
        options[.repositoryProxyCredentialFile] = repositoryProxyCredentialFile
        return options
    }
}
