// SPDX-License-Identifier: Apache-2.0

import Manifests

/// What an API server fills in when it reads an object (the `SetDefaults_` functions of k8s.io/kubernetes).
enum Defaults {
    static func apply(to object: inout Value, _ type: ResourceType) {
        if let custom = type.custom {
            custom.applyDefaults(to: &object)
            return
        }
        switch (type.group, type.kind) {
        case ("", "Namespace"): object.set(.string(object.name), "metadata", "labels", "kubernetes.io/metadata.name")
        case ("", "Secret"): secret(&object)
        case ("", "Pod"):
            object.change("spec") { spec in
                pod(&spec)
                if spec.map != nil { spec.fill(true, "enableServiceLinks") }
            }
        case ("", "PodTemplate"): object.change("template", "spec", body: pod)
        case ("", "Service"): service(&object)
        case ("", "PersistentVolumeClaim"): object.change("spec", body: claim)
        case ("", "PersistentVolume"): volume(&object)
        case ("", "ReplicationController"):
            object.fill(1, "spec", "replicas")
            object.change("spec", "template", "spec", body: pod)
        case ("", "LimitRange"): limits(&object)
        case ("", "Endpoints"): break
        case ("apps", "Deployment"): deployment(&object)
        case ("apps", "ReplicaSet"):
            object.fill(1, "spec", "replicas")
            object.change("spec", "template", "spec", body: pod)
        case ("apps", "StatefulSet"): statefulSet(&object)
        case ("apps", "DaemonSet"): daemonSet(&object)
        case ("batch", "Job"): object.change("spec", body: job)
        case ("batch", "CronJob"): cronJob(&object)
        case ("networking.k8s.io", "NetworkPolicy"): networkPolicy(&object)
        case ("networking.k8s.io", "Ingress"): break
        case ("autoscaling", "HorizontalPodAutoscaler"): autoscaler(&object, type)
        case ("rbac.authorization.k8s.io", "RoleBinding"), ("rbac.authorization.k8s.io", "ClusterRoleBinding"): binding(&object)
        case ("storage.k8s.io", "StorageClass"):
            object.fill("Delete", "reclaimPolicy")
            object.fill("Immediate", "volumeBindingMode")
        case ("storage.k8s.io", "CSIDriver"): driver(&object)
        case ("scheduling.k8s.io", "PriorityClass"): object.fill("PreemptLowerPriority", "preemptionPolicy")
        case ("discovery.k8s.io", "EndpointSlice"):
            object.changeItems("ports") { port in
                port.fill("", "name")
                port.fill("TCP", "protocol")
            }
        case ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
            ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"):
            webhooks(&object, mutates: type.kind.hasPrefix("Mutating"))
        case ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"): policy(&object)
        case ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"):
            object.change("spec") { spec in
                spec.change("matchResources", body: match)
            }
        case ("apiextensions.k8s.io", "CustomResourceDefinition"): definition(&object)
        default: break
        }
    }

    private static func secret(_ object: inout Value) {
        if case .map(let texts)? = object["stringData"] {
            for entry in texts {
                object.set(.string(Base64.encode(Array((entry.value.string ?? "").utf8))), "data", entry.key)
            }
        }
        object["stringData"] = nil
        object.fill("Opaque", "type")
    }

    // MARK: - Pods

    static func pod(_ spec: inout Value) {
        guard spec.map != nil else { return }
        for list in ["containers", "initContainers", "ephemeralContainers"] { spec.changeItems(list, body: container) }
        spec.fill("Always", "restartPolicy")
        spec.fill(30, "terminationGracePeriodSeconds")
        spec.fill("ClusterFirst", "dnsPolicy")
        spec.fill([:], "securityContext")
        spec.fill("default-scheduler", "schedulerName")
        spec.changeItems("volumes", body: podVolume)
        if let account = spec["serviceAccountName"]?.string, !account.isEmpty {
            spec.set(.string(account), "serviceAccount")
        } else if let old = spec["serviceAccount"]?.string, !old.isEmpty {
            spec.set(.string(old), "serviceAccountName")
        }
        if spec["hostNetwork"]?.bool == true {
            spec.changeItems("containers") { container in
                container.changeItems("ports") { port in
                    let number = port["containerPort"] ?? 0
                    port.fill(number, "hostPort")
                }
            }
        }
    }

