// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import ClusterSimulator
import KubernetesAPI
import Manifests
import Testing

@testable import FleetAgent

@Suite(.serialized, .timeLimit(.minutes(3))) struct ElectedAgentTests {
    private static let lease = "/apis/coordination.k8s.io/v1/namespaces/flotilla-system/leases/flotilla-agent"

    @Test("A single agent acts at once, holds the Lease, and gives it up at its end")
    func single() async throws {
        try await TestCluster.run { cluster in
            try await cluster.withElected("one") { agent in
                cluster.coordinator.want("web", 1, [configMap("a", ["k": "1"])])
                await cluster.coordinator.wait("web", 1, .synced, .current)
                let lease = cluster.get(Self.lease)
                #expect(lease.at("spec", "holderIdentity")?.string == agent.status?.instance)
                #expect(lease.at("spec", "leaseDurationSeconds") == 30)
                try await cluster.until { agent.status?.answer("/readyz")?.text == "ok: acts\n" }
                #expect(agent.status?.answer("/healthz")?.status == 200)
                // Nothing was written before the Lease.
                let writes = try cluster.writes(of: "one")
                #expect(
                    writes.firstIndex { $0.contains("/leases") } ?? 0 <= writes.firstIndex {
                        !$0.contains("/leases") && !$0.hasSuffix("/namespaces")
                    } ?? 0)
            }
            #expect(cluster.get(Self.lease).at("spec", "holderIdentity")?.string ?? "" == "")
        }
    }

    @Test("An agent without applications is ready, and without a Lease it needs none", arguments: [true, false])
    func idle(usesLease: Bool) async throws {
        try await TestCluster.run { cluster in
            try await cluster.withElected("one", usesLease: usesLease) { agent in
                try await cluster.until { agent.status?.answer("/readyz")?.text == "ok: acts\n" }
                #expect(cluster.get(Self.lease).isNull == !usesLease)
            }
        }
    }

    @Test("Of two agents one acts; when it ends the other takes over, with what the coordinator says")
    func two() async throws {
        try await TestCluster.run { cluster in
            try await cluster.withElected("one") { _ in
                cluster.coordinator.want("web", 1, [configMap("a", ["k": "1"]), configMap("b", ["k": "1"])])
                await cluster.coordinator.wait("web", 1, .synced, .current)
                try await cluster.withElected("two") { second in
                    try await cluster.until { second.status?.answer("/readyz")?.text.hasPrefix("ok: stands by") == true }
                    cluster.edit(TestCluster.config("a"), ["data": ["k": "2"]])
                    try await cluster.until { cluster.setting("a") == "1" }
                    cluster.coordinator.want("web", 2, [configMap("a", ["k": "2"])])
                    await cluster.coordinator.wait("web", 2, .synced, .current)
                    #expect(try cluster.writes(of: "two") == [])
                    #expect(second.status?.metrics.contains("flotilla_agent_acting 0\n") == true)
                }
            }
            let before = try cluster.writes(of: "one").count
            try await cluster.withElected("two") { second in
                cluster.coordinator.want("web", 3, [configMap("a", ["k": "3"])])
                await cluster.coordinator.wait("web", 3, .synced, .current)
                #expect(second.status?.metrics.contains("flotilla_agent_acting 1\n") == true)
                cluster.edit(TestCluster.config("a"), ["data": ["k": "edited"]])
                try await cluster.until { cluster.setting("a") == "3" }
            }
            #expect(try cluster.writes(of: "one").count == before)
            #expect(try cluster.agentDeletes() == [TestCluster.config("b")])
        }
    }

    @Test("A dead holder's Lease is waited for, and taken in the next term")
    func dead() async throws {
        try await TestCluster.run { cluster in
            cluster.hold(by: "ghost", transitions: 4)
            try await cluster.withElected("one") { agent in
                cluster.coordinator.want("web", 1, [configMap("a", ["k": "1"])])
                try await cluster.until { agent.status?.answer("/readyz")?.text == "ok: stands by for ghost\n" }
                await cluster.coordinator.wait("web", 1, .synced, .current)
                #expect(cluster.get(Self.lease).at("spec", "leaseTransitions") == 5)
                let requests = try cluster.requests().filter { cluster.isAgents($0) }
                let taken = try #require(requests.firstIndex { $0["method"] == "PUT" && $0["status"] == 200 })
                // Looked at several times, and nothing else before.
                #expect(taken >= 5)
                #expect(requests[..<taken].allSatisfy { $0["method"] == "GET" && $0["path"]?.string == Self.lease })
            }
        }
    }

    @Test("A holder that cannot reach the API server stops, and goes on when it can again")
    func outage() async throws {
        try await TestCluster.run { cluster in
            try await cluster.withElected("one") { agent in
                cluster.coordinator.want("web", 1, [configMap("a", ["k": "1"])])
                await cluster.coordinator.wait("web", 1, .synced, .current)
                cluster.setFaults { $0.isDown = true }
                cluster.simulator.act(.dropWatches)
                try await cluster.until { agent.status?.answer("/readyz")?.status == 503 }
                try await cluster.until { agent.status?.metrics.contains("flotilla_agent_acting 0\n") == true }
                #expect(agent.status?.answer("/healthz")?.status == 200)
                cluster.coordinator.want("web", 2, [configMap("a", ["k": "2"])])
                cluster.setFaults { $0.isDown = false }
                await cluster.coordinator.wait("web", 2, .synced, .current)
                #expect(cluster.setting("a") == "2")
                #expect(cluster.get(Self.lease).at("spec", "leaseTransitions") == 0)
            }
        }
    }

    @Test("Another holder in the Lease ends acting; nothing is written while it lives")
    func deposed() async throws {
        try await TestCluster.run { cluster in
            try await cluster.withElected("one") { agent in
                cluster.coordinator.want("web", 1, [configMap("a", ["k": "1"])])
                await cluster.coordinator.wait("web", 1, .synced, .current)
                cluster.hold(by: "rival", transitions: 9)
                try await cluster.until { agent.status?.answer("/readyz")?.text == "ok: stands by for rival\n" }
                let writes = try cluster.writes(of: "one")
                let looks = try cluster.agentRequestCount()
                cluster.edit(TestCluster.config("a"), ["data": ["k": "2"]])
                try await cluster.until { try cluster.agentRequestCount() > looks + 3 }
                #expect(try cluster.writes(of: "one") == writes)
                // The rival is gone.
                await cluster.coordinator.wait { _ in true }
                try await cluster.until { cluster.setting("a") == "1" }
                #expect(cluster.get(Self.lease).at("spec", "leaseTransitions") == 10)
            }
        }
    }

    @Test("What is on a disk from before another agent acted is not acted upon until the coordinator has spoken")
    func staleDisk() async throws {
        try await TestCluster.run { cluster in
            cluster.coordinator.want("old", 1, [configMap("old", ["k": "1"])])
            try await cluster.withElected("one") { _ in
                cluster.coordinator.want("web", 1, [configMap("a", ["k": "1"])])
                await cluster.coordinator.wait("web", 1, .synced, .current)
                await cluster.coordinator.wait("old", 1, .synced, .current)
            }
            try await cluster.withElected("two") { _ in
                cluster.coordinator.want("web", 2, [configMap("a", ["k": "2"])])
                await cluster.coordinator.wait("web", 2, .synced, .current)
                cluster.coordinator.want("old", 2, [], intent: .prune)
                await cluster.coordinator.wait("old", 2, .removed)
            }
            let copy = "/api/v1/namespaces/flotilla-system/secrets/flotilla-state"
            let copied = cluster.get(copy)
            cluster.coordinator.setDown(true)
            let polls = cluster.coordinator.requests.count
            try await cluster.withElected("one") { agent in
                try await cluster.until {
                    agent.status?.answer("/readyz")?.text.hasPrefix("ok: acts") == true || agent.status?.meter.counts.isLoaded == true
                }
                try await cluster.until { cluster.coordinator.requests.count > polls + 3 }
                // Nor does it replace the copy of the state, which is newer than its own.
                #expect(cluster.get(copy) == copied)
                #expect(cluster.setting("a") == "2")
                #expect(cluster.get(TestCluster.config("old")).isNull)
                cluster.edit(TestCluster.config("a"), ["data": ["k": "edited"]])
                cluster.coordinator.setDown(false)
                try await cluster.until { cluster.setting("a") == "2" }
                #expect(cluster.get(TestCluster.config("old")).isNull)
            }
            // Its disk counts again now.
            cluster.coordinator.setDown(true)
            cluster.edit(TestCluster.config("a"), ["data": ["k": "edited"]])
            try await cluster.withElected("one") { _ in
                try await cluster.until { cluster.setting("a") == "2" }
                #expect(cluster.get(TestCluster.config("old")).isNull)
            }
        }
    }

    @Test("Without the right to hold a Lease nothing is done, and it is said why; with it the agent acts")
    func forbidden() async throws {
        try await TestCluster.run { cluster in
            cluster.create("/api/v1/namespaces", ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "flotilla-system"]])
            cluster.create(
                "/api/v1/namespaces/flotilla-system/serviceaccounts",
                ["apiVersion": "v1", "kind": "ServiceAccount", "metadata": ["name": "agent", "namespace": "flotilla-system"]])
            let (_, answer) = cluster.send(
                "POST", "/api/v1/namespaces/flotilla-system/serviceaccounts/agent/token",
                ["apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": ["expirationSeconds": 3600]])
            let token = try #require(answer.at("status", "token")?.string)
            let connection = ClusterConnection(server: cluster.simulator.url(for: "c") ?? "", credential: .token(token))
            try await cluster.withElected("one", connection: connection) { agent in
                cluster.coordinator.want("web", 1, [configMap("a", ["k": "1"])])
                try await cluster.until { agent.status?.answer("/readyz")?.text.contains("needs the verbs get, create and update") == true }
                #expect(cluster.coordinator.requests.isEmpty)
                #expect(agent.status?.answer("/healthz")?.status == 200)
                cluster.create(
                    "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
                    [
                        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": ["name": "agent"],
                        "roleRef": ["apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"],
                        "subjects": [["kind": "ServiceAccount", "name": "agent", "namespace": "flotilla-system"]],
                    ])
                await cluster.coordinator.wait("web", 1, .synced, .current)
            }
        }
    }

    @Test("Two processes do not use one state folder")
    func lock() async throws {
        let folder = try TemporaryFolder()
        let clock = TestClock(pace: 20).clock
        let (entered, continuation) = AsyncStream<Int>.makeStream()
        let leave = Gate()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                _ = try await StateLock.held(folder.path, clock, TestCluster.quiet) {
                    continuation.yield(1)
                    await leave.wait()
                    continuation.yield(-1)
                }
            }
            var turns = entered.makeAsyncIterator()
            #expect(await turns.next() == 1)
            group.addTask { _ = try await StateLock.held(folder.path, clock, TestCluster.quiet) { continuation.yield(2) } }
            leave.open()
            #expect(await turns.next() == -1)
            #expect(await turns.next() == 2)
            try await group.waitForAll()
        }
    }
}

