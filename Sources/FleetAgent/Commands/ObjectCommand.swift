// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import KubernetesAPI
import Manifests

/// Reads one object, or lists the objects of a kind by name and state.
struct ObjectCommand {
    let context: AgentContext
    let permissions: CommandPermissions

    private static let itemsMax = 500

    func run(_ query: Command.ObjectQuery) async throws -> CommandAnswer {
        try permissions.checkReading()
        guard let type = try await context.cluster.type(named: query.kind) else {
            throw CommandFailure("the cluster serves no kind '\(query.kind)'")
        }
        if let name = query.name { return try await one(type, query.namespace, name) }
        return try await list(type, query.namespace)
    }

    private func one(_ type: ResourceType, _ namespace: String, _ name: String) async throws -> CommandAnswer {
        guard !type.namespaced || !namespace.isEmpty else { throw CommandFailure("a \(type.kind) lives in a namespace: name it") }
        let object: Value
        do { object = try await context.cluster.client.get(type, namespace: namespace, name: name) } catch {
            let place = type.namespaced ? " in namespace \(namespace)" : ""
            throw CommandFailure(error.isNotFound ? "there is no \(type.kind) '\(name)'\(place)" : "\(error)")
        }
        var shown = object
        shown["metadata"]?["managedFields"] = nil
        return CommandAnswer(
            message: "\(type.kind) \(name)", output: ["kind": .string(type.kind), "object": context.mask.masked(shown)])
    }

    private func list(_ type: ResourceType, _ namespace: String) async throws -> CommandAnswer {
        var items: [Value] = []
        var count = 0
        let now = context.clock.wall()
        do {
            _ = try await context.cluster.client.list(type, Selection(namespace: namespace)) { object in
                count += 1
                guard items.count < Self.itemsMax else { return }
                let health = Health.of(object, at: now)
                items.append(
                    [
                        "namespace": object.at("metadata", "namespace") ?? "", "name": object.at("metadata", "name") ?? "",
                        "health": .string(health.status.rawValue),
                        "message": .string(health.status == .current ? "" : context.mask.redact(health.message)),
                        "createdAt": object.at("metadata", "creationTimestamp") ?? "",
                    ])
            }
        } catch {
            throw CommandFailure("\(error)")
        }
        let more = count > items.count ? "; the first \(items.count) are shown" : ""
        return CommandAnswer(
            message: "\(count) objects of kind \(type.kind)\(more)",
            output: ["kind": .string(type.kind), "total": .int(Int64(count)), "items": .list(items)])
    }
}

extension ClusterAccess {
    /// The kind that a person means: `Deployment`, `deployments`, `deploy`, `Deployment.apps`, `apps/Deployment`.
    func type(named text: String) async throws -> ResourceType? {
        try await discover().type(named: text)
    }
}

extension Discovery {
    /// As `kubectl api-resources` names them.
    private static let short = [
        "cj": "cronjobs", "cm": "configmaps", "crd": "customresourcedefinitions", "crds": "customresourcedefinitions",
        "deploy": "deployments", "ds": "daemonsets", "ep": "endpoints", "ev": "events", "hpa": "horizontalpodautoscalers",
        "ing": "ingresses", "netpol": "networkpolicies", "no": "nodes", "ns": "namespaces", "pdb": "poddisruptionbudgets", "po": "pods",
        "pv": "persistentvolumes", "pvc": "persistentvolumeclaims", "rs": "replicasets", "sa": "serviceaccounts", "sc": "storageclasses",
        "sts": "statefulsets", "svc": "services",
    ]

    func type(named text: String) -> ResourceType? {
        var (word, group) = (text.lowercased(), String?.none)
        if let slash = word.lastIndex(of: "/") {
            // `apps/Deployment` and `apps/v1/Deployment` alike.
            group = word.split(separator: "/").first.map(String.init)
            word = String(word[word.index(after: slash)...])
        } else if let dot = word.firstIndex(of: ".") {
            group = String(word[word.index(after: dot)...])
            word = String(word[..<dot])
        }
        word = Self.short[word] ?? word
        if group == "v1" || group == "core" { group = "" }
        let candidates = types.filter {
            ($0.kind.lowercased() == word || $0.plural == word) && (group == nil || $0.group == group)
        }
        // The core group and the built-in ones before others of the same name; the preferred version comes first.
        return candidates.first { $0.group.isEmpty } ?? candidates.first { !$0.group.contains(".") } ?? candidates.first
    }
}
