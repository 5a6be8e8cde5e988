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

    var trust: TrustSettings {
        get throws(Failure) {
            var trust = TrustSettings.system
            if let path = authorityFile { trust.certificateAuthority = try LocalFile.read(path, limit: 4 << 20) }
            return trust
        }
    }

    /// The coordinator's URL: named by an option or the environment, by the data directory, or the one that was signed in to last.
    func coordinator() throws(Failure) -> String {
        if let server = server ?? Environment["FLOTILLA_SERVER"] { return server }
        // A data directory that is named goes before what this person did elsewhere.
        let isNamed = data != nil || Environment["FLOTILLA_DATA"] != nil
        if isNamed, let server = fromDataDirectory?["server"]?.string { return server }
        if let last = try StoredCredentials.read().entries.first { return last.server }
        if let server = fromDataDirectory?["server"]?.string { return server }
        throw Failure(
            "there is no coordinator to ask: neither --server nor FLOTILLA_SERVER is set, nobody has signed in with 'flotilla login', and "
                + "there is no \(DataDirectory(data).clientFile)",
            hint: "start one with `flotilla up`, or sign in to one with `flotilla login --server URL`")
    }

    private var fromDataDirectory: Value? { try? JSON.read(LocalFile.read(DataDirectory(data).clientFile, limit: 64 << 10)) }

    /// A client for the coordinator that these options, the environment or the data directory name, with the token that fits it.
    ///
    /// A token that belongs to one coordinator is never sent to another.
    func client() throws -> CoordinatorClient {
        let server = try coordinator()
        return CoordinatorClient(server: server, token: try token(for: server), trust: try trust)
    }

    private func token(for server: String) throws(Failure) -> String {
        if let path = tokenFile ?? Environment["FLOTILLA_TOKEN_FILE"] { return try LocalFile.secret(path) }
        if let entry = try StoredCredentials.read()[server] { return entry.token }
        if let known = fromDataDirectory, let path = known["tokenFile"]?.string,
            known["server"]?.string.map(StoredCredentials.normal) == StoredCredentials.normal(server)
        {
            return try LocalFile.secret(path)
        }
        throw Failure(
            "there is no access token for \(server)", hint: "sign in with `flotilla login --server \(server)`, or set --token-file")
    }
}
