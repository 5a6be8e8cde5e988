// SPDX-License-Identifier: Apache-2.0
import GitRepository
import Manifests
import PostgresClient
import Rendering
import Threads

/// Renders as the coordinator's database keeps them.
struct StoredRenders: RenderRecords {
    let store: Store
    let sealing: SealingKeys

    func place(of line: String) async throws -> LinePlace? {
        try await store.database.read { try RenderRows.place($0, of: line) }
    }

    func asking(_ questions: Set<Int64>, of line: String) async throws -> [Int64] {
        let questions = questions.sorted()
        return try await store.database.read { try RenderRows.asking($0, questions, of: line) }
    }

    func reads(_ ids: [Int64]) async throws -> [KeptReads] {
        try await store.database.read { try RenderRows.reads($0, ids) }
    }

    func advance(_ line: String, from place: LinePlace?, to tree: String, forgetting: [Int64]?, now: Timestamp) async throws -> LinePlace? {
        try await store.database.transaction { try RenderRows.advance($0, line, from: place, to: tree, forgetting: forgetting, at: now) }
    }

    func standing(_ recipes: [Recipe], of line: String, at place: LinePlace) async throws -> [KeptRender] {
        try await store.database.read { try RenderRows.standing($0, recipes, of: line, at: place) }
    }

    func reads(of recipes: [Recipe]) async throws -> [Int64] {
        try await store.database.read { try RenderRows.reads($0, of: recipes) }
    }

    func renders(_ recipes: [Recipe], reading reads: [Int64]) async throws -> [KeptRender] {
        try await store.database.read { try RenderRows.renders($0, recipes, reading: reads) }
    }

    func add(
        _ made: MadeRenders, revived: [Int64], to line: (name: String, place: LinePlace)?, now: Timestamp
    ) async throws -> AddedRenders {
        let kept = try KeptRenders(made, sealing: sealing)
        return try await store.database.transaction { try RenderRows.add($0, kept, revived: revived, to: line, at: now) }
    }

    func touch(_ renders: [Int64], now: Timestamp) async throws {
        try await store.database.transaction { try RenderRows.touch($0, renders, at: now) }
    }
}

/// The trees of a mirror, read on threads of their own: a render that takes long keeps no other reader of the mirror waiting.
struct MirrorTrees: RenderTrees {
    let mirror: GitMirror
    let threads: ThreadPool
    let sealing: SealingKeys

    /// Beyond this, what stands is looked up again instead of compared.
    static let changesMax = 50_000

    func changes(from: String, to: String) async throws -> [ChangedPath]? {
        guard let old = ObjectID(hex: from), let new = ObjectID(hex: to), try await mirror.contains(old) else { return nil }
        let changes = try await mirror.diff(from: old, to: new)
        guard changes.count <= Self.changesMax else { return nil }
        return changes.map { change in
            let kind: ChangedPath.Kind =
                switch change.kind {
                case .added: .added
                case .deleted: .deleted
                case .modified: .modified
                }
            return ChangedPath(path: change.path, kind: kind)
        }
    }

    func read<T: Sendable>(_ tree: String, _ body: @escaping @Sendable (any FileTree) throws -> T) async throws -> T {
        guard let id = ObjectID(hex: tree) else { throw GitError.invalid(what: "tree", reason: "'\(tree.prefix(50))' is no id") }
        let sealing = sealing
        return try await mirror.read(at: id, on: threads) { tree in try body(KeyedTree(tree: tree, keys: sealing)) }
    }
}

/// A Git tree that names the contents of its files by a keyed hash of their object ids.
///
/// What a render read is stored, and an object id is a hash of the content: of a file with a readable Secret it would let anybody try likely
/// values who sees the database.
private struct KeyedTree: IdentifiedFileTree {
    let tree: GitTree
    let keys: SealingKeys

    func entry(at path: String) throws -> FileTreeEntry? { try tree.entry(at: path) }
    func read(_ path: String, limit: Int) throws -> [UInt8] { try tree.read(path, limit: limit) }
    func list(_ path: String) throws -> [String] { try tree.list(path) }
    func identity(of path: String) throws -> String? { try tree.fileID(at: path).map { keys.contentName("\($0)") } }
}
