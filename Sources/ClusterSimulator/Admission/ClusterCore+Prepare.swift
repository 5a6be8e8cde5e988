// SPDX-License-Identifier: Apache-2.0

import Manifests

// What the server itself does to an object on its way in: allocation, admission plug-ins that are always on, initial statuses.
extension ClusterCore {
    func prepareForCreate(_ object: inout Value, _ type: ResourceType, _ context: Context) {
        switch (type.group, type.kind) {
        case ("", "Namespace"):
            object.set(["kubernetes"], "spec", "finalizers")
            object.set(["phase": "Active"], "status")
        case ("", "Service"): allocate(&object)
        case ("", "Pod"): admitPod(&object)
        case ("", "PersistentVolumeClaim"):
            addFinalizer("kubernetes.io/pvc-protection", &object)
            object.set(["phase": "Pending"], "status")
            defaultStorageClass(&object)
        case ("", "PersistentVolume"):
            addFinalizer("kubernetes.io/pv-protection", &object)
            object.set(["phase": "Pending", "lastPhaseTransitionTime": .string(stamp)], "status")
        case ("apps", "DaemonSet"): object.set("1", "metadata", "annotations", "deprecated.daemonset.template.generation")
        case ("apps", "StatefulSet"): object.set(["replicas": 0, "availableReplicas": 0], "status")
        case ("batch", "Job"): labelJob(&object)
        case ("apiextensions.k8s.io", "CustomResourceDefinition"):
            object.set(
                ["conditions": .null, "acceptedNames": ["plural": "", "kind": ""], "storedVersions": .list(Self.storedVersions(object))],
                "status")
        default: break
        }
    }

