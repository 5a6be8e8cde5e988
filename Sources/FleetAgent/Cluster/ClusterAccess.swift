// SPDX-License-Identifier: Apache-2.0
import KubernetesAPI
import Manifests

/// The API server and what it is known to serve.
actor ClusterAccess {
    nonisolated let client: KubernetesClient
    nonisolated let scope: ClusterScope
    private let clock: AgentClock
    private var discovery: Discovery?
    private var asked: Timestamp?
    private var asking: Task<Discovery, any Error>?
    /// Something that the server was known to serve it does not serve any more.
    private var isStale = false
    /// Kinds come and go; asking for an unknown one again and again must not load the server.
    private static let pause = Duration.milliseconds(250)

    init(client: KubernetesClient, scope: ClusterScope = .whole, clock: AgentClock) {
        self.client = client
        self.scope = scope
        self.clock = clock
    }

    /// The server's version; empty until it has been asked.
    var version: String { discovery?.serverVersion ?? "" }

    /// The kind that a manifest means, in the version that it names. `nil` where the server does not serve it.
    func type(apiVersion: String, kind: String) async throws -> ResourceType? {
        if !isStale, let type = discovery?.type(apiVersion: apiVersion, kind: kind) { return type }
        return try await discover().type(apiVersion: apiVersion, kind: kind)
    }

    /// The same, of what the server is known to serve: it is not asked.
    func knownType(apiVersion: String, kind: String) -> ResourceType? { discovery?.type(apiVersion: apiVersion, kind: kind) }

    /// The kind of an ApplySet's annotation, such as `Deployment.apps`.
    func type(groupKind: String) async throws -> ResourceType? {
        let parts = groupKind.split(separator: ".", maxSplits: 1).map(String.init)
        guard let kind = parts.first else { return nil }
        let group = parts.count > 1 ? parts[1] : ""
        if !isStale, let type = discovery?[group, kind] { return type }
        return try await discover()[group, kind]
    }

    /// The kind of an object that is there: in the version that it was applied in, or, where that is no longer served, another one's.
    func type(apiVersion: String, of identity: ObjectIdentity) async throws -> ResourceType? {
        if let type = try await type(apiVersion: apiVersion, kind: identity.kind) { return type }
        return discovery?[identity.group, identity.kind]
    }

    /// Says that the server did not know a kind that it was known to serve: it is asked again before the next answer.
    func doubt() { isStale = true }

    @discardableResult func discover() async throws -> Discovery {
        if let asked, let discovery, clock.now() - asked < Self.pause { return discovery }
        let task =
            asking
            ?? Task { [client] in
                try await client.discover()
            }
        asking = task
        defer { asking = nil }
        let found = try await task.value
        discovery = found
        asked = clock.now()
        isStale = false
        return found
    }
}
