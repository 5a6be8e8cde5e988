// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import KubernetesAPI
import Manifests
import SecretsDecryption
import Testing

@testable import FleetAgent

@Suite("Commands about secrets", .serialized, .timeLimit(.minutes(2))) struct CommandSecretTests {
    private static let password = "correct-horse-battery"
    private static let path = "/api/v1/namespaces/shop/secrets/db"

    private static func leaks(_ result: CommandResult?, _ texts: String...) -> [String] {
        let said = JSON.text(result?.json ?? .null)
        return texts.flatMap { [$0, String(Base64.encode(Array($0.utf8)).prefix { $0 != "=" }.dropLast())] }.filter { said.contains($0) }
    }

    @Test("A dry run of encrypted objects is of what they hold, and tells nothing of it")
    func dryRun() async throws {
        let key = try EncryptedObject.newIdentity()
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            cluster.give(key)
            try await cluster.withAgent {
                coordinator.want("web", 1, encrypted: [try EncryptedObject(secret("db", ["password": Self.password]), for: key)])
                await coordinator.wait("web", 1, .synced, .current)
                let same = await coordinator.done(.dryRun(Command.DryRun(application: "web")))
                #expect(same?.message == "1 unchanged", "\(String(describing: same))")
                await coordinator.pause([
                    DriftPause(
                        application: "web", until: AgentClock.system.now() + .seconds(3_600), reason: "night", requestedBy: "ada")
                ])
                cluster.edit(Self.path, ["stringData": ["password": "changed-by-a-hand"]])
                await coordinator.wait { $0.events.contains { $0.kind == .drift } }
                let trial = await coordinator.done(.dryRun(Command.DryRun(application: "web")))
                #expect(trial?.message == "1 change", "\(String(describing: trial))")
                let change = trial?.output["objects"]?.list?.first?["changes"]?.list?.first
                #expect(change?["path"] == "/data/password" && change?["before"]?.string?.hasPrefix("<hidden ") == true)
                #expect(change?["before"] != change?["after"])
                #expect(Self.leaks(trial, Self.password, "changed-by-a-hand").isEmpty)
                #expect(cluster.value("db", "password") == "changed-by-a-hand")
            }
        }
    }

    @Test("A dry run without the key says which objects cannot be had in clear")
    func noKey() async throws {
        let (key, other) = (try EncryptedObject.newIdentity(), try EncryptedObject.newIdentity())
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            cluster.give(other)
            try await cluster.withAgent {
                coordinator.want(
                    "web", 1, [configMap("a", ["k": "1"])],
                    encrypted: [try EncryptedObject(secret("db", ["password": Self.password]), for: key)])
                await coordinator.wait { $0.applications["web"]?.message.isEmpty == false }
                let trial = await coordinator.done(.dryRun(Command.DryRun(application: "web")))
                #expect(trial?.outcome == .failed)
                let failed = trial?.output["objects"]?.list?.first { $0["action"] == "error" }
                #expect(failed?["object"] == "Secret shop/db" && failed?["message"]?.string?.contains("cannot be decrypted") == true)
                #expect(Self.leaks(trial, Self.password).isEmpty)
            }
        }
    }
}
