// SPDX-License-Identifier: Apache-2.0
import Manifests

extension Health {
    /// kstatus gives a pod this long to be scheduled before it calls that failed.
    private static let scheduleWindow = Duration.seconds(15)

    static func pod(_ object: Value, _ conditions: Conditions, _ now: Timestamp?) -> Health {
        let containers = waitingContainers(object)
        let detail = containers.isEmpty ? "" : ": " + containers.prefix(3).map(\.text).joined(separator: "; ")
        switch object.at("status", "phase")?.string ?? "" {
        case "Succeeded": return .current("the pod has completed")
        case "Failed":
            let why = object.at("status", "message")?.string ?? object.at("status", "reason")?.string
            return .failed("PodFailed", why.map { "the pod has failed: \($0)" } ?? "the pod has failed")
        case "Running":
            if conditions["Ready"]?.isTrue == true { return .current("the pod is ready") }
            if containers.contains(where: { $0.reason == "CrashLoopBackOff" }) {
                return .failed("ContainerCrashLooping", "a container crashes again and again\(detail)")
            }
            return .inProgress("PodRunningNotReady", "the pod is running but not ready\(detail)")
        case "Pending":
            if let scheduled = conditions["PodScheduled"], scheduled.status == "False", scheduled.reason == "Unschedulable" {
                let created = object.at("metadata", "creationTimestamp")?.string.flatMap(Timestamp.init(rfc3339:))
                guard let now, let created, now - created >= scheduleWindow else {
                    return .inProgress("PodNotScheduled", "the pod has not been scheduled\(scheduled.suffix)")
                }
                return .failed("PodUnschedulable", "the pod cannot be scheduled\(scheduled.suffix)")
            }
            return .inProgress("PodPending", "the pod is pending\(detail)")
        case "": return .inProgress("PodNotObserved", "no node has reported on the pod yet")
        case let phase: return Health(.unknown, reason: "UnknownPhase", message: "the pod's phase is '\(phase)'")
        }
    }

    static func claim(_ object: Value) -> Health {
        let phase = object.at("status", "phase")?.string ?? "unknown"
        if phase == "Lost" { return .failed("Lost", "the claim has lost its volume") }
        return phase == "Bound" ? .current("the claim is bound") : .inProgress("NotBound", "the claim is not bound, its phase is \(phase)")
    }

    static func volume(_ object: Value) -> Health {
        switch object.at("status", "phase")?.string ?? "" {
        case "Failed":
            return .failed("VolumeFailed", object.at("status", "message")?.string ?? "the volume could not be reclaimed or recycled")
        case "Pending": return .inProgress("VolumePending", "the volume is not available yet")
        default: return .current("the volume is there")
        }
    }

    static func apiService(_ conditions: Conditions) -> Health {
        guard let available = conditions["Available"] else { return .inProgress("NotObserved", "the API has not been looked for yet") }
        return available.isTrue
            ? .current("the API is available")
            : .inProgress(available.reasonOr("NotAvailable"), available.messageOr("the API is not available"))
    }

    static func service(_ object: Value) -> Health {
        if object.at("spec", "type")?.string == "LoadBalancer", (object.at("spec", "clusterIP")?.string ?? "").isEmpty {
            return .inProgress("NoIPAssigned", "the Service has no cluster IP yet")
        }
        return .current("the Service is ready")
    }

    static func namespace(_ object: Value) -> Health {
        object.at("status", "phase")?.string == "Terminating"
            ? Health(.terminating, reason: "Deleting", message: "the namespace is being deleted") : .current("the namespace is active")
    }

    static func customResourceDefinition(_ conditions: Conditions) -> Health {
        if let names = conditions["NamesAccepted"], names.status == "False" {
            return .failed(names.reasonOr("NamesNotAccepted"), names.messageOr("its names are taken"))
        }
        if let established = conditions["Established"] {
            if established.isTrue { return .current("the definition is established") }
            if established.status == "False", established.reason != "Installing" {
                return .failed(established.reasonOr("NotEstablished"), established.messageOr("the definition cannot be established"))
            }
        }
        return .inProgress("Installing", "the definition is being installed")
    }

    private struct WaitingContainer {
        var reason: String
        var text: String
    }

    private static func waitingContainers(_ object: Value) -> [WaitingContainer] {
        ["initContainerStatuses", "containerStatuses"].flatMap { object.at("status", $0)?.list ?? [] }.compactMap { container in
            guard let waiting = container.at("state", "waiting"), let reason = waiting["reason"]?.string else { return nil }
            let message = waiting["message"]?.string.map { ": \($0)" } ?? ""
            return WaitingContainer(reason: reason, text: "container \(container["name"]?.string ?? "?"): \(reason)\(message)")
        }
    }
}

extension Conditions.Condition {
    fileprivate var suffix: String { message.isEmpty ? "" : ": \(message)" }
}
