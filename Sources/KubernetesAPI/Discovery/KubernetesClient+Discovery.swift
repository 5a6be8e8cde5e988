// SPDX-License-Identifier: Apache-2.0
import HTTPTransport
import Manifests

extension KubernetesClient {
    private static let groupVersionsMax = 1_000
    private static let requestsAtOnce = 8
    private static let aggregatedAccept =
        "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
        + "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json"

    /// Asks the server what it serves: in three requests where it aggregates discovery (Kubernetes 1.26), with one per group
    /// version otherwise.
    ///
    /// A group version that cannot be asked does not fail the rest; it is named in `unavailable`.
    package func discover() async throws(KubernetesError) -> Discovery {
        let version = try await serverVersion()
        let (core, coreStale) = try await types(at: "/api") { document in DiscoveryDocuments.coreVersions(document) }
        let (named, namedStale) = try await types(at: "/apis") { document in DiscoveryDocuments.groupVersions(document) }
        return Discovery(serverVersion: version, types: core + named, unavailable: coreStale + namedStale)
    }

    /// The server's version, for example `v1.36.2`.
    package func serverVersion() async throws(KubernetesError) -> String {
        try await document(Call(method: "GET", path: "/version")).document["gitVersion"]?.string ?? ""
    }

    private func types(
        at root: String, _ groupVersions: (Value) -> [String]
    ) async throws(KubernetesError) -> (types: [ResourceType], unavailable: [String]) {
        let call = Call(method: "GET", path: root, accept: Self.aggregatedAccept)
        let (document, _) = try await self.document(call, bytesMax: options.discoveryBytesMax)
        if document["kind"]?.string == "APIGroupDiscoveryList" { return DiscoveryDocuments.aggregated(document) }
        let wanted = groupVersions(document)
        guard wanted.count <= Self.groupVersionsMax else {
            throw .malformed(call.operation, "the server serves more than \(Self.groupVersionsMax) group versions", retryable: false)
        }
        return await resources(of: wanted, below: root)
    }

    private func resources(of groupVersions: [String], below root: String) async -> (types: [ResourceType], unavailable: [String]) {
        var found: [String: [ResourceType]] = [:]
        await withTaskGroup(of: (String, [ResourceType]?).self) { group in
            var rest = groupVersions[...]
            func addNext() {
                guard let next = rest.popFirst() else { return }
                group.addTask { [self] in
                    let call = Call(method: "GET", path: "\(root)/\(next)")
                    let document = try? await document(call, bytesMax: options.discoveryBytesMax).document
                    return (next, document.map { DiscoveryDocuments.resources($0, groupVersion: next) })
                }
            }
            for _ in 0..<Self.requestsAtOnce { addNext() }
            for await (name, types) in group {
                found[name] = types
                addNext()
            }
        }
        return (groupVersions.flatMap { found[$0] ?? [] }, groupVersions.filter { found[$0] == nil })
    }
}
