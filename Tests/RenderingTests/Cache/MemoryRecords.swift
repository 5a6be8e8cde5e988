// SPDX-License-Identifier: Apache-2.0
import Manifests
import RandomRepositories
import Rendering

/// Renders kept in memory: the least that does what `RenderRecords` says.
actor MemoryRecords: RenderRecords {
    private struct Line {
        var place: LinePlace
        var reads: Set<Int64>
    }

    private var readSets: [Int64: ReadSet] = [:]
    private var readIDs: [Digest: Int64] = [:]
    private var questions: [Int64: Set<Int64>] = [:]
    private var renders: [Digest: (recipe: Recipe, render: KnownRender)] = [:]
    private var lines: [String: Line] = [:]
    private var nextID: Int64 = 1

    func place(of line: String) -> LinePlace? { lines[line]?.place }

    func asking(_ keys: Set<Int64>, of line: String) -> [Int64] {
        let standing = lines[line]?.reads ?? []
        return keys.reduce(into: Set<Int64>()) { $0.formUnion((questions[$1] ?? []).intersection(standing)) }.sorted()
    }

    func reads(_ ids: [Int64]) -> [KeptReads] { ids.compactMap { id in readSets[id].map { KeptReads(id: id, reads: $0) } } }

    func advance(_ line: String, from place: LinePlace?, to tree: String, forgetting: [Int64]?, now: Timestamp) -> LinePlace? {
        guard lines[line]?.place == place else { return nil }
        let next = LinePlace(tree: tree, moves: (place?.moves ?? 0) + 1, version: (place?.version ?? 0) + 1)
        lines[line] = Line(place: next, reads: forgetting.map { (lines[line]?.reads ?? []).subtracting($0) } ?? [])
        return next
    }

    func standing(_ recipes: [Recipe], of line: String, at place: LinePlace) -> [KeptRender] {
        guard let line = lines[line], line.place.moves == place.moves else { return [] }
        return kept(recipes).filter { line.reads.contains($0.render.reads) }
    }

    func reads(of recipes: [Recipe]) -> [Int64] { Set(kept(recipes).map(\.render.reads)).sorted() }

    func renders(_ recipes: [Recipe], reading reads: [Int64]) -> [KeptRender] {
        kept(recipes).filter { reads.contains($0.render.reads) }
    }

    private func kept(_ recipes: [Recipe]) -> [KeptRender] {
        let recipes = Set(recipes)
        return renders.values.filter { recipes.contains($0.recipe) }.map { KeptRender(recipe: $0.recipe, render: $0.render) }
            .sorted { $0.render.id > $1.render.id }
    }

    func add(_ made: MadeRenders, revived: [Int64], to line: (name: String, place: LinePlace)?, now: Timestamp) -> AddedRenders {
        let added = made.renders.map { render in keep(render, now) }
        guard let line, lines[line.name]?.place.moves == line.place.moves, let place = lines[line.name]?.place else {
            return AddedRenders(renders: added, stand: false)
        }
        lines[line.name]?.place = LinePlace(tree: place.tree, moves: place.moves, version: place.version + 1)
        lines[line.name]?.reads.formUnion(added.map(\.reads) + revived)
        return AddedRenders(renders: added, stand: true)
    }

    private func keep(_ made: MadeRenders.Render, _ now: Timestamp) -> KnownRender {
        if let known = renders[made.trace.key] { return known.render }
        let digest = made.trace.reads.digest
        if readIDs[digest] == nil {
            readIDs[digest] = nextID
            readSets[nextID] = try? ReadSet(document: made.trace.reads.document)
            for key in made.trace.reads.keys { questions[key, default: []].insert(nextID) }
            nextID += 1
        }
        let outcome: RenderOutcome =
            switch made.result {
            case .success(let members): .bundle(Self.bundle(members.map(\.object)))
            case .failure(let failure): .failure(failure)
            }
        let render = KnownRender(
            id: nextID, reads: readIDs[digest] ?? 0, answers: made.trace.answers, outcome: outcome, usedAt: now)
        nextID += 1
        renders[made.trace.key] = (made.trace.recipe, render)
        return render
    }

    func touch(_ renders: [Int64], now: Timestamp) {}

    static func bundle(_ objects: [Digest]) -> Digest { .sha256(objects.map(\.hex).joined(separator: "\n")) }
}

/// Trees by name, each as it was when it was added.
actor MemoryTrees: RenderTrees {
    private var trees: [String: IndexedTree] = [:]
    /// Whether the difference between two trees can be told at all.
    private var isBlind = false

    func add(_ tree: IndexedTree) -> String {
        let name = tree.name
        trees[name] = tree
        return name
    }

    func setBlind(_ isBlind: Bool) { self.isBlind = isBlind }

    func changes(from: String, to: String) -> [ChangedPath]? {
        guard !isBlind, let old = trees[from]?.nodes, let new = trees[to]?.nodes else { return nil }
        var changes: [ChangedPath] = []
        for (path, node) in new {
            guard let before = old[path] else {
                changes.append(ChangedPath(path: path, kind: .added))
                continue
            }
            if before != node { changes.append(ChangedPath(path: path, kind: .modified)) }
        }
        for path in old.keys where new[path] == nil { changes.append(ChangedPath(path: path, kind: .deleted)) }
        return changes
    }

    func read<T: Sendable>(_ tree: String, _ body: @escaping @Sendable (any FileTree) throws -> T) async throws -> T {
        guard let tree = trees[tree] else { throw UnknownTree() }
        return try body(tree)
    }

    struct UnknownTree: Error {}
}
