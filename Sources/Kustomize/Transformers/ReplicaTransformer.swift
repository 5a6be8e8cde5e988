// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Sets the replicas of workloads by name.
enum ReplicaTransformer {
    private static let kinds: Set<String> = ["Deployment", "ReplicationController", "ReplicaSet", "StatefulSet"]

    static func apply(_ replicas: [Kustomization.Replica], to resources: inout ResourceMap) throws(KustomizeFailure) {
        var problems: [KustomizeProblem] = []
        for replica in replicas {
            var found = false
            for index in resources.items.indices {
                let item = resources.items[index]
                guard ([item.id] + item.previous).contains(where: { $0.name == replica.name && kinds.contains($0.kind) }) else { continue }
                found = true
                if resources.items[index].value["spec"]?.map == nil { resources.items[index].value["spec"] = .map(Map()) }
                resources.items[index].value["spec"]?["replicas"] = .int(replica.count)
            }
            if !found { problems.append(replica.place) }
        }
        guard problems.isEmpty else { throw KustomizeFailure(problems) }
    }
}
