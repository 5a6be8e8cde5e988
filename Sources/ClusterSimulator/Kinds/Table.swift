// SPDX-License-Identifier: Apache-2.0

import Manifests

/// How much of each object a table carries along.
enum TableObject: Sendable {
    case none, metadata, object

    init(_ text: String?) {
        switch text {
        case "None": self = .none
        case "Object": self = .object
        default: self = .metadata
        }
    }
}

/// Objects as rows and columns, which is what `kubectl get` prints.
enum Table {
    struct Column {
        let name: String
        var type = "string"
        var format = ""
        var description = ""
        var priority: Int64 = 0
        let cell: (Value, Timestamp) -> Value
    }

    static let nameText =
        "Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names"
    static let ageText =
        "CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata"

    static func value(type: ResourceType, objects: [Value], includes: TableObject, metadata: Value, now: Timestamp) -> Value {
        let columns = TableColumns.columns(type)
        let definitions = columns.map { column -> Value in
            [
                "name": .string(column.name), "type": .string(column.type), "format": .string(column.format),
                "description": .string(column.description), "priority": .int(column.priority),
            ]
        }
        let rows = objects.map { object -> Value in
            var row: Map = ["cells": .list(columns.map { $0.cell(object, now) })]
            switch includes {
            case .none: row["object"] = .null
            case .metadata: row["object"] = PartialObject.value(object)
            case .object: row["object"] = object
            }
            return .map(row)
        }
        return [
            "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata, "columnDefinitions": .list(definitions),
            "rows": .list(rows),
        ]
    }

    /// A span as kubectl shows it: `5s`, `3m20s`, `4h`, `12d`.
    static func age(_ object: Value, _ now: Timestamp) -> String {
        guard let created = object.at("metadata", "creationTimestamp")?.string.flatMap({ Timestamp(rfc3339: $0) }) else {
            return "<unknown>"
        }
        return span(max(0, now.seconds - created.seconds))
    }

    static func span(_ seconds: Int64) -> String {
        if seconds < 120 { return "\(seconds)s" }
        let minutes = seconds / 60
        if minutes < 10 { return seconds % 60 == 0 ? "\(minutes)m" : "\(minutes)m\(seconds % 60)s" }
        if minutes < 180 { return "\(minutes)m" }
        let hours = minutes / 60
        if hours < 8 { return minutes % 60 == 0 ? "\(hours)h" : "\(hours)h\(minutes % 60)m" }
        if hours < 48 { return "\(hours)h" }
        let days = hours / 24
        if days < 8 { return hours % 24 == 0 ? "\(days)d" : "\(days)d\(hours % 24)h" }
        return days < 730 ? "\(days)d" : "\(days / 365)y"
    }
}

/// The columns of each kind.
enum TableColumns {
    private typealias Column = Table.Column