    private static func container(_ container: inout Value) {
        container.changeItems("ports") { $0.fill("TCP", "protocol") }
        container.fill("/dev/termination-log", "terminationMessagePath")
        container.fill("File", "terminationMessagePolicy")
        let image = container["image"]?.string ?? ""
        let last = image.split(separator: "/").last ?? ""
        let isLatest = !image.contains("@") && (!last.contains(":") || last.hasSuffix(":latest"))
        if (container["imagePullPolicy"]?.string ?? "").isEmpty { container["imagePullPolicy"] = isLatest ? "Always" : "IfNotPresent" }
        for probe in ["livenessProbe", "readinessProbe", "startupProbe"] { container.change(probe) { Self.probe(&$0) } }
        container.change("lifecycle", "postStart", "httpGet", body: httpGet)
        container.change("lifecycle", "preStop", "httpGet", body: httpGet)
        container.changeItems("env") { variable in
            variable.change("valueFrom", "fieldRef") { $0.fill("v1", "apiVersion") }
            variable.change("valueFrom", "resourceFieldRef") { $0.fill("0", "divisor") }
        }
        if case .map(let limits)? = container.at("resources", "limits") {
            for entry in limits { container.fill(entry.value, "resources", "requests", entry.key) }
        }
    }

    private static func httpGet(_ action: inout Value) {
        guard action.map != nil else { return }
        action.fill("/", "path")
        action.fill("HTTP", "scheme")
    }

