// SPDX-License-Identifier: Apache-2.0
import GitRepository
import PostgresClient
import Promotion
import Testing

@testable import FleetCoordinator

@Suite("The fleet repository over ssh", .serialized, .enabled(if: TestSSHServer.isAvailable, "needs sshd"))
struct ConnectionTests {
    @Test("a release is followed, recorded and rolled out over ssh")
    func journey() async throws {
        var server: TestSSHServer?
        let fleet = try await TestFleet(files: JourneyTests.files(approvals: 0)) { path in
            let folder = path.split(separator: "/").dropLast().map { "/\($0)" }.joined() + "/ssh"
            try Folders.make(folder)
            let made = try TestSSHServer(folder)
            server = made
            return try made.settings(path)
        }
        #expect(fleet.mirror.remote.url == server?.url(fleet.remote))
        try await fleet.settle(clusters: JourneyTests.clusters, rounds: 30)
        let production = try #require(try await fleet.stage("shop/production"))
        #expect(production.running?.verdict == .verified)
        // What was pushed over ssh is in the repository itself.
        let other = try await GitMirror.open(
            at: "\(fleet.folder)/other", remote: RemoteSettings(url: fleet.remote), threads: fleet.threads)
        #expect(try await other.head(of: "flotilla/shop/production").map { "\($0)" } == production.running?.commit)
        #expect(try await other.head(of: "flotilla-journal/shop") != nil)
        await other.close()

        // A host that is not known is not spoken to: what was known stays, and the reason can be read.
        var stranger = fleet.mirror.remote
        stranger.knownHosts = KnownHosts()
        await #expect {
            _ = try await GitMirror.open(at: "\(fleet.folder)/stranger", remote: stranger, threads: fleet.threads)
        } throws: { error in
            "\(error)".contains("the host is not trusted") && "\(error)".contains("SHA256:")
        }
        await fleet.store.database.close()
        await fleet.mirror.close()
        withExtendedLifetime(server) {}
    }
}
