// SPDX-License-Identifier: Apache-2.0

import Manifests

/// How an image behaves, by the words in its name.
enum ImageBehaviour {
    case normal, broken, crash, unready, slow, fail, done

    init(_ image: String) {
        let last = image.split(separator: "/").last ?? ""
        let words = Set(last.split { !$0.isLetter && !$0.isNumber }.map(String.init))
        if words.contains("broken") {
            self = .broken
        } else if words.contains("crash") {
            self = .crash
        } else if words.contains("unready") {
            self = .unready
        } else if words.contains("slow") {
            self = .slow
        } else if words.contains("fail") {
            self = .fail
        } else if words.contains("done") {
            self = .done
        } else {
            self = .normal
        }
    }
}

// The scheduler and the nodes' kubelets.
extension ClusterCore {
    /// Takes a pod one step on: placed on a node, started, ready or failing, stopped.
    func reconcilePod(_ name: ObjectName) {
        guard let pod = store.get(pods.key, name) else { return }
        if pod.isTerminating { return stop(pod) }
        let node = pod.at("spec", "nodeName")?.string ?? ""
        if node.isEmpty { return schedule(pod) }
        let phase = pod.at("status", "phase")?.string ?? ""
        if phase == "Succeeded" || phase == "Failed" { return }
        guard let start = Self.started(pod) else { return }
        advance(pod, start)
    }

    private static func started(_ pod: Value) -> Timestamp? {
        Workload.condition(pod, "PodScheduled")?["lastTransitionTime"]?.string.flatMap { Timestamp(rfc3339: $0) }
    }

    private func stop(_ pod: Value) {
        let name = ObjectName(namespace: pod.namespace, name: pod.name)
        let seconds = pod.at("metadata", "deletionGracePeriodSeconds")?.int ?? 0
        if seconds == 0 {
            if pod.finalizers.isEmpty { erase(pods, pod) }
            return
        }
        guard let due = podStops[name] else {
            podStops[name] = now + behaviour.podStopDelay
            return after(behaviour.podStopDelay, .pod(name))
        }
        guard now >= due else { return after(due - now, .pod(name)) }
        podStops[name] = nil
        podStarts[name] = nil
        var ended = pod
        ended.set(0, "metadata", "deletionGracePeriodSeconds")
        if ended.finalizers.isEmpty { erase(pods, ended) } else { put(pods, ended) }
    }

    private func schedule(_ pod: Value) {
        guard (pod.at("spec", "schedulerName")?.string ?? "default-scheduler") == "default-scheduler" else { return }
        let wanted = pod.at("spec", "nodeSelector")?.map ?? Map()
        let nodes = store.list(builtIn("nodes").key)
        let fitting = nodes.filter { node in
            node.at("spec", "unschedulable")?.bool != true && wanted.allSatisfy { node.labels[$0.key] == $0.value }
        }
        var why = ""
        if fitting.isEmpty {
            why = "0/\(nodes.count) nodes are available: \(nodes.count) node(s) didn't match Pod's node affinity/selector."
        }
        for volume in pod.at("spec", "volumes")?.list ?? [] {
            guard let claim = volume.at("persistentVolumeClaim", "claimName")?.string else { continue }
            let found = get(builtIn("persistentvolumeclaims"), pod.namespace, claim)
            if found == nil { why = "0/\(nodes.count) nodes are available: persistentvolumeclaim \"\(claim)\" not found. not found" }
            if let found, found.at("status", "phase") != "Bound" {
                why = "0/\(nodes.count) nodes are available: pod has unbound immediate PersistentVolumeClaims. not found"
            }
        }
        let name = ObjectName(namespace: pod.namespace, name: pod.name)
        if !why.isEmpty {
            let condition: Value = [
                "type": "PodScheduled", "observedGeneration": .int(pod.generation), "status": "False", "lastProbeTime": .null,
                "lastTransitionTime": Workload.condition(pod, "PodScheduled")?["lastTransitionTime"] ?? .string(stamp),
                "reason": "Unschedulable", "message": .string(why),
            ]
            var status = pod["status"] ?? [:]
            status["conditions"] = [condition]
            writeStatus(pods, pod, status)
            return after(.seconds(1), .pod(name))
        }
        let counts = store.list(pods.key).reduce(into: [String: Int]()) { $0[$1.at("spec", "nodeName")?.string ?? "", default: 0] += 1 }
        guard let node = fitting.min(by: { (counts[$0.name] ?? 0, $0.name) < (counts[$1.name] ?? 0, $1.name) }) else { return }
        var placed = pod
        placed.set(.string(node.name), "spec", "nodeName")
        placed.set(
            [["type": "PodScheduled", "status": "True", "lastProbeTime": .null, "lastTransitionTime": .string(stamp)]], "status",
            "conditions")
        podStarts[name] = now
        // Binding is no update of the specification: the generation stays, and nobody owns the node's name.
        put(pods, Codec.encode(placed, pods.shape))
    }

