// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import ClusterSimulator
import Glibc
import KubernetesAPI
import Manifests
import Testing

@testable import FleetAgent

func setMode(_ path: String, _ mode: mode_t) throws { if chmod(path, mode) != 0 { throw StateError.last(path) } }

extension TestCluster {
    /// A definition with anything in it.
    static var widgets: Value {
        [
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": ["name": "widgets.example.dev"],
            "spec": [
                "group": "example.dev", "scope": "Namespaced", "names": ["kind": "Widget", "plural": "widgets", "singular": "widget"],
                "versions": [
                    [
                        "name": "v1", "served": true, "storage": true,
                        "schema": ["openAPIV3Schema": ["type": "object", "x-kubernetes-preserve-unknown-fields": true]],
                    ]
                ],
            ],
        ]
    }
}

@Suite(.serialized, .timeLimit(.minutes(2))) struct SealingTests {
    private static let password = "correct-horse-battery"
    private static let keyPath = "/api/v1/namespaces/flotilla-system/secrets/flotilla-agent-key"

    /// As a coordinator hands a readable Secret out.
    private static func clear(salt: String = "00ff") -> Value {
        var object = secret("db", ["password": password])
        object[SecretSalt.member] = .string(salt)
        return object
    }

    @Test("A clear Secret is sealed on disk, loses its salt on the way to the cluster, and is healed after a restart")
    func sealed() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            try await cluster.withAgent {
                coordinator.want("web", 1, [Self.clear(), configMap("a", ["k": "1"])])
                await coordinator.wait("web", 1, .synced, .current)
                #expect(cluster.value("db", "password") == Self.password)
                #expect(cluster.get("/api/v1/namespaces/shop/secrets/db")[SecretSalt.member] == nil)
                let writes = try cluster.agentWrites().count
                // Another coordinator's salt is no change.
                coordinator.want("web", 2, [Self.clear(salt: "11ee"), configMap("a", ["k": "1"])])
                await coordinator.wait("web", 2, .synced, .current)
                #expect(try cluster.agentWrites().count == writes)
            }
            let bytes = try cluster.stateBytes()
            #expect(bytes.contains(text: "flotilla.dev/sealed/v1") && !bytes.contains(text: "battery"))
            #expect(!bytes.contains(text: Base64.encode(Array(Self.password.utf8))))
            cluster.edit("/api/v1/namespaces/shop/secrets/db", ["stringData": ["password": "by hand"]])
            coordinator.stop()
            try await cluster.withAgent {
                try await cluster.has { cluster.value("db", "password") == Self.password }
            }
        }
    }

    @Test("The agent's key is made once and taken over by later agents; one that is no key is not overwritten")
    func key() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            try await cluster.withAgent {
                coordinator.want("web", 1, [configMap("a", ["k": "1"])])
                await coordinator.wait("web", 1, .synced, .current)
            }
            let made = cluster.get(Self.keyPath).at("data", "key")
            #expect(made?.string.flatMap { Base64.decode($0) }?.count == 32)
            try await cluster.withAgent(state: "other") {
                await coordinator.wait { $0.events.filter { $0.kind == .agentStarted }.count == 2 }
            }
            #expect(cluster.get(Self.keyPath).at("data", "key") == made)
            cluster.delete(Self.keyPath)
            cluster.create(
                "/api/v1/namespaces/flotilla-system/secrets",
                ["apiVersion": "v1", "kind": "Secret", "metadata": ["name": "flotilla-agent-key"], "data": ["key": "c2hvcnQ="]])
            try await cluster.withAgent {
                await coordinator.wait { $0.events.contains { $0.kind == .applyFailed && $0.message.contains("flotilla-agent-key") } }
                #expect(cluster.get(Self.keyPath).at("data", "key") == "c2hvcnQ=")
            }
        }
    }

    @Test("With a new key, what was sealed with the old one is fetched again, and nothing is taken for drift")
    func newKey() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            try await cluster.withAgent {
                coordinator.want("web", 1, [Self.clear(), configMap("a", ["k": "1"])])
                await coordinator.wait("web", 1, .synced, .current)
            }
            cluster.delete(Self.keyPath)
            try await cluster.withAgent {
                coordinator.want("web", 2, [Self.clear(), configMap("a", ["k": "1"])])
                await coordinator.wait("web", 2, .synced, .current)
                cluster.edit("/api/v1/namespaces/shop/secrets/db", ["stringData": ["password": "by hand"]])
                await coordinator.wait { $0.events.contains { $0.kind == .healed } }
                #expect(cluster.value("db", "password") == Self.password)
                #expect(coordinator.heard.events.filter { $0.kind == .drift }.count == 1)
            }
        }
    }

    @Test("What is sealed opens with its own key and digest only")
    func boxes() throws {
        let keys = try #require(AgentKeys(root: [UInt8](repeating: 7, count: 32)))
        let other = try #require(AgentKeys(root: [UInt8](repeating: 8, count: 32)))
        #expect(AgentKeys(root: [1, 2, 3]) == nil)
        let sealed = try #require(keys.seal([1, 2, 3], as: .sha256("a")))
        #expect(keys.open(sealed, as: .sha256("a")) == [1, 2, 3])
        #expect(keys.open(sealed, as: .sha256("b")) == nil)
        #expect(other.open(sealed, as: .sha256("a")) == nil)
        #expect(keys.open(Array(sealed.dropLast()), as: .sha256("a")) == nil)
        #expect(keys.open([], as: .sha256("a")) == nil)
        #expect(keys.seal([1, 2, 3], as: .sha256("a")) != sealed)
        #expect(keys.identifier != other.identifier)
        #expect(!"\(keys)".contains(keys.text) && !String(reflecting: keys).contains(keys.text))
    }
}
