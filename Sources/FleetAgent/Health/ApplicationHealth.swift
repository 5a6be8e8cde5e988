// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import KubernetesAPI
import Manifests

/// The health of an application, rolled up from its objects.
struct ApplicationHealth: Sendable, Hashable {
    var status: HealthStatus = .current
    /// The first object in the worst state; `nil` when all are Current.
    var object: ObjectIdentity?
    var reason = ""
    var total = 0
    var current = 0

    /// Worst first.
    private static func rank(_ status: HealthStatus) -> Int {
        switch status {
        case .failed: 0
        case .notFound: 1
        case .terminating: 2
        case .inProgress: 3
        case .unknown: 4
        case .current: 5
        }
    }

    init() {}

    init(_ objects: some Sequence<(identity: ObjectIdentity, status: HealthStatus, reason: String)>) {
        for (identity, status, reason) in objects {
            total += 1
            if status == .current { current += 1 }
            let (mine, worst) = (Self.rank(status), Self.rank(self.status))
            if mine < worst || (mine == worst && status != .current && object.map { identity < $0 } ?? true) {
                self.status = status
                self.object = identity
                self.reason = reason
            }
        }
    }

    /// What has been in progress for longer than `timeout` has failed.
    func judged(inProgressSince since: Timestamp?, now: Timestamp, timeout: Duration) -> ApplicationHealth {
        guard status == .inProgress || status == .notFound || status == .unknown, let since, now - since >= timeout else { return self }
        var failed = self
        failed.status = .failed
        failed.reason = "not Current after \(timeout.components.seconds) s: \(reason)"
        return failed
    }
}

extension ApplicationReport.Health {
    init(_ status: HealthStatus) {
        self =
            switch status {
            case .current: .current
            case .inProgress: .inProgress
            case .failed: .failed
            case .terminating: .terminating
            case .notFound: .notFound
            case .unknown: .unknown
            }
    }
}

/// Finds the words that a person can act on in the pods of a workload.
enum PodReasons {
    /// The label selector of the pods that a workload makes; `nil` for what makes none.
    static func selector(of workload: Value) -> String? {
        switch (workload["apiVersion"]?.string, workload["kind"]?.string) {
        case ("apps/v1", "Deployment"), ("apps/v1", "StatefulSet"), ("apps/v1", "DaemonSet"), ("apps/v1", "ReplicaSet"):
            let labels = workload.at("spec", "selector", "matchLabels")?.map
            guard let labels, !labels.isEmpty else { return nil }
            return labels.entries.compactMap { entry in entry.value.string.map { "\(entry.key)=\($0)" } }.joined(separator: ",")
        case ("batch/v1", "Job"): return workload.at("metadata", "name")?.string.map { "batch.kubernetes.io/job-name=\($0)" }
        default: return nil
        }
    }

    /// Why this pod does not run, such as `ImagePullBackOff: image registry.example/web:1.2`; `nil` where it says nothing.
    static func reason(of pod: Value) -> String? {
        for list in ["initContainerStatuses", "containerStatuses"] {
            for container in pod.at("status", list)?.list ?? [] {
                if let waiting = container.at("state", "waiting"), let reason = waiting["reason"]?.string,
                    reason != "ContainerCreating", reason != "PodInitializing"
                {
                    let image = container["image"]?.string ?? ""
                    let subject = reason.contains("Image") ? "image \(image)" : "container \(container["name"]?.string ?? "")"
                    let exit = container.at("lastState", "terminated", "exitCode")?.int.map { ", last exit code \($0)" } ?? ""
                    return "\(reason): \(subject)\(exit)"
                }
                if let ended = container.at("state", "terminated"), let code = ended["exitCode"]?.int, code != 0 {
                    return "\(ended["reason"]?.string ?? "Error"): container \(container["name"]?.string ?? ""), exit code \(code)"
                }
            }
        }
        let conditions = pod.at("status", "conditions")?.list ?? []
        if let scheduled = conditions.first(where: { $0["type"]?.string == "PodScheduled" }), scheduled["status"]?.string == "False" {
            return "\(scheduled["reason"]?.string ?? "Unschedulable"): \(scheduled["message"]?.string ?? "")"
        }
        let ready = conditions.first { $0["type"]?.string == "Ready" }
        if pod.at("status", "phase")?.string == "Running", ready?["status"]?.string == "False" {
            return "NotReady: pod \(pod.at("metadata", "name")?.string ?? "") runs but its readiness probe does not pass"
        }
        return nil
    }
}
