// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Puts every namespaced object into one namespace, and with them the places that name it.
enum NamespaceTransformer {
    static func apply(_ namespace: String, of kustomization: Kustomization, to resources: inout ResourceMap) throws(KustomizeFailure) {
        for index in resources.items.indices {
            resources.items[index].storePreviousID()
            let id = resources.items[index].id
            change(&resources.items[index].value, id, namespace)
        }
        resources.reindex()
        for index in resources.items.indices {
            if let other = resources.conflict(with: index) {
                throw KustomizeFailure(
                    KustomizeProblem(
                        code: "duplicate", path: kustomization.path,
                        message: "namespace \(namespace) makes two resources the same: \(resources.items[index].id), from "
                            + "\(resources.items[index].path) and \(resources.items[other].path)"))
            }
        }
    }

    private static func change(_ object: inout Value, _ id: ResourceID, _ namespace: String) {
        if !id.isClusterScoped {
            object["metadata"]?["namespace"] = .string(namespace)
        }
        switch id.kind {
        case "Namespace" where id.group.isEmpty: object["metadata"]?["name"] = .string(namespace)
        case "RoleBinding", "ClusterRoleBinding":
            guard case .list(var subjects)? = object["subjects"] else { return }
            for index in subjects.indices where subjects[index]["kind"] == "ServiceAccount" && subjects[index]["name"] == "default" {
                subjects[index]["namespace"] = .string(namespace)
            }
            object["subjects"] = .list(subjects)
        case "APIService" where id.group == "apiregistration.k8s.io":
            if object.at("spec", "service")?.map != nil { object["spec"]?["service"]?["namespace"] = .string(namespace) }
        case "CustomResourceDefinition" where id.group == "apiextensions.k8s.io":
            if object.at("spec", "conversion", "webhook", "clientConfig", "service")?.map?["namespace"] != nil {
                object["spec"]?["conversion"]?["webhook"]?["clientConfig"]?["service"]?["namespace"] = .string(namespace)
            }
        default: break
        }
    }
}
