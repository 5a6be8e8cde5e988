// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Follows references by name and namespace to resources whose namespace a build has changed.
///
/// References that carry a namespace of their own are maps: the subjects of bindings, and the services of webhooks.
enum NameReferences {
    static func fix(_ resources: inout ResourceMap, at path: String) throws(KustomizeFailure) {
        guard resources.items.contains(where: { !$0.previous.isEmpty }) else { return }
        var accounts: [Resource] = []
        var services: [Resource] = []
        for item in resources.items where !item.previous.isEmpty && item.id.group.isEmpty {
            if item.id.kind == "ServiceAccount" { accounts.append(item) } else if item.id.kind == "Service" { services.append(item) }
        }
        for index in resources.items.indices {
            let id = resources.items[index].id
            switch id.kind {
            case "RoleBinding", "ClusterRoleBinding":
                guard case .list(var subjects)? = resources.items[index].value["subjects"] else { continue }
                for position in subjects.indices where subjects[position]["kind"] == "ServiceAccount" {
                    try fix(&subjects[position], accounts, "subjects", id, path)
                }
                resources.items[index].value["subjects"] = .list(subjects)
            case "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration":
                guard case .list(var hooks)? = resources.items[index].value["webhooks"] else { continue }
                for position in hooks.indices {
                    guard var service = hooks[position].at("clientConfig", "service") else { continue }
                    try fix(&service, services, "webhooks", id, path)
                    hooks[position]["clientConfig"]?["service"] = service
                }
                resources.items[index].value["webhooks"] = .list(hooks)
            case "CustomResourceDefinition":
                guard var service = resources.items[index].value.at("spec", "conversion", "webhook", "clientConfig", "service") else {
                    continue
                }
                try fix(&service, services, "spec/conversion/webhook/clientConfig/service", id, path)
                resources.items[index].value["spec"]?["conversion"]?["webhook"]?["clientConfig"]?["service"] = service
            default: continue
            }
        }
    }

    private static func fix(
        _ reference: inout Value, _ targets: [Resource], _ field: String, _ referrer: ResourceID, _ path: String
    ) throws(KustomizeFailure) {
        guard reference.map != nil, let name = reference["name"]?.string else { return }
        var candidates = targets.filter { target in target.previous.contains { $0.name == name } }
        if let namespace = reference["namespace"]?.string {
            let original = candidates.filter { $0.previous.first?.effectiveNamespace == namespace }
            candidates = original.isEmpty ? candidates.filter { $0.id.effectiveNamespace == namespace } : original
        } else if !referrer.isClusterScoped, referrer.kind != "RoleBinding" {
            candidates.removeAll { $0.id.effectiveNamespace != referrer.effectiveNamespace }
        }
        guard let target = candidates.first else { return }
        if candidates.count > 1 {
            if !referrer.isClusterScoped, let near = candidates.first(where: { $0.id.effectiveNamespace == referrer.effectiveNamespace }) {
                set(&reference, near)
                return
            }
            throw KustomizeFailure(
                KustomizeProblem(
                    code: "ambiguous", path: path,
                    message: "\(field) of \(referrer) names \(name), which could be "
                        + candidates.map(\.id.description).joined(separator: " or ")))
        }
        set(&reference, target)
    }

    private static func set(_ reference: inout Value, _ target: Resource) {
        reference["name"] = .string(target.id.name)
        if !target.id.namespace.isEmpty { reference["namespace"] = .string(target.id.namespace) }
    }
}
