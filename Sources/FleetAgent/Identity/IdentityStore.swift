// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import KubernetesAPI
import Manifests

/// Where an agent's identity is kept: in its state folder, and in the cluster for the pods that come after it.
struct IdentityStore: Sendable {
    let state: StateFolder
    let cluster: String
    /// `nil` where the state folder outlives the agent: then it is kept there alone.
    let secret: IdentitySecret?

    static let file = "identity"

    /// What was kept, of both places. What is damaged, or another cluster's, is as if it were not there.
    /// - Throws: `KubernetesError` where the cluster's copy cannot be looked at.
    func load() async throws -> AgentIdentity? {
        let onDisk = try await onDisk()
        guard let secret else { return onDisk }
        guard let shared = usable(try await secret.read()?.identity) else { return onDisk }
        return onDisk?.merged(with: shared) ?? shared
    }

    func onDisk() async throws -> AgentIdentity? {
        usable(try await state.contents(Self.file, bytesMax: AgentIdentity.bytesMax).flatMap { AgentIdentity(bytes: $0) })
    }

    private func usable(_ identity: AgentIdentity?) -> AgentIdentity? { identity?.cluster == cluster ? identity : nil }

    /// Keeps it, on disk first. Nothing that a later agent has kept in the cluster is lost by that.
    /// - Returns: what is kept now.
    /// - Throws: `StateError` where not even the disk has it, `KubernetesError` where the cluster has not.
    func save(_ identity: AgentIdentity) async throws -> AgentIdentity {
        try await state.replace(Self.file, with: identity.bytes)
        guard let secret else { return identity }
        let kept = try await secret.write { shared in
            guard let shared = usable(shared) else { return identity }
            return identity.merged(with: shared)
        }
        if kept != identity { try await state.replace(Self.file, with: kept.bytes) }
        return kept
    }

    /// Settles on the key of an enrolment: the first that any agent of this cluster has kept.
    func settle(candidate key: SigningKey, of identity: AgentIdentity) async throws -> AgentIdentity {
        var wanted = identity
        wanted.candidate = identity.candidate ?? key
        return try await save(wanted)
    }
}

/// The Secret that holds an agent's identity in its cluster.
struct IdentitySecret: Sendable {
    static let name = "flotilla-agent-identity"
    static let entry = "identity"
    private static let attempts = 5

    let client: KubernetesClient

    /// What is there; `nil` where there is no Secret, an identity of `nil` where none can be read from it.
    func read() async throws(KubernetesError) -> (identity: AgentIdentity?, version: String)? {
        do {
            let secret = try await client.get(.secrets, namespace: Ownership.agentNamespace, name: Self.name)
            let bytes = secret.at("data", Self.entry)?.string.flatMap { Base64.decode($0) }
            return (bytes.flatMap { AgentIdentity(bytes: $0) }, secret.at("metadata", "resourceVersion")?.string ?? "")
        } catch {
            guard error.code == 404 else { throw error }
            return nil
        }
    }

    /// Replaces what is there by what `change` makes of it; asked again where somebody else was faster.
    func write(_ change: (AgentIdentity?) -> AgentIdentity) async throws(KubernetesError) -> AgentIdentity {
        let options = WriteOptions(fieldManager: Ownership.fieldManager)
        for attempt in 1... {
            let found = try await read()
            let wanted = change(found?.identity)
            if found?.identity == wanted { return wanted }
            do {
                if let found {
                    _ = try await client.replace(Self.object(wanted, version: found.version), as: .secrets, options: options)
                } else {
                    _ = try await create(wanted, options)
                }
                return wanted
            } catch {
                let isOutrun = error.isConflict || error.isAlreadyExists || error.isNotFound
                guard isOutrun, attempt < Self.attempts else { throw error }
            }
        }
        return change(nil)
    }

    private func create(_ identity: AgentIdentity, _ options: WriteOptions) async throws(KubernetesError) {
        let object = Self.object(identity, version: nil)
        do { _ = try await client.create(object, as: .secrets, options: options) } catch {
            guard error.code == 404 else { throw error }
            try await AgentNamespace.ensure(client)
            _ = try await client.create(object, as: .secrets, options: options)
        }
    }

    private static func object(_ identity: AgentIdentity, version: String?) -> Value {
        var metadata: Map = [
            "name": .string(name), "namespace": .string(Ownership.agentNamespace),
            "annotations": [
                "flotilla.dev/about":
                    "Who this cluster's agent is to its coordinator. Without it the agent has to be enrolled again, with a new token."
            ],
        ]
        if let version { metadata["resourceVersion"] = .string(version) }
        return [
            "apiVersion": "v1", "kind": "Secret", "type": "flotilla.dev/identity", "metadata": .map(metadata),
            "data": .map([entry: .string(Base64.encode(identity.bytes))]),
        ]
    }
}
