// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import ClusterSimulator
import Manifests
import Testing

@testable import FleetAgent

@Suite(.serialized, .timeLimit(.minutes(2))) struct ReasonTests {
    @Test(
        "A report says why a workload's pods do not run",
        arguments: [
            ("x/web:broken", "ImagePullBackOff: x/web:broken cannot be pulled"), ("x/web:crash", "CrashLoopBackOff: container main"),
            ("x/web:unready", "runs but the readiness probe of container main does not pass"),
        ])
    func pods(image: String, words: String) async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            try await cluster.withAgent { () async throws -> Void in
                coordinator.want("web", 1, [deployment("web", image: image)])
                await coordinator.wait { $0.applications["web"]?.message.contains(words) == true }
                #expect(coordinator.heard.applications["web"]?.object == "apps/Deployment shop/web")
                coordinator.want("web", 2, [deployment("web", image: "x/web:2")])
                await coordinator.wait("web", 2, .synced, .current)
                #expect(coordinator.heard.applications["web"]?.message == "")
            }
        }
    }

    @Test("A Job that has failed says how its pod ended")
    func failedJob() async throws {
        try await TestCluster.run { cluster in
            let coordinator = cluster.coordinator
            try await cluster.withAgent { () async throws -> Void in
                coordinator.want("web", 1, [job("load", image: "x/load:fail", [:])])
                await coordinator.wait { $0.applications["web"]?.message.contains("container main, exit code 1") == true }
                #expect(coordinator.heard.applications["web"]?.health == .failed)
            }
        }
    }
}
