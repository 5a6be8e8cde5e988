// SPDX-License-Identifier: Apache-2.0

import Manifests

extension ClusterCore {
    // MARK: - ReplicaSets

    func reconcileReplicaSet(_ name: ObjectName) {
        guard let set = store.get(replicaSets.key, name), !set.isTerminating else { return }
        let wanted = set.at("spec", "replicas")?.int ?? 1
        let owned = controlled(pods, by: set)
        let active = owned.filter { !$0.isTerminating && !["Succeeded", "Failed"].contains($0.at("status", "phase")?.string ?? "") }
        var failure: StatusError?
        if active.count < Int(wanted) {
            for _ in 0..<(Int(wanted) - active.count) {
                switch createAsController(pods, pod(from: set, type: replicaSets)) {
                case .success: break
                case .failure(let error): failure = error
                }
                if failure != nil { break }
            }
            if failure != nil { after(.seconds(1), .replicaSet(name)) }
        } else if active.count > Int(wanted) {
            // The least useful first: not placed, not ready, youngest.
            let order = active.sorted { left, right in
                let one = (Workload.isReady(left) ? 1 : 0, -(Int64(left.resourceVersion) ?? 0))
                let other = (Workload.isReady(right) ? 1 : 0, -(Int64(right.resourceVersion) ?? 0))
                return one < other
            }
            for pod in order.prefix(active.count - Int(wanted)) { _ = delete(pod, pods, DeleteOptions()) }
        }
        replicaSetStatus(set.name, set.namespace, failure)
    }

    private func replicaSetStatus(_ name: String, _ namespace: String, _ failure: StatusError?) {
        guard let set = get(replicaSets, namespace, name) else { return }
        let owned = controlled(pods, by: set)
        let active = owned.filter { !$0.isTerminating && !["Succeeded", "Failed"].contains($0.at("status", "phase")?.string ?? "") }
        let minimum = set.at("spec", "minReadySeconds")?.int ?? 0
        let available = active.filter { Workload.isAvailable($0, minimum, now: now) }.count
        let ready = active.filter(Workload.isReady).count
        if ready > available { after(.milliseconds(500), .replicaSet(ObjectName(namespace: namespace, name: name))) }
        var status: Map = ["replicas": .int(Int64(active.count))]
        if !active.isEmpty { status["fullyLabeledReplicas"] = .int(Int64(active.count)) }
        status["readyReplicas"] = .int(Int64(ready))
        status["availableReplicas"] = .int(Int64(available))
        status["terminatingReplicas"] = .int(Int64(owned.filter(\.isTerminating).count))
        status["observedGeneration"] = .int(set.generation)
        var conditions = set.at("status", "conditions")?.list ?? []
        if let failure {
            if !conditions.contains(where: { $0["type"] == "ReplicaFailure" }) {
                conditions.append([
                    "type": "ReplicaFailure", "status": "True", "lastTransitionTime": .string(stamp), "reason": "FailedCreate",
                    "message": .string(failure.message),
                ])
            }
        } else {
            conditions.removeAll { $0["type"] == "ReplicaFailure" }
        }
        status["conditions"] = .list(conditions)
        writeStatus(replicaSets, set, .map(status))
    }

    /// A pod from an owner's template.
    func pod(from owner: Value, type: ResourceType, name: String? = nil, labels: Map = [:]) -> Value {
        var metadata = owner.at("spec", "template", "metadata")?.map ?? Map()
        if let name { metadata["name"] = .string(name) } else { metadata["generateName"] = .string(owner.name + "-") }
        metadata["namespace"] = .string(owner.namespace)
        var all = metadata["labels"]?.map ?? Map()
        for entry in labels { all[entry.key] = entry.value }
        metadata["labels"] = .map(all)
        metadata["ownerReferences"] = [Workload.owner(owner, type)]
        return ["metadata": .map(metadata), "spec": owner.at("spec", "template", "spec") ?? [:]]
    }

    // MARK: - Deployments

    private static let revision = "deployment.kubernetes.io/revision"