    private static func probe(_ probe: inout Value) {
        guard probe.map != nil else { return }
        for (field, value) in [("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1), ("failureThreshold", 3)] {
            if (probe[field]?.int ?? 0) == 0 { probe[field] = .int(Int64(value)) }
        }
        probe.change("httpGet", body: httpGet)
        probe.change("grpc") { $0.fill("", "service") }
    }

    private static func podVolume(_ volume: inout Value) {
        let sources = volume.map?.entries.filter { $0.key != "name" && !$0.value.isNull } ?? []
        if sources.isEmpty { volume["emptyDir"] = [:] }
        for kind in ["secret", "configMap", "downwardAPI", "projected"] {
            volume.change(kind) { if $0.map != nil { $0.fill(420, "defaultMode") } }
        }
        volume.change("hostPath") { $0.fill("", "type") }
        volume.change("projected") { projected in
            projected.changeItems("sources") { source in
                source.change("serviceAccountToken") { $0.fill(3_600, "expirationSeconds") }
                source.change("downwardAPI") { api in
                    api.changeItems("items") { item in item.change("fieldRef") { $0.fill("v1", "apiVersion") } }
                }
            }
        }
        volume.change("downwardAPI") { api in
            api.changeItems("items") { item in item.change("fieldRef") { $0.fill("v1", "apiVersion") } }
        }
    }

    // MARK: - Workloads

    private static func deployment(_ object: inout Value) {
        object.change("spec") { spec in
            spec.fill(1, "replicas")
            if (spec.at("strategy", "type")?.string ?? "").isEmpty { spec.set("RollingUpdate", "strategy", "type") }
            if spec.at("strategy", "type")?.string == "RollingUpdate" {
                spec.fill("25%", "strategy", "rollingUpdate", "maxUnavailable")
                spec.fill("25%", "strategy", "rollingUpdate", "maxSurge")
            }
            spec.fill(10, "revisionHistoryLimit")
            spec.fill(600, "progressDeadlineSeconds")
            spec.change("template", "spec", body: pod)
        }
    }

    private static func statefulSet(_ object: inout Value) {
        object.change("spec") { spec in
            spec.fill(1, "replicas")
            spec.fill("OrderedReady", "podManagementPolicy")
            if (spec.at("updateStrategy", "type")?.string ?? "").isEmpty { spec.set("RollingUpdate", "updateStrategy", "type") }
            if spec.at("updateStrategy", "type")?.string == "RollingUpdate" { spec.fill(0, "updateStrategy", "rollingUpdate", "partition") }
            spec.fill("Retain", "persistentVolumeClaimRetentionPolicy", "whenDeleted")
            spec.fill("Retain", "persistentVolumeClaimRetentionPolicy", "whenScaled")
            spec.fill(10, "revisionHistoryLimit")
            spec.change("template", "spec", body: pod)
            spec.changeItems("volumeClaimTemplates") { template in
                template.set("PersistentVolumeClaim", "kind")
                template.set("v1", "apiVersion")
                template.change("spec", body: claim)
                template.fill("Pending", "status", "phase")
            }
        }
    }

    private static func daemonSet(_ object: inout Value) {
        object.change("spec") { spec in
            if (spec.at("updateStrategy", "type")?.string ?? "").isEmpty { spec.set("RollingUpdate", "updateStrategy", "type") }
            if spec.at("updateStrategy", "type")?.string == "RollingUpdate" {
                spec.fill(1, "updateStrategy", "rollingUpdate", "maxUnavailable")
                spec.fill(0, "updateStrategy", "rollingUpdate", "maxSurge")
            }
            spec.fill(10, "revisionHistoryLimit")
            spec.change("template", "spec", body: pod)
        }
    }

    private static func job(_ spec: inout Value) {
        guard spec.map != nil else { return }
        if spec["completions"] == nil, spec["parallelism"] == nil { spec["completions"] = 1 }
        spec.fill(1, "parallelism")
        if spec["backoffLimit"] == nil { spec["backoffLimit"] = spec["backoffLimitPerIndex"] == nil ? 6 : 2_147_483_647 }
        spec.fill("NonIndexed", "completionMode")
        spec.fill(false, "suspend")
        let hasPolicy = spec["podFailurePolicy"] != nil
        spec.fill(hasPolicy ? "Failed" : "TerminatingOrFailed", "podReplacementPolicy")
        spec.fill(false, "manualSelector")
        spec.change("template", "spec", body: pod)
    }

    private static func cronJob(_ object: inout Value) {
        object.change("spec") { spec in
            spec.fill("Allow", "concurrencyPolicy")
            spec.fill(false, "suspend")
            spec.fill(3, "successfulJobsHistoryLimit")
            spec.fill(1, "failedJobsHistoryLimit")
            spec.change("jobTemplate", "spec", "template", "spec", body: pod)
        }
    }

    // MARK: - Networks and storage

    private static func service(_ object: inout Value) {
        object.change("spec") { spec in
            if (spec["type"]?.string ?? "").isEmpty { spec["type"] = "ClusterIP" }
            if (spec["sessionAffinity"]?.string ?? "").isEmpty { spec["sessionAffinity"] = "None" }
            let type = spec["type"]?.string
            if spec["sessionAffinity"]?.string == "ClientIP" { spec.fill(10_800, "sessionAffinityConfig", "clientIP", "timeoutSeconds") }
            spec.changeItems("ports") { port in
                port.fill("TCP", "protocol")
                if port["targetPort"] == nil || port["targetPort"] == 0 || port["targetPort"] == "" { port["targetPort"] = port["port"] }
            }
            if type == "NodePort" || type == "LoadBalancer" { spec.fill("Cluster", "externalTrafficPolicy") }
            if type != "ExternalName" { spec.fill("Cluster", "internalTrafficPolicy") }
            if type == "LoadBalancer" { spec.fill(true, "allocateLoadBalancerNodePorts") }
        }
    }

    private static func claim(_ spec: inout Value) {
        guard spec.map != nil else { return }
        spec.fill("Filesystem", "volumeMode")
    }

    private static func volume(_ object: inout Value) {
        object.fill("Retain", "spec", "persistentVolumeReclaimPolicy")
        object.fill("Filesystem", "spec", "volumeMode")
        object.change("spec", "hostPath") { $0.fill("", "type") }
    }

    private static func limits(_ object: inout Value) {
        object.change("spec") { spec in
            spec.changeItems("limits") { limit in
                guard limit["type"]?.string == "Container" else { return }
                for entry in limit["max"]?.map ?? Map() { limit.fill(entry.value, "default", entry.key) }
                for entry in limit["default"]?.map ?? Map() { limit.fill(entry.value, "defaultRequest", entry.key) }
                for entry in limit["min"]?.map ?? Map() { limit.fill(entry.value, "defaultRequest", entry.key) }
            }
        }
    }

    private static func networkPolicy(_ object: inout Value) {
        object.change("spec") { spec in
            for direction in ["ingress", "egress"] {
                spec.changeItems(direction) { rule in rule.changeItems("ports") { $0.fill("TCP", "protocol") } }
            }
            if (spec["policyTypes"]?.list ?? []).isEmpty {
                spec["policyTypes"] = (spec["egress"]?.list ?? []).isEmpty ? ["Ingress"] : ["Ingress", "Egress"]
            }
        }
    }

    private static func autoscaler(_ object: inout Value, _ type: ResourceType) {
        object.fill(1, "spec", "minReplicas")
        guard type.version == "v2" else { return }
        if (object.at("spec", "metrics")?.list ?? []).isEmpty {
            object.set(
                [
                    [
                        "type": "Resource",
                        "resource": ["name": "cpu", "target": ["type": "Utilization", "averageUtilization": 80]],
                    ]
                ], "spec", "metrics")
        }
        object.change("spec", "behavior") { behaviour in
            guard behaviour.map != nil else { return }
            behaviour.change("scaleUp") { rules in
                rules.fill(0, "stabilizationWindowSeconds")
                rules.fill("Max", "selectPolicy")
            }
            behaviour.change("scaleDown") { $0.fill("Max", "selectPolicy") }
        }
    }

    // MARK: - The rest

    private static func binding(_ object: inout Value) {
        object.change("roleRef") { if ($0["apiGroup"]?.string ?? "").isEmpty { $0["apiGroup"] = "rbac.authorization.k8s.io" } }
        object.changeItems("subjects") { subject in
            guard (subject["apiGroup"]?.string ?? "").isEmpty, subject["kind"]?.string != "ServiceAccount" else { return }
            subject["apiGroup"] = "rbac.authorization.k8s.io"
        }
    }

    private static func driver(_ object: inout Value) {
        object.change("spec") { spec in
            spec.fill(true, "attachRequired")
            spec.fill(false, "podInfoOnMount")
            spec.fill(false, "storageCapacity")
            spec.fill("ReadWriteOnceWithFSType", "fsGroupPolicy")
            spec.fill(["Persistent"], "volumeLifecycleModes")
            spec.fill(false, "requiresRepublish")
            spec.fill(false, "seLinuxMount")
        }
    }

    private static func webhooks(_ object: inout Value, mutates: Bool) {
        object.changeItems("webhooks") { hook in
            hook.fill("Fail", "failurePolicy")
            hook.fill("Equivalent", "matchPolicy")
            hook.fill([:], "namespaceSelector")
            hook.fill([:], "objectSelector")
            hook.fill(10, "timeoutSeconds")
            if mutates { hook.fill("Never", "reinvocationPolicy") }
            hook.change("clientConfig", "service") { $0.fill(443, "port") }
            hook.changeItems("rules") { $0.fill("*", "scope") }
        }
    }

    private static func policy(_ object: inout Value) {
        object.change("spec") { spec in
            spec.fill("Fail", "failurePolicy")
            spec.change("matchConstraints", body: match)
        }
    }

    private static func match(_ constraints: inout Value) {
        guard constraints.map != nil else { return }
        constraints.fill("Equivalent", "matchPolicy")
        constraints.fill([:], "namespaceSelector")
        constraints.fill([:], "objectSelector")
        constraints.changeItems("resourceRules") { $0.fill("*", "scope") }
    }

    private static func definition(_ object: inout Value) {
        let kind = object.at("spec", "names", "kind")?.string ?? ""
        object.change("spec", "names") { names in
            if (names["singular"]?.string ?? "").isEmpty { names["singular"] = .string(kind.lowercased()) }
            if (names["listKind"]?.string ?? "").isEmpty, !kind.isEmpty { names["listKind"] = .string(kind + "List") }
        }
        object.fill("None", "spec", "conversion", "strategy")
    }
}
