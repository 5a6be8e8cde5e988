// SPDX-License-Identifier: Apache-2.0
import KubernetesAPI
import Manifests
import Testing

@testable import FleetAgent

@Suite struct ApplicationHealthTests {
    private static func of(_ name: String, _ status: HealthStatus, _ reason: String = "") -> (
        identity: ObjectIdentity, status: HealthStatus, reason: String
    ) {
        (ObjectIdentity(group: "", kind: "ConfigMap", namespace: "", name: name), status, reason)
    }

    @Test("The worst object decides, the first of its like is named")
    func rollUp() {
        let health = ApplicationHealth([
            Self.of("a", .current), Self.of("d", .inProgress, "d waits"), Self.of("c", .inProgress, "c waits"), Self.of("e", .unknown),
        ])
        #expect(health.status == .inProgress)
        #expect(health.object?.name == "c")
        #expect(health.reason == "c waits")
        #expect([health.total, health.current] == [4, 1])
        #expect(ApplicationHealth([Self.of("a", .current)]).status == .current)
        #expect(ApplicationHealth([Self.of("a", .failed), Self.of("b", .notFound)]).status == .failed)
    }

    @Test("What is in progress for too long has failed")
    func timeout() {
        let health = ApplicationHealth([Self.of("a", .inProgress, "0 of 2 replicas")])
        let since = Timestamp(seconds: 100)
        #expect(health.judged(inProgressSince: since, now: Timestamp(seconds: 109), timeout: .seconds(10)).status == .inProgress)
        let late = health.judged(inProgressSince: since, now: Timestamp(seconds: 110), timeout: .seconds(10))
        #expect(late.status == .failed)
        #expect(late.reason == "not Current after 10 s: 0 of 2 replicas")
        let fine = ApplicationHealth([Self.of("a", .current)])
        #expect(fine.judged(inProgressSince: since, now: Timestamp(seconds: 999), timeout: .seconds(1)).status == .current)
    }
}
