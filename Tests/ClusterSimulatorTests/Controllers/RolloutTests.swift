// SPDX-License-Identifier: Apache-2.0

import Manifests
import Testing

@testable import ClusterSimulator

@Suite struct RolloutTests {
    private func condition(_ object: Value, _ type: String) -> String? { Workload.condition(object, type)?["status"]?.string }

    @Test func rollsOutAndUpdatesWithoutLosingAvailability() {
        let cluster = TestCluster()
        cluster.apply("\(TestCluster.deployments)/web", TestCluster.deployment("web", image: "nginx:1"))
        #expect(condition(cluster.get("\(TestCluster.deployments)/web"), "Available") != "True")
        cluster.pass(.seconds(2))
        let first = cluster.get("\(TestCluster.deployments)/web")
        #expect(first.at("status", "readyReplicas") == 2)
        #expect(first.at("status", "observedGeneration") == 1)
        cluster.apply("\(TestCluster.deployments)/web", TestCluster.deployment("web", image: "nginx:2"))
        for _ in 0..<80 {
            cluster.pass(.milliseconds(25))
            #expect((cluster.get("\(TestCluster.deployments)/web").at("status", "availableReplicas")?.int ?? 0) >= 2)
        }
        let second = cluster.get("\(TestCluster.deployments)/web")
        #expect(second.at("status", "updatedReplicas") == 2)
        #expect(second.at("status", "replicas") == 2)
        #expect(second.annotations["deployment.kubernetes.io/revision"] == "2")
        let pods = cluster.get("/api/v1/namespaces/default/pods").at("items")?.list ?? []
        #expect(pods.count == 2)
        #expect(pods.allSatisfy { $0.at("spec", "containers")?[0]?["image"] == "nginx:2" })
        #expect(pods.allSatisfy { $0.at("status", "containerStatuses")?[0]?["imageID"]?.string?.hasPrefix("nginx@sha256:") == true })
    }

    @Test(arguments: [("broken:1", "ImagePullBackOff"), ("registry.example/crash:1", "CrashLoopBackOff")])
    func aBadImageStopsTheRolloutAtItsDeadline(_ image: String, _ reason: String) {
        let cluster = TestCluster()
        cluster.apply("\(TestCluster.deployments)/web", TestCluster.deployment("web", image: "nginx:1", deadline: 3))
        cluster.pass(.seconds(2))
        cluster.apply("\(TestCluster.deployments)/web", TestCluster.deployment("web", image: image, deadline: 3))
        cluster.pass(.seconds(5))
        let stuck = cluster.get("\(TestCluster.deployments)/web")
        #expect(condition(stuck, "Progressing") == "False")
        #expect(Workload.condition(stuck, "Progressing")?["reason"] == "ProgressDeadlineExceeded")
        #expect(condition(stuck, "Available") == "True")
        let pods = cluster.get("/api/v1/namespaces/default/pods").at("items")?.list ?? []
        let reasons = pods.compactMap { $0.at("status", "containerStatuses")?[0]?.at("state", "waiting", "reason")?.string }
        #expect(reasons == [reason])
        cluster.apply("\(TestCluster.deployments)/web", TestCluster.deployment("web", image: "nginx:1", deadline: 3))
        cluster.pass(.seconds(2))
        #expect(Workload.condition(cluster.get("\(TestCluster.deployments)/web"), "Progressing")?["reason"] == "NewReplicaSetAvailable")
    }

    @Test func anUnreadyImageRunsWithoutBeingReady() {
        let cluster = TestCluster()
        cluster.apply("\(TestCluster.deployments)/web", TestCluster.deployment("web", image: "unready:1"))
        cluster.pass(.seconds(2))
        let pods = cluster.get("/api/v1/namespaces/default/pods").at("items")?.list ?? []
        #expect(pods.allSatisfy { $0.at("status", "phase") == "Running" && !Workload.isReady($0) })
    }