    func reconcileDeployment(_ name: ObjectName) {
        guard let deployment = store.get(deployments.key, name) else {
            return forgetWorkload("apps/Deployment/\(name.namespace)/\(name.name)")
        }
        if deployment.isTerminating { return }
        let sets = controlled(replicaSets, by: deployment).filter { !$0.isTerminating }
        let wanted = deployment.at("spec", "replicas")?.int ?? 1
        let template = deployment.at("spec", "template") ?? [:]
        let isPaused = deployment.at("spec", "paused")?.bool == true
        var current = sets.first { Self.sameTemplate($0.at("spec", "template") ?? [:], template) }
        let surge = Self.surge(deployment, wanted)
        var conditions = deployment.at("status", "conditions")?.list ?? []
        if !isPaused {
            let revisions = sets.compactMap { Int64($0.annotations[Self.revision]?.string ?? "") }
            if current == nil {
                if Self.isRecreate(deployment), sets.contains(where: { hasPods($0) }) {
                    for set in sets { scale(set, to: 0, deployment, surge) }
                    return deploymentStatus(name, nil, conditions)
                }
                let next = (revisions.max() ?? 0) + 1
                let old = sets.reduce(0) { $0 + ($1.at("spec", "replicas")?.int ?? 0) }
                let first = Self.isRecreate(deployment) ? wanted : max(0, min(wanted, wanted + surge - old))
                switch makeSet(deployment, revision: next, replicas: sets.isEmpty ? wanted : first, surge: surge) {
                case .success(let set):
                    current = set
                    conditions = setting(
                        conditions, "Progressing", "True", "NewReplicaSetCreated", "Created new replica set \"\(set.name)\"")
                    progress[deployment.uid] = ProgressNote(since: now, newest: set.uid, count: 0)
                    writeStatus(
                        deployments, deployment, Self.with(conditions, deployment), annotations: [Self.revision: .string(String(next))])
                    if first > 0 || sets.isEmpty {
                        emit(
                            "Normal", "ScalingReplicaSet", "Scaled up replica set \(set.name) from 0 to \(sets.isEmpty ? wanted : first)",
                            about: deployment, component: "deployment-controller")
                    }
                case .failure: return after(.seconds(1), .deployment(name))
                }
            } else if let set = current, let newest = revisions.max(), Int64(set.annotations[Self.revision]?.string ?? "") != newest {
                // An older template again: its set becomes the newest.
                var revived = set
                revived.set(.string(String(newest + 1)), "metadata", "annotations", Self.revision)
                current = write(replicaSets, set, revived)
                conditions = setting(
                    conditions, "Progressing", "True", "FoundNewReplicaSet", "Found new replica set \"\(set.name)\"")
                progress[deployment.uid] = ProgressNote(since: now, newest: set.uid, count: 0)
                writeStatus(
                    deployments, deployment, Self.with(conditions, deployment), annotations: [Self.revision: .string(String(newest + 1))])
            }
        }
        if let current { roll(deployment, current, sets.filter { $0.uid != current.uid }, wanted, surge, isPaused: isPaused) }
        deploymentStatus(name, current?.uid, conditions)
        trimHistory(deployment, current?.uid)
    }

    private static func with(_ conditions: [Value], _ deployment: Value) -> Value {
        var status = deployment["status"] ?? [:]
        status["conditions"] = .list(conditions)
        return status
    }

    private static func isRecreate(_ deployment: Value) -> Bool { deployment.at("spec", "strategy", "type") == "Recreate" }

    private static func surge(_ deployment: Value, _ wanted: Int64) -> Int64 {
        isRecreate(deployment)
            ? 0 : Workload.share(deployment.at("spec", "strategy", "rollingUpdate", "maxSurge"), of: wanted, roundsUp: true)
    }

    private static func unavailable(_ deployment: Value, _ wanted: Int64) -> Int64 {
        if isRecreate(deployment) { return 0 }
        let share = Workload.share(deployment.at("spec", "strategy", "rollingUpdate", "maxUnavailable"), of: wanted, roundsUp: false)
        return share == 0 && surge(deployment, wanted) == 0 ? 1 : share
    }

    private static func sameTemplate(_ set: Value, _ wanted: Value) -> Bool {
        var bare = set
        bare.set(nil, "metadata", "labels", "pod-template-hash")
        return bare == wanted
    }

    private func hasPods(_ set: Value) -> Bool {
        !controlled(pods, by: set).isEmpty || (set.at("spec", "replicas")?.int ?? 0) > 0
    }

    private func makeSet(_ deployment: Value, revision: Int64, replicas: Int64, surge: Int64) -> Result<Value, StatusError> {
        let template = deployment.at("spec", "template") ?? [:]
        let wanted = deployment.at("spec", "replicas")?.int ?? 1
        let hash = Workload.hash(template)
        var labels = template.at("metadata", "labels")?.map ?? Map()
        labels["pod-template-hash"] = .string(hash)
        var selector = deployment.at("spec", "selector") ?? [:]
        selector.set(.string(hash), "matchLabels", "pod-template-hash")
        var labelled = template
        labelled.set(.map(labels), "metadata", "labels")
        var annotations = deployment.annotations
        annotations["kubectl.kubernetes.io/last-applied-configuration"] = nil
        annotations["deployment.kubernetes.io/desired-replicas"] = .string(String(wanted))
        annotations["deployment.kubernetes.io/max-replicas"] = .string(String(wanted + surge))
        annotations[Self.revision] = .string(String(revision))
        var spec: Map = ["replicas": .int(replicas), "selector": selector, "template": labelled]
        if let minimum = deployment.at("spec", "minReadySeconds") { spec["minReadySeconds"] = minimum }
        return createAsController(
            replicaSets,
            [
                "metadata": [
                    "name": .string("\(deployment.name)-\(hash)"), "namespace": .string(deployment.namespace), "labels": .map(labels),
                    "annotations": .map(annotations), "ownerReferences": [Workload.owner(deployment, deployments)],
                ],
                "spec": .map(spec),
            ])
    }

