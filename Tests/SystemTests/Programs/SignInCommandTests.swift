// SPDX-License-Identifier: Apache-2.0
import Foundation
import Manifests
import Testing

/// Accounts, signing in and tokens, through the real programs.
@Suite("Signing in from a shell", .serialized) struct SignInCommandTests {
    private let password = "correct horse battery"

    @Test("an account is made, signs in, makes a token, and signs out", .timeLimit(.minutes(3)))
    func verbs() async throws {
        try await withTemporaryFolder { folder in
            let fleet = try await RunningFleet(folder: folder)
            do {
                try await fleet.startPostgres()
                try await fleet.startCoordinator(crashAt: nil)
                try await fleet.waitUntilReady()
                try await use(fleet, folder)
            } catch {
                Issue.record("\(error)\n\(fleet.logTails())")
            }
            await fleet.stop()
        }
    }

    private func use(_ fleet: RunningFleet, _ folder: String) async throws {
        let environment = ["FLOTILLA_CONFIG": "\(folder)/home/credentials.json", "FLOTILLA_DATA": "\(folder)/nothing"]
        func flotilla(_ arguments: String...) async throws -> ProgramResult {
            try await run(try PackageFolder.program("flotilla"), arguments, environment: environment)
        }
        func administrator(_ arguments: String...) async throws -> ProgramResult {
            try await run(
                try PackageFolder.program("flotilla"),
                arguments + ["--server", fleet.server, "--token-file", "\(folder)/data/admin-token"], environment: environment)
        }
        try Data("\(password)\n".utf8).write(to: URL(fileURLWithPath: "\(folder)/password"))

        let made = try await administrator("account", "create", "anna", "--group", "web", "--reason", "a test")
        let generated = made.output.trimmingCharacters(in: .newlines)
        #expect(made.code == 0 && generated.count == 23, "\(made.errors)")
        let again = try await administrator("account", "create", "anna")
        #expect(again.code == 1 && again.errors.contains("there is an account 'anna'"))
        let set = try await administrator("account", "set-password", "anna", "--password-file", "\(folder)/password")
        #expect(set.code == 0 && set.output.isEmpty, "\(set.errors)")
        let groups = try await administrator("account", "groups", "anna", "--add", "ops", "--remove", "web")
        #expect(groups.output == "ops\n", "\(groups.errors)")
        let list = try await administrator("account", "list")
        #expect(list.output.contains("anna") && list.output.contains("enabled"), "\(list.errors)")

        let nobody = try await flotilla("whoami", "--server", fleet.server)
        #expect(nobody.code == 1 && nobody.errors.contains("flotilla login --server \(fleet.server)"))
        try Data("\(generated)\n".utf8).write(to: URL(fileURLWithPath: "\(folder)/wrong"))
        let wrong = try await flotilla("login", "--server", fleet.server, "--account", "anna", "--password-file", "\(folder)/wrong")
        #expect(wrong.code == 1 && wrong.errors.contains("do not go together") && !wrong.errors.contains(generated))
        let clear = try await flotilla(
            "login", "--server", "http://flotilla.example", "--account", "anna", "--password-file", "\(folder)/password")
        #expect(clear.code == 1 && clear.errors.contains("not encrypted"))

        let login = try await flotilla("login", "--server", fleet.server, "--account", "anna", "--password-file", "\(folder)/password")
        #expect(login.code == 0 && login.output.contains("as anna, until"), "\(login.errors)")
        let file = "\(folder)/home/credentials.json"
        let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        let stored = try String(contentsOfFile: file, encoding: .utf8)
        #expect(stored.contains("flotilla_pat_") && !stored.contains(password))
        // The coordinator need not be named any more.
        let who = try await flotilla("whoami")
        #expect(who.code == 0 && who.output.contains("anna") && who.output.contains("ops") && who.output.contains("Until"), "\(who.errors)")
        // No access policy is declared: anna may nothing, and is told what to do.
        let status = try await flotilla("status")
        #expect(status.code == 1 && status.errors.contains("AccessPolicy"), "\(status.errors)")

        let token = try await flotilla("token", "create", "ci", "--expires", "1d", "--role", "viewer", "--pipeline", "shop")
        #expect(token.code == 0 && token.output.hasPrefix("flotilla_pat_"), "\(token.errors)")
        try Data(token.output.utf8).write(to: URL(fileURLWithPath: "\(folder)/ci"))
        let narrow = try await flotilla("whoami", "--server", fleet.server, "--token-file", "\(folder)/ci", "-o", "json")
        #expect(try JSON.read(narrow.output)["permissions"]?.list == ["read"] && JSON.read(narrow.output)["pipelines"]?.list == ["shop"])
        let longer = try await flotilla("token", "create", "long", "--expires", "31d")
        #expect(longer.code == 1 && longer.errors.contains("flotilla login --expires"))
        let tokens = try await flotilla("token", "list")
        #expect(tokens.output.contains("ci") && tokens.output.contains("viewer") && tokens.output.contains("login-"), "\(tokens.errors)")
        #expect(try await flotilla("token", "revoke", "ci").code == 0)
        let revoked = try await flotilla("whoami", "--server", fleet.server, "--token-file", "\(folder)/ci")
        #expect(revoked.code == 1 && revoked.errors.contains("nobody is signed in"), "\(revoked.errors)")

        // Signing in again takes the place of the last time.
        let second = try await flotilla("login", "--account", "anna", "--password-file", "\(folder)/password", "--expires", "8h")
        #expect(second.code == 0, "\(second.errors)")
        let all = try await flotilla("token", "list", "-o", "json")
        #expect(try JSON.read(all.output).list?.count == 1)

        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: file)
        let open = try await flotilla("whoami")
        #expect(open.code == 1 && open.errors.contains("chmod 600"))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)

        let out = try await flotilla("logout")
        #expect(out.code == 0 && out.output.contains("Signed out"), "\(out.errors)")
        #expect(try !String(contentsOfFile: file, encoding: .utf8).contains("flotilla_pat_"))
        let left = try await administrator("token", "list", "--account", "anna")
        #expect(left.output.contains("There are no tokens"), "\(left.errors)")
        #expect(try await flotilla("logout", "--server", fleet.server).code == 1)

        #expect(try await administrator("account", "disable", "anna", "--reason", "gone").code == 0)
        let disabled = try await flotilla("login", "--server", fleet.server, "--account", "anna", "--password-file", "\(folder)/password")
        #expect(disabled.code == 1 && disabled.errors.contains("do not go together"))
        #expect(try await administrator("account", "enable", "anna").code == 0)
        #expect(try await administrator("account", "delete", "anna").code == 0)
        let gone = try await administrator("account", "disable", "anna")
        #expect(gone.code == 1 && gone.errors.contains("there is no local account 'anna'"))
        // In the whole database there is neither the password nor a token; the log has neither.
        let log = try String(contentsOfFile: "\(folder)/logs/coordinator.log", encoding: .utf8)
        #expect(!log.contains(password) && !log.contains("flotilla_pat_") && !log.contains(generated))
    }
}
