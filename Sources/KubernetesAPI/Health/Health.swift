// SPDX-License-Identifier: Apache-2.0
package import Manifests

/// How far an object is on its way to what its spec asks for; the six words of kstatus (kubernetes-sigs/cli-utils).
package enum HealthStatus: String, Sendable, Hashable, CaseIterable {
    case current = "Current"
    case inProgress = "InProgress"
    case failed = "Failed"
    case terminating = "Terminating"
    case notFound = "NotFound"
    case unknown = "Unknown"
}

/// An object's health, with the reason in a word and in a sentence.
package struct Health: Sendable, Hashable {
    package var status: HealthStatus
    /// A stable word, for example `LessReady`, or the reason of the condition that decided; empty when `current`.
    package var reason: String
    /// A sentence for people.
    package var message: String

    package init(_ status: HealthStatus, reason: String = "", message: String) {
        self.status = status
        self.reason = reason
        self.message = message
    }

    package static let notFound = Health(.notFound, reason: "NotFound", message: "the object does not exist")

    static func current(_ message: String) -> Health { Health(.current, message: message) }
    static func inProgress(_ reason: String, _ message: String) -> Health { Health(.inProgress, reason: reason, message: message) }
    static func failed(_ reason: String, _ message: String) -> Health { Health(.failed, reason: reason, message: message) }
}

extension Health {
    /// The health of a live object, by the rules of kstatus: deletion, observed generation and the conditions `Reconciling` and
    /// `Stalled` first, then the kind's own rule, then the condition `Ready`; an object that says nothing is current.
    ///
    /// Stricter than kstatus in few points: a workload whose controller has not yet reported on it at all is in progress, and so is an
    /// APIService that is not available or a PersistentVolume that is pending; a claim that lost its volume, and a volume that failed,
    /// have failed.
    /// - Parameter now: tells how long a pod could not be scheduled; without it such a pod is in progress.
    package static func of(_ object: Value, at now: Timestamp? = nil) -> Health {
        let kind = object["kind"]?.string ?? "object"
        if let since = object.at("metadata", "deletionTimestamp")?.string {
            return Health(.terminating, reason: "Deleting", message: deletion(object, since: since))
        }
        if let observed = object.at("status", "observedGeneration")?.int, let wanted = object.at("metadata", "generation")?.int,
            observed != wanted
        {
            return .inProgress(
                "LatestGenerationNotObserved", "\(kind) generation is \(wanted), the controller has seen generation \(observed)")
        }
        let conditions = Conditions(object)
        if let reconciling = conditions["Reconciling"], reconciling.isTrue {
            return .inProgress(reconciling.reasonOr("Reconciling"), reconciling.messageOr("the controller is at work"))
        }
        if let stalled = conditions["Stalled"], stalled.isTrue {
            return .failed(stalled.reasonOr("Stalled"), stalled.messageOr("the controller makes no progress"))
        }
        let group = Discovery.split(object["apiVersion"]?.string ?? "").group
        if let own = builtIn(group: group, kind: kind, object, conditions, now) { return own }
        guard let ready = conditions["Ready"] else { return .current("\(kind) exists") }
        return ready.isTrue
            ? .current("\(kind) is ready") : .inProgress(ready.reasonOr("NotReady"), ready.messageOr("\(kind) is not ready"))
    }

    private static func builtIn(group: String, kind: String, _ object: Value, _ conditions: Conditions, _ now: Timestamp?) -> Health? {
        switch (group, kind) {
        case ("apps", "Deployment"): deployment(object, conditions)
        case ("apps", "StatefulSet"): statefulSet(object)
        case ("apps", "DaemonSet"): daemonSet(object)
        case ("apps", "ReplicaSet"): replicaSet(object, conditions)
        case ("", "Pod"): pod(object, conditions, now)
        case ("batch", "Job"): job(object, conditions)
        case ("", "PersistentVolumeClaim"): claim(object)
        case ("", "PersistentVolume"): volume(object)
        case ("", "ReplicationController"): replicaSet(object, conditions)
        case ("apiregistration.k8s.io", "APIService"): apiService(conditions)
        case ("", "Service"): service(object)
        case ("", "Namespace"): namespace(object)
        case ("apiextensions.k8s.io", "CustomResourceDefinition"): customResourceDefinition(conditions)
        case ("policy", "PodDisruptionBudget"): .current("the allowed disruptions have been computed")
        case ("", "ConfigMap"), ("", "Secret"), ("batch", "CronJob"): .current("\(kind) exists")
        default: nil
        }
    }

    private static func deletion(_ object: Value, since: String) -> String {
        let finalizers = object.at("metadata", "finalizers")?.list?.compactMap(\.string) ?? []
        let waiting = finalizers.isEmpty ? "" : ", waiting for finalizers \(finalizers.prefix(5).joined(separator: ", "))"
        return "being deleted since \(since)\(waiting)"
    }
}

/// The conditions in an object's status.
struct Conditions {
    struct Condition {
        var status: String
        var reason: String
        var message: String

        var isTrue: Bool { status == "True" }
        func reasonOr(_ other: String) -> String { reason.isEmpty ? other : reason }
        func messageOr(_ other: String) -> String { message.isEmpty ? other : message }
    }

    private let list: [Value]

    init(_ object: Value) { list = object.at("status", "conditions")?.list ?? [] }

    subscript(type: String) -> Condition? {
        list.first { $0["type"]?.string == type }.map {
            Condition(status: $0["status"]?.string ?? "", reason: $0["reason"]?.string ?? "", message: $0["message"]?.string ?? "")
        }
    }
}
