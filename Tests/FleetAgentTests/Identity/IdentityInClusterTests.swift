// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import ClusterSimulator
import KubernetesAPI
import Manifests
import TLSTestServer
import Testing

@testable import FleetAgent

@Suite("Identity in the cluster", .serialized, .timeLimit(.minutes(3))) struct IdentityInClusterTests {
    private static let secret = "\(TestCluster.stateSecrets)/\(IdentitySecret.name)"

    /// Runs `body` with a client for what agents keep in the cluster.
    private static func run(_ body: @Sendable (TestCluster, IdentityRig, KubernetesClient) async throws -> Void) async throws {
        try await TestCluster.run { cluster in
            try await IdentityRig.run { rig in
                let client = FleetAgent.Agent.client(cluster.configuration(), SecretMask())
                try await body(cluster, rig, client)
                await client.shutdown()
            }
        }
    }

    @Test("A pod that comes after has the identity, and needs no token")
    func newPod() async throws {
        try await Self.run { cluster, rig, client in
            try await rig.withAgent("one", secret: client) { agent in
                await agent.client.identified.wait()
                try await rig.until("it is shared") { try await agent.store.secret?.read()?.identity?.held != nil }
            }
            Folder.remove("\(rig.folder.path)/token")
            try await rig.withAgent("two", secret: client) { agent in
                await agent.client.identified.wait()
                try await agent.poll()
                // On its own disk, too, where it is at hand when the API server is not.
                try await rig.until("it is on disk") { try await agent.store.onDisk()?.held != nil }
            }
            #expect(rig.coordinator.count("enroll") == 1)
            #expect(cluster.get(Self.secret)["type"] == "flotilla.dev/identity")
        }
    }

    @Test("Pods that start together enrol by one key, whoever of them asks first")
    func race() async throws {
        try await Self.run { cluster, rig, client in
            rig.coordinator.set { $0.needsApproval = true }
            try await rig.withAgent("one", secret: client) { one in
                try await rig.withAgent("two", secret: client) { two in
                    try await rig.withAgent("three", secret: client) { three in
                        await rig.coordinator.wait { $0.requests.count { $0.what == "enroll" } >= 3 }
                        rig.coordinator.set { $0.needsApproval = false }
                        rig.time.jump(.seconds(5))
                        for agent in [one, two, three] {
                            await agent.client.identified.wait()
                            try await agent.poll()
                        }
                    }
                }
            }
            #expect(rig.coordinator.heard.requests.allSatisfy { $0.status == 200 })
            #expect(rig.coordinator.heard.keys.count == 1 && rig.coordinator.heard.certificates.count == 1)
        }
    }

    @Test("Nothing is asked for before the key is kept where the next pod finds it")
    func keyFirst() async throws {
        try await Self.run { cluster, rig, client in
            cluster.setFaults { $0.isDown = true }
            try await rig.withAgent("one", secret: client) { agent in
                try await rig.until("it says so") { agent.problem.contains("not enrolled yet") }
                #expect(rig.coordinator.heard.requests.isEmpty)
                cluster.setFaults { $0.isDown = false }
                rig.time.jump(.seconds(20))
                await agent.client.identified.wait()
            }
        }
    }

    @Test("Without the API server what is on disk serves, and is shared later; a damaged or foreign Secret is replaced")
    func outage() async throws {
        try await Self.run { cluster, rig, client in
            try await rig.withAgent("one", secret: client) { agent in
                await agent.client.identified.wait()
                try await rig.until("it is shared") { try await agent.store.secret?.read()?.identity?.held != nil }
            }
            for bytes in [Array("nonsense".utf8), AgentIdentity(cluster: "another", candidate: SigningKey()).bytes] {
                cluster.edit(Self.secret, ["data": ["identity": .string(KubernetesAPI.Base64.encode(bytes))]])
                cluster.setFaults { $0.isDown = true }
                try await rig.withAgent("one", secret: client) { agent in
                    await agent.client.identified.wait()
                    try await agent.poll()
                    cluster.setFaults { $0.isDown = false }
                    rig.time.jump(.seconds(20))
                    try await rig.until("it is shared") {
                        (try? await agent.store.secret?.read()?.identity?.held?.issued.certificate) == rig.coordinator.heard.certificates[0]
                    }
                }
            }
            #expect(rig.coordinator.count("enroll") == 1)
        }
    }

    @Test("A revoked agent goes on keeping its cluster, says so, and shows its key nowhere")
    func heals() async throws {
        try await TestCluster.run { cluster in
            cluster.coordinator.want("web", 1, [configMap("a", ["k": "1"])])
            try await cluster.withAgent { await cluster.coordinator.wait("web", 1, .synced, .current) }
            try await IdentityRig.run { rig in
                let folder = "\(cluster.folder.path)/agent"
                let agent = ElectedAgent(
                    configuration: rig.configuration(folder, cluster.configuration().connection), clock: rig.time.clock,
                    logger: rig.log.logger)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await agent.run() }
                    await rig.coordinator.wait { $0.polls.count >= 2 && !$0.reports.isEmpty }
                    let status = try #require(agent.status)
                    try await rig.until("it is well") { status.metrics.contains("flotilla_agent_coordinator_refuses 0\n") }
                    #expect(status.answer("/healthz")?.text == "ok\n")
                    #expect(!status.metrics.contains("flotilla_agent_certificate_expiry_seconds NaN"))

                    rig.coordinator.set { $0.revoked = Set($0.heard.polls.map(\.serial)) }
                    rig.coordinator.releasePolls()
                    try await rig.until("it says so") { status.answer("/healthz")?.text.contains("this certificate was revoked") == true }
                    #expect(status.answer("/healthz")?.status == 200)
                    #expect(status.answer("/readyz")?.text == "ok: acts\n")
                    #expect(status.metrics.contains("flotilla_agent_coordinator_refuses 1\n"))
                    #expect(rig.log.lines.contains("this certificate was revoked"))
                    cluster.edit(TestCluster.config("a"), ["data": ["k": "2"]])
                    try await rig.until("it is healed") { cluster.setting("a") == "1" }
                    group.cancelAll()
                }
                try Self.expectNoKeys(cluster, rig, folder)
            }
        }
    }

    /// Looks for the agent's key and token wherever they have no business.
    private static func expectNoKeys(_ cluster: TestCluster, _ rig: IdentityRig, _ folder: String) throws {
        let identity = try #require(AgentIdentity(bytes: try Folder.read("\(folder)/identity") ?? []))
        let pem = try #require(identity.held?.key.pem)
        let secrets = pem.split(separator: "\n").dropFirst().dropLast().map(String.init)
        var places: [(String, [UInt8])] = [("log", Array(rig.log.lines.utf8))]
        for body in rig.coordinator.heard.bodies { places.append(("a request", body)) }
        for name in Folder.names(folder) where name != "identity" {
            places.append((name, (try? Folder.read("\(folder)/\(name)")) ?? []))
            for inner in Folder.names("\(folder)/\(name)") {
                places.append((inner, (try? Folder.read("\(folder)/\(name)/\(inner)")) ?? []))
            }
        }
        for secret in cluster.get(TestCluster.stateSecrets).at("items")?.list ?? [] {
            let name = secret.at("metadata", "name")?.string ?? ""
            for entry in secret["data"]?.map?.entries ?? [] where name != IdentitySecret.name {
                places.append((name, entry.value.string.flatMap { KubernetesAPI.Base64.decode($0) } ?? []))
            }
        }
        #expect(places.count > 8)
        for (place, bytes) in places {
            let text = String(decoding: bytes, as: UTF8.self)
            for secret in secrets { #expect(!text.contains(secret), "\(place)") }
            #expect(!text.contains("token-1") || text.contains("certificateRequest"), "\(place)")
        }
        // It is found where it has to be.
        let kept = cluster.get(Self.secret).at("data", "identity")?.string.flatMap { KubernetesAPI.Base64.decode($0) } ?? []
        #expect(secrets.allSatisfy { String(decoding: kept, as: UTF8.self).contains($0) })
    }

    @Test("What a log line says of the key is hidden, whatever else the agent learns")
    func masked() throws {
        let mask = SecretMask()
        let identity = AgentIdentity(cluster: "c", candidate: SigningKey())
        let pem = try #require(identity.candidate?.pem)
        mask.keep(identity.secrets)
        mask.use(SymmetricKeys.any)
        for index in 0..<8_000 {
            var other = Plaintexts()
            other.insert("another secret, number \(index)")
            mask.learn(other)
        }
        for line in pem.split(separator: "\n").dropFirst().dropLast() {
            #expect(!mask.redact("it says \(line) here").contains(line))
        }
        #expect(!mask.redact(pem).contains(pem.split(separator: "\n")[1]))
    }
}