extension TestCluster {
    /// Runs an agent that takes part in the election, with a state folder of its own, beside `body`.
    func withElected(
        _ name: String, connection: ClusterConnection? = nil, usesLease: Bool = true, _ body: @Sendable (ElectedAgent) async throws -> Void
    ) async throws {
        let agent = ElectedAgent(
            configuration: configuration(state: name, connection: connection, version: "0.1.0-\(name)"),
            options: ElectedAgent.Options(usesLease: usesLease), clock: time.clock,
            logger: Self.quiet)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await agent.run() }
            try await body(agent)
            group.cancelAll()
        }
    }

    func writes(of name: String) throws -> [String] {
        try requests().filter { $0["userAgent"]?.string == "flotilla-agent/0.1.0-\(name)" && $0["method"] != "GET" }.map {
            "\($0["method"]?.string ?? "") \($0["path"]?.string ?? "")"
        }
    }

    /// Lets somebody who does nothing hold the Lease.
    func hold(by holder: String, transitions: Int64) {
        let path = "/apis/coordination.k8s.io/v1/namespaces/flotilla-system/leases"
        let spec: Value = [
            "holderIdentity": .string(holder), "leaseDurationSeconds": 30, "renewTime": "2026-05-04T10:11:12.000000Z",
            "leaseTransitions": .int(transitions),
        ]
        if get("\(path)/flotilla-agent").isNull {
            create("/api/v1/namespaces", ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "flotilla-system"]])
            create(
                path,
                [
                    "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
                    "metadata": ["name": "flotilla-agent", "namespace": "flotilla-system"], "spec": spec,
                ])
        } else {
            edit("\(path)/flotilla-agent", ["spec": spec])
        }
    }
}
