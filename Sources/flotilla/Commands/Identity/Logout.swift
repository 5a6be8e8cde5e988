// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Manifests

struct Logout: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Revoke the token of this machine, and forget it.",
        discussion: """
            Examples:
              flotilla logout
              flotilla logout --server https://flotilla.example
            """)

    @OptionGroup var client: ClientOptions

    func run() async throws {
        let server = try client.coordinator()
        var stored = try StoredCredentials.read()
        guard let entry = stored[server] else {
            throw Failure("nobody is signed in to \(server) here", hint: "'flotilla whoami' says as whom commands are sent")
        }
        let coordinator = CoordinatorClient(server: server, token: entry.token, trust: try client.trust)
        var problem: (any Error)?
        do { _ = try await coordinator.delete("/session") } catch {
            // One that is good no more need not be revoked.
            if (error as? APIFailure)?.status != 401 { problem = error }
        }
        await coordinator.shutdown()
        stored.forget(server)
        try stored.write()
        if let problem {
            throw Failure(
                "the token '\(entry.name)' was forgotten here, but not revoked: \(problem)",
                hint: "revoke it in the browser, under your account, or from another machine with 'flotilla token revoke \(entry.name)'")
        }
        Terminal.print("Signed out of \(server)")
    }
}
