// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Compression
import Manifests

/// Why the copy of the state in the cluster is not used.
struct CopyError: Error, Sendable, Hashable, CustomStringConvertible {
    var message: String
    var description: String { message }
}

/// What the copy in the cluster consists of: of each application, its generation and the packs that hold its task and objects, each pack
/// as the digests of its chunks. It is written last, so that it never names what is not there.
struct CopyIndex: Sendable, Hashable {
    struct Application: Sendable, Hashable {
        var generation: Generation
        var bundle: Digest
        var packs: [[Digest]]
        /// Whether the generation was applied as a whole: then what differs from it in the cluster is drift.
        var isSynced = false
    }

    /// Whose copy it is: a backup that was brought to another cluster is not taken for that one's.
    var cluster: String
    /// Which of the agent's keys the sealed objects in it were sealed with.
    var key: String
    var applications: [String: Application] = [:]

    static let format = "flotilla.dev/state/v1"
    private static let bytesMax = 16 << 20

    var chunks: Set<Digest> { Set(applications.values.flatMap { $0.packs.joined() }) }

    /// Compressed.
    func bytes() throws -> [UInt8] {
        let list = applications.sorted { $0.key < $1.key }.map { name, application in
            var map: Map = [
                "application": .string(name), "generation": application.generation.json, "bundle": .string(application.bundle.description),
                "packs": .list(application.packs.map { pack in .list(pack.map { Value.string($0.description) }) }),
            ]
            if application.isSynced { map["synced"] = true }
            return Value.map(map)
        }
        return try Gzip.compress(
            Canonical.bytes(["format": .string(Self.format), "cluster": .string(cluster), "key": .string(key), "applications": .list(list)])
        )
    }

    init(cluster: String, key: String) {
        self.cluster = cluster
        self.key = key
    }

    init(bytes: [UInt8]) throws(CopyError) {
        guard let text = try? Gzip.decompress(bytes, limit: Self.bytesMax), let value = try? JSON.read(text) else {
            throw CopyError(message: "its index is damaged")
        }
        guard value["format"]?.string == Self.format else {
            throw CopyError(message: "its index is of a format that this agent does not know")
        }
        do {
            let fields = try Fields(value)
            cluster = try fields.string("cluster")
            key = try fields.string("key")
            let list = try fields.list("applications", limit: 10_000) { (item, path) throws(ShapeError) -> (String, Application) in
                let fields = try Fields(item, at: path)
                let packs = try fields.list("packs", limit: 10_000) { (pack, path) throws(ShapeError) in
                    try Fields(.map(["pack": pack]), at: path).list("pack", limit: 1_000) { (digest, path) throws(ShapeError) in
                        try Digest(json: digest, at: path)
                    }
                }
                return (
                    try fields.string("application"),
                    Application(
                        generation: try Generation(json: fields.map["generation"], at: path),
                        bundle: try Digest(json: fields.map["bundle"], at: path), packs: packs,
                        isSynced: try fields.bool("synced", default: false))
                )
            }
            for (name, application) in list { applications[name] = application }
        } catch {
            throw CopyError(message: "its index is damaged: \(error)")
        }
    }
}

/// A part of an application's state, compressed: its task, in the first one, and bodies as they lie in the state folder.
enum StatePack {
    static let format = "flotilla.dev/state-pack/v1"
    /// A pack is closed when it has this much; before compression.
    static let bytesFull = 1 << 20
    private static let bytesMax = 64 << 20

    static func bytes(task: SyncTask?, bodies: [StoredBody]) throws -> [UInt8] {
        var map: Map = ["format": .string(format), "bodies": .list(bodies.map(\.json))]
        if let task { map["task"] = task.json }
        return try Gzip.compress(JSON.write(.map(map)))
    }

    static func read(_ bytes: [UInt8]) throws(CopyError) -> (task: SyncTask?, bodies: [StoredBody]) {
        guard let text = try? Gzip.decompress(bytes, limit: bytesMax), let value = try? JSON.read(text),
            value["format"]?.string == format, let list = value["bodies"]?.list
        else { throw CopyError(message: "a part of it is damaged") }
        var bodies: [StoredBody] = []
        for item in list {
            guard let body = StoredBody(json: item) else { throw CopyError(message: "an object in it is damaged") }
            bodies.append(body)
        }
        guard let task = value["task"] else { return (nil, bodies) }
        do { return (try SyncTask(json: task, at: "task"), bodies) } catch { throw CopyError(message: "a task in it is damaged: \(error)") }
    }
}
