// SPDX-License-Identifier: Apache-2.0

import Manifests

// Services' endpoints, volumes, quotas and disruption budgets.
extension ClusterCore {
    func reconcileService(_ name: ObjectName) {
        let slices = builtIn("endpointslices", group: "discovery.k8s.io")
        guard let service = store.get(builtIn("services").key, name), !service.isTerminating,
            case .map(let selector)? = service.at("spec", "selector")
        else { return }
        let chosen = store.list(pods.key, namespace: name.namespace).filter { pod in
            selector.allSatisfy { pod.labels[$0.key] == $0.value } && pod.at("status", "podIP") != nil
        }
        let endpoints = chosen.map { pod -> Value in
            let isReady = Workload.isReady(pod)
            return [
                "addresses": [pod.at("status", "podIP") ?? ""],
                "conditions": ["ready": .bool(isReady), "serving": .bool(isReady), "terminating": .bool(pod.isTerminating)],
                "nodeName": pod.at("spec", "nodeName") ?? "",
                "targetRef": [
                    "kind": "Pod", "name": .string(pod.name), "namespace": .string(pod.namespace), "uid": .string(pod.uid),
                ],
            ]
        }
        let ports = (service.at("spec", "ports")?.list ?? []).map { port -> Value in
            [
                "name": port["name"] ?? "", "port": port["targetPort"]?.int.map { .int($0) } ?? port["port"] ?? 80,
                "protocol": port["protocol"] ?? "TCP",
            ]
        }
        if let slice = controlled(slices, by: service).first {
            var changed = slice
            changed["endpoints"] = .list(endpoints)
            changed["ports"] = .list(ports)
            write(slices, slice, changed)
            return
        }
        _ = createAsController(
            slices,
            [
                "metadata": [
                    "generateName": .string(service.name + "-"), "namespace": .string(service.namespace),
                    "labels": [
                        "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
                        "kubernetes.io/service-name": .string(service.name),
                    ],
                    "annotations": ["endpoints.kubernetes.io/last-change-trigger-time": .string(stamp)],
                    "ownerReferences": [Workload.owner(service, builtIn("services"))],
                ],
                "addressType": "IPv4", "endpoints": .list(endpoints), "ports": .list(ports),
            ])
    }

    // MARK: - Volumes

    func reconcileClaim(_ name: ObjectName) {
        let claims = builtIn("persistentvolumeclaims")
        let volumes = builtIn("persistentvolumes")
        guard let claim = store.get(claims.key, name), !claim.isTerminating, claim.at("status", "phase") != "Bound" else { return }
        guard let className = claim.at("spec", "storageClassName")?.string,
            get(builtIn("storageclasses", group: "storage.k8s.io"), "", className) != nil
        else { return }
        let volume = "pvc-\(claim.uid)"
        let size = claim.at("spec", "resources", "requests", "storage") ?? "1Gi"
        if get(volumes, "", volume) == nil {
            let made = createAsController(
                volumes,
                [
                    "metadata": ["name": .string(volume)],
                    "spec": [
                        "capacity": ["storage": size], "accessModes": claim.at("spec", "accessModes") ?? [],
                        "persistentVolumeReclaimPolicy": "Delete", "storageClassName": .string(className),
                        "hostPath": ["path": .string("/simulated/\(volume)")],
                        "claimRef": [
                            "kind": "PersistentVolumeClaim", "apiVersion": "v1", "namespace": .string(name.namespace),
                            "name": .string(name.name),
                            "uid": .string(claim.uid),
                        ],
                    ],
                ])
            if case .success(let object) = made {
                writeStatus(volumes, object, ["phase": "Bound", "lastPhaseTransitionTime": .string(stamp)])
            }
        }
        var bound = claim
        bound.set(.string(volume), "spec", "volumeName")
        let stored = write(claims, claim, bound)
        writeStatus(
            claims, stored,
            ["phase": "Bound", "accessModes": claim.at("spec", "accessModes") ?? [], "capacity": ["storage": size]])
    }

