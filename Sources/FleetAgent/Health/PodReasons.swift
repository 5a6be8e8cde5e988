// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Finds the words that a person can act on in the pods of a workload.
enum PodReasons {
    /// A reason, and how much it tells: the lowest rank is the one to show.
    struct Finding: Sendable, Hashable {
        enum Rank: Int, Sendable, Hashable, Comparable {
            /// A container that cannot start, or that ends.
            case container, scheduling, notReady

            static func < (left: Rank, right: Rank) -> Bool { left.rawValue < right.rawValue }
        }

        var rank: Rank
        var text: String
    }

    private static let messageMax = 300

    /// The label selector of the pods that a workload makes; `nil` for what makes none.
    static func selector(of workload: Value) -> String? {
        switch (workload["apiVersion"]?.string, workload["kind"]?.string) {
        case ("apps/v1", "Deployment"), ("apps/v1", "StatefulSet"), ("apps/v1", "DaemonSet"), ("apps/v1", "ReplicaSet"):
            let labels = workload.at("spec", "selector", "matchLabels")?.map ?? Map()
            var parts = labels.entries.compactMap { entry in entry.value.string.map { "\(entry.key)=\($0)" } }
            for requirement in workload.at("spec", "selector", "matchExpressions")?.list ?? [] {
                guard let key = requirement["key"]?.string else { continue }
                let values = (requirement["values"]?.list ?? []).compactMap(\.string).joined(separator: ",")
                switch requirement["operator"]?.string {
                case "In": parts.append("\(key) in (\(values))")
                case "NotIn": parts.append("\(key) notin (\(values))")
                case "Exists": parts.append(key)
                case "DoesNotExist": parts.append("!\(key)")
                default: continue
                }
            }
            return parts.isEmpty ? nil : parts.joined(separator: ",")
        case ("batch/v1", "Job"): return workload.at("metadata", "name")?.string.map { "batch.kubernetes.io/job-name=\($0)" }
        default: return nil
        }
    }

    /// Why this pod does not run, such as `ImagePullBackOff: registry.example/web:1.2 not found`; `nil` where it says nothing.
    static func reason(of pod: Value) -> String? { finding(in: pod)?.text }

    static func finding(in pod: Value) -> Finding? {
        // What is on its way out says nothing about what is to come.
        guard pod.at("metadata", "deletionTimestamp") == nil else { return nil }
        if pod.at("status", "phase")?.string == "Failed", let reason = pod.at("status", "reason")?.string, !reason.isEmpty {
            return Finding(rank: .container, text: sentence(reason, pod.at("status", "message")?.string ?? "the pod has failed"))
        }
        for (list, specs) in [("initContainerStatuses", "initContainers"), ("containerStatuses", "containers")] {
            for status in pod.at("status", list)?.list ?? [] {
                let spec = pod.at("spec", specs)?.list?.first { $0["name"] == status["name"] } ?? .null
                if let text = container(status, spec) { return Finding(rank: .container, text: text) }
            }
        }
        let conditions = pod.at("status", "conditions")?.list ?? []
        if let scheduled = conditions.first(where: { $0["type"]?.string == "PodScheduled" }), scheduled["status"]?.string == "False" {
            return Finding(
                rank: .scheduling, text: sentence(scheduled["reason"]?.string ?? "Unschedulable", scheduled["message"]?.string ?? ""))
        }
        let ready = conditions.first { $0["type"]?.string == "Ready" }
        guard pod.at("status", "phase")?.string == "Running", ready?["status"]?.string == "False" else { return nil }
        return Finding(rank: .notReady, text: "NotReady: pod \(pod.at("metadata", "name")?.string ?? "") \(waitsFor(pod, ready))")
    }

