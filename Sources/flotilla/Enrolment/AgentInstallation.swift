// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import KubernetesAPI
import Manifests

/// How a cluster's agent is installed there.
struct AgentInstallation: Sendable {
    /// What the agent may do in its cluster.
    enum Rights: Sendable, Equatable {
        /// Everything: it can apply whatever an application holds.
        case clusterAdmin
        /// Whatever is in these namespaces, and nothing else.
        case namespaces([String])
    }

    var cluster: String
    var rights: Rights
    /// How the agent reaches the coordinator.
    var coordinator: String
    /// Good once: the agent gets a certificate with it, and has no use for it after that.
    var token: String
    /// The authorities by which the agent knows the coordinator until it has been told by it, in PEM.
    var authorities: String
    var image: String
    var priorityClass: String?

    /// Where the agent answers probes and gives out metrics.
    static let port: Int64 = 8_081
    /// Not `flotilla-…`: those names are the ApplySets'.
    static let accessName = "coordinator-access"
    /// The Secret in which the agent keeps its key and certificate.
    static let identityName = "flotilla-agent-identity"
    /// Owner of the agent's process; the one that images without a user of their own know as nobody.
    private static let user: Int64 = 65_532
    private static let stateFolder = "/var/lib/flotilla-agent"
    private static let accessFolder = "/etc/flotilla-agent"

    /// All objects, each after those that it needs.
    var objects: [Value] { [namespace, account] + AgentRights(rights).objects + [access, deployment] }

    private static let labels: Value = ["app.kubernetes.io/name": .string(Ownership.agentName)]

    private var namespace: Value {
        var labels = Self.labels
        for mode in ["enforce", "audit", "warn"] { labels["pod-security.kubernetes.io/\(mode)"] = "restricted" }
        return ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(Ownership.agentNamespace), "labels": labels]]
    }

    static func metadata(_ name: String, _ namespace: String? = Ownership.agentNamespace) -> Value {
        var map: Map = ["name": .string(name)]
        if let namespace { map["namespace"] = .string(namespace) }
        map["labels"] = labels
        return .map(map)
    }

    private var account: Value {
        ["apiVersion": "v1", "kind": "ServiceAccount", "metadata": Self.metadata(Ownership.agentName)]
    }

    private var access: Value {
        [
            "apiVersion": "v1", "kind": "Secret", "metadata": Self.metadata(Self.accessName), "type": "Opaque",
            "data": [
                "token": .string(Base64.encode(Array(token.utf8))), "ca.crt": .string(Base64.encode(Array(authorities.utf8))),
            ],
        ]
    }

    private var deployment: Value {
        [
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": Self.metadata(Ownership.agentName),
            "spec": [
                "replicas": 1, "revisionHistoryLimit": 3,
                // The old agent works until the new one is ready: an image that cannot be pulled stops nothing. A Lease sees to it that
                // only one of the two acts.
                "strategy": ["type": "RollingUpdate", "rollingUpdate": ["maxSurge": 1, "maxUnavailable": 0]],
                "selector": ["matchLabels": Self.labels],
                "template": ["metadata": ["labels": Self.labels], "spec": pod],
            ],
        ]
    }

    private var pod: Value {
        var map: Map = [
            "serviceAccountName": .string(Ownership.agentName), "enableServiceLinks": false, "terminationGracePeriodSeconds": 15,
            "nodeSelector": ["kubernetes.io/os": "linux"],
        ]
        if let priorityClass { map["priorityClassName"] = .string(priorityClass) }
        map["securityContext"] = [
            "runAsNonRoot": true, "runAsUser": .int(Self.user), "runAsGroup": .int(Self.user), "fsGroup": .int(Self.user),
            "seccompProfile": ["type": "RuntimeDefault"],
        ]
        map["containers"] = [container]
        map["volumes"] = [
            ["name": "state", "emptyDir": [:]],
            ["name": "access", "secret": ["secretName": .string(Self.accessName), "defaultMode": 288]],
        ]
        return .map(map)
    }

    private var container: Value {
        [
            "name": .string(Ownership.agentContainer), "image": .string(image),
            "args": .list(arguments.map { .string($0) }),
            // Who it is, so that it can move itself to another image when the coordinator asks for that.
            "env": [
                ["name": "FLOTILLA_AGENT_DEPLOYMENT", "value": .string(Ownership.agentName)],
                ["name": "FLOTILLA_AGENT_POD", "valueFrom": ["fieldRef": ["fieldPath": "metadata.name"]]],
            ],
            "ports": [["name": "http", "containerPort": .int(Self.port)]],
            "livenessProbe": probe("/healthz", seconds: 20), "readinessProbe": probe("/readyz", seconds: 5),
            // Measured: 30 MiB resident, up to 24 MiB of them its own at 5,000 objects. No limit on CPU: a sync would only take longer.
            "resources": ["requests": ["cpu": "10m", "memory": "32Mi"], "limits": ["memory": "128Mi"]],
            "securityContext": [
                "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": ["drop": ["ALL"]],
            ],
            "volumeMounts": [
                ["name": "state", "mountPath": .string(Self.stateFolder)],
                ["name": "access", "mountPath": .string(Self.accessFolder), "readOnly": true],
            ],
        ]
    }

    /// What the agent's program is started with.
    private var arguments: [String] {
        var arguments = ["--coordinator=\(coordinator)", "--cluster=\(cluster)"]
        arguments += ["--enrolment-token-file=\(Self.accessFolder)/token", "--coordinator-ca=\(Self.accessFolder)/ca.crt"]
        arguments += ["--state-directory=\(Self.stateFolder)", "--listen=0.0.0.0:\(Self.port)"]
        if case .namespaces(let namespaces) = rights { arguments.append("--namespaces=\(namespaces.joined(separator: ","))") }
        return arguments
    }

    private func probe(_ path: String, seconds: Int64) -> Value {
        [
            "httpGet": ["path": .string(path), "port": "http"], "periodSeconds": .int(seconds), "timeoutSeconds": 5,
            "failureThreshold": 3,
        ]
    }
}

extension AgentInstallation {
    /// What is deleted to take an agent out: its own objects alone, those that act first. Nothing else has an owner among them, so that all
    /// that the agent applied stays.
    static func removal(_ rights: Rights) -> [Value] {
        var objects: [Value] = [
            ["apiVersion": "apps/v1", "kind": "Deployment", "metadata": identity(Ownership.agentName)]
        ]
        for object in AgentRights(rights).objects.reversed() {
            objects.append([
                "apiVersion": object["apiVersion"] ?? .null, "kind": object["kind"] ?? .null,
                "metadata": identity(object.at("metadata", "name")?.string ?? "", object.at("metadata", "namespace")?.string),
            ])
        }
        // What it is to the coordinator, also where the namespace is kept.
        for name in [accessName, identityName] {
            objects.append(["apiVersion": "v1", "kind": "Secret", "metadata": identity(name)])
        }
        objects.append(["apiVersion": "v1", "kind": "Namespace", "metadata": identity(Ownership.agentNamespace, nil)])
        return objects
    }

    private static func identity(_ name: String, _ namespace: String? = Ownership.agentNamespace) -> Value {
        var map: Map = ["name": .string(name)]
        if let namespace { map["namespace"] = .string(namespace) }
        return .map(map)
    }
}
