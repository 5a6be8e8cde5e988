// SPDX-License-Identifier: Apache-2.0

import Manifests

/// What each built-in kind demands of its objects.
enum KindRules {
    static func check(_ object: Value, old: Value?, _ type: ResourceType, _ causes: inout [StatusError.Cause]) {
        switch (type.group, type.kind) {
        case ("", "ConfigMap"): configMap(object, old, &causes)
        case ("", "Secret"): secret(object, old, &causes)
        case ("", "Service"): service(object, old, &causes)
        case ("", "Pod"): pod(object, old, &causes)
        case ("", "PersistentVolumeClaim"): claim(object, old, &causes)
        case ("apps", "Deployment"): deployment(object, old, &causes)
        case ("apps", "ReplicaSet"): workload(object, old, &causes)
        case ("apps", "DaemonSet"): workload(object, old, &causes)
        case ("apps", "StatefulSet"): statefulSet(object, old, &causes)
        case ("batch", "Job"): job(object, old, &causes)
        case ("batch", "CronJob"): cronJob(object, &causes)
        case ("rbac.authorization.k8s.io", "RoleBinding"), ("rbac.authorization.k8s.io", "ClusterRoleBinding"):
            if let old, object["roleRef"] != old["roleRef"] {
                let reference = object["roleRef"]
                let shown: Value = [
                    "APIGroup": reference?["apiGroup"] ?? "", "Kind": reference?["kind"] ?? "", "Name": reference?["name"] ?? "",
                ]
                causes.append(.invalid("roleRef", shown, "cannot change roleRef"))
            }
        case ("storage.k8s.io", "StorageClass"): storageClass(object, old, &causes)
        case ("apiextensions.k8s.io", "CustomResourceDefinition"): definition(object, old, &causes)
        default: break
        }
    }

    static func immutable(_ field: String, _ object: Value, _ old: Value?, _ causes: inout [StatusError.Cause]) {
        guard let old else { return }
        let path = field.split(separator: ".").map(String.init)
        let value = object.at(path: path)
        if value != old.at(path: path) { causes.append(.invalid(field, value ?? .null, "field is immutable")) }
    }

    // MARK: - Configuration

    private static let configKey =
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"

    private static func isConfigKey(_ key: String) -> Bool {
        !key.isEmpty && key.utf8.count <= 253 && key != "." && key != ".."
            && key.utf8.allSatisfy { $0 >= 97 && $0 <= 122 || $0 >= 65 && $0 <= 90 || $0 >= 48 && $0 <= 57 || [45, 46, 95].contains($0) }
    }

    private static func configMap(_ object: Value, _ old: Value?, _ causes: inout [StatusError.Cause]) {
        var bytes = 0
        for field in ["data", "binaryData"] {
            for entry in object[field]?.map ?? Map() {
                bytes += entry.value.string?.utf8.count ?? 0
                if !isConfigKey(entry.key) { causes.append(.invalid("\(field)[\(entry.key)]", .string(entry.key), configKey)) }
            }
        }
        if bytes > 1_048_576 {
            causes.append(.init(reason: "FieldValueTooLong", message: "Too long: may not be more than 1048576 bytes", field: "[]"))
        }
        frozen(object, old, ["data", "binaryData"], &causes)
    }

    private static func frozen(_ object: Value, _ old: Value?, _ fields: [String], _ causes: inout [StatusError.Cause]) {
        guard let old, old["immutable"]?.bool == true else { return }
        if object["immutable"]?.bool != true {
            causes.append(.forbidden("immutable", "field is immutable when `immutable` is set"))
        }
        for field in fields where object[field] != old[field] {
            causes.append(.forbidden(field, "field is immutable when `immutable` is set"))
        }
    }

    private static func secret(_ object: Value, _ old: Value?, _ causes: inout [StatusError.Cause]) {
        immutable("type", object, old, &causes)
        for entry in object["data"]?.map ?? Map() where !isConfigKey(entry.key) {
            causes.append(.invalid("data[\(entry.key)]", .string(entry.key), configKey))
        }
        let required: [String] =
            switch object["type"]?.string {
            case "kubernetes.io/tls": ["tls.crt", "tls.key"]
            case "kubernetes.io/dockerconfigjson": [".dockerconfigjson"]
            case "kubernetes.io/ssh-auth": ["ssh-privatekey"]
            default: []
            }
        for key in required where object.at("data", key) == nil { causes.append(.required("data[\(key)]")) }
        frozen(object, old, ["data"], &causes)
    }

