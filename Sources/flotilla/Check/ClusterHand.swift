// SPDX-License-Identifier: Apache-2.0
import HTTPTransport
import KubernetesAPI
import Manifests

/// A person with a cluster's kubeconfig: looks at workloads, and changes them behind Flotilla's back.
struct ClusterHand: Sendable {
    private let client: KubernetesClient?
    /// Why there is no client.
    private let problem: String
    private static let deployments = ResourceType(
        group: "apps", version: "v1", kind: "Deployment", plural: "deployments", namespaced: true, verbs: ResourceType.everyVerb)

    init(kubeconfig: String, context: String?) {
        do {
            let connection = try ClusterConnection(kubeconfigPath: kubeconfig, context: context)
            client = KubernetesClient(connection: connection, options: KubernetesClient.Options(userAgent: "flotilla-up"))
            problem = ""
        } catch {
            client = nil
            problem = "\(error)"
        }
    }

    /// Closes its connections.
    func forget() {
        guard let client else { return }
        Task { await client.shutdown() }
    }

    private func connected() throws -> KubernetesClient {
        guard let client else { throw Failure(problem) }
        return client
    }

    func answers() async -> Bool { (try? await connected().list(.namespaces) { _ in }) != nil }

    /// The Deployments of all namespaces.
    func deployments() async throws -> [Workload] {
        var all: [Workload] = []
        _ = try await connected().list(Self.deployments) { all.append(Workload(object: $0)) }
        return all
    }

    /// The Secrets that Flotilla manages, of all namespaces.
    func managedSecrets() async throws -> [ClusterSecret] {
        var all: [ClusterSecret] = []
        _ = try await connected().list(.secrets, Selection(labelSelector: "flotilla.dev/application")) {
            all.append(ClusterSecret(object: $0))
        }
        return all
    }

    /// Scales a Deployment as `kubectl scale` would, and waits until the replicas are as they were.
    /// - Returns: milliseconds from the API server's answer to the corrected object.
    func driftUntilHealed(_ workload: Workload, within limit: Duration) async throws -> Double {
        let client = try connected()
        let replicas = workload.replicas
        let selection = Selection(namespace: workload.namespace, fieldSelector: "metadata.name=\(workload.name)")
        let version = try await client.list(Self.deployments, selection) { _ in }
        // The watch stands before the edit is made, so that nothing is missed.
        let watch = try await client.watch(Self.deployments, selection, from: version, timeout: limit + .seconds(5))
        let edited = try await client.patch(
            Self.deployments, namespace: workload.namespace, name: workload.name, .merge(["spec": ["replicas": .int(replicas + 1)]]),
            options: WriteOptions(fieldManager: "kubectl-edit")
        ).object
        let start = ContinuousClock.now
        let editedVersion = edited.at("metadata", "resourceVersion")?.string ?? ""
        let healed = try await withThrowingTaskGroup(of: ContinuousClock.Instant?.self) { group in
            group.addTask {
                var hasSeenEdit = false
                for try await event in watch {
                    guard case .modified(let object) = event, object.at("metadata", "name")?.string == workload.name else { continue }
                    if object.at("metadata", "resourceVersion")?.string == editedVersion { hasSeenEdit = true }
                    if object.at("spec", "replicas")?.int == replicas + 1 { hasSeenEdit = true }
                    if hasSeenEdit, object.at("spec", "replicas")?.int == replicas { return ContinuousClock.now }
                }
                return nil
            }
            group.addTask {
                try await Task.sleep(for: limit)
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
        guard let healed else {
            throw Failure(
                "\(workload.namespace)/\(workload.name): the edited replicas were not put right within \(limit.components.seconds) s")
        }
        return (healed - start).inSeconds * 1_000
    }
}

/// A Deployment as found in a cluster.
struct Workload: Sendable {
    let object: Value

    var namespace: String { object.at("metadata", "namespace")?.string ?? "" }
    var name: String { object.at("metadata", "name")?.string ?? "" }
    var replicas: Int64 { object.at("spec", "replicas")?.int ?? 1 }
    var isCurrent: Bool { Health.of(object).status == .current }

    var images: [String] {
        (object.at("spec", "template", "spec")?["containers"]?.list ?? []).compactMap { $0["image"]?.string }
    }

    /// The tag with which it runs the image of this name; `nil` where it does not.
    func tag(of image: String) -> String? {
        images.lazy.compactMap { $0.hasPrefix("\(image):") ? String($0.dropFirst(image.count + 1)) : nil }.first
    }
}