    /// Why a container does not run, or does not go on running.
    private static func container(_ status: Value, _ spec: Value) -> String? {
        let name = "container \(status["name"]?.string ?? "")"
        if let waiting = status.at("state", "waiting"), let reason = waiting["reason"]?.string {
            if reason == "ContainerCreating" || reason == "PodInitializing" { return nil }
            let message = waiting["message"]?.string ?? ""
            if reason.contains("Image") { return "\(reason): \(image(spec["image"]?.string ?? status["image"]?.string ?? "", message))" }
            if reason == "CrashLoopBackOff" {
                guard let last = status.at("lastState", "terminated") else { return "\(reason): \(name)" }
                return ended(last, name, spec, as: reason)
            }
            // CreateContainerConfigError and the like: the kubelet says what is missing.
            return sentence(reason, message.isEmpty ? name : "\(name): \(message)")
        }
        if let last = status.at("state", "terminated"), (last["exitCode"]?.int ?? 0) != 0 { return ended(last, name, spec, as: nil) }
        return nil
    }

    private static func ended(_ state: Value, _ name: String, _ spec: Value, as reason: String?) -> String {
        let word = state["reason"]?.string ?? "Error"
        if word == "OOMKilled" {
            let limit = spec.at("resources", "limits", "memory")
            let size = limit?.string ?? limit?.int.map { "\($0)" }
            return "OOMKilled: \(name) used more memory than \(size.map { "its limit of \($0)" } ?? "there is")"
        }
        let code = state["exitCode"]?.int.map { "exit code \($0)" } ?? "no exit code"
        let cause = reason == nil || word == "Error" ? "" : " (\(word))"
        let message = shortened(state["message"]?.string ?? "")
        return "\(reason ?? word): \(name), \(reason == nil ? "" : "last ")\(code)\(cause)\(message.isEmpty ? "" : ": \(message)")"
    }

    /// An image with why it cannot be had. Container runtimes pass on what registries say, in many words.
    private static func image(_ image: String, _ message: String) -> String {
        let text = message.lowercased()
        func has(_ words: String...) -> Bool { words.contains { text.contains($0) } }
        // With an answer like this a registry says that the image is not there, or that it does not want to say so.
        if has("not found", "manifest unknown", "name unknown") { return "\(image) not found" }
        if has("unauthorized", "authorization failed", "denied", "authentication required", "403 forbidden") {
            return "\(image): the registry refuses access (is there an imagePullSecret for it?)"
        }
        if has("no such host", "connection refused", "i/o timeout", "no route to host", "deadline exceeded") {
            return "\(image): the registry cannot be reached"
        }
        if has("toomanyrequests", "too many requests", "rate limit") { return "\(image): the registry allows no more pulls for now" }
        if has("x509", "certificate") { return "\(image): the registry's certificate is not trusted" }
        let rest = shortened(message)
        return rest.isEmpty || rest.contains("Back-off pulling image") ? "\(image) cannot be pulled" : "\(image): \(rest)"
    }

    private static func waitsFor(_ pod: Value, _ ready: Value?) -> String {
        let waiting = (pod.at("status", "containerStatuses")?.list ?? []).first { $0["ready"]?.bool == false }
        guard let waiting, let name = waiting["name"]?.string else {
            if ready?["reason"]?.string == "ReadinessGatesNotReady" {
                return "waits for its readiness gates: \(shortened(ready?["message"]?.string ?? ""))"
            }
            return "runs but its readiness probe does not pass"
        }
        let probe = waiting["started"]?.bool == false ? "startup" : "readiness"
        return "runs but the \(probe) probe of container \(name) does not pass"
    }

    private static func sentence(_ reason: String, _ message: String) -> String {
        message.isEmpty ? reason : "\(reason): \(shortened(message))"
    }

    /// One line, of which the end matters most.
    private static func shortened(_ message: String) -> String {
        let line = message.split(whereSeparator: \.isNewline).map(String.init).last { !$0.allSatisfy(\.isWhitespace) } ?? ""
        return line.count <= messageMax ? line : "… \(line.suffix(messageMax))"
    }
}
