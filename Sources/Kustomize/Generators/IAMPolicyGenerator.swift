// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Makes a ServiceAccount that stands for one of Google Cloud: kustomize's `IAMPolicyGenerator`, a plugin only.
struct IAMPolicyGenerator: Generator {
    private let object: Value
    private let source: Resource.Source

    init(plugin: Node, files: any FileScope) throws(KustomizeFailure) {
        let cloud = try plugin.text("cloud")
        guard cloud == "gke" else {
            throw (plugin["cloud"] ?? plugin).failure("unknown-cloud", "cloud must be gke, not '\(cloud)'")
        }
        let service = plugin["kubernetesService"]
        let account = plugin["serviceAccount"]
        let address = "\(try account?.text("name") ?? "")@\(try account?.text("projectId") ?? "").iam.gserviceaccount.com"
        let name = try service?.text("name") ?? ""
        guard !name.isEmpty else { throw (service ?? plugin).failure("missing-name", "kubernetesService must have a name") }
        let annotations: Value = ["iam.gke.io/gcp-service-account": .string(address)]
        var metadata: Map = ["annotations": annotations, "name": .string(name)]
        let namespace = try service?.text("namespace") ?? ""
        if !namespace.isEmpty { metadata["namespace"] = .string(namespace) }
        object = ["apiVersion": "v1", "kind": "ServiceAccount", "metadata": .map(metadata)]
        source = Resource.Source(path: plugin.file.path, document: plugin.document)
    }

    func generate() throws(KustomizeFailure) -> [Resource] { [Resource(object, source: source)] }
}
