// SPDX-License-Identifier: Apache-2.0
import Manifests

// The rules and their order are those of kstatus, pkg/kstatus/status/core.go.
extension Health {
    static func deployment(_ object: Value, _ conditions: Conditions) -> Health {
        let progressing = conditions["Progressing"]
        if let progressing, progressing.reason == "ProgressDeadlineExceeded" {
            return .failed("ProgressDeadlineExceeded", progressing.messageOr("the rollout made no progress within its deadline"))
        }
        if let unseen = unobserved(object) { return unseen }
        let wanted = object.at("spec", "replicas")?.int ?? 1
        let counts = Counts(object)
        let (all, updated) = (counts["replicas"], counts["updatedReplicas"])
        let (available, ready) = (counts["availableReplicas"], counts["readyReplicas"])
        if wanted > all { return .less("LessReplicas", "replicas exist", all, wanted, conditions["ReplicaFailure"]) }
        if wanted > updated { return .less("LessUpdated", "replicas are updated", updated, wanted) }
        if all > wanted { return .inProgress("ExtraReplicas", "\(all - wanted) old replicas are still running") }
        if updated > available { return .less("LessAvailable", "updated replicas are available", available, updated) }
        if wanted > ready { return .less("LessReady", "replicas are ready", ready, wanted) }
        // A Deployment without a deadline gets no Progressing condition.
        let deadline = object.at("spec", "progressDeadlineSeconds")?.int ?? Int64(Int32.max)
        let isRolledOut = progressing.map { $0.isTrue && $0.reason == "NewReplicaSetAvailable" } ?? false
        if deadline != Int64(Int32.max), !isRolledOut {
            if object.at("spec", "paused")?.bool == true { return .inProgress("DeploymentPaused", "the rollout is paused") }
            return .inProgress("ReplicaSetNotAvailable", "the new ReplicaSet is not available yet")
        }
        guard conditions["Available"]?.isTrue == true else {
            return .inProgress("DeploymentNotAvailable", conditions["Available"]?.message ?? "the Deployment is not available yet")
        }
        return .current("\(wanted) of \(wanted) replicas are available")
    }

    static func statefulSet(_ object: Value) -> Health {
        let strategy = object.at("spec", "updateStrategy")
        if strategy?["type"]?.string == "OnDelete" { return .current("updates wait for pods to be deleted by hand (OnDelete)") }
        if let unseen = unobserved(object) { return unseen }
        let wanted = object.at("spec", "replicas")?.int ?? 1
        let counts = Counts(object)
        let (all, ready, updated) = (counts["replicas"], counts["readyReplicas"], counts["updatedReplicas"])
        if wanted > all { return .less("LessReplicas", "replicas exist", all, wanted) }
        if wanted > ready { return .less("LessReady", "replicas are ready", ready, wanted) }
        if all > wanted { return .inProgress("ExtraReplicas", "\(all - wanted) replicas are still to go") }
        if let partition = strategy?.at("rollingUpdate", "partition")?.int {
            let target = wanted - min(partition, wanted)
            if updated < target { return .less("PartitionRollout", "replicas are updated", updated, target) }
            return .current("\(wanted) of \(wanted) replicas are ready")
        }
        if wanted > counts["currentReplicas"] { return .less("LessCurrent", "replicas are current", counts["currentReplicas"], wanted) }
        guard object.at("status", "currentRevision") == object.at("status", "updateRevision") else {
            return .inProgress("RevisionMismatch", "the new revision is still being rolled out")
        }
        return .current("\(wanted) of \(wanted) replicas are ready")
    }

    static func daemonSet(_ object: Value) -> Health {
        if object.at("spec", "updateStrategy", "type")?.string == "OnDelete" {
            return .current("updates wait for pods to be deleted by hand (OnDelete)")
        }
        guard let wanted = object.at("status", "desiredNumberScheduled")?.int, unobserved(object) == nil else {
            return .inProgress("NoDesiredNumber", "the controller has not counted the nodes yet")
        }
        let counts = Counts(object)
        for (field, reason, what) in [
            ("currentNumberScheduled", "LessCurrent", "nodes have their pod"),
            ("updatedNumberScheduled", "LessUpdated", "pods are updated"),
            ("numberAvailable", "LessAvailable", "pods are available"), ("numberReady", "LessReady", "pods are ready"),
        ] where wanted > counts[field] {
            return .less(reason, what, counts[field], wanted)
        }
        return .current("\(wanted) of \(wanted) pods are ready")
    }

    static func replicaSet(_ object: Value, _ conditions: Conditions) -> Health {
        if let failure = conditions["ReplicaFailure"], failure.isTrue {
            return .inProgress("ReplicaFailure", failure.messageOr("pods cannot be created"))
        }
        if let unseen = unobserved(object) { return unseen }
        let wanted = object.at("spec", "replicas")?.int ?? 1
        let counts = Counts(object)
        for (field, reason, what) in [
            ("fullyLabeledReplicas", "LessLabelled", "replicas are labelled"),
            ("availableReplicas", "LessAvailable", "replicas are available"),
            ("readyReplicas", "LessReady", "replicas are ready"),
        ] where wanted > counts[field] {
            return .less(reason, what, counts[field], wanted)
        }
        let all = counts["replicas"]
        if all > wanted { return .inProgress("ExtraReplicas", "\(all - wanted) replicas are still to go") }
        return .current("\(wanted) of \(wanted) replicas are available")
    }

    static func job(_ object: Value, _ conditions: Conditions) -> Health {
        let counts = Counts(object)
        let wanted = object.at("spec", "completions")?.int ?? object.at("spec", "parallelism")?.int ?? 1
        if conditions["Complete"]?.isTrue == true { return .current("completed, \(counts["succeeded"]) of \(wanted) succeeded") }
        if let failed = conditions["Failed"], failed.isTrue {
            return .failed(failed.reasonOr("JobFailed"), failed.messageOr("\(counts["failed"]) pods failed"))
        }
        if conditions["Suspended"]?.isTrue == true { return .current("suspended") }
        guard object.at("status", "startTime")?.string != nil else { return .inProgress("JobNotStarted", "the Job has not started") }
        return .current("running: \(counts["succeeded"]) succeeded, \(counts["active"]) active, \(counts["failed"]) failed")
    }

    /// A controller sets the observed generation with its first status.
    private static func unobserved(_ object: Value) -> Health? {
        guard object.at("status", "observedGeneration") == nil else { return nil }
        return .inProgress("NotObserved", "the controller has not reported on it yet")
    }

    private static func less(_ reason: String, _ what: String, _ count: Int64, _ wanted: Int64, _ cause: Conditions.Condition? = nil)
        -> Health
    {
        let because = cause.map { $0.isTrue && !$0.message.isEmpty ? ": \($0.message)" : "" } ?? ""
        return .inProgress(reason, "\(count) of \(wanted) \(what)\(because)")
    }

    /// Numbers in a status; an absent one is 0, as the API server leaves zeros out.
    private struct Counts {
        let status: Value

        init(_ object: Value) { status = object["status"] ?? .null }

        subscript(field: String) -> Int64 { status[field]?.int ?? 0 }
    }
}
