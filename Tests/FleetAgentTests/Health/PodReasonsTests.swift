// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@testable import FleetAgent

@Suite struct PodReasonsTests {
    private static func pod(_ status: Value, limit: String? = nil, phase: String = "Pending") -> Value {
        var container: Value = ["name": "main", "image": "registry.example/x:1.2"]
        if let limit { container["resources"] = ["limits": ["memory": .string(limit)]] }
        var all = status
        if all["phase"] == nil { all["phase"] = .string(phase) }
        return ["metadata": ["name": "x-1"], "spec": ["containers": [container]], "status": all]
    }

    private static func container(_ state: Value, last: Value? = nil) -> Value {
        var status: Value = ["name": "main", "image": "", "state": state]
        if let last { status["lastState"] = last }
        return ["containerStatuses": [status]]
    }

    private static func waiting(_ reason: String, _ message: String = "") -> Value {
        container(["waiting": ["reason": .string(reason), "message": .string(message)]])
    }

    @Test(
        "An image that cannot be pulled is named, with why",
        arguments: [
            ("Back-off pulling image \"x\": ErrImagePull: rpc error: code = NotFound desc = manifest: not found", "x:1.2 not found"),
            ("Back-off pulling image \"x\"", "x:1.2 cannot be pulled"), ("", "x:1.2 cannot be pulled"),
            ("pull access denied", "x:1.2: the registry refuses access (is there an imagePullSecret for it?)"),
            ("dial tcp: lookup registry.example: no such host", "x:1.2: the registry cannot be reached"),
            ("tls: x509: certificate signed by unknown authority", "x:1.2: the registry's certificate is not trusted"),
            ("the disk\nis full", "x:1.2: is full"),
        ])
    func images(message: String, words: String) {
        #expect(PodReasons.reason(of: Self.pod(Self.waiting("ImagePullBackOff", message))) == "ImagePullBackOff: registry.example/\(words)")
    }

    @Test("A container that ends says how; what a kubelet or scheduler says is passed on")
    func containers() {
        func reason(_ status: Value, limit: String? = nil, phase: String = "Pending") -> String? {
            PodReasons.reason(of: Self.pod(status, limit: limit, phase: phase))
        }
        let crash: Value = ["waiting": ["reason": "CrashLoopBackOff"]]
        #expect(reason(Self.container(crash)) == "CrashLoopBackOff: container main")
        #expect(
            reason(Self.container(crash, last: ["terminated": ["reason": "Error", "exitCode": 7, "message": "a\nno database\n"]]))
                == "CrashLoopBackOff: container main, last exit code 7: no database")
        let killed: Value = ["terminated": ["reason": "OOMKilled", "exitCode": 137]]
        #expect(
            reason(Self.container(crash, last: killed), limit: "64Mi")
                == "OOMKilled: container main used more memory than its limit of 64Mi")
        #expect(reason(Self.container(killed)) == "OOMKilled: container main used more memory than there is")
        #expect(
            reason(Self.container(["terminated": ["reason": "Error", "exitCode": 3]]), phase: "Failed")
                == "Error: container main, exit code 3")
        #expect(reason(Self.waiting("ContainerCreating")) == nil)
        #expect(
            reason(Self.waiting("CreateContainerConfigError", "secret \"db\" not found"))
                == "CreateContainerConfigError: container main: secret \"db\" not found")
        #expect(
            reason([
                "conditions": [
                    ["type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes are available"]
                ]
            ]) == "Unschedulable: 0/3 nodes are available")
        #expect(
            reason(["reason": "Evicted", "message": "The node was low on resource: memory."], phase: "Failed")
                == "Evicted: The node was low on resource: memory.")
    }

    @Test("A pod that runs and is not ready says whose probe does not pass")
    func probes() {
        func pod(started: Bool) -> Value {
            Self.pod(
                [
                    "conditions": [["type": "Ready", "status": "False", "reason": "ContainersNotReady"]],
                    "containerStatuses": [
                        ["name": "side", "ready": true], ["name": "main", "ready": false, "started": .bool(started)],
                    ],
                ], phase: "Running")
        }
        #expect(
            PodReasons.reason(of: pod(started: true)) == "NotReady: pod x-1 runs but the readiness probe of container main does not pass")
        #expect(
            PodReasons.reason(of: pod(started: false)) == "NotReady: pod x-1 runs but the startup probe of container main does not pass")
        var leaving = pod(started: true)
        leaving["metadata"]?["deletionTimestamp"] = "2026-01-01T00:00:00Z"
        #expect(PodReasons.reason(of: leaving) == nil)
    }

    @Test("A workload's pods are found by its own selector")
    func selectors() {
        let deployment: Value = [
            "apiVersion": "apps/v1", "kind": "Deployment",
            "spec": [
                "selector": [
                    "matchLabels": ["app": "web"],
                    "matchExpressions": [
                        ["key": "tier", "operator": "In", "values": ["a", "b"]], ["key": "old", "operator": "DoesNotExist"],
                    ],
                ]
            ],
        ]
        #expect(PodReasons.selector(of: deployment) == "app=web,tier in (a,b),!old")
        let job: Value = ["apiVersion": "batch/v1", "kind": "Job", "metadata": ["name": "load"]]
        #expect(PodReasons.selector(of: job) == "batch.kubernetes.io/job-name=load")
        #expect(PodReasons.selector(of: ["apiVersion": "v1", "kind": "ConfigMap"]) == nil)
    }
}
