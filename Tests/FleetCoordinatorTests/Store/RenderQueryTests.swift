// SPDX-License-Identifier: Apache-2.0
import Manifests
import PostgresClient
import Rendering
import Testing

@testable import FleetCoordinator

/// The statements of the render cache with a hundred thousand renders and a million reads: none may walk a whole table.
@Suite("Render queries", .serialized) struct RenderQueryTests {
    static let renders = 100_000
    static let readsEach = 10
    static let tables = ["renders", "render_reads", "render_questions", "render_line_reads"]

    private static func recipe(_ index: Int) -> Recipe {
        Recipe(path: "apps/\(index)", namespace: nil, substitute: false, allowClearSecrets: false)
    }

    private func fill(_ session: Session) throws {
        try session.script(
            """
            insert into render_reads (digest, document) select sha256(i::text::bytea), '[]' from generate_series(1, \(Self.renders)) i;
            insert into render_questions select (i * 10 + q)::bigint * 982451653 % 9007199254740881, i
              from generate_series(1, \(Self.renders)) i, generate_series(1, \(Self.readsEach)) q;
            insert into renders (key, recipe, path, engine, answers, reads, failure, used_at)
              select sha256(i::text::bytea), sha256(('r' || i)::bytea), 'apps/' || i, '1', '[]', i, '[]', i from generate_series(1, \(Self.renders)) i;
            insert into render_lines (name, tree, moved_at) values ('main', 't', 0), ('other', 't', 0);
            insert into render_line_reads select 'main', i from generate_series(1, \(Self.renders)) i;
            insert into render_line_reads select 'other', i from generate_series(1, \(Self.renders), 2) i;
            """)
        // The recipes that are asked for.
        let recipes = (1...3_000).map { Self.recipe($0).digest.bytes }
        _ = try session.execute(
            "update renders set recipe = w.recipe from unnest($1::bytea[]) with ordinality as w (recipe, place) where id = w.place",
            [.bytesArray(recipes)])
        // And one that thousands of clusters have their own render of.
        _ = try session.execute(
            "update renders set recipe = $1, reads = 20000 where id between 10000 and 20000", [.bytes(Self.recipe(0).digest.bytes)])
        try session.script("analyze")
    }

    private func walked(_ session: Session) throws -> Int64 {
        _ = try session.query("select pg_stat_force_next_flush()")
        _ = try session.query("select pg_stat_clear_snapshot()")
        return try session.query(
            "select coalesce(sum(seq_tup_read), 0)::bigint as walked from pg_stat_user_tables where relname = any($1)",
            [.textArray(Self.tables)]
        ).first?.int64("walked") ?? 0
    }

    @Test("finding who asks, what stands, candidates, keeping and moving on walk through no table")
    func usesIndexes() async throws {
        let store = try await Store.open(try await TestDatabase.shared.make(connections: 1), now: Timestamp(seconds: 0))
        try await store.database.read(timeout: .seconds(300)) { try self.fill($0) }
        let place = LinePlace(tree: "t", moves: 0, version: 0)
        let keys = (1...200).map { Int64($0 * 7_919 % (Self.renders * 10)) * 982_451_653 % 9_007_199_254_740_881 }
        let recipes = (1...2_000).map(Self.recipe)
        let operations: [(name: String, run: @Sendable (Session) throws -> Void)] = [
            ("place", { _ = try RenderRows.place($0, of: "main") }),
            (
                "asking",
                {
                    let found = try RenderRows.asking($0, keys, of: "main")
                    #expect(found.count > 150)
                }
            ),
            ("asking for much", { _ = try RenderRows.asking($0, (0..<10_000).map { Int64($0) }, of: "main") }),
            ("reads", { _ = try RenderRows.reads($0, (1...2_000).map { Int64($0) }) }),
            (
                "standing",
                {
                    let found = try RenderRows.standing($0, recipes, of: "main", at: place)
                    #expect(found.count == 2_000)
                }
            ),
            (
                "sets of reads",
                {
                    let found = try RenderRows.reads($0, of: Array(recipes.prefix(256)))
                    #expect(found.count == 256)
                }
            ),
            (
                "renders of sets",
                {
                    let found = try RenderRows.renders($0, Array(recipes.prefix(256)), reading: [7, 8, 9])
                    #expect(found.count == 3)
                }
            ),
            (
                "sets of a recipe with a render for each of many clusters",
                {
                    let found = try RenderRows.reads($0, of: [Self.recipe(0)])
                    #expect(found == [20_000])
                }
            ),
            (
                "add",
                {
                    let added = try RenderRows.add($0, Self.kept(), revived: [5, 6], to: ("main", place), at: Timestamp(seconds: 1))
                    #expect(added.stand && added.renders.count == 1)
                }
            ),
            ("touch", { try RenderRows.touch($0, (1...1_000).map { Int64($0) }, at: Timestamp(seconds: 2)) }),
            (
                "advance",
                {
                    let place = try #require(try RenderRows.place($0, of: "main"))
                    let next = try RenderRows.advance(
                        $0, "main", from: place, to: "u", forgetting: (1...100).map { Int64($0) }, at: Timestamp(seconds: 3))
                    #expect(next?.tree == "u")
                }
            ),
        ]
        for operation in operations {
            let walked = try await store.database.read { session in
                let before = try self.walked(session)
                try operation.run(session)
                return try self.walked(session) - before
            }
            #expect(walked == 0, "\(operation.name) walked \(walked) rows")
        }
    }

    private static func kept() throws -> KeptRenders {
        var made = MadeRenders()
        let attempt = try Renderer.attempt(recipe(9_999), ClusterFacts(), from: EmptyTree())
        made.renders.append(MadeRenders.Render(trace: attempt.trace, result: .success([])))
        return try KeptRenders(made, sealing: SealingKeys(parsing: String(repeating: "5e", count: 32)))
    }
}

private struct EmptyTree: FileTree {
    func entry(at path: String) throws -> FileTreeEntry? { path.isEmpty ? .folder : nil }
    func read(_ path: String, limit: Int) throws -> [UInt8] { throw FileTreeError.notFound(path: path) }
    func list(_ path: String) throws -> [String] { path.isEmpty ? [] : ["never"] }
}
