// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("Program") struct ProgramTests {
    static let verbs = [
        ["up"], ["serve"], ["simulate"], ["status"], ["get"], ["why"], ["history"], ["events"], ["promote"], ["approve"], ["reject"],
        ["pause"], ["resume"], ["rollback"], ["validate"], ["render"], ["cluster", "enroll"],
        ["cluster", "upgrade-agents"], ["cluster", "uninstall-manifest"], ["allowed-signers"], ["access", "check"],
        ["secrets", "keygen"], ["secrets", "encrypt"], ["secrets", "decrypt"],
        ["sync"], ["dry-run"], ["run-job"], ["logs"],
        ["login"], ["logout"], ["whoami"], ["token", "create"], ["token", "list"], ["token", "revoke"],
        ["account", "create"], ["account", "list"], ["account", "groups"], ["account", "set-password"], ["account", "disable"],
        ["account", "enable"], ["account", "delete"],
    ]

    private func flotilla(_ arguments: [String], _ environment: [String: String] = [:]) async throws -> ProgramResult {
        try await run(try PackageFolder.program("flotilla"), arguments, environment: environment)
    }

    @Test("every verb explains itself with examples", arguments: verbs)
    func help(_ verb: [String]) async throws {
        let result = try await flotilla(verb + ["--help"])
        #expect(result.code == 0)
        let examples = result.output.components(separatedBy: "Examples:").last ?? ""
        let line = "flotilla \(verb.joined(separator: " "))"
        #expect(
            examples.components(separatedBy: "\n").filter { $0.contains("flotilla") || $0.contains("kubectl") || $0.contains("git ") }.count
                >= 2)
        #expect(examples.contains(line))
    }

    @Test("the help names the exit codes")
    func exitCodes() async throws {
        let result = try await flotilla(["--help"])
        #expect(result.code == 0)
        #expect(result.output.contains("0 done; 1 failed; 2 the command line is wrong; 3 "))
    }

    @Test(
        "a wrong command line is exit code 2",
        arguments: [
            ["fly"], ["get"], ["get", "ships"], ["approve", "storefront"], ["history", "a/b", "--limit", "0"], ["rollback", "a/b"],
            ["promote", "a/b", "--override"], ["up", "--clusters", "2"], ["up", "--output", "json"], ["render", "x", "--variable", "y"],
            ["pause", "web", "--reason", "x"], ["pause", "a/b", "--reason", "x", "--for", "1h"], ["logs", "x", "--cluster", "c"],
            ["pause", "web", "--reason", "x", "--drift", "--cluster", "c", "--for", "10"], ["sync", "web"], ["get", "pods", "-n", "x"],
        ])
    func usage(_ arguments: [String]) async throws {
        let result = try await flotilla(arguments)
        #expect(result.code == 2)
        #expect(result.output.isEmpty)
        #expect(result.errors.contains("Error:"))
    }

    @Test("what fails is exit code 1, and says how to mend it")
    func failure() async throws {
        let result = try await withTemporaryFolder {
            try await flotilla(["status", "--data", $0], ["FLOTILLA_SERVER": "", "FLOTILLA_CONFIG": "\($0)/credentials.json"])
        }
        #expect(result.code == 1)
        #expect(result.output.isEmpty)
        #expect(result.errors.hasPrefix("flotilla: error: there is no coordinator to ask"))
        #expect(result.errors.contains("hint: start one with `flotilla up`"))
    }

    @Test("a coordinator that is away is named")
    func away() async throws {
        try await withTemporaryFolder { folder in
            try Data("secret-token\n".utf8).write(to: URL(fileURLWithPath: "\(folder)/token"))
            let result = try await flotilla(["status", "--server", "http://127.0.0.1:1", "--token-file", "\(folder)/token"])
            #expect(result.code == 1)
            #expect(result.errors.contains("http://127.0.0.1:1/api/v1/status"))
            #expect(!result.errors.contains("secret-token"))
        }
    }

    @Test("the example fleet is valid")
    func validate() async throws {
        let result = try await flotilla(["validate"])
        #expect(result.code == 0, "\(result.output)")
        #expect(result.output.isEmpty)
        #expect(result.errors.contains("0 errors, 0 warnings"))
    }

    @Test("a broken declaration is exit code 1, with its place")
    func invalid() async throws {
        try await withTemporaryFolder { folder in
            let clusters = "\(folder)/fleet/clusters"
            try FileManager.default.createDirectory(atPath: clusters, withIntermediateDirectories: true)
            let text = "apiVersion: flotilla.dev/v1alpha1\nkind: Cluster\nmetadata:\n  name: one\nspec:\n  pausd: true\n"
            try Data(text.utf8).write(to: URL(fileURLWithPath: "\(clusters)/one.yaml"))
            let result = try await flotilla(["validate", folder])
            #expect(result.code == 1)
            #expect(result.output.contains("\(folder)/fleet/clusters/one.yaml:6:3: error[unknown-field]"))
        }
    }

    @Test("an example overlay renders, and nothing else is printed")
    func render() async throws {
        let result = try await flotilla(["render", "environments/production/storefront"])
        #expect(result.code == 0, "\(result.errors)")
        #expect(result.output.contains("kind: Deployment"))
        #expect(result.output.contains("\n---\n"))
        #expect(result.errors.isEmpty)
        #expect(!result.output.contains("\u{1B}["))
    }

    @Test("what cannot be rendered is refused with a line that says why")
    func refusal() async throws {
        try await withTemporaryFolder { folder in
            try Data("resources: [missing.yaml]\n".utf8).write(to: URL(fileURLWithPath: "\(folder)/kustomization.yaml"))
            let result = try await flotilla(["render", folder])
            #expect(result.code == 1)
            #expect(result.output.isEmpty)
            #expect(result.errors.contains("missing.yaml"))
        }
    }
}
