// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import ClusterSimulator
import Glibc
import KubernetesAPI
import Manifests
import Testing

@testable import FleetAgent

/// What happens to the agent itself: its clock, its disk, its coordinator.
@Suite(.serialized, .timeLimit(.minutes(3))) struct AgentFaultTests {
    @Test("A clock that is set, by a year in either direction, delays nothing and repeats nothing", arguments: [-365, 365])
    func clockSteps(days: Int) async throws {
        try await TestCluster.run { cluster in
            let time = TestClock(pace: 20)
            try await cluster.withAgent(clock: time.clock) {
                cluster.coordinator.want("web", 1, [configMap("a", ["k": "1"]), configMap("b", ["k": "1"])])
                await cluster.coordinator.wait("web", 1, .synced, .current)
                // In the middle of retries.
                cluster.setFaults { $0.webhook = WebhookFault(isFailing: true, resources: ["configmaps"]) }
                cluster.coordinator.want("web", 2, [configMap("a", ["k": "2"])])
                await cluster.coordinator.wait { $0.applications["web"]?.message.contains("slow.simulator.flotilla.dev") == true }
                time.step(by: .seconds(86_400 * days))
                cluster.setFaults { $0.webhook = nil }
                await cluster.coordinator.wait("web", 2, .synced, .current)
                cluster.edit(TestCluster.config("a"), ["data": ["k": "edited"]])
                await cluster.coordinator.wait { $0.events.contains { $0.kind == .healed } }
                #expect(cluster.setting("a") == "2")
                // What is told carries the time that the clock shows now.
                let healed = try #require(cluster.coordinator.heard.events.last { $0.kind == .healed })
                let far = time.clock.wall() - healed.at
                #expect(far < .seconds(86_400) && far > .seconds(-86_400))
                #expect((healed.durationMilliseconds ?? -1) >= 0 && (healed.durationMilliseconds ?? .max) < 86_400_000)
                #expect(try cluster.agentDeletes() == [TestCluster.config("b")])
            }
            // Started again under a clock that was set back, it is still heard: its reports are not taken for old ones.
            let before = cluster.coordinator.heard.sequences.max() ?? 0
            time.step(by: .seconds(-86_400 * 400))
            try await cluster.withAgent(clock: time.clock) {
                cluster.coordinator.want("web", 3, [configMap("a", ["k": "3"])])
                await cluster.coordinator.wait("web", 3, .synced, .current)
                #expect(cluster.coordinator.heard.sequences.last ?? 0 > before)
            }
        }
    }

    @Test("A disk that takes nothing keeps an agent from newer releases, not from healing; when it does again, the release follows")
    func disk() async throws {
        try await TestCluster.run { cluster in
            try await cluster.withAgent(clock: TestClock(pace: 20).clock) {
                cluster.coordinator.want("web", 1, [configMap("a", ["k": "1"]), configMap("b", ["k": "1"])])
                await cluster.coordinator.wait("web", 1, .synced, .current)
                // No file can be made under these names.
                let obstacle = "\(cluster.folder.path)/agent/tasks/web.json.new"
                try Folder.make(obstacle)
                let polls = cluster.coordinator.requests.count
                cluster.coordinator.want("web", 2, [configMap("a", ["k": "2"])])
                try await cluster.until { cluster.coordinator.requests.count > polls + 4 }
                #expect(cluster.setting("a") == "1")
                cluster.edit(TestCluster.config("a"), ["data": ["k": "edited"]])
                try await cluster.until { cluster.setting("a") == "1" }
                #expect(try cluster.agentDeletes() == [])
                #expect(cluster.coordinator.requests.count < polls + 60)
                Folder.removeFolder(obstacle)
                await cluster.coordinator.wait("web", 2, .synced, .current)
                #expect(cluster.setting("a") == "2")
                #expect(try cluster.agentDeletes() == [TestCluster.config("b")])
            }
        }
    }

    @Test("Without the coordinator all is healed, over every restart, and told when it comes back")
    func coordinatorDown() async throws {
        try await TestCluster.run { cluster in
            let clock = TestClock(pace: 20).clock
            try await cluster.withAgent(clock: clock) {
                cluster.coordinator.want("web", 1, [configMap("a", ["k": "1"]), configMap("b", ["k": "1"])])
                await cluster.coordinator.wait("web", 1, .synced, .current)
            }
            cluster.coordinator.setDown(true)
            let attempts = cluster.coordinator.requests.count
            try await cluster.withAgent(clock: clock) {
                for turn in 0..<3 {
                    cluster.edit(TestCluster.config("a"), ["data": ["k": .string("edit \(turn)")]])
                    cluster.simulator.act(turn == 1 ? .restart : .dropWatches)
                    try await cluster.until { cluster.setting("a") == "1" }
                }
            }
            cluster.delete(TestCluster.config("b"))
            try await cluster.withAgent(clock: clock) {
                try await cluster.until { cluster.setting("b") == "1" }
                cluster.edit(TestCluster.config("b"), ["data": ["k": "2"]])
                try await cluster.until { cluster.setting("b") == "1" }
                #expect(cluster.coordinator.requests.count - attempts < 200)
                cluster.coordinator.setDown(false)
                await cluster.coordinator.wait { $0.events.contains { $0.kind == .healed && $0.object.contains("shop/b") } }
                cluster.coordinator.want("web", 2, [configMap("a", ["k": "2"])])
                await cluster.coordinator.wait("web", 2, .synced, .current)
                #expect(try cluster.agentDeletes() == [TestCluster.config("b")])
            }
        }
    }

    @Test("A restarted agent heals from disk right after its first list: what is wrong is its first write, and nobody is asked before")
    func healsFirst() async throws {
        try await TestCluster.run { cluster in
            try await cluster.withAgent {
                cluster.coordinator.want("web", 1, [configMap("a", ["k": "1"]), configMap("b", ["k": "1"])])
                await cluster.coordinator.wait("web", 1, .synced, .current)
            }
            cluster.coordinator.setDown(true)
            cluster.edit(TestCluster.config("a"), ["data": ["k": "2"]])
            let before = try cluster.agentRequests().count
            try await cluster.withAgent {
                try await cluster.until { cluster.setting("a") == "1" }
            }
            let requests = try Array(cluster.agentRequests()[before...])
            let list = try #require(requests.firstIndex(of: "GET /api/v1/configmaps"))
            let heal = try #require(requests.firstIndex(of: "PATCH \(TestCluster.config("a"))"))
            #expect(list < heal && heal - list <= 3, "\(requests)")
            #expect(requests.filter { !$0.hasPrefix("GET") } == ["PATCH \(TestCluster.config("a"))"])
        }
    }

    @Test("Reports wait until the coordinator takes this instance for the cluster's: those of another are not heard")
    func session() async throws {
        try await TestCluster.run { cluster in
            try await cluster.withAgent {
                cluster.coordinator.want("web", 1, [configMap("a", ["k": "1"])])
                await cluster.coordinator.wait("web", 1, .synced, .current)
            }
            cluster.coordinator.accept(onlyInstance: "another")
            let heard = cluster.coordinator.heard.sequences.count
            try await cluster.withAgent(clock: TestClock(pace: 20).clock) {
                cluster.edit(TestCluster.config("a"), ["data": ["k": "2"]])
                try await cluster.until { cluster.setting("a") == "1" }
                let polls = cluster.coordinator.requests.count
                try await cluster.until { cluster.coordinator.requests.count > polls + 1 }
                #expect(cluster.coordinator.heard.sequences.count == heard)
                cluster.coordinator.accept(onlyInstance: nil)
                await cluster.coordinator.wait { $0.events.contains { $0.kind == .healed } }
            }
        }
    }
}

extension Folder {
    /// Removes an empty folder.
    static func removeFolder(_ path: String) { rmdir(path) }
}