    @discardableResult private func scale(_ set: Value, to replicas: Int64, _ deployment: Value, _ surge: Int64) -> Value {
        let before = set.at("spec", "replicas")?.int ?? 0
        let wanted = deployment.at("spec", "replicas")?.int ?? 1
        var changed = set
        changed.set(.int(replicas), "spec", "replicas")
        changed.set(.string(String(wanted)), "metadata", "annotations", "deployment.kubernetes.io/desired-replicas")
        changed.set(.string(String(wanted + surge)), "metadata", "annotations", "deployment.kubernetes.io/max-replicas")
        let stored = write(replicaSets, set, changed)
        if before != replicas {
            emit(
                "Normal", "ScalingReplicaSet",
                "Scaled \(replicas > before ? "up" : "down") replica set \(set.name) from \(before) to \(replicas)", about: deployment,
                component: "deployment-controller")
        }
        return stored
    }

    /// One step of a rolling update: as many new pods as the surge allows, as few old ones as availability allows.
    private func roll(_ deployment: Value, _ newest: Value, _ old: [Value], _ wanted: Int64, _ surge: Int64, isPaused: Bool) {
        func replicas(_ set: Value) -> Int64 { set.at("spec", "replicas")?.int ?? 0 }
        func available(_ set: Value) -> Int64 { set.at("status", "availableReplicas")?.int ?? 0 }
        let oldTotal = old.reduce(0) { $0 + replicas($1) }
        if isPaused {
            // Paused: only scaling goes on, by the newest set.
            if oldTotal == 0 { scale(newest, to: wanted, deployment, surge) }
            return
        }
        if Self.isRecreate(deployment) {
            if oldTotal > 0 {
                for set in old where replicas(set) > 0 { scale(set, to: 0, deployment, surge) }
                return
            }
            if old.contains(where: { !controlled(pods, by: $0).isEmpty }) { return }
            scale(newest, to: wanted, deployment, surge)
            return
        }
        let room = max(0, wanted + surge - oldTotal)
        let target = replicas(newest) > wanted ? wanted : max(replicas(newest), min(wanted, room))
        if target != replicas(newest) {
            scale(newest, to: target, deployment, surge)
            return
        }
        if oldTotal == 0 {
            scale(newest, to: target, deployment, surge)
            return
        }
        let floor = wanted - Self.unavailable(deployment, wanted)
        let newUnavailable = max(0, replicas(newest) - available(newest))
        var removable = oldTotal + replicas(newest) - floor - newUnavailable
        for set in old.sorted(by: { $0.name < $1.name }) where removable > 0 {
            // Pods that never became available go first and cost nothing.
            let idle = min(replicas(set) - available(set), replicas(set), removable)
            if idle > 0 {
                scale(set, to: replicas(set) - idle, deployment, surge)
                return
            }
        }
        let totalAvailable = old.reduce(available(newest)) { $0 + available($1) }
        removable = totalAvailable - floor
        for set in old.sorted(by: { $0.name < $1.name }) where removable > 0 && replicas(set) > 0 {
            let step = min(replicas(set), removable)
            scale(set, to: replicas(set) - step, deployment, surge)
            removable -= step
        }
    }