    func reconcileVolume(_ name: ObjectName) {
        let volumes = builtIn("persistentvolumes")
        guard let volume = store.get(volumes.key, name), !volume.isTerminating else { return }
        let phase = volume.at("status", "phase")?.string
        guard let claim = volume.at("spec", "claimRef") else {
            if phase == "Pending" {
                writeStatus(volumes, volume, ["phase": "Available", "lastPhaseTransitionTime": .string(stamp)])
            }
            return
        }
        let found = get(builtIn("persistentvolumeclaims"), claim["namespace"]?.string ?? "", claim["name"]?.string ?? "")
        guard phase == "Bound", found?.uid != claim["uid"]?.string else { return }
        if volume.at("spec", "persistentVolumeReclaimPolicy") == "Delete" {
            var freed = volume
            freed.set("Released", "status", "phase")
            put(volumes, freed)
            _ = delete(store.get(volumes.key, name) ?? freed, volumes, DeleteOptions())
        } else {
            writeStatus(volumes, volume, ["phase": "Released", "lastPhaseTransitionTime": .string(stamp)])
        }
    }

    // MARK: - Quotas and budgets

    func reconcileQuotas(_ namespace: String) {
        let quotas = builtIn("resourcequotas")
        for quota in store.list(quotas.key, namespace: namespace) where !quota.isTerminating {
            let hard = quota.at("spec", "hard")?.map ?? Map()
            var used = Map()
            for entry in hard {
                let resource = entry.key.hasPrefix("count/") ? String(entry.key.dropFirst(6)) : entry.key
                let parts = resource.split(separator: ".", maxSplits: 1).map(String.init)
                let key = ResourceKey(group: parts.count == 2 ? parts[1] : "", plural: parts.first ?? "")
                let objects = store.list(key, namespace: namespace)
                let counted =
                    key.plural == "pods"
                    ? objects.filter { !["Succeeded", "Failed"].contains($0.at("status", "phase")?.string ?? "") } : objects
                used[entry.key] = .string(String(counted.count))
            }
            writeStatus(quotas, quota, ["hard": .map(hard), "used": .map(used)])
        }
    }

    func reconcileBudget(_ name: ObjectName) {
        let budgets = builtIn("poddisruptionbudgets", group: "policy")
        guard let budget = store.get(budgets.key, name), !budget.isTerminating else { return }
        let selector = LabelSelector(object: budget.at("spec", "selector"))
        let chosen = store.list(pods.key, namespace: name.namespace).filter { selector.matches($0.labels) && !$0.isTerminating }
        let expected = Int64(chosen.count)
        let healthy = Int64(chosen.filter(Workload.isReady).count)
        let desired: Int64 =
            if let minimum = budget.at("spec", "minAvailable") {
                Workload.share(minimum, of: expected, roundsUp: true)
            } else {
                max(0, expected - Workload.share(budget.at("spec", "maxUnavailable"), of: expected, roundsUp: true))
            }
        let allowed = max(0, healthy - desired)
        let old = Workload.condition(budget, "DisruptionAllowed")
        let status: Value = allowed > 0 ? "True" : "False"
        let condition: Value = [
            "type": "DisruptionAllowed", "status": status, "observedGeneration": .int(budget.generation),
            "lastTransitionTime": old?["status"] == status ? old?["lastTransitionTime"] ?? .string(stamp) : .string(stamp),
            "reason": allowed > 0 ? "SufficientPods" : "InsufficientPods", "message": "",
        ]
        writeStatus(
            budgets, budget,
            [
                "observedGeneration": .int(budget.generation), "disruptionsAllowed": .int(allowed), "currentHealthy": .int(healthy),
                "desiredHealthy": .int(desired), "expectedPods": .int(expected), "conditions": [condition],
            ])
    }
}
