// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Manifests
import Testing

@testable import flotilla

@Suite("Serve settings") struct ServeSettingsTests {
    private let needed: [ServeSettings.Key: String] = [
        .databaseURL: "postgresql:///flotilla", .fleetRepository: "file:///fleet.git", .dataDirectory: "/data",
    ]

    @Test("every setting has an option and a variable")
    func names() {
        #expect(ServeSettings.Key.databaseURL.option == "--database-url")
        #expect(ServeSettings.Key.databaseURL.variable == "FLOTILLA_DATABASE_URL")
        #expect(ServeSettings.Key.listen.variable == "FLOTILLA_LISTEN")
        #expect(ServeSettings.Key.repositoryTokenFile.variable == "FLOTILLA_REPOSITORY_TOKEN_FILE")
    }

    @Test("the command line goes before the environment, and that before the file")
    func precedence() throws {
        let file: Value = ["listen": "127.0.0.1:1", "branch": "file", "pollInterval": 3, "renderMemory": 100, "publicUrl": "https://file"]
        let environment = ["FLOTILLA_LISTEN": "127.0.0.1:2", "FLOTILLA_BRANCH": "environment"]
        let settings = try ServeSettings(
            options: needed.merging([.listen: "127.0.0.1:3"]) { $1 }, environment: { environment[$0] }, file: file)
        #expect(settings.listen == ListenAddress(host: "127.0.0.1", port: 3))
        #expect(settings.branch == "environment")
        #expect(settings.pollInterval == .seconds(3))
        #expect(settings.renderMemory == 100)
        #expect(settings.publicURL == "https://file")
    }

    @Test("how the repository is reached can be said on the command line, and handed on")
    func connection() throws {
        #expect(ServeSettings.Key.repositorySSHKey.option == "--repository-ssh-key")
        #expect(ServeSettings.Key.repositorySSHKey.variable == "FLOTILLA_REPOSITORY_SSH_KEY")
        let options: [ServeSettings.Key: String] = [
            .repositorySSHKey: "/keys/id", .repositoryKnownHosts: "/keys/known_hosts", .repositoryProxy: "http://proxy.example:3128",
        ]
        let settings = try ServeSettings(options: needed.merging(options) { $1 }, environment: { _ in nil }, file: nil)
        #expect(settings.connection.options == options)
        #expect(
            settings.connection.arguments == [
                "--repository-ssh-key", "/keys/id", "--repository-known-hosts", "/keys/known_hosts", "--repository-proxy",
                "http://proxy.example:3128",
            ])
        #expect(try Serve.parse(settings.connection.arguments).repository.options == options)
    }

    @Test(
        "what does not go together is refused",
        arguments: [
            [.repositorySSHKey: "a", .repositoryTokenFile: "b"], [.repositoryUser: "a"], [.repositorySSHPassphraseFile: "a"],
            [.repositoryProxyCredentialFile: "a"], [.acceptFleetCommit: "main"],
        ] as [[ServeSettings.Key: String]])
    func apart(_ options: [ServeSettings.Key: String]) {
        #expect(throws: Failure.self) {
            try ServeSettings(options: needed.merging(options) { $1 }, environment: { _ in nil }, file: nil)
        }
    }

    @Test("what is missing is named in all three ways")
    func missing() {
        let error = #expect(throws: Failure.self) { try ServeSettings(options: [:], environment: { _ in nil }, file: nil) }
        #expect(error?.description.contains("--database-url is missing") == true)
        #expect(error?.description.contains("FLOTILLA_DATABASE_URL") == true)
        #expect(error?.description.contains("databaseUrl") == true)
    }

    @Test(
        "what makes no sense is refused",
        arguments: [
            ["listn": "x"], ["listen": ["x"]], ["listen": "nowhere"], ["pollInterval": "0"], ["renderMemory": "1"], ["tlsKey": "key.pem"],
            ["listen": "h:99999"],
        ] as [Value])
    func wrong(_ file: Value) {
        #expect(throws: Failure.self) { try ServeSettings(options: needed, environment: { _ in nil }, file: file) }
    }
}