    @Test func statefulSetsStartInOrder() {
        let cluster = TestCluster()
        cluster.apply(
            "/apis/apps/v1/namespaces/default/statefulsets/db",
            [
                "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": ["name": "db"],
                "spec": [
                    "replicas": 2, "serviceName": "db", "selector": ["matchLabels": ["app": "db"]],
                    "template": [
                        "metadata": ["labels": ["app": "db"]], "spec": ["containers": [["name": "main", "image": "postgres:16"]]],
                    ],
                    "volumeClaimTemplates": [
                        [
                            "metadata": ["name": "data"],
                            "spec": ["accessModes": ["ReadWriteOnce"], "resources": ["requests": ["storage": "1Gi"]]],
                        ]
                    ],
                ],
            ])
        cluster.pass(.milliseconds(100))
        #expect(cluster.get("/api/v1/namespaces/default/pods").at("items")?.list?.map(\.name) == ["db-0"])
        cluster.pass(.seconds(4))
        #expect(cluster.get("/apis/apps/v1/namespaces/default/statefulsets/db").at("status", "readyReplicas") == 2)
        let claims = cluster.get("/api/v1/namespaces/default/persistentvolumeclaims").at("items")?.list ?? []
        #expect(claims.map(\.name) == ["data-db-0", "data-db-1"])
        #expect(claims.allSatisfy { $0.at("status", "phase") == "Bound" })
    }

    @Test func daemonSetsRunOnEveryNode() {
        let cluster = TestCluster(nodes: 3)
        cluster.apply(
            "/apis/apps/v1/namespaces/default/daemonsets/agent",
            [
                "apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": ["name": "agent"],
                "spec": [
                    "selector": ["matchLabels": ["app": "agent"]],
                    "template": [
                        "metadata": ["labels": ["app": "agent"]], "spec": ["containers": [["name": "main", "image": "agent:1"]]],
                    ],
                ],
            ])
        cluster.pass(.seconds(2))
        #expect(cluster.get("/apis/apps/v1/namespaces/default/daemonsets/agent").at("status", "numberReady") == 3)
    }

    @Test(arguments: [("migrate:1", "Complete"), ("fail:1", "Failed")])
    func jobsEnd(_ image: String, _ expected: String) {
        let cluster = TestCluster()
        cluster.apply(
            "/apis/batch/v1/namespaces/default/jobs/j",
            [
                "apiVersion": "batch/v1", "kind": "Job", "metadata": ["name": "j"],
                "spec": [
                    "backoffLimit": 0,
                    "template": ["spec": ["restartPolicy": "Never", "containers": [["name": "main", "image": .string(image)]]]],
                ],
            ])
        cluster.pass(.seconds(3))
        #expect(condition(cluster.get("/apis/batch/v1/namespaces/default/jobs/j"), expected) == "True")
    }

    @Test func deletingADeploymentRemovesItsPods() {
        let cluster = TestCluster()
        cluster.apply("\(TestCluster.deployments)/web", TestCluster.deployment("web", image: "nginx:1"))
        cluster.pass(.seconds(1))
        cluster.send("DELETE", "\(TestCluster.deployments)/web")
        cluster.pass(.seconds(1))
        #expect(cluster.get("/apis/apps/v1/namespaces/default/replicasets").at("items") == [])
        #expect(cluster.get("/api/v1/namespaces/default/pods").at("items") == [])
    }

    @Test func foregroundDeletionWaitsForThePods() {
        let cluster = TestCluster()
        cluster.apply("\(TestCluster.deployments)/web", TestCluster.deployment("web", image: "nginx:1"))
        cluster.pass(.seconds(1))
        cluster.send("DELETE", "\(TestCluster.deployments)/web", ["propagationPolicy": "Foreground"])
        #expect(cluster.get("\(TestCluster.deployments)/web").isTerminating)
        cluster.pass(.seconds(1))
        #expect(cluster.send("GET", "\(TestCluster.deployments)/web").status == 404)
    }
}