    // MARK: - Workloads

    private static func nonNegative(_ path: String, _ object: Value, _ causes: inout [StatusError.Cause]) {
        let value = object.at(path: path.split(separator: ".").map(String.init))
        if let number = value?.int, number < 0 { causes.append(.invalid(path, .int(number), "must be greater than or equal to 0")) }
    }

    private static func selector(_ object: Value, _ old: Value?, _ causes: inout [StatusError.Cause]) {
        let selector = object.at("spec", "selector")
        let labels = object.at("spec", "template", "metadata", "labels")
        if selector == nil || selector?.isNull == true {
            causes.append(.required("spec.selector"))
            if labels == nil {
                causes.append(.invalid("spec.template.metadata.labels", .null, "`selector` does not match template `labels`"))
            }
        } else {
            let parsed = LabelSelector(object: selector)
            if parsed.isEmpty {
                causes.append(.invalid("spec.selector", selector ?? .null, "empty selector is invalid for deployment"))
            } else if !parsed.matches(labels?.map ?? Map()) {
                causes.append(
                    .invalid("spec.template.metadata.labels", labels ?? .null, "`selector` does not match template `labels`"))
            }
        }
    }

    private static func workload(_ object: Value, _ old: Value?, _ causes: inout [StatusError.Cause]) {
        nonNegative("spec.replicas", object, &causes)
        selector(object, old, &causes)
        PodRules.check(object.at("spec", "template", "spec") ?? [:], "spec.template.spec", &causes)
        restartPolicy(object, &causes)
        immutable("spec.selector", object, old, &causes)
    }

    private static func restartPolicy(_ object: Value, _ causes: inout [StatusError.Cause]) {
        if let policy = object.at("spec", "template", "spec", "restartPolicy"), policy != "Always" {
            causes.append(.unsupported("spec.template.spec.restartPolicy", policy, ["Always"]))
        }
    }

    private static func deployment(_ object: Value, _ old: Value?, _ causes: inout [StatusError.Cause]) {
        workload(object, old, &causes)
        nonNegative("spec.minReadySeconds", object, &causes)
        nonNegative("spec.revisionHistoryLimit", object, &causes)
        let strategy = object.at("spec", "strategy")
        if strategy?["type"] == "Recreate", strategy?["rollingUpdate"] != nil {
            causes.append(.forbidden("spec.strategy.rollingUpdate", "may not be specified when strategy `type` is 'Recreate'"))
        }
        if let deadline = object.at("spec", "progressDeadlineSeconds")?.int, deadline <= object.at("spec", "minReadySeconds")?.int ?? 0 {
            causes.append(.invalid("spec.progressDeadlineSeconds", .int(deadline), "must be greater than minReadySeconds"))
        }
    }

    private static func statefulSet(_ object: Value, _ old: Value?, _ causes: inout [StatusError.Cause]) {
        nonNegative("spec.replicas", object, &causes)
        selector(object, old, &causes)
        PodRules.check(object.at("spec", "template", "spec") ?? [:], "spec.template.spec", &causes)
        restartPolicy(object, &causes)
        guard let old else { return }
        let mutable = [
            "replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit", "persistentVolumeClaimRetentionPolicy",
            "minReadySeconds",
        ]
        func fixed(_ value: Value) -> Value {
            var spec = value["spec"] ?? [:]
            for field in mutable { spec[field] = nil }
            return spec
        }
        if fixed(object) != fixed(old) {
            causes.append(
                .forbidden(
                    "spec",
                    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
                ))
        }
    }

