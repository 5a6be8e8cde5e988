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

    @Test("A pod says in words why it does not run")
    func podReasons() {
        func pod(_ state: Value) -> Value {
            ["status": ["containerStatuses": [["name": "main", "image": "registry.example/x:broken", "state": state]]]]
        }
        #expect(
            PodReasons.reason(of: pod(["waiting": ["reason": "ImagePullBackOff"]])) == "ImagePullBackOff: image registry.example/x:broken")
        #expect(PodReasons.reason(of: pod(["waiting": ["reason": "CrashLoopBackOff"]])) == "CrashLoopBackOff: container main")
        #expect(PodReasons.reason(of: pod(["waiting": ["reason": "ContainerCreating"]])) == nil)
        #expect(PodReasons.reason(of: pod(["terminated": ["reason": "Error", "exitCode": 3]])) == "Error: container main, exit code 3")
    }

    @Test("A workload's pods are found by its own selector")
    func selectors() {
        let deployment: Value = [
            "apiVersion": "apps/v1", "kind": "Deployment", "spec": ["selector": ["matchLabels": ["app": "web", "tier": "front"]]],
        ]
        #expect(PodReasons.selector(of: deployment) == "app=web,tier=front")
        let job: Value = ["apiVersion": "batch/v1", "kind": "Job", "metadata": ["name": "load"]]
        #expect(PodReasons.selector(of: job) == "batch.kubernetes.io/job-name=load")
        #expect(PodReasons.selector(of: ["apiVersion": "v1", "kind": "ConfigMap"]) == nil)
    }
}
