// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import ClusterSimulator
import HTTPTestServer
import KubernetesAPI
import Manifests
import SecretsDecryption
import Testing

@testable import FleetAgent

@Suite(.serialized, .timeLimit(.minutes(2))) struct DecryptionTests {
    private static let password = "correct-horse-battery"
    private static let path = "/api/v1/namespaces/shop/secrets/db"

    @Test("An encrypted Secret is applied in clear, and is nowhere else in clear; encrypted anew it is not touched, changed it is sent")
    func applied() async throws {
        let key = try EncryptedObject.newIdentity()
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            cluster.give(key)
            try await cluster.withAgent {
                let plain = secret("db", ["password": Self.password])
                coordinator.want("web", 1, [configMap("a", ["k": "1"])], encrypted: [try EncryptedObject(plain, for: key)])
                await coordinator.wait("web", 1, .synced, .current)
                #expect(cluster.value("db", "password") == Self.password)
                #expect(cluster.get(Self.path)["sops"] == nil)

                let before = try cluster.agentWrites().count
                let anew = try EncryptedObject(plain, for: key)
                coordinator.want("web", 2, [configMap("a", ["k": "1"])], encrypted: [anew])
                await coordinator.wait("web", 2, .synced, .current)
                #expect(try cluster.agentWrites().count == before)

                // It is healed from the new ciphertext, so that the old one's key may go.
                cluster.edit(Self.path, ["stringData": ["password": "by hand"]])
                await coordinator.wait { $0.events.contains { $0.kind == .healed } }
                #expect(cluster.value("db", "password") == Self.password)
                #expect(try Array(cluster.agentWrites()[before...]) == ["PATCH \(Self.path)"])

                coordinator.want(
                    "web", 3, encrypted: [try EncryptedObject(secret("db", ["password": "changed-\(Self.password)"]), for: key)])
                await coordinator.wait("web", 3, .synced, .current)
                #expect(cluster.value("db", "password") == "changed-\(Self.password)")
            }
            let bytes = try cluster.stateBytes()
            #expect(!bytes.isEmpty && !bytes.contains(text: "battery") && bytes.contains(text: "ENC[AES256_GCM"))
        }
    }

    @Test("A restarted agent heals a decrypted object without the coordinator, and touches nothing that is right")
    func restart() async throws {
        let key = try EncryptedObject.newIdentity()
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            cluster.give(key)
            try await cluster.withAgent {
                coordinator.want(
                    "web", 1,
                    encrypted: [
                        try EncryptedObject(secret("db", ["password": Self.password]), for: key),
                        try EncryptedObject(secret("other", ["password": "another-one"]), for: key),
                    ])
                await coordinator.wait("web", 1, .synced, .current)
            }
            let before = try cluster.agentWrites().count
            cluster.edit(Self.path, ["stringData": ["password": "by hand"]])
            coordinator.stop()
            try await cluster.withAgent {
                try await cluster.has { cluster.value("db", "password") == Self.password }
            }
            #expect(try Array(cluster.agentWrites()[before...]) == ["PATCH \(Self.path)"])
        }
    }

    @Test("A missing key is a clear result, keeps nothing else from working, prunes nothing, and is noticed when it comes")
    func missingKey() async throws {
        let (key, other) = (try EncryptedObject.newIdentity(), try EncryptedObject.newIdentity())
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            try await cluster.withAgent {
                coordinator.want("web", 1, [configMap("a", ["k": "1"]), configMap("b", ["k": "1"]), configMap("c", ["k": "1"])])
                coordinator.want("api", 1, [configMap("api", ["k": "1"])])
                await coordinator.wait("web", 1, .synced, .current)
                let encrypted = try EncryptedObject(secret("db", ["password": Self.password]), for: key)
                coordinator.want("web", 2, [configMap("a", ["k": "2"]), configMap("b", ["k": "1"])], encrypted: [encrypted])
                coordinator.want("api", 2, [configMap("api", ["k": "2"])])
                await coordinator.wait("web", 2, .failed)
                await coordinator.wait("api", 2, .synced, .current)
                let none = coordinator.heard.applications["web"]?.message ?? ""
                #expect(none.contains("Secret shop/db") && none.contains("\(key.recipient)") && none.contains("flotilla-age-keys"))
                #expect(!cluster.get("/api/v1/namespaces/shop/configmaps/c").isNull)

                cluster.give(other)
                await coordinator.wait { $0.applications["web"]?.message.contains("\(other.recipient)") == true }
                let wrong = coordinator.heard.applications["web"]?.message ?? ""
                #expect(wrong.contains("\(key.recipient)") && wrong.contains("readme"))
                #expect(coordinator.heard.applications["web"]?.phase == .failed)
                #expect(!cluster.get("/api/v1/namespaces/shop/configmaps/c").isNull)

                cluster.give(other, key)
                await coordinator.wait("web", 2, .synced, .current)
                #expect(cluster.value("db", "password") == Self.password)
                #expect(cluster.get("/api/v1/namespaces/shop/configmaps/c").isNull)
                let reports = coordinator.requests.map { String(decoding: $0.body, as: UTF8.self) }.joined()
                #expect(!reports.contains(key.secretText) && !reports.contains(other.secretText))
            }
        }
    }

    @Test("A document that was changed is refused, each object by its name, and nothing is pruned or sent")
    func tampered() async throws {
        let key = try EncryptedObject.newIdentity()
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            cluster.give(key)
            try await cluster.withAgent {
                coordinator.want("web", 1, [configMap("a", ["k": "1"]), configMap("b", ["k": "1"]), configMap("c", ["k": "1"])])
                await coordinator.wait("web", 1, .synced, .current)
                let before = try cluster.agentWrites().count
                var changed = try EncryptedObject(secret("db", ["password": Self.password]), for: key)
                changed.original = changed.original.replacing("name: db", with: "name: dc")
                var broken = try EncryptedObject(secret("dd", ["password": Self.password]), for: key)
                broken.original = "password: [\(Self.password)"
                coordinator.want("web", 2, [configMap("a", ["k": "2"]), configMap("b", ["k": "1"])], encrypted: [changed, broken])
                await coordinator.wait("web", 2, .failed)
                let message = coordinator.heard.applications["web"]?.message ?? ""
                #expect(message.hasPrefix("2 of ") && message.contains("sops.mac"))
                let events = coordinator.heard.events.filter { $0.kind == .applyFailed }
                #expect(Set(events.map(\.object)).isSuperset(of: ["Secret shop/db", "Secret shop/dd"]))
                #expect(!events.contains { $0.message.contains(Self.password) })
                #expect(try cluster.agentWrites().count == before)
                coordinator.want(
                    "web", 3, [configMap("a", ["k": "2"]), configMap("b", ["k": "1"])],
                    encrypted: [try EncryptedObject(secret("db", ["password": Self.password]), for: key)])
                await coordinator.wait("web", 3, .synced, .current)
            }
        }
    }

    @Test("A custom resource is decrypted where its document's rule says so, and its drift is healed")
    func customResource() async throws {
        let key = try EncryptedObject.newIdentity()
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            cluster.give(key)
            let widget: Value = [
                "apiVersion": "example.dev/v1", "kind": "Widget", "metadata": ["name": "w"],
                "spec": ["token": .string(Self.password), "pin": 4711, "size": 1],
            ]
            try await cluster.withAgent {
                coordinator.want(
                    "web", 1, [TestCluster.widgets],
                    encrypted: [try EncryptedObject(widget, for: key, rule: .encryptedRegex("^(token|pin)$"))])
                await coordinator.wait("web", 1, .synced, .current)
                let path = "/apis/example.dev/v1/namespaces/shop/widgets/w"
                #expect(cluster.get(path).at("spec", "token")?.string == Self.password)
                #expect(cluster.get(path).at("spec", "pin") == 4711)
                cluster.edit(path, ["spec": ["pin": 1]])
                await coordinator.wait { $0.events.contains { $0.kind == .healed } }
                #expect(coordinator.heard.events.first { $0.kind == .drift }?.paths == ["/spec/pin"])
                #expect(cluster.get(path).at("spec", "pin") == 4711)
            }
            #expect(try !cluster.stateBytes().contains(text: Self.password))
        }
    }

    @Test("Keys may come from a file, which is read again when it changes, and is not used where everybody may read it")
    func keyFile() async throws {
        let key = try EncryptedObject.newIdentity()
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            let file = "\(cluster.folder.path)/keys.txt"
            try Folder.write(Array(key.fileText(createdAt: Timestamp(seconds: 0)).utf8), to: file)
            try setMode(file, 0o644)
            try await cluster.withAgent(configure: { $0.ageKeyFile = file }) {
                coordinator.want("web", 1, encrypted: [try EncryptedObject(secret("db", ["password": Self.password]), for: key)])
                await coordinator.wait("web", 1, .failed)
                #expect(coordinator.heard.applications["web"]?.message.contains("chmod 600") == true)
                try setMode(file, 0o600)
                await coordinator.wait("web", 1, .synced, .current)
                #expect(cluster.value("db", "password") == Self.password)
            }
        }
    }
}
