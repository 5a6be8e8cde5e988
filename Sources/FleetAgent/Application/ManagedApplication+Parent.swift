// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import KubernetesAPI
import Manifests

// The parent Secret of the application's ApplySet (KEP-3659): by it, any tool finds what belongs to the application.
extension ManagedApplication {
    /// `Deployment.apps`, `Service`: how ApplySets write group and kind.
    static func groupKind(_ identity: ObjectIdentity) -> String {
        identity.group.isEmpty ? identity.kind : "\(identity.kind).\(identity.group)"
    }

    /// Reads once which kinds the application has had, so that what this state folder does not know of is found too.
    func readParent() async throws {
        guard !hasReadParent else { return }
        do {
            let parent = try await context.cluster.client.get(
                .secrets, namespace: Ownership.agentNamespace, name: Ownership.parentName(application: name))
            let kinds = parent.at("metadata", "annotations", Ownership.groupKindsAnnotation)?.string ?? ""
            inventory.parentKinds = kinds.split(separator: ",").map(String.init)
            parentHooks = parent.at("metadata", "annotations", HookLedger.annotation)?.string
            isParentLabelled = parent.at("metadata", "labels", Ownership.applySetIDLabel) != nil
            // What the cluster says counts; what only the disk has is written back.
            inventory.hooks = parentHooks.flatMap { HookLedger(text: $0) } ?? inventory.hooks
        } catch {
            guard error.isNotFound else { throw error }
            inventory.parentKinds = nil
            parentHooks = nil
        }
        hasReadParent = true
    }

    /// Writes the parent where it does not say this already.
    func writeParent(kinds: [String], identities: [ObjectIdentity]) async throws {
        let hooks = inventory.hooks?.text
        guard inventory.parentKinds != kinds || parentHooks != hooks || !isParentLabelled else { return }
        let namespaces = Set(identities.map(\.namespace)).subtracting(["", Ownership.agentNamespace]).sorted()
        var annotations: Map = [
            Ownership.toolingAnnotation: .string("flotilla/v\(context.version)"),
            Ownership.groupKindsAnnotation: .string(kinds.joined(separator: ",")),
            Ownership.additionalNamespacesAnnotation: .string(namespaces.joined(separator: ",")),
        ]
        if let hooks { annotations[HookLedger.annotation] = .string(hooks) }
        let parent: Value = .map([
            "apiVersion": "v1", "kind": "Secret",
            "metadata": .map([
                "name": .string(Ownership.parentName(application: name)), "namespace": .string(Ownership.agentNamespace),
                "labels": .map([Ownership.applySetIDLabel: .string(Ownership.applySetID(application: name))]),
                "annotations": .map(annotations),
            ]),
        ])
        let options = WriteOptions(fieldManager: Ownership.fieldManager, force: true)
        do { _ = try await context.cluster.client.apply(parent, as: .secrets, options: options) } catch {
            guard error.isNotFound else { throw error }
            try await ensureNamespace(Ownership.agentNamespace, context.cluster.client)
            _ = try await context.cluster.client.apply(parent, as: .secrets, options: options)
        }
        inventory.parentKinds = kinds
        parentHooks = hooks
        isParentLabelled = true
        isDirty = true
    }

    /// Leaves all objects where they are, and nobody's: a Secret that is no ApplySet's parent keeps nobody from taking them. Its note of
    /// the hooks stays, should the application come back.
    func letGo() async -> SyncOutcome {
        do {
            _ = try await context.cluster.client.patch(
                .secrets, namespace: Ownership.agentNamespace, name: Ownership.parentName(application: name),
                .merge(["metadata": ["labels": .map([Ownership.applySetIDLabel: .null])]]),
                options: WriteOptions(fieldManager: Ownership.fieldManager))
        } catch {
            context.reachability.failed(error)
            // Whatever else stands in the way is no reason to hold on to it.
            if error.code == 0 || error.isRetryable { return .failed([ApplyFailure(nil, error)], of: inventory.records.count) }
        }
        return .removed("orphaned: its objects stay in the cluster")
    }

    /// Makes a namespace that is no part of any inventory: it is never pruned.
    /// - Parameter client: who makes it, where it is not there.
    func ensureNamespace(_ namespace: String, _ client: KubernetesClient) async throws {
        do {
            _ = try await context.cluster.client.get(.namespaces, name: namespace)
        } catch {
            guard error.isNotFound else { throw error }
            let object: Value = .map([
                "apiVersion": "v1", "kind": "Namespace", "metadata": .map(["name": .string(namespace)]),
            ])
            do {
                _ = try await client.create(object, as: .namespaces, options: WriteOptions(fieldManager: Ownership.fieldManager))
            } catch {
                guard error.isAlreadyExists else { throw error }
            }
        }
    }
}
