// SPDX-License-Identifier: Apache-2.0

import Manifests
import Synchronization

/// Keeps a cluster in a folder: a snapshot, and a log of the changes since.
///
/// A change is in the log before the request that made it is answered; a torn last line (the process was killed) is dropped when reading.
final class ClusterArchive: Sendable {
    private struct State {
        var lines = 0
    }

    private let folder: String
    private let log: AppendingFile
    private let state = Mutex(State())

    init(folder: String) throws(FileError) {
        self.folder = folder
        try Files.makeFolder(folder)
        log = try AppendingFile("\(folder)/changes.jsonl")
    }

    /// The administrator's token of an earlier run, or a new one, kept.
    static func token(folder: String, generate: () -> String) throws(FileError) -> String {
        try Files.makeFolder(folder)
        let path = "\(folder)/token"
        if let bytes = try Files.read(path), !bytes.isEmpty { return String(decoding: bytes, as: UTF8.self).trimmed }
        let token = generate()
        try Files.replace(path, with: Array(token.utf8))
        return token
    }

    /// What is on disk; `nil` for a cluster that was never kept.
    func read() throws(FileError) -> ClusterSnapshot? {
        var version: Int64 = 0
        var address: UInt32 = 0
        var objects: [ResourceKey: [ObjectName: Value]] = [:]
        var isKnown = false
        if let bytes = try Files.read("\(folder)/snapshot.json"), let value = try? JSON.read(bytes) {
            isKnown = true
            version = value["version"]?.int ?? 0
            address = UInt32(clamping: value["address"]?.int ?? 0)
            for entry in value["objects"]?.list ?? [] { Self.put(entry, &objects) }
        }
        if let bytes = try Files.read("\(folder)/changes.jsonl") {
            for line in bytes.split(separator: UInt8(ascii: "\n")) {
                guard let entry = try? JSON.read(Array(line)) else { break }
                isKnown = true
                // Changes that the snapshot already has are older than it.
                guard let number = entry["version"]?.int, number > version else { continue }
                version = number
                address = max(address, UInt32(clamping: entry["address"]?.int ?? 0))
                Self.put(entry, &objects)
            }
        }
        guard isKnown else { return nil }
        return ClusterSnapshot(
            version: version, address: address, objects: objects.flatMap { resource, all in all.values.map { (resource, $0) } })
    }

    private static func put(_ entry: Value, _ objects: inout [ResourceKey: [ObjectName: Value]]) {
        let resource = ResourceKey(group: entry["group"]?.string ?? "", plural: entry["resource"]?.string ?? "")
        let name = ObjectName(namespace: entry["namespace"]?.string ?? "", name: entry["name"]?.string ?? "")
        let object = entry["object"]
        objects[resource, default: [:]][name] = object?.map == nil ? nil : object
    }

    private static func line(_ version: Int64, _ resource: ResourceKey, _ name: ObjectName, _ object: Value) -> Value {
        [
            "version": .int(version), "group": .string(resource.group), "resource": .string(resource.plural),
            "namespace": .string(name.namespace), "name": .string(name.name), "object": object,
        ]
    }

    /// Writes down what changed since the last call.
    func save(_ cluster: SimulatedCluster) {
        state.withLock { state in
            let changes = cluster.takeChanges()
            if changes.isEmpty { return }
            var bytes: [UInt8] = []
            for change in changes {
                JSON.append(Self.line(change.version, change.resource, change.name, change.new ?? .null), to: &bytes)
                bytes.append(UInt8(ascii: "\n"))
            }
            log.append(bytes)
            state.lines += changes.count
            if state.lines > 5_000 {
                // Best effort: a snapshot that cannot be written leaves the log, which has everything.
                if (try? compact(cluster)) != nil { state.lines = 0 }
            }
        }
    }

    /// Writes a snapshot and empties the log.
    func close(_ cluster: SimulatedCluster) throws(FileError) {
        save(cluster)
        try compact(cluster)
    }

    private func compact(_ cluster: SimulatedCluster) throws(FileError) {
        let snapshot = cluster.snapshot()
        let objects = snapshot.objects.map { resource, object in
            Self.line(0, resource, ObjectName(namespace: object.namespace, name: object.name), object)
        }
        let value: Value = [
            "version": .int(snapshot.version), "address": .int(Int64(snapshot.address)), "objects": .list(objects),
        ]
        try Files.replace("\(folder)/snapshot.json", with: JSON.write(value))
        log.truncate()
    }
}
