// SPDX-License-Identifier: Apache-2.0

import Manifests

extension ClusterCore {
    var statefulSets: ResourceType { builtIn("statefulsets", group: "apps") }
    var daemonSets: ResourceType { builtIn("daemonsets", group: "apps") }

    /// Records the template of a set as a ControllerRevision; answers its name.
    private func revision(_ set: Value, _ type: ResourceType) -> (name: String, hash: String) {
        let template = set.at("spec", "template") ?? [:]
        let hash = Workload.hash(template)
        let revisions = builtIn("controllerrevisions", group: "apps")
        let name = "\(set.name)-\(hash)"
        if get(revisions, set.namespace, name) == nil {
            let number = (controlled(revisions, by: set).compactMap { $0["revision"]?.int }.max() ?? 0) + 1
            _ = createAsController(
                revisions,
                [
                    "metadata": [
                        "name": .string(name), "namespace": .string(set.namespace),
                        "labels": .map(set.at("spec", "template", "metadata", "labels")?.map ?? Map()),
                        "ownerReferences": [Workload.owner(set, type)],
                    ],
                    "data": ["spec": ["template": template]], "revision": .int(number),
                ])
        }
        return (name, hash)
    }

    // MARK: - StatefulSets

    func reconcileStatefulSet(_ name: ObjectName) {
        guard let set = store.get(statefulSets.key, name) else {
            return forgetWorkload("apps/StatefulSet/\(name.namespace)/\(name.name)")
        }
        if set.isTerminating { return }
        let update = revision(set, statefulSets).name
        let wanted = Int(set.at("spec", "replicas")?.int ?? 1)
        let first = Int(set.at("spec", "ordinals", "start")?.int ?? 0)
        let isParallel = set.at("spec", "podManagementPolicy") == "Parallel"
        let owned = controlled(pods, by: set)
        func ordinal(_ pod: Value) -> Int { Int(pod.name.split(separator: "-").last ?? "") ?? -1 }
        let byOrdinal = Dictionary(owned.map { (ordinal($0), $0) }, uniquingKeysWith: { one, _ in one })
        var waits = false
        // From the lowest ordinal up: each one ready before the next is made.
        for index in first..<(first + wanted) {
            guard let pod = byOrdinal[index] else {
                makePod(set, index, update)
                if !isParallel {
                    waits = true
                    break
                }
                continue
            }
            if !isParallel, !Workload.isReady(pod) {
                // A pod that never got ready is replaced when the template changed.
                if !pod.isTerminating, pod.labels["controller-revision-hash"]?.string != update, isRolling(set) {
                    _ = delete(pod, pods, DeleteOptions())
                }
                waits = true
                break
            }
        }
        let surplus = owned.filter { ordinal($0) >= first + wanted || ordinal($0) < first }.sorted { ordinal($0) > ordinal($1) }
        if !waits || isParallel, let last = surplus.first {
            if !surplus.contains(where: \.isTerminating) { _ = delete(last, pods, DeleteOptions()) }
            waits = true
        }
        if !waits, isRolling(set) {
            let partition = Int(set.at("spec", "updateStrategy", "rollingUpdate", "partition")?.int ?? 0)
            for index in stride(from: first + wanted - 1, through: first + partition, by: -1) {
                guard let pod = byOrdinal[index] else { break }
                if pod.labels["controller-revision-hash"]?.string != update {
                    if !pod.isTerminating { _ = delete(pod, pods, DeleteOptions()) }
                    break
                }
                if !Workload.isReady(pod) { break }
            }
        }
        statefulSetStatus(name, update)
    }

    private func isRolling(_ set: Value) -> Bool { set.at("spec", "updateStrategy", "type") != "OnDelete" }

    private func makePod(_ set: Value, _ ordinal: Int, _ revision: String) {
        let name = "\(set.name)-\(ordinal)"
        var pod = pod(
            from: set, type: statefulSets, name: name,
            labels: [
                "apps.kubernetes.io/pod-index": .string(String(ordinal)), "controller-revision-hash": .string(revision),
                "statefulset.kubernetes.io/pod-name": .string(name),
            ])
        pod.set(.string(set.name + "-"), "metadata", "generateName")
        pod.set(.string(name), "spec", "hostname")
        pod.set(set.at("spec", "serviceName"), "spec", "subdomain")
        let claims = builtIn("persistentvolumeclaims")
        var volumes = pod.at("spec", "volumes")?.list ?? []
        for template in set.at("spec", "volumeClaimTemplates")?.list ?? [] {
            let claim = "\(template.name)-\(name)"
            if get(claims, set.namespace, claim) == nil {
                var metadata = template["metadata"]?.map ?? Map()
                metadata["name"] = .string(claim)
                metadata["namespace"] = .string(set.namespace)
                metadata["labels"] = set.at("spec", "selector", "matchLabels") ?? [:]
                _ = createAsController(claims, ["metadata": .map(metadata), "spec": template["spec"] ?? [:]])
            }
            volumes.append(["name": .string(template.name), "persistentVolumeClaim": ["claimName": .string(claim)]])
        }
        if !volumes.isEmpty { pod.set(.list(volumes), "spec", "volumes") }
        if case .failure = createAsController(pods, pod) {
            after(.seconds(1), .statefulSet(ObjectName(namespace: set.namespace, name: set.name)))
        }
    }

