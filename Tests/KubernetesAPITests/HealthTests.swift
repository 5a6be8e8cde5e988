// SPDX-License-Identifier: Apache-2.0
import KubernetesAPI
import Manifests
import Testing

@Suite("Health") struct HealthTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var json: String
        var status: HealthStatus
        var reason: String
        var message: String

        init(_ name: String, _ json: String, _ status: HealthStatus, _ reason: String = "", _ message: String = "") {
            self.name = name
            self.json = json
            self.status = status
            self.reason = reason
            self.message = message
        }

        var testDescription: String { name }
    }

    private static func deployment(_ status: String, spec: String = #""replicas": 3, "progressDeadlineSeconds": 600"#) -> String {
        #"{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"generation": 2}, "spec": {\#(spec)}, "status": {\#(status)}}"#
    }

    private static let rolledOut = #"""
        "observedGeneration": 2, "replicas": 3, "updatedReplicas": 3, "readyReplicas": 3, "availableReplicas": 3, "conditions": [
        {"type": "Available", "status": "True"}, {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}]
        """#

    static let generic = [
        Case("deletion", #"{"kind": "X", "metadata": {"deletionTimestamp": "T", "finalizers": ["a/b"]}}"#, .terminating, "Deleting", "a/b"),
        Case(
            "old generation", #"{"kind": "X", "metadata": {"generation": 3}, "status": {"observedGeneration": 2}}"#, .inProgress,
            "LatestGenerationNotObserved", "X generation is 3, the controller has seen generation 2"),
        Case(
            "reconciling", #"{"status": {"conditions": [{"type": "Reconciling", "status": "True", "message": "m"}]}}"#, .inProgress,
            "Reconciling", "m"),
        Case(
            "stalled", #"{"status": {"conditions": [{"type": "Stalled", "status": "True", "reason": "R", "message": "m"}]}}"#, .failed, "R",
            "m"),
        Case("not stalled", #"{"status": {"conditions": [{"type": "Stalled", "status": "False"}]}}"#, .current),
        Case("ready", #"{"status": {"conditions": [{"type": "Ready", "status": "True"}]}}"#, .current),
        Case(
            "not ready", #"{"status": {"conditions": [{"type": "Ready", "status": "False", "reason": "Pulling"}]}}"#, .inProgress,
            "Pulling"),
        Case("says nothing", #"{"kind": "X", "status": {}}"#, .current), Case("no object at all", "[]", .current),
        Case("config map", #"{"apiVersion": "v1", "kind": "ConfigMap"}"#, .current),
    ]

    static let workloads = [
        Case("deployment, rolled out", deployment(rolledOut), .current, "", "3 of 3 replicas are available"),
        Case("deployment, unseen", deployment(""), .inProgress, "NotObserved"),
        Case("deployment to zero, unseen", deployment("", spec: #""replicas": 0"#), .inProgress, "NotObserved"),
        Case(
            "deployment to zero",
            deployment(
                #""observedGeneration": 2, "conditions": [{"type": "Available", "status": "True"}]"#, spec: #""replicas": 0"#), .current),
        Case("deployment, few", deployment(#""observedGeneration": 2, "replicas": 1"#), .inProgress, "LessReplicas", "1 of 3"),
        Case(
            "deployment, quota",
            deployment(
                #""observedGeneration": 2, "conditions": [{"type": "ReplicaFailure", "status": "True", "message": "exceeded quota"}]"#),
            .inProgress, "LessReplicas", "0 of 3 replicas exist: exceeded quota"),
        Case("deployment, old", deployment(#""observedGeneration": 2, "replicas": 4, "updatedReplicas": 1"#), .inProgress, "LessUpdated"),
        Case(
            "deployment, extra", deployment(#""observedGeneration": 2, "replicas": 4, "updatedReplicas": 3"#), .inProgress, "ExtraReplicas"),
        Case(
            "deployment, unavailable", deployment(#""observedGeneration": 2, "replicas": 3, "updatedReplicas": 3, "availableReplicas": 2"#),
            .inProgress, "LessAvailable", "2 of 3"),
        Case(
            "deployment, deadline",
            deployment(
                #""conditions": [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "timed out"}]"#
            ),
            .failed, "ProgressDeadlineExceeded", "timed out"),
        Case(
            "stateful set, ready",
            #"""
            {"apiVersion": "apps/v1", "kind": "StatefulSet", "spec": {"replicas": 2, "updateStrategy": {"type": "RollingUpdate",
            "rollingUpdate": {"partition": 0}}}, "status": {"observedGeneration": 1, "replicas": 2, "readyReplicas": 2, "updatedReplicas": 2}}
            """#, .current),
        Case(
            "stateful set, updating",
            #"""
            {"apiVersion": "apps/v1", "kind": "StatefulSet", "spec": {"replicas": 2, "updateStrategy": {"rollingUpdate": {"partition": 0}}},
            "status": {"observedGeneration": 1, "replicas": 2, "readyReplicas": 2, "updatedReplicas": 1}}
            """#, .inProgress, "PartitionRollout", "1 of 2"),
        Case(
            "stateful set, revisions",
            #"""
            {"apiVersion": "apps/v1", "kind": "StatefulSet", "spec": {"replicas": 1}, "status": {"observedGeneration": 1, "replicas": 1,
            "readyReplicas": 1, "currentReplicas": 1, "currentRevision": "a", "updateRevision": "b"}}
            """#, .inProgress, "RevisionMismatch"),
        Case(
            "daemon set, uncounted", #"{"apiVersion": "apps/v1", "kind": "DaemonSet", "status": {"observedGeneration": 1}}"#, .inProgress,
            "NoDesiredNumber"),
        Case(
            "daemon set, partly",
            #"""
            {"apiVersion": "apps/v1", "kind": "DaemonSet", "status": {"observedGeneration": 1, "desiredNumberScheduled": 2,
            "currentNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 1, "numberReady": 1}}
            """#, .inProgress, "LessAvailable", "1 of 2"),
        Case(
            "daemon set without nodes",
            #"{"apiVersion": "apps/v1", "kind": "DaemonSet", "status": {"observedGeneration": 1, "desiredNumberScheduled": 0}}"#, .current),
        Case(
            "replica set",
            #"""
            {"apiVersion": "apps/v1", "kind": "ReplicaSet", "spec": {"replicas": 1}, "status": {"observedGeneration": 1, "replicas": 1,
            "fullyLabeledReplicas": 1, "availableReplicas": 0}}
            """#, .inProgress, "LessAvailable"),
        Case("job, new", #"{"apiVersion": "batch/v1", "kind": "Job", "status": {}}"#, .inProgress, "JobNotStarted"),
        Case(
            "job, running", #"{"apiVersion": "batch/v1", "kind": "Job", "status": {"startTime": "T", "active": 1}}"#, .current, "",
            "1 active"),
        Case(
            "job, failed",
            #"{"apiVersion": "batch/v1", "kind": "Job", "status": {"conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}]}}"#,
            .failed, "BackoffLimitExceeded"),
        Case(
            "job, complete",
            #"{"apiVersion": "batch/v1", "kind": "Job", "status": {"succeeded": 1, "conditions": [{"type": "Complete", "status": "True"}]}}"#,
            .current),
    ]

    private static func pod(_ status: String) -> String {
        #"{"apiVersion": "v1", "kind": "Pod", "metadata": {"creationTimestamp": "2026-01-01T00:00:00Z"}, "status": {\#(status)}}"#
    }

    private static let unschedulable = pod(
        #""phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no nodes"}]"#
    )

    static let core = [
        Case("pod, new", pod(""), .inProgress, "PodNotObserved"), Case("pod, done", pod(#""phase": "Succeeded""#), .current),
        Case("pod, failed", pod(#""phase": "Failed", "reason": "Evicted""#), .failed, "PodFailed", "Evicted"),
        Case("pod, ready", pod(#""phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]"#), .current),
        Case("pod, odd", pod(#""phase": "Odd""#), .unknown, "UnknownPhase"),
        Case(
            "pod, image",
            pod(
                #""phase": "Pending", "containerStatuses": [{"name": "web", "state": {"waiting": {"reason": "ImagePullBackOff", "message": "x"}}}]"#
            ), .inProgress, "PodPending", "container web: ImagePullBackOff: x"),
        Case(
            "pod, crashing",
            pod(#""phase": "Running", "containerStatuses": [{"name": "web", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]"#),
            .failed, "ContainerCrashLooping", "container web"),
        Case("pod, unschedulable", unschedulable, .inProgress, "PodNotScheduled", "no nodes"),
        Case(
            "claim", #"{"apiVersion": "v1", "kind": "PersistentVolumeClaim", "status": {"phase": "Pending"}}"#, .inProgress, "NotBound",
            "Pending"),
        Case("bound claim", #"{"apiVersion": "v1", "kind": "PersistentVolumeClaim", "status": {"phase": "Bound"}}"#, .current),
        Case(
            "lost claim", #"{"apiVersion": "v1", "kind": "PersistentVolumeClaim", "status": {"phase": "Lost"}}"#, .failed, "Lost", "volume"),
        Case("volume", #"{"apiVersion": "v1", "kind": "PersistentVolume", "status": {"phase": "Available"}}"#, .current),
        Case(
            "failed volume", #"{"apiVersion": "v1", "kind": "PersistentVolume", "status": {"phase": "Failed", "message": "no disk"}}"#,
            .failed,
            "VolumeFailed", "no disk"),
        Case("API, new", #"{"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService"}"#, .inProgress, "NotObserved"),
        Case(
            "API, down",
            #"{"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "status": {"conditions": [{"type": "Available", "status": "False", "reason": "MissingEndpoints", "message": "no endpoints"}]}}"#,
            .inProgress, "MissingEndpoints", "no endpoints"),
        Case("autoscaler", #"{"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "status": {}}"#, .current),
        Case("ingress", #"{"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "status": {"loadBalancer": {}}}"#, .current),
        Case("service", #"{"apiVersion": "v1", "kind": "Service", "spec": {}}"#, .current),
        Case("load balancer", #"{"apiVersion": "v1", "kind": "Service", "spec": {"type": "LoadBalancer"}}"#, .inProgress, "NoIPAssigned"),
        Case("namespace", #"{"apiVersion": "v1", "kind": "Namespace", "status": {"phase": "Active"}}"#, .current),
        Case(
            "namespace, going", #"{"apiVersion": "v1", "kind": "Namespace", "status": {"phase": "Terminating"}}"#, .terminating, "Deleting"),
        Case("budget", #"{"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "status": {"disruptionsAllowed": 0}}"#, .current),
        Case("definition, new", definition(""), .inProgress, "Installing"),
        Case("definition, established", definition(#"{"type": "Established", "status": "True"}"#), .current),
        Case(
            "definition, taken", definition(#"{"type": "NamesAccepted", "status": "False", "reason": "PluralConflict"}"#), .failed,
            "PluralConflict"),
        Case(
            "definition, installing", definition(#"{"type": "Established", "status": "False", "reason": "Installing"}"#), .inProgress,
            "Installing"),
    ]

    private static func definition(_ condition: String) -> String {
        #"{"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "status": {"conditions": [\#(condition)]}}"#
    }

    @Test("is what kstatus says", arguments: generic + workloads + core) func table(_ test: Case) throws {
        let health = Health.of(try JSON.read(Array(test.json.utf8)))
        #expect(health.status == test.status)
        #expect(health.reason == test.reason)
        #expect(health.message.contains(test.message), "\(health.message)")
        #expect(!health.message.isEmpty)
    }

    @Test("a pod that cannot be scheduled has failed after fifteen seconds") func scheduling() throws {
        let pod = try JSON.read(Array(Self.unschedulable.utf8))
        let created = try #require(Timestamp(rfc3339: "2026-01-01T00:00:00Z"))
        #expect(Health.of(pod, at: created + .seconds(14)).status == .inProgress)
        #expect(Health.of(pod, at: created + .seconds(15)).reason == "PodUnschedulable")
    }
}