    private func deploymentStatus(_ name: ObjectName, _ newest: String?, _ given: [Value]) {
        guard let deployment = store.get(deployments.key, name) else { return }
        var conditions = deployment.at("status", "conditions")?.list ?? given
        let sets = controlled(replicaSets, by: deployment)
        let current = sets.first { $0.uid == newest }
        func sum(_ field: String, _ sets: [Value]) -> Int64 { sets.reduce(0) { $0 + ($1.at("status", field)?.int ?? 0) } }
        let wanted = deployment.at("spec", "replicas")?.int ?? 1
        let total = sum("replicas", sets)
        let available = sum("availableReplicas", sets)
        let ready = sum("readyReplicas", sets)
        let updated = current.map { sum("replicas", [$0]) } ?? 0
        let lacking = max(0, max(total, sets.reduce(0) { $0 + ($1.at("spec", "replicas")?.int ?? 0) }) - available)
        if available >= wanted - Self.unavailable(deployment, wanted) {
            conditions = setting(conditions, "Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
        } else {
            conditions = setting(
                conditions, "Available", "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
        }
        let isComplete = updated == wanted && total == wanted && available == wanted
        let failure = sets.compactMap { Workload.condition($0, "ReplicaFailure") }.first
        conditions = progressing(
            deployment, current, conditions, isComplete: isComplete, updated: updated, available: available, ready: ready)
        if let failure {
            if !conditions.contains(where: { $0["type"] == "ReplicaFailure" }) {
                conditions = setting(conditions, "ReplicaFailure", "True", "FailedCreate", failure["message"]?.string ?? "")
            }
        } else {
            conditions.removeAll { $0["type"] == "ReplicaFailure" }
        }
        let status: Value = [
            "observedGeneration": .int(deployment.generation), "replicas": .int(total), "updatedReplicas": .int(updated),
            "readyReplicas": .int(ready), "availableReplicas": .int(available), "unavailableReplicas": .int(lacking),
            "terminatingReplicas": .int(sum("terminatingReplicas", sets)), "conditions": .list(conditions),
        ]
        writeStatus(deployments, deployment, status)
        note(
            WorkloadChange(
                group: "apps", kind: "Deployment", namespace: name.namespace, name: name.name, ready: ready, desired: wanted,
                updated: updated,
                available: Workload.condition(["status": status], "Available")?["status"] == "True",
                isSettled: updated == wanted && total == wanted && ready == wanted,
                images: Workload.images(deployment.at("spec", "template", "spec", "containers"))))
    }

    private func progressing(
        _ deployment: Value, _ current: Value?, _ given: [Value], isComplete: Bool, updated: Int64, available: Int64, ready: Int64
    ) -> [Value] {
        var conditions = given
        let old = conditions.first { $0["type"] == "Progressing" }
        if deployment.at("spec", "paused")?.bool == true {
            if old?["reason"] != "DeploymentPaused" {
                conditions = setting(conditions, "Progressing", "Unknown", "DeploymentPaused", "Deployment is paused")
            }
            return conditions
        }
        if old?["reason"] == "DeploymentPaused" {
            conditions = setting(conditions, "Progressing", "Unknown", "DeploymentResumed", "Deployment is resumed")
            progress[deployment.uid] = ProgressNote(since: now, newest: current?.uid ?? "", count: 0)
        }
        guard let current else { return conditions }
        let label = "ReplicaSet \"\(current.name)\""
        if isComplete {
            progress[deployment.uid] = nil
            return setting(conditions, "Progressing", "True", "NewReplicaSetAvailable", "\(label) has successfully progressed.")
        }
        // A finished rollout stays finished when a pod is lost later, until there is a new template.
        if old?["reason"] == "NewReplicaSetAvailable", progress[deployment.uid] == nil { return conditions }
        let count = updated * 1_000_000 + available * 1_000 + ready
        var note = progress[deployment.uid] ?? ProgressNote(since: now, newest: current.uid, count: -1)
        if note.newest != current.uid || note.count != count {
            let isFirst = note.count == -1 || count == 0
            note = ProgressNote(since: now, newest: current.uid, count: count)
            if !isFirst {
                conditions = setting(conditions, "Progressing", "True", "ReplicaSetUpdated", "\(label) is progressing.")
            }
        }
        progress[deployment.uid] = note
        let deadline = deployment.at("spec", "progressDeadlineSeconds")?.int ?? 600
        let due = note.since + .seconds(deadline)
        let name = ObjectName(namespace: deployment.namespace, name: deployment.name)
        if now >= due {
            return setting(conditions, "Progressing", "False", "ProgressDeadlineExceeded", "\(label) has timed out progressing.")
        }
        after(due - now, .deployment(name))
        return conditions
    }

    /// Removes the oldest sets that nobody needs for going back.
    private func trimHistory(_ deployment: Value, _ newest: String?) {
        let limit = deployment.at("spec", "revisionHistoryLimit")?.int ?? 10
        let idle = controlled(replicaSets, by: deployment).filter {
            $0.uid != newest && ($0.at("spec", "replicas")?.int ?? 0) == 0 && ($0.at("status", "replicas")?.int ?? 0) == 0
                && !$0.isTerminating
        }
        guard idle.count > Int(limit) else { return }
        let oldest = idle.sorted {
            (Int64($0.annotations[Self.revision]?.string ?? "") ?? 0) < (Int64($1.annotations[Self.revision]?.string ?? "") ?? 0)
        }
        for set in oldest.prefix(idle.count - Int(limit)) { _ = delete(set, replicaSets, DeleteOptions()) }
    }
}

/// How far a rollout had come, and since when.
struct ProgressNote {
    let since: Timestamp
    let newest: String
    let count: Int64
}