    private func delay(_ behaviour: ImageBehaviour, isJob: Bool) -> Duration {
        switch behaviour {
        case .slow: isJob ? .seconds(30) : self.behaviour.slowPodReadyDelay
        default: self.behaviour.podReadyDelay
        }
    }

    private func advance(_ pod: Value, _ scheduled: Timestamp) {
        let name = ObjectName(namespace: pod.namespace, name: pod.name)
        let containers = pod.at("spec", "containers")?.list ?? []
        let behaviours = containers.map { ImageBehaviour($0["image"]?.string ?? "") }
        let isJob = ["Never", "OnFailure"].contains(pod.at("spec", "restartPolicy")?.string ?? "")
        let start = podStarts[name] ?? scheduled
        let readyAt = start + (behaviours.map { delay($0, isJob: isJob) }.max() ?? .zero)
        var phase = "Running"
        var exitCode: Int64?
        var restarts: Int64 = 0
        var next: Timestamp?
        if behaviours.contains(.broken) {
            phase = "Pending"
            let backOff = start + behaviour.podReadyDelay
            if now < start + behaviour.podReadyDelay / 4 { return after(start + behaviour.podReadyDelay / 4 - now, .pod(name)) }
            if now < backOff { next = backOff }
        } else if now < readyAt, !(behaviours.contains(.slow) && now >= start + behaviour.podReadyDelay) {
            let due = behaviours.contains(.slow) ? start + behaviour.podReadyDelay : readyAt
            return after(due - now, .pod(name))
        } else if behaviours.contains(.crash) || (behaviours.contains(.fail) && !isJob) {
            restarts = min(Int64((now - start) / max(behaviour.podReadyDelay, .milliseconds(50))), 3)
            if restarts < 3 { next = now + behaviour.podReadyDelay }
        } else if isJob {
            let end = behaviours.contains(.slow) ? readyAt : readyAt + behaviour.jobDuration
            if behaviours.contains(.fail) {
                phase = "Failed"
                exitCode = 1
            } else if now >= end {
                phase = "Succeeded"
                exitCode = 0
            } else {
                next = end
            }
        } else if now < readyAt {
            next = readyAt
        }
        var states: [Value] = []
        var unready: [String] = []
        for (container, image) in zip(containers, behaviours) {
            let here = ContainerState(
                pod: pod, container: container, image: image, isBackingOff: next == nil, exitCode: exitCode, restarts: restarts,
                isStarted: image != .slow || now >= readyAt || isJob, stamp: stamp, digests: behaviour.reportsDigests)
            if !here.isReady { unready.append(container["name"]?.string ?? "") }
            states.append(here.value)
        }
        let status = podStatus(pod, phase: phase, exitCode: exitCode, unready: unready, containers: states, hasAddress: phase != "Pending")
        writeStatus(pods, pod, status, manager: "unknown")
        if let next { after(next - now, .pod(name)) }
    }

