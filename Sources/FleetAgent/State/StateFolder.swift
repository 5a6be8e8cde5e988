// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Manifests
import Threads

/// What an agent keeps on disk: who it is, what it should do, what it has done, and the objects of its bundles by digest.
///
///     instance                     who this agent is to the coordinator
///     lock                         held by the process that uses the folder
///     term                         the Lease's term in which the folder was last acted from
///     sequence                     a number above those of all reports sent so far
///     begun                        once it has been filled for the first time
///     tasks/<application>.json     the sync task in force
///     inventory/<application>.json the objects applied
///     objects/ab/<hex>.json        an object, canonical; encrypted values as they are encrypted
///     objects/ab/<hex>.sealed      one that holds secrets in clear, sealed with the agent's key
///     objects/ab/<hex>.original    the document that encrypted objects were made of
///
/// What cannot be read back is as if it were not there: it is fetched or made again.
struct StateFolder: Sendable {
    let path: String
    private let thread: ThreadExecutor
    /// Apart from the thread that reads: nothing that is read waits for the disk to have written something else.
    private let durable = DurableFiles()
    private let keyring: Keyring

    init(path: String, keyring: Keyring = Keyring()) async throws {
        self.path = path
        self.keyring = keyring
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

    /// The applications whose tasks are there and cannot be read.
    func damagedTasks() async throws -> Set<String> {
        let folder = "\(path)/tasks"
        let names = try await thread.run { Folder.names(folder).filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) } }
        return Set(names).subtracting(try await tasks().map(\.application))
    }

    /// Whether this folder has never been filled, neither by a coordinator's tasks nor from the copy in the cluster.
    func isNew() async throws -> Bool {
        let mark = "\(path)/begun"
        return try await thread.run { !Folder.exists(mark) }
    }

    /// Says that it has been, or that there was nothing.
    func noteBegun() async throws { try await durable.replace("\(path)/begun", with: []) }

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

    private typealias Form = StoredBody.Form

    private static func file(_ digest: Digest, _ form: StoredBody.Form, in path: String) -> String {
        "\(path)/objects/\(digest.hex.prefix(2))/\(digest.hex).\(form.rawValue)"
    }

    /// The digests among these that are not at hand.
    func missing(_ digests: [Digest]) async throws -> [Digest] { try await missing(digests.map { Bundle.Entry(object: $0) }) }

    /// The digests of objects and of originals that are not at hand.
    func missing(_ entries: [Bundle.Entry]) async throws -> [Digest] {
        try await thread.run { [path] in
            var seen: Set<Digest> = []
            return entries.flatMap { entry -> [Digest] in
                let hasObject =
                    Folder.exists(Self.file(entry.object, .json, in: path)) || Folder.exists(Self.file(entry.object, .sealed, in: path))
                let hasOriginal = entry.original.map { Folder.exists(Self.file($0, .original, in: path)) } ?? true
                return (hasObject ? [] : [entry.object]) + (hasOriginal ? [] : [entry.original].compactMap { $0 })
            }.filter { seen.insert($0).inserted }
        }
    }

    /// Stores objects. The system writes them out in its own time: one that a power cut takes, or damages, is fetched again.
    /// - Parameters:
    ///   - sealing: those that hold secrets in clear.
    ///   - originals: the documents of encrypted ones.
    func store(
        _ objects: [(digest: Digest, bytes: [UInt8])], sealing: Set<Digest> = [], originals: [(digest: Digest, bytes: [UInt8])] = []
    ) async throws {
        let keys = keyring.keys
        try await thread.run { [path] in
            var made: Set<Substring> = []
            func write(_ digest: Digest, _ form: Form, _ bytes: [UInt8]) throws {
                let folder = digest.hex.prefix(2)
                if made.insert(folder).inserted { try Folder.make("\(path)/objects/\(folder)") }
                try Folder.write(bytes, to: Self.file(digest, form, in: path), durable: false)
            }
            for object in objects {
                guard sealing.contains(object.digest) else {
                    try write(object.digest, .json, object.bytes)
                    continue
                }
                guard let sealed = keys?.seal(object.bytes, as: object.digest) else {
                    throw Self.noKey(Self.file(object.digest, .sealed, in: path))
                }
                try write(object.digest, .sealed, sealed)
            }
            for original in originals { try write(original.digest, .original, original.bytes) }
        }
    }

    /// Stores bodies as they lay in another state folder.
    func store(_ bodies: [StoredBody]) async throws {
        try await thread.run { [path] in
            for body in bodies {
                try Folder.make("\(path)/objects/\(body.digest.hex.prefix(2))")
                try Folder.write(body.bytes, to: Self.file(body.digest, body.form, in: path), durable: false)
            }
        }
    }

    /// What the copy in the cluster holds of a task; `nil` where a body is not at hand.
    func packs(of task: SyncTask) async throws -> [[UInt8]]? {
        try await thread.run { [path] in
            var packs: [[UInt8]] = []
            var seen: Set<Digest> = []
            var bodies: [StoredBody] = []
            var size = 0
            func close() throws {
                packs.append(try StatePack.bytes(task: packs.isEmpty ? task : nil, bodies: bodies))
                bodies = []
                size = 0
            }
            func add(_ digest: Digest, _ forms: [Form]) throws -> Bool {
                guard seen.insert(digest).inserted else { return true }
                for form in forms {
                    guard let bytes = try Folder.read(Self.file(digest, form, in: path)) else { continue }
                    // Damaged ones are found, and fetched again, when they are used.
                    guard form == .sealed || Digest.sha256(bytes) == digest else { return false }
                    bodies.append(StoredBody(digest: digest, form: form, bytes: bytes))
                    size += bytes.count
                    if size >= StatePack.bytesFull { try close() }
                    return true
                }
                return false
            }
            for entry in task.bundle.entries {
                guard try add(entry.object, [.json, .sealed]) else { return nil }
                if let original = entry.original, try !add(original, [.original]) { return nil }
            }
            if packs.isEmpty || !bodies.isEmpty { try close() }
            return packs
        }
    }

    private static func noKey(_ file: String) -> StateError {
        StateError(path: file, message: "the agent's key, with which this is sealed, is not known yet")
    }

    /// Reads an object and checks that it is the one asked for. A damaged file is removed.
    func object(_ digest: Digest) async throws -> Value {
        let keys = keyring.keys
        return try await thread.run { [path] in try Self.read(digest, in: path, keys) }
    }

    /// Reads objects, one at a time, and gives what `body` makes of each, in order: no object outlives its turn.
    func objects<Made: Sendable>(
        _ digests: [Digest], _ body: @escaping @Sendable (Digest, Result<Value, any Error>) throws -> Made
    ) async throws -> [Made] {
        let keys = keyring.keys
        return try await thread.run { [path] in
            try digests.map { digest in try body(digest, Result { try Self.read(digest, in: path, keys) }) }
        }
    }

    private static func read(_ digest: Digest, in path: String, _ keys: AgentKeys?) throws -> Value {
        let file = file(digest, .json, in: path)
        let sealed = Self.file(digest, .sealed, in: path)
        if let bytes = try Folder.read(file) {
            guard Digest.sha256(bytes) == digest, let value = try? JSON.read(bytes) else { throw damaged(file) }
            return value
        }
        guard let box = try Folder.read(sealed) else { throw StateError(path: file, message: "the object is not at hand") }
        guard let keys else { throw noKey(sealed) }
        guard let bytes = keys.open(box, as: digest), Digest.sha256(bytes) == digest, let value = try? JSON.read(bytes) else {
            throw damaged(sealed)
        }
        return value
    }

    /// Reads the document that encrypted objects were made of. A damaged file is removed.
    func original(_ digest: Digest) async throws -> [UInt8] {
        try await thread.run { [path] in
            let file = Self.file(digest, .original, in: path)
            guard let bytes = try Folder.read(file) else { throw StateError(path: file, message: "the document is not at hand") }
            guard Digest.sha256(bytes) == digest else { throw Self.damaged(file) }
            return bytes
        }
    }

    private static func damaged(_ file: String) -> StateError {
        Folder.remove(file)
        return StateError(path: file, message: "the object was damaged and has to be fetched again")
    }

    /// Removes the objects that no digest in `kept` names.
    func collect(keeping kept: Set<Digest>) async throws {
        try await thread.run { [path] in
            for folder in Folder.names("\(path)/objects") {
                for name in Folder.names("\(path)/objects/\(folder)") {
                    let form = Form.allCases.first { name.hasSuffix(".\($0.rawValue)") }
                    let digest = form.flatMap { Digest(hex: name.dropLast($0.rawValue.utf8.count + 1)) }
                    if digest.map({ !kept.contains($0) }) ?? true { Folder.remove("\(path)/objects/\(folder)/\(name)") }
                }
            }
        }
    }

    // MARK: Small notes

    /// What a file directly in the folder says; `nil` where there is none.
    func contents(_ name: String, bytesMax: Int) async throws -> [UInt8]? {
        try await thread.run { [path] in try Folder.read("\(path)/\(name)", bytesMax: bytesMax) }
    }

    func replace(_ name: String, with bytes: [UInt8]) async throws {
        try await thread.run { [path] in try Folder.write(bytes, to: "\(path)/\(name)") }
    }

    /// Runs what blocks on the folder's own thread.
    func onThread<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await thread.run(body)
    }

    func stop() {
        thread.stop()
        durable.stop()
    }
}