    private static func job(_ object: Value, _ old: Value?, _ causes: inout [StatusError.Cause]) {
        for field in ["parallelism", "completions", "backoffLimit"] { nonNegative("spec.\(field)", object, &causes) }
        PodRules.check(object.at("spec", "template", "spec") ?? [:], "spec.template.spec", &causes)
        let policy = object.at("spec", "template", "spec", "restartPolicy")
        if policy == "Always" {
            causes.append(
                .init(
                    reason: "FieldValueRequired", message: "Required value: valid values: \"OnFailure\", \"Never\"",
                    field: "spec.template.spec.restartPolicy"))
        }
        guard let old else { return }
        immutable("spec.completions", object, old, &causes)
        immutable("spec.selector", object, old, &causes)
        if object.at("spec", "template") != old.at("spec", "template"),
            old.at("spec", "suspend")?.bool != true || old.at("status", "startTime") != nil
        {
            causes.append(.invalid("spec.template", InternalForm.template(object.at("spec", "template") ?? [:]), "field is immutable"))
        }
        immutable("spec.completionMode", object, old, &causes)
    }

    private static func cronJob(_ object: Value, _ causes: inout [StatusError.Cause]) {
        let schedule = object.at("spec", "schedule")?.string ?? ""
        if schedule.isEmpty {
            causes.append(.required("spec.schedule"))
        } else if !schedule.hasPrefix("@") {
            let fields = schedule.split(separator: " ")
            if fields.count != 5 {
                causes.append(
                    .invalid(
                        "spec.schedule", .string(schedule),
                        "expected exactly 5 fields, found \(fields.count): [\(fields.joined(separator: " "))]"))
            }
        }
        PodRules.check(
            object.at("spec", "jobTemplate", "spec", "template", "spec") ?? [:], "spec.jobTemplate.spec.template.spec", &causes)
    }

    private static func pod(_ object: Value, _ old: Value?, _ causes: inout [StatusError.Cause]) {
        PodRules.check(object["spec"] ?? [:], "spec", &causes)
        guard let old else { return }
        func fixed(_ value: Value) -> Value {
            var spec = value["spec"] ?? [:]
            for list in ["containers", "initContainers"] { spec.changeItems(list) { $0["image"] = nil } }
            for field in ["activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds"] { spec[field] = nil }
            return spec
        }
        if fixed(object) != fixed(old) {
            // The comparison shown takes over the old values of what may change.
            var shown = object["spec"] ?? [:]
            for list in ["containers", "initContainers"] {
                let images = (old.at("spec", list)?.list ?? []).map { $0["image"] }
                var position = 0
                shown.changeItems(list) { container in
                    if position < images.count { container["image"] = images[position] }
                    position += 1
                }
            }
            for field in ["activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds"] { shown[field] = old.at("spec", field) }
            let change = InternalForm.difference(InternalForm.podSpec(old["spec"] ?? [:]), InternalForm.podSpec(shown))
            causes.append(
                .forbidden(
                    "spec",
                    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n\(change)"
                ))
        }
    }

    // MARK: - Networks, storage, definitions