    private func statefulSetStatus(_ name: ObjectName, _ update: String) {
        guard let set = store.get(statefulSets.key, name) else { return }
        let owned = controlled(pods, by: set)
        let wanted = set.at("spec", "replicas")?.int ?? 1
        let minimum = set.at("spec", "minReadySeconds")?.int ?? 0
        func count(_ predicate: (Value) -> Bool) -> Int64 { Int64(owned.filter(predicate).count) }
        let ready = count(Workload.isReady)
        let available = count { Workload.isAvailable($0, minimum, now: now) }
        if ready > available { after(.milliseconds(500), .statefulSet(name)) }
        let updated = count { $0.labels["controller-revision-hash"]?.string == update && !$0.isTerminating }
        var current = set.at("status", "currentRevision")?.string ?? update
        if updated == wanted, ready == wanted, owned.count == Int(wanted) { current = update }
        let status: Value = [
            "observedGeneration": .int(set.generation), "replicas": .int(count { _ in true }), "readyReplicas": .int(ready),
            "currentReplicas": .int(count { $0.labels["controller-revision-hash"]?.string == current }), "updatedReplicas": .int(updated),
            "currentRevision": .string(current), "updateRevision": .string(update), "collisionCount": 0,
            "availableReplicas": .int(available),
        ]
        writeStatus(statefulSets, set, status)
        note(
            WorkloadChange(
                group: "apps", kind: "StatefulSet", namespace: name.namespace, name: name.name, ready: ready, desired: wanted,
                updated: updated,
                available: available >= wanted, isSettled: updated == wanted && owned.count == Int(wanted) && ready == wanted,
                images: Workload.images(set.at("spec", "template", "spec", "containers"))))
    }

    // MARK: - DaemonSets

    func reconcileDaemonSet(_ name: ObjectName) {
        guard let set = store.get(daemonSets.key, name) else {
            return forgetWorkload("apps/DaemonSet/\(name.namespace)/\(name.name)")
        }
        if set.isTerminating { return }
        let hash = revision(set, daemonSets).hash
        let wanted = set.at("spec", "template", "spec", "nodeSelector")?.map ?? Map()
        let nodes = store.list(builtIn("nodes").key).filter { node in wanted.allSatisfy { node.labels[$0.key] == $0.value } }
        let owned = controlled(pods, by: set)
        var unavailable = owned.filter { !Workload.isReady($0) }.count
        let limit = max(
            1,
            Int(Workload.share(set.at("spec", "updateStrategy", "rollingUpdate", "maxUnavailable"), of: Int64(nodes.count), roundsUp: true))
        )
        for node in nodes {
            let here = owned.filter { Self.assignedNode($0) == node.name }
            if here.isEmpty {
                var pod = pod(
                    from: set, type: daemonSets,
                    labels: [
                        "controller-revision-hash": .string(hash), "pod-template-generation": .string(String(set.generation)),
                    ])
                pod.set(.string(node.name), "spec", "nodeSelector", "kubernetes.io/hostname")
                _ = createAsController(pods, pod)
                continue
            }
            for pod in here where pod.labels["controller-revision-hash"]?.string != hash && !pod.isTerminating {
                guard set.at("spec", "updateStrategy", "type") != "OnDelete" else { continue }
                if Workload.isReady(pod) {
                    guard unavailable < limit else { continue }
                    unavailable += 1
                }
                _ = delete(pod, pods, DeleteOptions())
            }
        }
        for pod in owned where !nodes.contains(where: { $0.name == Self.assignedNode(pod) }) && !pod.isTerminating {
            _ = delete(pod, pods, DeleteOptions())
        }
        daemonSetStatus(name, hash, Int64(nodes.count))
    }

    private static func assignedNode(_ pod: Value) -> String {
        pod.at("spec", "nodeName")?.string ?? pod.at("spec", "nodeSelector", "kubernetes.io/hostname")?.string ?? ""
    }

    private func daemonSetStatus(_ name: ObjectName, _ hash: String, _ desired: Int64) {
        guard let set = store.get(daemonSets.key, name) else { return }
        let owned = controlled(pods, by: set)
        let ready = Int64(owned.filter(Workload.isReady).count)
        let minimum = set.at("spec", "minReadySeconds")?.int ?? 0
        let available = Int64(owned.filter { Workload.isAvailable($0, minimum, now: now) }.count)
        if ready > available { after(.milliseconds(500), .daemonSet(name)) }
        let updated = Int64(owned.filter { $0.labels["controller-revision-hash"]?.string == hash && !$0.isTerminating }.count)
        let status: Value = [
            "currentNumberScheduled": .int(Int64(owned.count)), "numberMisscheduled": 0, "desiredNumberScheduled": .int(desired),
            "numberReady": .int(ready), "observedGeneration": .int(set.generation), "updatedNumberScheduled": .int(updated),
            "numberAvailable": .int(available), "numberUnavailable": .int(max(0, desired - available)),
        ]
        writeStatus(daemonSets, set, status)
        note(
            WorkloadChange(
                group: "apps", kind: "DaemonSet", namespace: name.namespace, name: name.name, ready: ready, desired: desired,
                updated: updated,
                available: available >= desired, isSettled: updated == desired && owned.count == Int(desired) && ready == desired,
                images: Workload.images(set.at("spec", "template", "spec", "containers"))))
    }
}
