// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import KubernetesAPI
import Manifests
import Testing

@testable import FleetAgent

@Suite struct HealthRulesTests {
    private static let rules = [
        HealthRule(
            group: "example.dev", kind: "Widget", path: "/status/phase", comparison: .oneOf(["Ready", "Idle"]),
            failed: .init(path: "/status/error", comparison: .notEquals(""))),
        HealthRule(group: "example.dev", kind: "Widget", path: "/status/copies", comparison: .equals(2)),
        HealthRule(group: "", kind: "Secret", path: "/data/k", comparison: .equals("eA==")),
    ]

    private static func widget(_ status: Value, deleted: Bool = false) -> Value {
        var object: Value = [
            "apiVersion": "example.dev/v1", "kind": "Widget", "metadata": ["name": "w", "generation": 2], "status": status,
        ]
        if deleted { object["metadata"]?["deletionTimestamp"] = "2026-01-01T00:00:00Z" }
        return object
    }

    private static func health(_ object: Value) -> Health { Health.of(object, at: Timestamp(milliseconds: 0), rules: rules) }

    @Test(
        "Rules stand in for conditions; all of a kind's must hold, a failure counts first",
        arguments: [
            ([:], HealthStatus.inProgress, "/status/phase is not set, waits for one of 'Ready', 'Idle'"),
            (["phase": "Ready"], .inProgress, "/status/copies is not set, waits for 2"),
            (["phase": "Idle", "copies": 1], .inProgress, "/status/copies is 1, waits for 2"),
            (["phase": "Idle", "copies": 2], .current, ""),
            (["phase": "Idle", "copies": 2, "conditions": [["type": "Ready", "status": "False"]]], .current, ""),
            (["phase": "Ready", "copies": 2, "error": ""], .current, ""),
            (["phase": "Ready", "copies": 2, "error": "no disk"], .failed, "/status/error is 'no disk'"),
            (["phase": "Ready", "copies": 2, "observedGeneration": 1], .inProgress, "generation"),
        ] as [(Value, HealthStatus, String)])
    func judge(status: Value, wanted: HealthStatus, words: String) {
        let health = Self.health(Self.widget(status))
        #expect(health.status == wanted)
        if wanted != .current { #expect(health.message.contains(words)) }
    }

    @Test("Deletion counts before rules, other kinds are judged as ever, and what a Secret holds is told to nobody")
    func others() {
        #expect(Self.health(Self.widget(["phase": "Ready", "copies": 2], deleted: true)).status == .terminating)
        #expect(Self.health(["apiVersion": "other.dev/v1", "kind": "Widget", "metadata": ["name": "w"]]).status == .current)
        let secret = Self.health(["apiVersion": "v1", "kind": "Secret", "metadata": ["name": "s"], "data": ["k": "c2VjcmV0"]])
        #expect(secret.status == .inProgress && !secret.message.contains("c2VjcmV0"))
    }
}