    private static func service(_ object: Value, _ old: Value?, _ causes: inout [StatusError.Cause]) {
        let ports = object.at("spec", "ports")?.list ?? []
        let type = object.at("spec", "type")?.string ?? ""
        let isHeadless = object.at("spec", "clusterIP") == "None"
        if ports.isEmpty, type != "ExternalName", !isHeadless { causes.append(.required("spec.ports")) }
        if !["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"].contains(type) {
            causes.append(.unsupported("spec.type", .string(type), ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]))
        }
        for (index, port) in ports.enumerated() {
            if ports.count > 1, (port["name"]?.string ?? "").isEmpty { causes.append(.required("spec.ports[\(index)].name")) }
            PodRules.port(port["port"], "spec.ports[\(index)].port", &causes)
            if let target = port["targetPort"]?.int { PodRules.port(.int(target), "spec.ports[\(index)].targetPort", &causes) }
        }
        if let old, let before = old.at("spec", "clusterIP")?.string, !before.isEmpty, type != "ExternalName",
            old.at("spec", "type") != "ExternalName", object.at("spec", "clusterIP")?.string != before
        {
            let addresses = object.at("spec", "clusterIPs") ?? .null
            causes.append(.invalid("spec.clusterIPs[0]", addresses, "may not change once set"))
        }
    }

    private static func claim(_ object: Value, _ old: Value?, _ causes: inout [StatusError.Cause]) {
        if (object.at("spec", "accessModes")?.list ?? []).isEmpty {
            causes.append(.required("spec.accessModes", "at least 1 access mode is required"))
        }
        if object.at("spec", "resources", "requests", "storage") == nil { causes.append(.required("spec.resources[storage]")) }
        guard let old else { return }
        func fixed(_ value: Value) -> Value {
            var spec = value["spec"] ?? [:]
            if old.at("status", "phase") == "Bound" { spec.set(nil, "resources", "requests") }
            spec["volumeAttributesClassName"] = nil
            if (old.at("spec", "volumeName")?.string ?? "").isEmpty { spec["volumeName"] = nil }
            return spec
        }
        if fixed(object) != fixed(old) {
            let change = InternalForm.difference(
                InternalForm.claimSpec(old["spec"] ?? [:]), InternalForm.claimSpec(object["spec"] ?? [:]))
            causes.append(
                .forbidden(
                    "spec",
                    "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n\(change)"))
        }
    }

    private static func storageClass(_ object: Value, _ old: Value?, _ causes: inout [StatusError.Cause]) {
        if (object["provisioner"]?.string ?? "").isEmpty { causes.append(.required("provisioner")) }
        guard let old else { return }
        if object["parameters"] != old["parameters"] {
            causes.append(.forbidden("parameters", "updates to parameters are forbidden."))
        }
        immutable("provisioner", object, old, &causes)
        immutable("reclaimPolicy", object, old, &causes)
        immutable("volumeBindingMode", object, old, &causes)
    }

    private static func definition(_ object: Value, _ old: Value?, _ causes: inout [StatusError.Cause]) {
        let plural = object.at("spec", "names", "plural")?.string ?? ""
        let group = object.at("spec", "group")?.string ?? ""
        if object.name != "\(plural).\(group)" {
            causes.append(.invalid("metadata.name", .string(object.name), "must be spec.names.plural+\".\"+spec.group"))
        }
        for (index, version) in (object.at("spec", "versions")?.list ?? []).enumerated()
        where version.at("schema", "openAPIV3Schema") == nil {
            causes.append(.required("spec.versions[\(index)].schema.openAPIV3Schema"))
        }
        for field in ["group", "scope"] { immutable("spec.\(field)", object, old, &causes) }
        if let old, object.at("spec", "names", "kind") != old.at("spec", "names", "kind") {
            causes.append(.invalid("spec.names.kind", object.at("spec", "names", "kind") ?? .null, "field is immutable"))
        }
    }
}

/// What pods and pod templates demand.
enum PodRules {
    static func check(_ spec: Value, _ path: String, _ causes: inout [StatusError.Cause]) {
        let volumes = Set((spec["volumes"]?.list ?? []).compactMap { $0["name"]?.string })
        for list in ["initContainers", "containers"] {
            let containers = spec[list]?.list ?? []
            if containers.isEmpty, list == "containers" { causes.append(.required("\(path).containers")) }
            var names: Set<String> = []
            for (index, container) in containers.enumerated() {
                let here = "\(path).\(list)[\(index)]"
                let name = container["name"]?.string ?? ""
                if name.isEmpty {
                    causes.append(.required("\(here).name"))
                } else if !MetadataRules.isLabel(name) {
                    causes.append(.invalid("\(here).name", .string(name), MetadataRules.label))
                } else if !names.insert(name).inserted {
                    causes.append(.duplicate("\(here).name", .string(name)))
                }
                if (container["image"]?.string ?? "").isEmpty { causes.append(.required("\(here).image")) }
                for (number, port) in (container["ports"]?.list ?? []).enumerated() {
                    self.port(port["containerPort"], "\(here).ports[\(number)].containerPort", &causes)
                }
                for (number, mount) in (container["volumeMounts"]?.list ?? []).enumerated() {
                    let volume = mount["name"]?.string ?? ""
                    if !volumes.contains(volume) {
                        causes.append(
                            .init(
                                reason: "FieldValueNotFound", message: "Not found: \"\(volume)\"",
                                field: "\(here).volumeMounts[\(number)].name"))
                    }
                }
            }
        }
    }

    static func port(_ value: Value?, _ path: String, _ causes: inout [StatusError.Cause]) {
        let number = value?.int ?? 0
        if number == 0 {
            causes.append(.required(path))
        } else if !(1...65_535).contains(number) {
            causes.append(.invalid(path, .int(number), "must be between 1 and 65535, inclusive"))
        }
    }
}
