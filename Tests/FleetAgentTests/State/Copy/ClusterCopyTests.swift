// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import ClusterSimulator
import Glibc
import KubernetesAPI
import Manifests
import SecretsDecryption
import Testing

@testable import FleetAgent

extension TestCluster {
    static let stateSecrets = "/api/v1/namespaces/flotilla-system/secrets"

    /// What the copy of the agent's state in the cluster says of itself.
    var copyIndex: CopyIndex? {
        ClusterCopy.entry("index", of: get("\(Self.stateSecrets)/flotilla-state")).flatMap { try? CopyIndex(bytes: $0) }
    }

    /// Waits until the copy has an application in a generation; `nil` in none.
    func waitForCopy(_ application: String, _ counter: Int64?) async throws {
        try await has {
            guard let index = copyIndex else { return false }
            let copied = index.applications[application]
            return copied?.generation.counter == counter && copied?.isSynced != false
        }
    }

    var chunks: [Value] {
        (get("\(Self.stateSecrets)").at("items")?.list ?? []).filter { $0.at("metadata", "labels", ClusterCopy.label) == "chunk" }
    }
}

@Suite(.serialized, .timeLimit(.minutes(2))) struct ClusterCopyTests {
    private static func config(_ name: String) -> String { "/api/v1/namespaces/shop/configmaps/\(name)" }

    @Test("An agent without its folder goes on from the copy in the cluster, without the coordinator, secrets too")
    func restored() async throws {
        let key = try EncryptedObject.newIdentity()
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            cluster.give(key)
            var clear = secret("clear", ["token": "in-the-clear-once"])
            clear[SecretSalt.member] = "00ff"
            let objects = [configMap("a", ["k": "1"]), clear]
            try await cluster.withAgent {
                coordinator.want("web", 1, objects, encrypted: [try EncryptedObject(secret("db", ["password": "correct-horse"]), for: key)])
                coordinator.want("api", 1, [configMap("api", ["k": "1"])])
                await coordinator.wait("web", 1, .synced, .current)
                await coordinator.wait("api", 1, .synced, .current)
                try await cluster.waitForCopy("web", 1)
                try await cluster.waitForCopy("api", 1)
            }
            coordinator.stop()
            cluster.edit(Self.config("a"), ["data": ["k": "2"]])
            cluster.delete(Self.config("api"))
            cluster.edit("/api/v1/namespaces/shop/secrets/db", ["stringData": ["password": "by hand"]])
            cluster.edit("/api/v1/namespaces/shop/secrets/clear", ["stringData": ["token": "by hand"]])
            try await cluster.withAgent(state: "new") {
                try await cluster.has {
                    cluster.get(Self.config("a")).at("data", "k") == "1" && !cluster.get(Self.config("api")).isNull
                        && cluster.value("db", "password") == "correct-horse" && cluster.value("clear", "token") == "in-the-clear-once"
                }
            }
            let chunk = try #require(cluster.chunks.first)
            #expect(chunk["type"] == "flotilla.dev/state" && chunk["immutable"] == true)
            #expect(chunk.at("metadata", "labels", Ownership.partOfLabel) == nil)
        }
    }

    @Test("The copy follows: what is no longer needed goes, what has not changed is not written again")
    func follows() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            try await cluster.withAgent {
                coordinator.want("web", 1, [configMap("a", ["k": "1"])])
                coordinator.want("api", 1, [configMap("b", ["k": "1"])])
                try await cluster.waitForCopy("web", 1)
                try await cluster.waitForCopy("api", 1)
                let before = cluster.copyIndex?.applications["api"]?.packs
                coordinator.want("web", 2, [configMap("a", ["k": "2"])])
                try await cluster.waitForCopy("web", 2)
                #expect(cluster.copyIndex?.applications["api"]?.packs == before)
                try await cluster.has { cluster.chunks.count == 2 }
                await coordinator.wait("api", 1, .synced, .current)
                coordinator.want("api", 2, [], intent: .prune)
                await coordinator.wait("api", 2, .removed)
                try await cluster.waitForCopy("api", nil)
                try await cluster.has { cluster.chunks.count == 1 }
            }
        }
    }

    @Test(
        "A copy that is not whole, not readable or another cluster's is not used at all, and that is said",
        arguments: ["gone", "index", "other", "key"])
    func damaged(_ damage: String) async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            var clear = secret("clear", ["token": "in-the-clear-once"])
            clear[SecretSalt.member] = "00ff"
            let objects = [configMap("a", ["k": "1"]), clear]
            try await cluster.withAgent {
                coordinator.want("web", 1, objects)
                coordinator.want("api", 1, [configMap("b", ["k": "1"])])
                await coordinator.wait("web", 1, .synced, .current)
                await coordinator.wait("api", 1, .synced, .current)
                try await cluster.waitForCopy("web", 1)
                try await cluster.waitForCopy("api", 1)
            }
            let index = "\(TestCluster.stateSecrets)/flotilla-state"
            switch damage {
            case "gone":
                let name = try #require(cluster.copyIndex?.applications["web"]?.packs.first?.first).hex.prefix(40)
                #expect(cluster.delete("\(TestCluster.stateSecrets)/flotilla-state-\(name)") == 200)
            case "index": cluster.edit(index, ["data": ["index": "bm90aGluZw=="]])
            case "other":
                var other = try #require(cluster.copyIndex)
                other.cluster = "elsewhere"
                cluster.edit(index, ["data": ["index": .string(Base64.encode(try other.bytes()))]])
            default: #expect(cluster.delete("\(TestCluster.stateSecrets)/\(KeySecret.name)") == 200)
            }
            coordinator.forget()
            cluster.edit(Self.config("b"), ["data": ["k": "2"]])
            let before = try cluster.agentWrites().count
            try await cluster.withAgent(state: "new") {
                await coordinator.wait { $0.events.contains { $0.kind == .applyFailed && $0.message.contains("is not used") } }
                // Only what the coordinator then says is done.
                coordinator.want("web", 2, objects)
                await coordinator.wait("web", 2, .synced, .current)
                #expect(cluster.get(Self.config("b")).at("data", "k") == "2")
            }
            #expect(try !cluster.agentWrites()[before...].contains { $0.hasPrefix("DELETE") })
        }
    }

    @Test("What the coordinator knows better comes before what was read back")
    func newer() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            try await cluster.withAgent {
                coordinator.want("web", 1, [configMap("a", ["k": "1"]), configMap("b", ["k": "1"])])
                await coordinator.wait("web", 1, .synced, .current)
                try await cluster.waitForCopy("web", 1)
            }
            coordinator.want("web", 2, [configMap("a", ["k": "2"])])
            let before = try cluster.agentWrites().count
            try await cluster.withAgent(state: "new") {
                await coordinator.wait("web", 2, .synced, .current)
                #expect(cluster.get(Self.config("b")).isNull)
            }
            let sent = try cluster.agentWrites()[before...].filter { $0 == "PATCH \(Self.config("a"))" }
            #expect(sent.count == 1)
        }
    }

    @Test("For what was read back nothing is pruned before the coordinator has confirmed it")
    func confirmed() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            let index = "\(TestCluster.stateSecrets)/flotilla-state"
            try await cluster.withAgent {
                coordinator.want("web", 1, [configMap("a", ["k": "1"]), configMap("b", ["k": "1"]), configMap("c", ["k": "1"])])
                await coordinator.wait("web", 1, .synced, .current)
                try await cluster.waitForCopy("web", 1)
            }
            // As if the node had died before the copy of the next release was written.
            let (old, chunks) = (cluster.get(index)["data"] ?? .null, cluster.chunks)
            try await cluster.withAgent {
                coordinator.want(
                    "web", 2,
                    [configMap("a", ["k": "1"]), configMap("b", ["k": "1"]), configMap("c", ["k": "1"]), configMap("d", ["k": "1"])])
                await coordinator.wait("web", 2, .synced, .current)
                try await cluster.waitForCopy("web", 2)
            }
            for chunk in chunks where cluster.get("\(TestCluster.stateSecrets)/\(chunk.at("metadata", "name")?.string ?? "")").isNull {
                cluster.create(
                    TestCluster.stateSecrets,
                    [
                        "apiVersion": "v1", "kind": "Secret", "data": chunk["data"] ?? .null,
                        "metadata": ["name": chunk.at("metadata", "name") ?? .null, "labels": chunk.at("metadata", "labels") ?? .null],
                    ])
            }
            cluster.edit(index, ["data": old])
            let inventory = "\(cluster.folder.path)/new/inventory/web.json"
            try await cluster.withAgent(state: "new", configure: { $0.coordinator = "http://127.0.0.1:1" }) {
                try await cluster.until { try Folder.read(inventory).flatMap({ try JSON.read($0)["synced"] }) == "1.1" }
                #expect(!cluster.get(Self.config("d")).isNull)
            }
            coordinator.want("web", 2, [configMap("a", ["k": "1"]), configMap("b", ["k": "1"]), configMap("c", ["k": "1"])])
            try await cluster.withAgent(state: "new") {
                await coordinator.wait("web", 2, .synced, .current)
                try await cluster.has { cluster.get(Self.config("d")).isNull }
            }
        }
    }

    @Test("A task on disk that was damaged is taken from the copy")
    func damagedTask() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            try await cluster.withAgent {
                coordinator.want("web", 1, [configMap("a", ["k": "1"])])
                coordinator.want("api", 1, [configMap("b", ["k": "1"])])
                await coordinator.wait("web", 1, .synced, .current)
                await coordinator.wait("api", 1, .synced, .current)
                try await cluster.waitForCopy("web", 1)
                try await cluster.waitForCopy("api", 1)
            }
            try Folder.write([1, 2, 3], to: "\(cluster.folder.path)/agent/tasks/web.json")
            try Folder.write([], to: "\(cluster.folder.path)/agent/inventory/web.json")
            coordinator.stop()
            cluster.edit(Self.config("a"), ["data": ["k": "2"]])
            try await cluster.withAgent {
                try await cluster.has { cluster.get(Self.config("a")).at("data", "k") == "1" }
            }
        }
    }

    @Test("Large applications are copied in several packs and chunks, and come back whole")
    func large() async throws {
        let folder = try TemporaryFolder()
        let keyring = Keyring()
        let keys = try #require(AgentKeys(root: [UInt8](repeating: 7, count: 32)))
        keyring.use(keys)
        let state = try await StateFolder(path: "\(folder.path)/one", keyring: keyring)
        var random = SystemRandomNumberGenerator()
        let objects = (0..<5).map { index in
            configMap("c\(index)", ["k": Base64.encode((0..<600_000).map { _ in UInt8.random(in: 0...255, using: &random) })])
        }
        try await state.store(objects.map { (Canonical.digest($0), Canonical.bytes($0)) }, sealing: [Canonical.digest(objects[0])])
        var task = SyncTask.test("web", counter: 7)
        task.bundle = Bundle(entries: objects.map { Bundle.Entry(object: Canonical.digest($0)) })
        let packs = try #require(try await state.packs(of: task))
        #expect(packs.count > 1)
        var bodies: [StoredBody] = []
        for (index, pack) in packs.enumerated() {
            let part = try StatePack.read(pack)
            #expect(part.task == (index == 0 ? task : nil))
            bodies += part.bodies
        }
        #expect(bodies.count == 5 && bodies.allSatisfy { $0.isWhole(keys) })
        #expect(bodies.filter { $0.form == .sealed }.count == 1)
        #expect(throws: CopyError.self) { try StatePack.read(Array(packs[0].dropLast(9))) }
        try await state.collect(keeping: [])
        #expect(try await state.packs(of: task) == nil)
    }
}
