// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Manifests
import Threads

/// What an agent keeps on disk: who it is, what it should do, what it has done, and the objects of its bundles by digest.
///
///     instance                     who this agent is to the coordinator
///     tasks/<application>.json     the sync task in force
///     inventory/<application>.json the objects applied
///     objects/ab/<hex>.json        an object, canonical
///
/// What cannot be read back is as if it were not there: it is fetched or made again.
struct StateFolder: Sendable {
    let path: String
    private let thread: ThreadExecutor
    /// Apart from the thread that reads: nothing that is read waits for the disk to have written something else.
    private let durable = DurableFiles()

    init(path: String) async throws {
        self.path = path
        let thread = ThreadExecutor(name: "state")
        self.thread = thread
        try await thread.run {
            for folder in ["", "/tasks", "/inventory", "/objects"] { try Folder.make(path + folder) }
        }
    }

    // MARK: Identity

    /// The identifier of this agent, made by `make` at the first start.
    func instance(_ make: @escaping @Sendable () -> String) async throws -> String {
        let file = "\(path)/instance"
        return try await thread.run {
            if let bytes = try Folder.read(file, bytesMax: 256) {
                let text = String(decoding: bytes.filter { $0 > 32 && $0 < 127 }, as: UTF8.self)
                if !text.isEmpty, text.utf8.count <= 64 { return text }
            }
            let made = make()
            try Folder.write(Array(made.utf8), to: file)
            return made
        }
    }

    // MARK: Tasks

    func tasks() async throws -> [SyncTask] {
        let folder = "\(path)/tasks"
        return try await thread.run {
            try Folder.names(folder).filter { $0.hasSuffix(".json") }.compactMap { name in
                guard let bytes = try Folder.read("\(folder)/\(name)"), let value = try? JSON.read(bytes) else { return nil }
                return try? SyncTask(json: value, at: "task")
            }
        }
    }

    func save(_ task: SyncTask) async throws { try await save([task]) }

    func save(_ tasks: [SyncTask]) async throws {
        try await durable.replace(try tasks.map { (try file("tasks", $0.application), JSON.write($0.json)) })
    }

    func forget(application: String) async throws {
        try await durable.replace([(try file("tasks", application), nil), (try file("inventory", application), nil)])
    }

    // MARK: Inventory

    func inventory(_ application: String) async throws -> Inventory? {
        let file = try self.file("inventory", application)
        return try await thread.run {
            guard let bytes = try Folder.read(file), let value = try? JSON.read(bytes) else { return nil }
            return Inventory(json: value)
        }
    }

    func save(_ inventory: Inventory, of application: String) async throws {
        try await durable.replace(try file("inventory", application), with: JSON.write(inventory.json))
    }

    /// Application names come from outside: one that is no plain name would leave the folder.
    private func file(_ folder: String, _ application: String) throws(StateError) -> String {
        let allowed = application.utf8.allSatisfy { byte in
            (97...122).contains(byte) || (65...90).contains(byte) || (48...57).contains(byte) || byte == 45 || byte == 46
        }
        guard allowed, !application.isEmpty, application.utf8.count <= 200, !application.hasPrefix(".") else {
            throw StateError(path: "\(path)/\(folder)", message: "'\(application.prefix(80))' is no name of an application")
        }
        return "\(path)/\(folder)/\(application).json"
    }

    // MARK: Objects

    private static func object(_ digest: Digest, in path: String) -> String { "\(path)/objects/\(digest.hex.prefix(2))/\(digest.hex).json" }

    /// The digests among these that are not at hand.
    func missing(_ digests: [Digest]) async throws -> [Digest] {
        try await thread.run { [path] in digests.filter { !Folder.exists(Self.object($0, in: path)) } }
    }

    /// Stores objects. The system writes them out in its own time: one that a power cut takes, or damages, is fetched again.
    func store(_ objects: [(digest: Digest, bytes: [UInt8])]) async throws {
        try await thread.run { [path] in
            var made: Set<Substring> = []
            for object in objects {
                let folder = object.digest.hex.prefix(2)
                if made.insert(folder).inserted { try Folder.make("\(path)/objects/\(folder)") }
                try Folder.write(object.bytes, to: Self.object(object.digest, in: path), durable: false)
            }
        }
    }

    /// Reads an object and checks that it is the one asked for. A damaged file is removed.
    func object(_ digest: Digest) async throws -> Value {
        try await thread.run { [path] in try Self.read(digest, in: path) }
    }

    /// Reads objects, one at a time, and gives what `body` makes of each, in order: no object outlives its turn.
    func objects<Made: Sendable>(
        _ digests: [Digest], _ body: @escaping @Sendable (Digest, Result<Value, any Error>) throws -> Made
    ) async throws -> [Made] {
        try await thread.run { [path] in
            try digests.map { digest in try body(digest, Result { try Self.read(digest, in: path) }) }
        }
    }

    private static func read(_ digest: Digest, in path: String) throws -> Value {
        let file = object(digest, in: path)
        guard let bytes = try Folder.read(file) else { throw StateError(path: file, message: "the object is not at hand") }
        guard Digest.sha256(bytes) == digest, let value = try? JSON.read(bytes) else {
            Folder.remove(file)
            throw StateError(path: file, message: "the object was damaged and has to be fetched again")
        }
        return value
    }

    /// Removes the objects that no digest in `kept` names.
    func collect(keeping kept: Set<Digest>) async throws {
        try await thread.run { [path] in
            for folder in Folder.names("\(path)/objects") {
                for name in Folder.names("\(path)/objects/\(folder)") {
                    let digest = name.hasSuffix(".json") ? Digest(hex: name.dropLast(5)) : nil
                    if digest.map({ !kept.contains($0) }) ?? true { Folder.remove("\(path)/objects/\(folder)/\(name)") }
                }
            }
        }
    }

    func stop() {
        thread.stop()
        durable.stop()
    }
}