    private func podStatus(
        _ pod: Value, phase: String, exitCode: Int64?, unready: [String], containers: [Value], hasAddress: Bool
    ) -> Value {
        var status = pod["status"]?.map ?? Map()
        let generation = Value.int(pod.generation)
        func condition(_ type: String, _ isTrue: Bool, _ reason: String = "", _ message: String = "") -> Value {
            let old = Workload.condition(pod, type)
            let text: Value = isTrue ? "True" : "False"
            var map: Map = [
                "type": .string(type), "observedGeneration": generation, "status": text, "lastProbeTime": .null,
                "lastTransitionTime": old?["status"] == text ? old?["lastTransitionTime"] ?? .string(stamp) : .string(stamp),
            ]
            if !reason.isEmpty { map["reason"] = .string(reason) }
            if !message.isEmpty { map["message"] = .string(message) }
            return .map(map)
        }
        let ended = exitCode != nil
        let isReady = unready.isEmpty && !ended
        let reason = ended ? (exitCode == 0 ? "PodCompleted" : "PodFailed") : (isReady ? "" : "ContainersNotReady")
        let message = ended || isReady ? "" : "containers with unready status: [\(unready.joined(separator: " "))]"
        status["observedGeneration"] = generation
        status["phase"] = .string(phase)
        status["conditions"] = .list([
            condition("PodReadyToStartContainers", !ended), condition("Initialized", true), condition("Ready", isReady, reason, message),
            condition("ContainersReady", isReady, reason, message),
            Workload.condition(pod, "PodScheduled") ?? condition("PodScheduled", true),
        ])
        status["hostIP"] = "127.0.0.1"
        status["hostIPs"] = [["ip": "127.0.0.1"]]
        if hasAddress, status["podIP"] == nil {
            let address = newPodIP()
            status["podIP"] = .string(address)
            status["podIPs"] = [["ip": .string(address)]]
        }
        if status["startTime"] == nil { status["startTime"] = .string(stamp) }
        status["containerStatuses"] = .list(containers)
        return .map(status)
    }
}

/// The state of one container of a pod.
private struct ContainerState {
    let value: Value
    let isReady: Bool

    init(
        pod: Value, container: Value, image: ImageBehaviour, isBackingOff: Bool, exitCode: Int64?, restarts: Int64, isStarted: Bool,
        stamp: String, digests: Bool
    ) {
        let name = container["name"]?.string ?? ""
        let reference = container["image"]?.string ?? ""
        let old = pod.at("status", "containerStatuses")?.list?.first { $0["name"]?.string == name }
        let startedAt = old?.at("state", "running", "startedAt") ?? old?.at("lastState", "terminated", "startedAt") ?? .string(stamp)
        var state: Value
        var last: Value = [:]
        var ready = false
        var started = false
        var restartCount: Int64 = 0
        switch image {
        case .broken:
            state = [
                "waiting": isBackingOff
                    ? ["reason": "ImagePullBackOff", "message": .string("Back-off pulling image \"\(reference)\"")]
                    : ["reason": "ErrImagePull", "message": .string("failed to pull image \"\(reference)\": not found")]
            ]
        case .crash where exitCode == nil, .fail where exitCode == nil:
            state = [
                "waiting": [
                    "reason": "CrashLoopBackOff",
                    "message": .string("back-off 10s restarting failed container=\(name) pod=\(pod.name)"),
                ]
            ]
            last = ["terminated": ["exitCode": 1, "reason": "Error", "startedAt": startedAt, "finishedAt": startedAt]]
            restartCount = restarts
        default:
            if let exitCode {
                state = [
                    "terminated": [
                        "exitCode": .int(exitCode), "reason": exitCode == 0 ? "Completed" : "Error", "startedAt": startedAt,
                        "finishedAt": .string(stamp),
                    ]
                ]
            } else {
                state = ["running": ["startedAt": startedAt]]
                ready = image != .unready && isStarted
                started = isStarted
            }
        }
        var map: Map = [
            "name": .string(name), "state": state, "lastState": last, "ready": .bool(ready), "restartCount": .int(restartCount),
            "image": .string(reference), "imageID": image == .broken ? "" : .string(Self.identity(reference, digests)),
        ]
        if image != .broken { map["containerID"] = .string("fake://\(pod.uid)/\(name)/\(restartCount)") }
        map["started"] = .bool(started)
        value = .map(map)
        isReady = ready
    }

    /// The digest that the image has: its own when the reference names one, else made from the reference.
    private static func identity(_ reference: String, _ digests: Bool) -> String {
        if !digests { return "fake://\(reference)" }
        if reference.contains("@sha256:") { return reference }
        let slash = reference.lastIndex(of: "/") ?? reference.startIndex
        let repository = reference[slash...].lastIndex(of: ":").map { String(reference[..<$0]) } ?? reference
        return "\(repository)@\(Digest.sha256("image \(reference)"))"
    }
}
