// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import KubernetesAPI
import Manifests

/// What an agent's benchmark has it keep: applications of generated objects, and the requests by which a client without any logic would
/// bring about the same.
struct AgentWorkload: Sendable {
    enum Contents: Sendable {
        case configMaps
        /// In ten objects one Deployment, two Services, and ConfigMaps.
        case mixed
    }

    static let namespace = "shop"

    private(set) var applications: [(name: String, objects: [Value])] = []

    var objectCount: Int { applications.reduce(0) { $0 + $1.objects.count } }

    /// - Parameter objects: of all applications together.
    init(objects: Int, applications count: Int, _ contents: Contents) throws {
        var next = 0
        for application in 0..<count {
            let share = objects * (application + 1) / count - objects * application / count
            var made: [Value] = []
            for index in 0..<share {
                let text: String
                switch (contents, index % 10) {
                case (.mixed, 0): text = SampleManifests.deployment(next, namespace: nil)
                case (.mixed, 1), (.mixed, 2): text = SampleManifests.service(next, namespace: nil)
                default: text = SampleManifests.configMap(next, namespace: nil)
                }
                made.append(contentsOf: try YAML.documents(Array(text.utf8)).filter { !$0.isNull })
                next += 1
            }
            applications.append((Self.application(application), made))
        }
    }

    static func application(_ index: Int) -> String { "app-\(index)" }

    /// The names of the ConfigMaps.
    var configMaps: [String] {
        applications.flatMap(\.objects).filter { $0["kind"]?.string == "ConfigMap" }.compactMap { $0.at("metadata", "name")?.string }
    }

    /// The tasks that a coordinator would hand out.
    /// - Parameter counter: the generation's.
    func tasks(_ counter: Int64) -> [SyncTask] {
        let bundles = applications.map { ($0.name, Bundle(entries: $0.objects.map { Bundle.Entry(object: Canonical.digest($0)) })) }
        let tree = MerkleTree(
            bundles.map { MerkleLeaf(cluster: SimulatorProcess.cluster, application: $0.0, bundle: $0.1.digest) })
        var options = SyncOptions()
        options.createNamespace = true
        return bundles.map { name, bundle in
            SyncTask(
                application: name, namespace: Self.namespace, generation: Generation(epoch: 1, counter: counter), bundle: bundle,
                record: RecordReference(
                    commit: "0123456789abcdef", release: "fedcba9876543210", promotion: "bench", root: tree.root,
                    path: tree.path(cluster: SimulatorProcess.cluster, application: name) ?? []), options: options)
        }
    }

    /// The same objects as an agent sends them.
    var applies: [(path: String, body: [UInt8])] {
        applications.flatMap { name, objects in
            objects.map { object in
                var object = object
                let plural = ["Deployment": "deployments", "Service": "services"][object["kind"]?.string ?? ""] ?? "configmaps"
                let root = plural == "deployments" ? "/apis/apps/v1" : "/api/v1"
                let path = "\(root)/namespaces/\(Self.namespace)/\(plural)/\(object.at("metadata", "name")?.string ?? "")"
                var labels = object.at("metadata", "labels")?.map ?? Map()
                labels[Ownership.applicationLabel] = .string(name)
                labels[Ownership.partOfLabel] = .string(Ownership.applySetID(application: name))
                object["metadata"]?["namespace"] = .string(Self.namespace)
                object["metadata"]?["labels"] = .map(labels)
                return (path, JSON.write(object))
            }
        }
    }
}
