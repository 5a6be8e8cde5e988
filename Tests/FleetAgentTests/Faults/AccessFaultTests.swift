// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import ClusterSimulator
import HTTPTransport
import KubernetesAPI
import Manifests
import Testing

@testable import FleetAgent

/// What happens to credentials and trust.
@Suite(.serialized, .timeLimit(.minutes(3))) struct AccessFaultTests {
    @Test("A service account's token that expires is replaced by what its file says then")
    func token() async throws {
        try await TestCluster.run { cluster in
            let connection = try cluster.withToken()
            try await cluster.withAgent(clock: TestClock(pace: 20).clock, connection: connection) {
                cluster.coordinator.want("web", 1, [configMap("a", ["k": "1"]), configMap("b", ["k": "1"])])
                await cluster.coordinator.wait("web", 1, .synced, .current)
                let requests = try cluster.agentRequestCount()
                let renewed = try #require(cluster.simulator.cluster("c")?.renewToken())
                cluster.simulator.act(.dropWatches)
                cluster.edit(TestCluster.config("a"), ["data": ["k": "2"]])
                // It has noticed, and keeps asking, but not in a hurry.
                try await cluster.until { try cluster.agentRequestCount() > requests + 4 }
                #expect(cluster.setting("a") == "2")
                try Folder.write(Array(renewed.utf8), to: "\(cluster.folder.path)/api-token")
                try await cluster.until { cluster.setting("a") == "1" }
                cluster.coordinator.want("web", 2, [configMap("a", ["k": "2"])])
                await cluster.coordinator.wait("web", 2, .synced, .current)
                #expect(try cluster.agentDeletes() == [TestCluster.config("b")])
                #expect(try cluster.agentRequestCount() - requests < 200)
            }
        }
    }

    @Test("The API server's authority may change: the agent trusts what its file says then, and nobody before")
    func authority() async throws {
        try await TestCluster.run(usesTLS: true) { cluster in
            let path = "\(cluster.folder.path)/ca.crt"
            let before = try #require(cluster.simulator.certificateAuthority)
            try Folder.write(Array(before.utf8), to: path)
            var connection = try cluster.withToken()
            connection.trust = TrustSettings(certificateAuthority: Array(before.utf8))
            connection.trustFiles.certificateAuthority = path
            try await cluster.withAgent(clock: TestClock(pace: 20).clock, connection: connection) {
                cluster.coordinator.want("web", 1, [configMap("a", ["k": "1"]), configMap("b", ["k": "1"])])
                await cluster.coordinator.wait("web", 1, .synced, .current)
                let after = try #require(try cluster.simulator.rotateCertificate())
                cluster.edit(TestCluster.config("a"), ["data": ["k": "2"]])
                await cluster.coordinator.wait { $0.events.contains { $0.kind == .clusterUnreachable } }
                #expect(cluster.setting("a") == "2")
                try Folder.write(Array(after.utf8), to: path)
                try await cluster.until { cluster.setting("a") == "1" }
                await cluster.coordinator.wait { $0.events.contains { $0.kind == .clusterReachable } }
                #expect(try cluster.agentDeletes() == [])
            }
        }
    }

    @Test("Throttled, an agent waits as long as it is told, and gets there")
    func throttling() async throws {
        try await TestCluster.run { cluster in
            try await cluster.withAgent(clock: TestClock(pace: 20).clock) {
                cluster.setFaults {
                    $0.throttleRate = 0.3
                    $0.retryAfterSeconds = 2
                }
                let objects = (0..<12).map { configMap("c\($0)", ["k": "1"]) }
                cluster.coordinator.want("web", 1, objects) { $0.retryMaxBackoffMilliseconds = 10_000 }
                await cluster.coordinator.wait("web", 1, .synced, .current)
                cluster.setFaults { $0.throttleRate = 0 }
                for number in 0..<12 { cluster.edit(TestCluster.config("c\(number)"), ["data": ["k": "2"]]) }
                cluster.setFaults { $0.throttleRate = 0.3 }
                try await cluster.until { (0..<12).allSatisfy { cluster.setting("c\($0)") == "1" } }
                #expect(try cluster.agentDeletes() == [])
                #expect(try cluster.agentRequestCount() < 600)
            }
        }
    }

    @Test("Refused for good, an agent asks seldom")
    func throttledForGood() async throws {
        try await TestCluster.run { cluster in
            let clock = TestClock(pace: 20).clock
            try await cluster.withAgent(clock: clock) {
                cluster.coordinator.want("web", 1, [configMap("a", ["k": "1"]), deployment("web", image: "x/web:1")])
                await cluster.coordinator.wait("web", 1, .synced, .current)
                cluster.setFaults {
                    $0.throttleRate = 1
                    $0.retryAfterSeconds = 5
                }
                cluster.simulator.act(.dropWatches)
                let (begun, requests) = (clock.now(), try cluster.agentRequestCount())
                try await cluster.until { try cluster.agentRequestCount() > requests + 12 }
                // A few watches, of which each asks once in five seconds; by the agent's clock.
                #expect(clock.now() - begun > .seconds(10))
                cluster.setFaults { $0.throttleRate = 0 }
                cluster.edit(TestCluster.config("a"), ["data": ["k": "2"]])
                try await cluster.until { cluster.setting("a") == "1" }
            }
        }
    }
}
