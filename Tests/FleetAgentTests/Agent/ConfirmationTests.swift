// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import ClusterSimulator
import Glibc
import KubernetesAPI
import Manifests
import Synchronization
import Testing

@testable import FleetAgent

/// An agent whose disk may be older than what the cluster has, until the coordinator has spoken.
@Suite(.serialized, .timeLimit(.minutes(1))) struct ConfirmationTests {
    private static let key = "/api/v1/namespaces/flotilla-system/secrets/flotilla-agent-key"

    /// Runs an agent that must not trust its state folder, beside `body`, which is told when the folder is confirmed.
    private static func withDoubting(
        _ cluster: TestCluster, _ body: @Sendable (Agent, _ confirmed: Confirmations) async throws -> Void
    ) async throws {
        let configuration = cluster.configuration()
        let mask = SecretMask()
        let confirmed = Confirmations()
        let client = Agent.client(configuration, mask)
        let duty = AgentDuty(
            client: client, reports: ReportQueue(mask: mask), mask: mask, pulse: Pulse(clock: .system), isStateTrusted: false,
            confirmed: { confirmed.add() })
        let agent = Agent(configuration: configuration, clock: .system, logger: TestCluster.quiet, duty: duty)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await agent.run() }
            try await body(agent, confirmed)
            group.cancelAll()
        }
        await client.shutdown()
    }

    final class Confirmations: Sendable {
        private let counted = Mutex(0)

        func add() { counted.withLock { $0 += 1 } }
        var count: Int { counted.withLock { $0 } }
    }

    @Test("Keys that come while a poll is on its way do not have its tasks taken over without confirming what is on disk")
    func keysArrive() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            try await cluster.withAgent { () async throws -> Void in
                coordinator.want("web", 1, [configMap("a", ["k": "1"])])
                await coordinator.wait("web", 1, .synced, .current)
            }
            let simulated = try #require(cluster.simulator.cluster("c"))
            simulated.hold(["GET \(Self.key)"])
            coordinator.setSilent(true)
            let polls = coordinator.heard.polls
            try await Self.withDoubting(cluster) { agent, confirmed in
                await coordinator.wait { $0.polls > polls }
                _ = await simulated.heldRequest()
                simulated.hold([])
                await agent.keyring.wait()
                coordinator.setSilent(false)
                await coordinator.wait { $0.held["web"] == 1 }
                #expect(confirmed.count == 1)
            }
        }
    }

    @Test("A folder to which the newer tasks could not be written is not confirmed, and is once they have been")
    func unwritable() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            try await cluster.withAgent { () async throws -> Void in
                coordinator.want("web", 1, [configMap("a", ["k": "1"])])
                coordinator.want("api", 1, [configMap("b", ["k": "1"])])
                await coordinator.wait("web", 1, .synced, .current)
                await coordinator.wait("api", 1, .synced, .current)
            }
            // Where its task is written first, there is a folder.
            let place = "\(cluster.folder.path)/agent/tasks/new.json.new"
            try Folder.make(place)
            coordinator.together {
                coordinator.want("web", 2, [configMap("a", ["k": "2"])])
                coordinator.want("new", 1, [configMap("c", ["k": "1"])])
            }
            try await Self.withDoubting(cluster) { agent, confirmed in
                await coordinator.wait { $0.applications["new"]?.message.contains("cannot be taken over") == true }
                let polls = coordinator.heard.polls
                await coordinator.wait { $0.polls > polls + 1 }
                #expect(confirmed.count == 0)
                #expect(rmdir(place) == 0)
                await coordinator.wait("new", 1, .synced, .current)
                await coordinator.wait { $0.held.count == 3 }
                #expect(confirmed.count == 1)
            }
        }
    }

    @Test("A task that is refused leaves its older form on disk unconfirmed; the next one, taken over, confirms all of it")
    func refused() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            let tasks = "\(cluster.folder.path)/agent/tasks"
            try await cluster.withAgent { () async throws -> Void in
                coordinator.want("web", 1, [configMap("a", ["k": "1"])])
                coordinator.want("api", 1, [configMap("b", ["k": "1"])])
                await coordinator.wait("web", 1, .synced, .current)
                await coordinator.wait("api", 1, .synced, .current)
            }
            coordinator.want("web", 2, [configMap("a", ["k": "2"])], breaksProof: true)
            try await Self.withDoubting(cluster) { agent, confirmed in
                await coordinator.wait("web", 2, .failed)
                let polls = coordinator.heard.polls
                await coordinator.wait { $0.polls > polls && $0.held == ["api": 1] }
                #expect(confirmed.count == 0)
                coordinator.want("web", 3, [configMap("a", ["k": "3"])])
                await coordinator.wait("web", 3, .synced, .current)
                await coordinator.wait { $0.held.count == 2 }
                #expect(confirmed.count == 1)
                #expect(["api", "web"].allSatisfy { Folder.exists("\(tasks)/\($0).json") })
            }
        }
    }
}