    func prepareForUpdate(_ object: inout Value, live: Value, _ type: ResourceType, _ context: Context) {
        switch (type.group, type.kind) {
        case ("", "Service"):
            let external = object.at("spec", "type")?.string == "ExternalName"
            if !external, (object.at("spec", "clusterIP")?.string ?? "").isEmpty, let address = live.at("spec", "clusterIP") {
                for field in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] where object.at("spec", field) == nil {
                    object.set(live.at("spec", field), "spec", field)
                }
                object.set(address, "spec", "clusterIP")
            }
            keepNodePorts(&object, live)
            allocate(&object)
        case ("", "Namespace"):
            if context.subresource != "finalize" { object.set(live.at("spec", "finalizers"), "spec", "finalizers") }
        case ("", "Pod"):
            if context.subresource == nil { keepPodFields(&object, live) }
        case ("batch", "Job"):
            for field in ["selector", "manualSelector"] where object.at("spec", field) == nil {
                object.set(live.at("spec", field), "spec", field)
            }
            let wanted = live.at("spec", "template", "metadata", "labels")?.map ?? Map()
            for entry in wanted where entry.key.contains("controller-uid") || entry.key.hasSuffix("job-name") {
                object.fill(entry.value, "spec", "template", "metadata", "labels", entry.key)
                object.fill(entry.value, "metadata", "labels", entry.key)
            }
        case ("apps", "DaemonSet"):
            if object.at("spec", "template") != live.at("spec", "template") {
                object.set(.string(String(live.generation + 1)), "metadata", "annotations", "deprecated.daemonset.template.generation")
            } else if let old = live.annotations["deprecated.daemonset.template.generation"] {
                object.set(old, "metadata", "annotations", "deprecated.daemonset.template.generation")
            }
        case ("", "PersistentVolumeClaim"):
            for field in ["storageClassName", "volumeName"] where object.at("spec", field) == nil {
                object.set(live.at("spec", field), "spec", field)
            }
            if !live.isTerminating { addFinalizers(of: live, "kubernetes.io/pvc-protection", &object) }
        case ("", "PersistentVolume"):
            if !live.isTerminating { addFinalizers(of: live, "kubernetes.io/pv-protection", &object) }
        default: break
        }
    }

    private func addFinalizers(of live: Value, _ name: String, _ object: inout Value) {
        if live.finalizers.contains(name), object.at("metadata", "finalizers") == nil { addFinalizer(name, &object) }
    }

    private func addFinalizer(_ name: String, _ object: inout Value) {
        var finalizers = object.finalizers
        if !finalizers.contains(name) { finalizers.append(name) }
        object.set(.list(finalizers.map { .string($0) }), "metadata", "finalizers")
    }

    static func storedVersions(_ definition: Value) -> [Value] {
        (definition.at("spec", "versions")?.list ?? []).filter { $0["storage"]?.bool == true }.compactMap { $0["name"] }
    }

    // MARK: - Services

    private func allocate(_ object: inout Value) {
        let type = object.at("spec", "type")?.string ?? "ClusterIP"
        object.fill(["loadBalancer": [:]], "status")
        if type == "ExternalName" { return }
        if (object.at("spec", "clusterIP")?.string ?? "").isEmpty { object.set(.string(newClusterIP()), "spec", "clusterIP") }
        object.set(.list([object.at("spec", "clusterIP") ?? "None"]), "spec", "clusterIPs")
        object.fill(["IPv4"], "spec", "ipFamilies")
        object.fill("SingleStack", "spec", "ipFamilyPolicy")
        if type == "NodePort" || type == "LoadBalancer" {
            object.change("spec") { spec in
                spec.changeItems("ports") { port in
                    if (port["nodePort"]?.int ?? 0) == 0 { port["nodePort"] = .int(30_000 + Int64(self.random.next() % 2_768)) }
                }
            }
        }
    }

    private func keepNodePorts(_ object: inout Value, _ live: Value) {
        let old = live.at("spec", "ports")?.list ?? []
        object.change("spec") { spec in
            spec.changeItems("ports") { port in
                guard port["nodePort"] == nil else { return }
                let match = old.first { $0["port"] == port["port"] && $0["protocol"] == port["protocol"] }
                if let number = match?["nodePort"] { port["nodePort"] = number }
            }
        }
    }

    private func defaultStorageClass(_ object: inout Value) {
        guard object.at("spec", "storageClassName") == nil else { return }
        let classes = store.list(builtIn("storageclasses", group: "storage.k8s.io").key)
        let preset = classes.first { $0.annotations["storageclass.kubernetes.io/is-default-class"]?.string == "true" }
        if let preset { object.set(.string(preset.name), "spec", "storageClassName") }
    }

    // MARK: - Pods

    /// The ServiceAccount, DefaultTolerationSeconds and Priority plug-ins.
    func admitPod(_ object: inout Value) {
        object.change("spec") { spec in
            if (spec["serviceAccountName"]?.string ?? "").isEmpty {
                spec["serviceAccountName"] = "default"
                spec["serviceAccount"] = "default"
            }
            self.mountToken(&spec)
            var tolerations = spec["tolerations"]?.list ?? []
            for taint in ["not-ready", "unreachable"] {
                let key = "node.kubernetes.io/\(taint)"
                let covered = tolerations.contains { toleration in
                    let named = toleration["key"]?.string ?? ""
                    let effect = toleration["effect"]?.string ?? ""
                    return (named == key || named.isEmpty && toleration["operator"]?.string == "Exists")
                        && (effect.isEmpty || effect == "NoExecute")
                }
                guard !covered else { continue }
                tolerations.append(["key": .string(key), "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300])
            }
            spec["tolerations"] = .list(tolerations)
            spec.fill(0, "priority")
            spec.fill("PreemptLowerPriority", "preemptionPolicy")
        }
        object.set(["phase": "Pending", "qosClass": .string(Self.qualityOfService(object))], "status")
    }

    private func mountToken(_ spec: inout Value) {
        if spec["automountServiceAccountToken"]?.bool == false { return }
        let path = "/var/run/secrets/kubernetes.io/serviceaccount"
        let name = "kube-api-access-\(newSuffix())"
        var mounted = false
        for list in ["initContainers", "containers"] {
            spec.changeItems(list) { container in
                var mounts = container["volumeMounts"]?.list ?? []
                if mounts.contains(where: { $0["mountPath"]?.string == path }) { return }
                mounts.append(["name": .string(name), "readOnly": true, "mountPath": .string(path)])
                container["volumeMounts"] = .list(mounts)
                mounted = true
            }
        }
        guard mounted else { return }
        let sources: Value = [
            ["serviceAccountToken": ["expirationSeconds": 3_607, "path": "token"]],
            ["configMap": ["name": "kube-root-ca.crt", "items": [["key": "ca.crt", "path": "ca.crt"]]]],
            ["downwardAPI": ["items": [["path": "namespace", "fieldRef": ["apiVersion": "v1", "fieldPath": "metadata.namespace"]]]]],
        ]
        var volumes = spec["volumes"]?.list ?? []
        volumes.append(["name": .string(name), "projected": ["sources": sources, "defaultMode": 420]])
        spec["volumes"] = .list(volumes)
    }

    static func qualityOfService(_ pod: Value) -> String {
        let containers = (pod.at("spec", "containers")?.list ?? []) + (pod.at("spec", "initContainers")?.list ?? [])
        var anything = false
        var guaranteed = true
        for container in containers {
            let requests = container.at("resources", "requests")?.map ?? Map()
            let limits = container.at("resources", "limits")?.map ?? Map()
            if !requests.isEmpty || !limits.isEmpty { anything = true }
            for resource in ["cpu", "memory"] {
                guard let limit = limits[resource], requests[resource].map({ $0 == limit }) ?? true else {
                    guaranteed = false
                    continue
                }
            }
        }
        return anything ? (guaranteed ? "Guaranteed" : "Burstable") : "BestEffort"
    }

    /// Fields that admission gave a pod and that a configuration without them must not take away.
    private func keepPodFields(_ object: inout Value, _ live: Value) {
        for field in [
            "nodeName", "serviceAccountName", "serviceAccount", "priority", "enableServiceLinks", "preemptionPolicy", "tolerations",
        ] where object.at("spec", field) == nil {
            object.set(live.at("spec", field), "spec", field)
        }
    }

    // MARK: - Jobs

    private func labelJob(_ object: inout Value) {
        guard object.at("spec", "manualSelector")?.bool != true else { return }
        let uid = Value.string(object.uid)
        let name = Value.string(object.name)
        let labels = [
            ("batch.kubernetes.io/controller-uid", uid), ("batch.kubernetes.io/job-name", name), ("controller-uid", uid),
            ("job-name", name),
        ]
        for (key, value) in labels {
            object.set(value, "metadata", "labels", key)
            object.set(value, "spec", "template", "metadata", "labels", key)
        }
        object.set(["matchLabels": ["batch.kubernetes.io/controller-uid": uid]], "spec", "selector")
    }

    // MARK: - Quotas

    /// Refuses what a ResourceQuota of the namespace does not leave room for: counts of pods and of objects.
    func admitQuota(_ object: Value, _ type: ResourceType) throws(StatusError) {
        guard type.isNamespaced else { return }
        let quotas = store.list(builtIn("resourcequotas").key, namespace: object.namespace)
        if quotas.isEmpty { return }
        let names = type.group.isEmpty ? [type.plural, "count/\(type.plural)"] : ["count/\(type.qualified)"]
        for quota in quotas {
            var exceeded: [(String, Int64, String)] = []
            for entry in quota.at("spec", "hard")?.map ?? Map() where names.contains(entry.key) {
                guard let limit = Quantity(entry.value) else { continue }
                let used = store.list(type.key, namespace: object.namespace).filter { !Self.isFinished($0, type) }.count
                if Double(used + 1) > limit.amount { exceeded.append((entry.key, Int64(used), limit.canonical)) }
            }
            guard !exceeded.isEmpty else { continue }
            let requested = exceeded.map { "\($0.0)=1" }.joined(separator: ",")
            let used = exceeded.map { "\($0.0)=\($0.1)" }.joined(separator: ",")
            let limited = exceeded.map { "\($0.0)=\($0.2)" }.joined(separator: ",")
            throw StatusError.forbidden(
                type, object.name, "exceeded quota: \(quota.name), requested: \(requested), used: \(used), limited: \(limited)")
        }
    }

    private static func isFinished(_ object: Value, _ type: ResourceType) -> Bool {
        type.kind == "Pod" && ["Succeeded", "Failed"].contains(object.at("status", "phase")?.string ?? "")
    }
}