    static func columns(_ type: ResourceType) -> [Table.Column] {
        let name = Column(name: "Name", format: "name", description: Table.nameText) { object, _ in .string(object.name) }
        let age = Column(name: "Age", description: Table.ageText) { object, now in .string(Table.age(object, now)) }
        if let custom = type.custom {
            let own = custom.columns.map { column in
                Column(
                    name: column.name, type: column.type, format: column.format,
                    description: column.description.isEmpty
                        ? "Custom resource definition column (in JSONPath format): \(column.path)" : column.description,
                    priority: column.priority
                ) { object, now in cell(object, column, now) }
            }
            return [name] + (own.isEmpty ? [age] : own)
        }
        switch (type.group, type.kind) {
        case ("", "Pod"):
            return [
                name,
                text("Ready") { pod in
                    let states = pod.at("status", "containerStatuses")?.list ?? []
                    let total = pod.at("spec", "containers")?.list?.count ?? 0
                    return "\(states.filter { $0["ready"]?.bool == true }.count)/\(total)"
                }, text("Status", podStatus),
                text("Restarts") { pod in
                    String((pod.at("status", "containerStatuses")?.list ?? []).reduce(0) { $0 + ($1["restartCount"]?.int ?? 0) })
                }, age, text("IP", wide: true) { $0.at("status", "podIP")?.string ?? "<none>" },
                text("Node", wide: true) { $0.at("spec", "nodeName")?.string ?? "<none>" },
                text("Nominated Node", wide: true) { _ in "<none>" }, text("Readiness Gates", wide: true) { _ in "<none>" },
            ]
        case ("apps", "Deployment"):
            return [
                name, text("Ready") { "\(number($0, "readyReplicas"))/\(wanted($0))" }, count("Up-to-date", "updatedReplicas"),
                count("Available", "availableReplicas"), age,
            ] + template()
        case ("apps", "ReplicaSet"):
            return [
                name, integer("Desired", wanted), count("Current", "replicas"), count("Ready", "readyReplicas"), age,
            ] + template()
        case ("apps", "StatefulSet"):
            return [name, text("Ready") { "\(number($0, "readyReplicas"))/\(wanted($0))" }, age] + Array(template().prefix(2))
        case ("apps", "DaemonSet"):
            return [
                name, count("Desired", "desiredNumberScheduled"), count("Current", "currentNumberScheduled"), count("Ready", "numberReady"),
                count("Up-to-date", "updatedNumberScheduled"), count("Available", "numberAvailable"),
                text("Node Selector") { labels($0.at("spec", "template", "spec", "nodeSelector")) }, age,
            ] + template()
        case ("batch", "Job"):
            return [
                name,
                text("Status") { job in
                    for kind in ["Complete", "Failed", "Suspended"] where Workload.condition(job, kind)?["status"] == "True" { return kind }
                    return "Running"
                }, text("Completions") { "\(number($0, "succeeded"))/\($0.at("spec", "completions")?.int ?? 1)" },
                text("Duration") { job in
                    guard let start = job.at("status", "startTime")?.string.flatMap({ Timestamp(rfc3339: $0) }),
                        let end = job.at("status", "completionTime")?.string.flatMap({ Timestamp(rfc3339: $0) })
                    else { return "" }
                    return Table.span(end.seconds - start.seconds)
                }, age,
            ] + template()
        case ("batch", "CronJob"):
            return [
                name, text("Schedule") { $0.at("spec", "schedule")?.string ?? "" },
                text("Timezone") { $0.at("spec", "timeZone")?.string ?? "<none>" },
                text("Suspend") { $0.at("spec", "suspend")?.bool == true ? "True" : "False" },
                integer("Active") { Int64($0.at("status", "active")?.list?.count ?? 0) }, text("Last Schedule") { _ in "<none>" }, age,
            ]
        case ("", "Service"):
            return [
                name, text("Type") { $0.at("spec", "type")?.string ?? "" },
                text("Cluster-IP") { $0.at("spec", "clusterIP")?.string ?? "<none>" },
                text("External-IP") { $0.at("spec", "externalName")?.string ?? "<none>" }, text("Port(s)", ports), age,
                text("Selector", wide: true) { labels($0.at("spec", "selector")) },
            ]
        case ("", "Namespace"): return [name, text("Status") { $0.at("status", "phase")?.string ?? "" }, age]
        case ("", "Node"):
            return [
                name, text("Status") { Workload.condition($0, "Ready")?["status"] == "True" ? "Ready" : "NotReady" },
                text("Roles") { _ in "<none>" }, age, text("Version") { $0.at("status", "nodeInfo", "kubeletVersion")?.string ?? "" },
            ]
        case ("", "ConfigMap"):
            let description =
                "Data contains the configuration data. Each key must consist of alphanumeric characters, '-', '_' or '.'. Values with non-UTF-8 byte sequences must use the BinaryData field. The keys stored in Data must not overlap with the keys in the BinaryData field, this is enforced during validation process."
            return [
                name,
                Column(name: "Data", description: description) { map, _ in
                    .int(Int64((map["data"]?.map?.count ?? 0) + (map["binaryData"]?.map?.count ?? 0)))
                }, age,
            ]
        case ("", "Secret"):
            return [name, text("Type") { $0["type"]?.string ?? "" }, integer("Data") { Int64($0["data"]?.map?.count ?? 0) }, age]
        case ("", "ServiceAccount"): return [name, integer("Secrets") { Int64($0["secrets"]?.list?.count ?? 0) }, age]
        case ("", "PersistentVolumeClaim"):
            return [
                name, text("Status") { $0.at("status", "phase")?.string ?? "" },
                text("Volume") { $0.at("spec", "volumeName")?.string ?? "" },
                text("Capacity") { $0.at("status", "capacity", "storage")?.string ?? "" },
                text("Access Modes") { modes($0.at("spec", "accessModes")) },
                text("StorageClass") { $0.at("spec", "storageClassName")?.string ?? "" }, age,
            ]
        case ("networking.k8s.io", "Ingress"):
            return [
                name, text("Class") { $0.at("spec", "ingressClassName")?.string ?? "<none>" },
                text("Hosts") { ingress in
                    let hosts = (ingress.at("spec", "rules")?.list ?? []).compactMap { $0["host"]?.string }
                    return hosts.isEmpty ? "*" : hosts.joined(separator: ",")
                }, text("Address") { _ in "" }, text("Ports") { $0.at("spec", "tls") == nil ? "80" : "80, 443" }, age,
            ]
        case ("", "Event"), ("events.k8s.io", "Event"):
            return [
                Column(name: "Last Seen") { event, now in
                    let last = event["lastTimestamp"]?.string.flatMap { Timestamp(rfc3339: $0) }
                    return .string(last.map { Table.span(max(0, now.seconds - $0.seconds)) } ?? "<unknown>")
                }, text("Type") { $0["type"]?.string ?? "" }, text("Reason") { $0["reason"]?.string ?? "" },
                text("Object") {
                    "\(($0.at("involvedObject", "kind")?.string ?? "").lowercased())/\($0.at("involvedObject", "name")?.string ?? "")"
                },
                text("Message") { $0["message"]?.string ?? "" },
                Column(name: "Name", format: "name", description: Table.nameText, priority: 1) { object, _ in .string(object.name) },
            ]
        case ("apiextensions.k8s.io", "CustomResourceDefinition"):
            return [
                name,
                Column(name: "Created At", type: "date") { object, _ in object.at("metadata", "creationTimestamp") ?? .null },
            ]
        default:
            return [name, age]
        }
    }

