// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import KubernetesAPI
import Manifests

/// Fetches the end of a pod's log, of a pod that is named or of one that belongs to a workload.
struct LogCommand {
    let context: AgentContext
    let permissions: CommandPermissions

    func run(_ query: Command.LogQuery) async throws -> CommandAnswer {
        try permissions.checkReading()
        let pod = try await self.pod(query)
        let name = pod.at("metadata", "name")?.string ?? ""
        let containers = (pod.at("spec", "containers")?.list ?? []).compactMap { $0["name"]?.string }
        let every = containers + (pod.at("spec", "initContainers")?.list ?? []).compactMap { $0["name"]?.string }
        var container = query.container
        if container.isEmpty {
            let preferred = pod.at("metadata", "annotations", "kubectl.kubernetes.io/default-container")?.string
            container = preferred.flatMap { containers.contains($0) ? $0 : nil } ?? containers.first ?? ""
        } else if !every.contains(container) {
            throw CommandFailure("pod \(name) has no container '\(container)'; there are: \(every.joined(separator: ", "))")
        }
        let text = try await self.text(
            namespace: query.namespace, pod: name,
            LogSelection(
                container: container, tailLines: Int(query.tailLines), sinceSeconds: query.sinceSeconds, previous: query.previous))
        return CommandAnswer(
            message: "log of container \(container) of pod \(name)",
            output: [
                "pod": .string(name), "container": .string(container), "containers": .list(containers.map { .string($0) }),
                "text": .string(text),
            ])
    }

    /// A log's end as text, without what is known to be secret.
    func text(namespace: String, pod: String, _ selection: LogSelection) async throws -> String {
        do {
            let bytes = try await context.cluster.client.log(namespace: namespace, pod: pod, selection)
            return context.mask.redact(String(decoding: bytes, as: UTF8.self))
        } catch {
            throw CommandFailure("the log of pod \(pod) cannot be read: \(error)")
        }
    }

    private func pod(_ query: Command.LogQuery) async throws -> Value {
        let parts = query.target.split(separator: "/", maxSplits: 1).map(String.init)
        let client = context.cluster.client
        if parts.count < 2 || ["pod", "pods", "po"].contains(parts[0].lowercased()) {
            do { return try await client.get(.pods, namespace: query.namespace, name: parts.last ?? "") } catch {
                throw CommandFailure(
                    error.isNotFound ? "there is no pod '\(parts.last ?? "")' in namespace \(query.namespace)" : "\(error)")
            }
        }
        guard let type = try await context.cluster.type(named: parts[0]) else {
            throw CommandFailure("the cluster serves no kind '\(parts[0])'")
        }
        let workload: Value
        do { workload = try await client.get(type, namespace: query.namespace, name: parts[1]) } catch {
            throw CommandFailure(
                error.isNotFound ? "there is no \(type.kind) '\(parts[1])' in namespace \(query.namespace)" : "\(error)")
        }
        guard let selector = Self.selector(workload) else { throw CommandFailure("\(type.kind) '\(parts[1])' selects no pods") }
        guard let pod = try await newest(namespace: query.namespace, selector) else {
            throw CommandFailure("\(type.kind) '\(parts[1])' has no pods now")
        }
        return pod
    }

    /// The pod that says most: one that runs rather than one that does not, the newest of those.
    func newest(namespace: String, _ selector: String) async throws -> Value? {
        var best: (rank: Int, created: String, pod: Value)?
        _ = try await context.cluster.client.list(.pods, Selection(namespace: namespace, labelSelector: selector)) { pod in
            let rank = ["Running": 2, "Failed": 1, "Succeeded": 1][pod.at("status", "phase")?.string ?? ""] ?? 0
            let created = pod.at("metadata", "creationTimestamp")?.string ?? ""
            if let known = best, (known.rank, known.created) >= (rank, created) { return }
            best = (rank, created, pod)
        }
        return best?.pod
    }

    /// A label selector as the API takes it, from a workload's.
    static func selector(_ workload: Value) -> String? {
        guard let selector = workload.at("spec", "selector")?.map else { return nil }
        var parts: [String] = []
        let labels = selector["matchLabels"]?.map ?? (workload["kind"]?.string == "Service" ? selector : [:])
        for entry in labels { parts.append("\(entry.key)=\(entry.value.string ?? "")") }
        for expression in selector["matchExpressions"]?.list ?? [] {
            let key = expression["key"]?.string ?? ""
            let values = (expression["values"]?.list ?? []).compactMap(\.string).joined(separator: ",")
            switch expression["operator"]?.string {
            case "In": parts.append("\(key) in (\(values))")
            case "NotIn": parts.append("\(key) notin (\(values))")
            case "Exists": parts.append(key)
            case "DoesNotExist": parts.append("!\(key)")
            default: return nil
            }
        }
        return parts.isEmpty ? nil : parts.joined(separator: ",")
    }
}
