// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import ClusterSimulator
import KubernetesAPI
import Manifests
import Testing

@testable import FleetAgent

/// What happens to watches and connections: nothing that was missed meanwhile stays unseen, and nothing is deleted for it.
@Suite(.serialized, .timeLimit(.minutes(3))) struct WatchFaultTests {
    @Test("What happened while a watch was away, and is forgotten by the server, is seen by a new list")
    func expiry() async throws {
        try await TestCluster.run { cluster in
            try await cluster.withAgent(clock: TestClock(pace: 20).clock, connection: try cluster.withToken()) {
                cluster.coordinator.want("web", 1, [configMap("a", ["k": "1"]), configMap("b", ["k": "1"]), configMap("c", ["k": "1"])])
                await cluster.coordinator.wait("web", 1, .synced, .current)
                let (lists, requests) = (try cluster.lists("configmaps"), try cluster.agentRequestCount())
                cluster.setFaults { $0.refusesTokens = true }
                cluster.simulator.act(.dropWatches)
                cluster.edit(TestCluster.config("a"), ["data": ["k": "2"]])
                cluster.delete(TestCluster.config("b"))
                cluster.simulator.act(.expireHistory)
                cluster.setFaults { $0.refusesTokens = false }
                try await cluster.until { cluster.setting("a") == "1" && cluster.setting("b") == "1" }
                #expect(try cluster.lists("configmaps") > lists)
                #expect(try cluster.agentDeletes() == [])
                #expect(try cluster.agentRequestCount() - requests < 100)
                // And it goes on from there.
                cluster.edit(TestCluster.config("c"), ["data": ["k": "3"]])
                try await cluster.until { cluster.setting("c") == "1" }
            }
        }
    }

    @Test("A watch that expires again and again does not make the agent spin")
    func expiresAgain() async throws {
        try await TestCluster.run { cluster in
            try await cluster.withAgent(clock: TestClock(pace: 20).clock) {
                cluster.coordinator.want("web", 1, [configMap("a", ["k": "1"])])
                await cluster.coordinator.wait("web", 1, .synced, .current)
                for turn in 0..<5 {
                    cluster.simulator.act(.restart)
                    cluster.edit(TestCluster.config("a"), ["data": ["k": .string("edit \(turn)")]])
                    try await cluster.until { cluster.setting("a") == "1" }
                }
                #expect(try cluster.agentDeletes() == [])
                #expect(try cluster.agentRequestCount() < 250)
            }
        }
    }

    @Test("Bookmarks move a quiet watch on: it resumes from one, without a list")
    func bookmarks() async throws {
        let often: (inout SimulatorBehaviour) -> Void = { $0.bookmarkInterval = .milliseconds(20) }
        try await TestCluster.run(changing: often) { cluster in
            try await cluster.withAgent(clock: TestClock(pace: 20).clock) {
                cluster.coordinator.want("web", 1, [configMap("a", ["k": "1"])])
                await cluster.coordinator.wait("web", 1, .synced, .current)
                let lists = try cluster.lists("configmaps")
                var head: UInt64 = 0
                for number in 0..<50 {
                    cluster.create("/api/v1/namespaces/default/configmaps", configMap("other-\(number)", ["k": "1"]))
                    let made = cluster.get("/api/v1/namespaces/default/configmaps/other-\(number)")
                    head = made.at("metadata", "resourceVersion")?.string.flatMap { UInt64($0) } ?? head
                }
                try await cluster.until {
                    cluster.simulator.act(.dropWatches)
                    return try cluster.watchedFrom("configmaps") >= head
                }
                #expect(try cluster.lists("configmaps") == lists)
                cluster.edit(TestCluster.config("a"), ["data": ["k": "2"]])
                try await cluster.until { cluster.setting("a") == "1" }
                #expect(try cluster.agentDeletes() == [])
            }
        }
    }

    @Test("Connections that are dropped without a word, again and again, cost neither drift nor objects")
    func connections() async throws {
        try await TestCluster.run { cluster in
            try await cluster.withAgent(clock: TestClock(pace: 20).clock) {
                cluster.coordinator.want("web", 1, [configMap("a", ["k": "1"]), deployment("web", image: "x/web:1")])
                await cluster.coordinator.wait("web", 1, .synced, .current)
                for turn in 2..<7 {
                    cluster.edit(TestCluster.config("a"), ["data": ["k": "edited"]])
                    cluster.simulator.dropConnections()
                    cluster.coordinator.want(
                        "web", Int64(turn), [configMap("a", ["k": "\(turn)"]), deployment("web", image: "x/web:\(turn)")])
                    cluster.simulator.dropConnections()
                    await cluster.coordinator.wait("web", Int64(turn), .synced, .current)
                    try await cluster.until { cluster.setting("a") == "\(turn)" }
                }
                #expect(try cluster.agentDeletes() == [])
                #expect(try cluster.agentRequestCount() < 600)
            }
        }
    }

    @Test("An API server that is away for a while, and comes back with what it had and an empty watch cache, is caught up with")
    func restart() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            try await cluster.withAgent(clock: TestClock(pace: 20).clock) {
                coordinator.want("web", 1, [configMap("a", ["k": "1"]), configMap("b", ["k": "1"])])
                await coordinator.wait("web", 1, .synced, .current)
                let requests = try cluster.agentRequestCount()
                cluster.setFaults { $0.isDown = true }
                cluster.simulator.act(.restart)
                cluster.simulator.dropConnections()
                // A release comes meanwhile.
                coordinator.want("web", 2, [configMap("a", ["k": "2"])])
                try await cluster.until { try cluster.agentRequestCount() > requests + 5 }
                #expect(cluster.simulator.cluster("c")?.faults.isDown == true)
                cluster.setFaults { $0.isDown = false }
                await coordinator.wait("web", 2, .synced, .current)
                #expect(cluster.setting("a") == "2")
                #expect(try cluster.agentDeletes() == [TestCluster.config("b")])
            }
        }
    }

    @Test("A server process that ends and starts again with the same data is found again, and what was edited meanwhile is healed")
    func newServer() async throws {
        let folder = try TemporaryFolder()
        var configuration = SimulatorConfiguration(
            clusters: [ClusterSpecification(name: "c", token: "t")], stateDirectory: "\(folder.path)/clusters",
            logDirectory: "\(folder.path)/log", usesTLS: false, seed: 1)
        configuration.behaviour.trustsAnonymous = true
        let first = try Simulator(configuration: configuration, logger: TestCluster.quiet)
        let coordinator = try FakeCoordinator()
        try Folder.write(Array("secret\n".utf8), to: "\(folder.path)/token")
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await first.run() }
            configuration.port = try await first.ready()
            let url = first.url(for: "c") ?? ""
            let agent = Agent(
                configuration: AgentConfiguration(
                    coordinator: coordinator.url, cluster: FakeCoordinator.cluster, identification: .none,
                    connection: ClusterConnection(server: url), stateDirectory: "\(folder.path)/agent"),
                clock: TestClock(pace: 20).clock, logger: TestCluster.quiet)
            try await withThrowingTaskGroup(of: Void.self) { agents in
                agents.addTask { try await agent.run() }
                coordinator.want("web", 1, [configMap("a", ["k": "1"]), configMap("b", ["k": "1"])])
                await coordinator.wait("web", 1, .synced, .current)
                group.cancelAll()
                try? await group.waitForAll()
                let second = try Simulator(configuration: configuration, logger: TestCluster.quiet)
                let again = TestCluster(simulator: second, folder: folder, coordinator: coordinator)
                #expect(again.setting("b") == "1")
                again.edit(TestCluster.config("a"), ["data": ["k": "2"]])
                again.delete(TestCluster.config("b"))
                try await withThrowingTaskGroup(of: Void.self) { servers in
                    servers.addTask { try await second.run() }
                    try await second.ready()
                    try await again.until { again.setting("a") == "1" && again.setting("b") == "1" }
                    #expect(try again.agentDeletes() == [])
                    agents.cancelAll()
                    try? await agents.waitForAll()
                    servers.cancelAll()
                }
            }
        }
        coordinator.stop()
    }
}