    private static func text(_ name: String, wide: Bool = false, _ cell: @escaping (Value) -> String) -> Column {
        Column(name: name, priority: wide ? 1 : 0) { object, _ in .string(cell(object)) }
    }

    private static func integer(_ name: String, _ cell: @escaping (Value) -> Int64) -> Column {
        Column(name: name, type: "integer") { object, _ in .int(cell(object)) }
    }

    private static func count(_ name: String, _ field: String) -> Column { integer(name) { number($0, field) } }

    private static func number(_ object: Value, _ field: String) -> Int64 { object.at("status", field)?.int ?? 0 }
    private static func wanted(_ object: Value) -> Int64 { object.at("spec", "replicas")?.int ?? 0 }

    private static func template() -> [Column] {
        [
            text("Containers", wide: true) { object in
                (object.at("spec", "template", "spec", "containers")?.list ?? []).compactMap { $0["name"]?.string }.joined(separator: ",")
            },
            text("Images", wide: true) { Workload.images($0.at("spec", "template", "spec", "containers")).joined(separator: ",") },
            text("Selector", wide: true) { Workload.selectorText($0.at("spec", "selector")) },
        ]
    }

    private static func labels(_ value: Value?) -> String {
        let pairs = (value?.map ?? Map()).map { "\($0.key)=\($0.value.string ?? "")" }.sorted()
        return pairs.isEmpty ? "<none>" : pairs.joined(separator: ",")
    }

    private static func modes(_ value: Value?) -> String {
        let short = ["ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"]
        return (value?.list ?? []).compactMap { $0.string.map { short[$0] ?? $0 } }.joined(separator: ",")
    }

    private static func ports(_ service: Value) -> String {
        let ports = (service.at("spec", "ports")?.list ?? []).map { port in
            let node = port["nodePort"]?.int.map { ":\($0)" } ?? ""
            return "\(port["port"]?.int ?? 0)\(node)/\(port["protocol"]?.string ?? "TCP")"
        }
        return ports.isEmpty ? "<none>" : ports.joined(separator: ",")
    }

    private static func podStatus(_ pod: Value) -> String {
        if pod.isTerminating { return "Terminating" }
        for state in pod.at("status", "containerStatuses")?.list ?? [] {
            if let reason = state.at("state", "waiting", "reason")?.string { return reason }
            if let reason = state.at("state", "terminated", "reason")?.string { return reason }
        }
        let phase = pod.at("status", "phase")?.string ?? "Unknown"
        return phase == "Pending" && pod.at("spec", "nodeName") != nil ? "ContainerCreating" : phase
    }

    private static func cell(_ object: Value, _ column: CustomResource.Column, _ now: Timestamp) -> Value {
        let path = column.path.split(separator: ".").map(String.init)
        guard let value = object.at(path: path) else { return .null }
        switch column.type {
        case "integer", "number", "boolean": return value
        case "date":
            guard let time = value.string.flatMap({ Timestamp(rfc3339: $0) }) else { return value }
            return .string(Table.span(max(0, now.seconds - time.seconds)))
        default: return .string(value.string ?? JSON.text(value))
        }
    }
}
