// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import HTTPTransport
import Manifests

/// Where the coordinator is and how to sign in, for every command that talks to one.
struct ClientOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The coordinator's URL. (environment: FLOTILLA_SERVER)", valueName: "url"))
    var server: String?

    @Option(help: ArgumentHelp("The file with the access token. (environment: FLOTILLA_TOKEN_FILE)", valueName: "file"))
    var tokenFile: String?

    @Option(help: ArgumentHelp("The data directory whose client.json says both. (environment: FLOTILLA_DATA)", valueName: "folder"))
    var data: String?

    @Option(help: ArgumentHelp("Certificates to trust instead of the system's, in PEM. (environment: FLOTILLA_CA_FILE)", valueName: "file"))
    var certificateAuthority: String?

    /// The file with the certificates to trust, where one is named.
    var authorityFile: String? { certificateAuthority ?? Environment["FLOTILLA_CA_FILE"] }

    /// A client for the coordinator that these options, the environment or the data directory name.
    func client() throws -> CoordinatorClient {
        var server = self.server ?? Environment["FLOTILLA_SERVER"]
        var tokenFile = self.tokenFile ?? Environment["FLOTILLA_TOKEN_FILE"]
        if server == nil || tokenFile == nil {
            let path = DataDirectory(data).clientFile
            let known = try? JSON.read(LocalFile.read(path, limit: 64 << 10))
            server = server ?? known?["server"]?.string
            tokenFile = tokenFile ?? known?["tokenFile"]?.string
            guard server != nil else {
                throw Failure(
                    "there is no coordinator to ask: neither --server nor FLOTILLA_SERVER is set, and there is no \(path)",
                    hint: "start one with `flotilla up`, or name one with --server URL --token-file FILE")
            }
        }
        guard let server, let tokenFile else {
            throw Failure("there is no access token: set --token-file or FLOTILLA_TOKEN_FILE")
        }
        var trust = TrustSettings.system
        if let path = authorityFile {
            trust.certificateAuthority = try LocalFile.read(path, limit: 4 << 20)
        }
        return CoordinatorClient(server: server, token: try LocalFile.secret(tokenFile), trust: trust)
    }
}
