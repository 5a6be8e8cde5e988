// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import KubernetesAPI
import Manifests

extension ClusterCopy {
    /// Reads the copy back into the state folder: all of it or nothing.
    /// - Parameter only: the applications that are missing; `nil` for all.
    /// - Returns: their tasks, and whether each was applied as a whole; none where there is no copy.
    /// - Throws: `CopyError` where it is not whole, not this cluster's, or not sealed with these keys; `KubernetesError` where it cannot be
    ///   read now; `StateError` where it cannot be stored.
    func restore(only: Set<String>? = nil, _ keys: AgentKeys) async throws -> [(task: SyncTask, isSynced: Bool)] {
        let index: CopyIndex
        do {
            let secret = try await client.get(.secrets, namespace: Ownership.agentNamespace, name: Self.indexName)
            guard let bytes = Self.entry("index", of: secret) else { throw CopyError(message: "its index is empty") }
            index = try CopyIndex(bytes: bytes)
        } catch let error as KubernetesError {
            guard error.isNotFound else { throw error }
            return []
        }
        guard index.cluster == cluster else {
            throw CopyError(message: "it is that of cluster '\(index.cluster.prefix(100))', not of '\(cluster)'")
        }
        var restored: [(task: SyncTask, isSynced: Bool)] = []
        for (name, application) in index.applications.sorted(by: { $0.key < $1.key }) {
            if let only, !only.contains(name) { continue }
            restored.append((try await restore(name, application, keys), application.isSynced))
        }
        try await state.save(restored.map(\.task))
        return restored
    }

    /// Bodies are stored as they come: without their task, nobody uses them.
    private func restore(_ name: String, _ application: CopyIndex.Application, _ keys: AgentKeys) async throws -> SyncTask {
        var task: SyncTask?
        var seen: Set<Digest> = []
        for pack in application.packs {
            var bytes: [UInt8] = []
            for digest in pack { bytes += try await chunk(digest) }
            let part = try StatePack.read(bytes)
            task = task ?? part.task
            for body in part.bodies {
                guard body.isWhole(keys) else {
                    throw CopyError(
                        message: body.form == .sealed
                            ? "an object of \(name) was sealed with another key than the Secret \(KeySecret.name) has"
                            : "an object of \(name) is not what its digest says")
                }
                seen.insert(body.digest)
            }
            try await state.store(part.bodies)
        }
        guard let task, task.application == name, task.generation == application.generation, task.bundle.digest == application.bundle else {
            throw CopyError(message: "the task of \(name) is not the one that its index names")
        }
        if let refusal = task.refusal(cluster: cluster) { throw CopyError(message: "the task of \(name) is \(refusal)") }
        let needed = Set(task.bundle.entries.flatMap { [$0.object, $0.original].compactMap { $0 } })
        guard needed.isSubset(of: seen) else { throw CopyError(message: "it lacks \(needed.subtracting(seen).count) objects of \(name)") }
        return task
    }

    private func chunk(_ digest: Digest) async throws -> [UInt8] {
        do {
            let secret = try await client.get(.secrets, namespace: Ownership.agentNamespace, name: Self.chunkName(digest))
            guard let bytes = Self.entry("chunk", of: secret), Digest.sha256(bytes) == digest else {
                throw CopyError(message: "the Secret \(Self.chunkName(digest)) was changed")
            }
            return bytes
        } catch let error as KubernetesError {
            guard error.isNotFound else { throw error }
            throw CopyError(message: "the Secret \(Self.chunkName(digest)) is missing")
        }
    }
}
