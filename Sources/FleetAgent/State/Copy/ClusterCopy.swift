// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import CThreads
import HTTPTransport
import KubernetesAPI
import Logging
import Manifests

/// The copy of the agent's state in its own cluster, in Secrets of the agent's namespace: for when the state folder goes with the pod.
///
/// It holds what the folder holds of tasks and bodies: what is encrypted stays so, what is sealed stays sealed. It is written after a task
/// was accepted or an application has gone, a few seconds apart at most, and only what changed. It is no part of any inventory.
actor ClusterCopy {
    static let indexName = "flotilla-state"
    static let type = "flotilla.dev/state"
    static let label = "flotilla.dev/state"
    /// What a Secret may hold is 1 MiB; base64 makes 4/3 of it, which etcd must take.
    static let chunkMax = 700 << 10

    let client: KubernetesClient
    let state: StateFolder
    let cluster: String
    private let clock: AgentClock
    private let logger: Logger
    private let pause: Duration
    private let settling: Duration
    /// Woken when there is something to write.
    nonisolated let wakeup = Wakeup()

    /// What is in the cluster; `nil` where it has not been looked at.
    private var written: CopyIndex?
    private var hasCollected = false

    /// - Parameters:
    ///   - pause: from one writing to the next, at least.
    ///   - settling: for what comes together.
    init(
        client: KubernetesClient, state: StateFolder, cluster: String, pause: Duration, settling: Duration, clock: AgentClock,
        logger: Logger
    ) {
        self.client = client
        self.state = state
        self.cluster = cluster
        self.pause = pause
        self.settling = settling
        self.clock = clock
        self.logger = logger
    }

    /// Writes whenever it is woken, until the task is cancelled.
    func run(_ keys: AgentKeys) async {
        var backoff = Backoff(base: .seconds(1), cap: .seconds(300))
        var random = SystemRandomNumberGenerator()
        var said = ""
        while !Task.isCancelled {
            await wakeup.wait()
            do { try await clock.sleep(settling) } catch { return }
            var rest = pause
            do {
                try await write(keys)
                if !said.isEmpty { logger.info("the copy of the state in the cluster is written again") }
                said = ""
                backoff.reset()
            } catch {
                if Task.isCancelled { return }
                if "\(error)" != said { logger.warning("the copy of the state in the cluster cannot be written: \(error)") }
                said = "\(error)"
                written = nil
                rest = max(backoff.next(using: &random), pause)
                wakeup.wake()
            }
            do { try await clock.sleep(rest) } catch { return }
        }
    }

    /// Brings the copy up to what the state folder holds.
    func write(_ keys: AgentKeys) async throws {
        try await keep(keys)
        let before: CopyIndex
        if let written { before = written } else { before = try await read() ?? CopyIndex(cluster: cluster, key: keys.identifier) }
        // Nothing of another key's or cluster's copy can be used on.
        let isUsable = before.cluster == cluster && before.key == keys.identifier
        var index = CopyIndex(cluster: cluster, key: keys.identifier)
        var there = isUsable ? before.chunks : []
        for task in try await state.tasks() {
            let known = isUsable ? before.applications[task.application] : nil
            let isSynced = try await state.inventory(task.application)?.synced == task.generation.description
            if var known, known.generation == task.generation, known.bundle == task.bundle.digest {
                known.isSynced = isSynced
                index.applications[task.application] = known
                continue
            }
            // Where a body is missing on disk, what the cluster has of an older generation is better than nothing.
            guard let packs = try await state.packs(of: task) else {
                index.applications[task.application] = known
                continue
            }
            var digests: [[Digest]] = []
            for pack in packs {
                var parts: [Digest] = []
                for start in stride(from: 0, to: pack.count, by: Self.chunkMax) {
                    let chunk = Array(pack[start..<min(start + Self.chunkMax, pack.count)])
                    let digest = Digest.sha256(chunk)
                    parts.append(digest)
                    if there.insert(digest).inserted { try await create(chunk, digest) }
                }
                digests.append(parts)
            }
            index.applications[task.application] = CopyIndex.Application(
                generation: task.generation, bundle: task.bundle.digest, packs: digests, isSynced: isSynced)
        }
        if index != before || !isUsable { try await replace(index) }
        guard index != written || !hasCollected else { return }
        try await collect(keeping: index.chunks)
        hasCollected = true
        written = index
        flotilla_return_free_memory()
    }

    // MARK: Secrets

    /// The index that is there; `nil` where there is none, or none that can be read: it is written anew.
    private func read() async throws(KubernetesError) -> CopyIndex? {
        do {
            let secret = try await client.get(.secrets, namespace: Ownership.agentNamespace, name: Self.indexName)
            return Self.entry("index", of: secret).flatMap { try? CopyIndex(bytes: $0) }
        } catch {
            guard error.isNotFound else { throw error }
            return nil
        }
    }

    static func entry(_ name: String, of secret: Value) -> [UInt8]? { secret.at("data", name)?.string.flatMap { Base64.decode($0) } }

    static func chunkName(_ digest: Digest) -> String { "\(indexName)-\(digest.hex.prefix(40))" }

    private func keep(_ keys: AgentKeys) async throws {
        do {
            _ = try await client.get(.secrets, namespace: Ownership.agentNamespace, name: KeySecret.name, metadataOnly: true)
        } catch {
            guard error.isNotFound else { throw error }
            // Without it nobody could read what is sealed.
            try await KeySecret.keep(keys, client)
        }
    }

    private func secret(_ name: String, _ kind: String, _ entry: String, _ bytes: [UInt8]) -> Value {
        [
            "apiVersion": "v1", "kind": "Secret", "type": .string(Self.type),
            "metadata": [
                "name": .string(name), "namespace": .string(Ownership.agentNamespace), "labels": .map([Self.label: .string(kind)]),
            ],
            "data": .map([entry: .string(Base64.encode(bytes))]),
        ]
    }

    private func create(_ chunk: [UInt8], _ digest: Digest) async throws {
        var object = secret(Self.chunkName(digest), "chunk", "chunk", chunk)
        object["immutable"] = true
        do {
            _ = try await client.create(object, as: .secrets, options: WriteOptions(fieldManager: Ownership.fieldManager))
        } catch {
            guard error.isAlreadyExists else { throw error }
        }
    }

    private func replace(_ index: CopyIndex) async throws {
        let bytes = try index.bytes()
        guard bytes.count <= Self.chunkMax else {
            throw CopyError(message: "there are too many applications for one index (\(bytes.count) bytes)")
        }
        _ = try await client.apply(
            secret(Self.indexName, "index", "index", bytes), as: .secrets,
            options: WriteOptions(fieldManager: Ownership.fieldManager, force: true))
    }

    /// Deletes the chunks that the index does not name any more.
    private func collect(keeping kept: Set<Digest>) async throws {
        let names = Set(kept.map(Self.chunkName))
        var gone: [String] = []
        let selection = Selection(
            namespace: Ownership.agentNamespace, labelSelector: "\(Self.label)=chunk", metadataOnly: true)
        _ = try await client.list(.secrets, selection) { object in
            if let name = object.at("metadata", "name")?.string, name.hasPrefix("\(Self.indexName)-"), !names.contains(name) {
                gone.append(name)
            }
        }
        for name in gone {
            do { _ = try await client.delete(.secrets, namespace: Ownership.agentNamespace, name: name) } catch {
                guard error.isNotFound else { throw error }
            }
        }
    }
}
