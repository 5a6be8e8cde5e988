// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Manifests
import PostgresClient
import Rendering

/// Rows of `renders`, of what they read, and of the lines at which they stand.
enum RenderRows {
    /// Sets of reads of one recipe that are compared with a tree before it is rendered anew.
    static let readSetsMax = 200

    // MARK: - Lines

    static func place(_ session: Session, of line: String) throws -> LinePlace? {
        try session.query("select tree, moves, version from render_lines where name = $1", [.text(line)]).first.map(place)
    }

    static func advance(
        _ session: Session, _ line: String, from place: LinePlace?, to tree: String, forgetting: [Int64]?, at now: Timestamp
    ) throws -> LinePlace? {
        let moved =
            if let place {
                try session.query(
                    """
                    update render_lines set tree = $2, moved_at = $6, moves = moves + 1, version = version + 1
                    where name = $1 and tree = $3 and moves = $4 and version = $5 returning tree, moves, version
                    """, [.text(line), .text(tree), .text(place.tree), .int(place.moves), .int(place.version), .int(now.milliseconds)])
            } else {
                try session.query(
                    """
                    insert into render_lines (name, tree, moved_at) values ($1, $2, $3) on conflict do nothing
                    returning tree, moves, version
                    """, [.text(line), .text(tree), .int(now.milliseconds)])
            }
        guard let next = try moved.first.map(Self.place) else { return nil }
        if let forgetting {
            for start in stride(from: 0, to: forgetting.count, by: 10_000) {
                let batch = forgetting[start..<min(start + 10_000, forgetting.count)]
                _ = try session.execute(
                    "delete from render_line_reads where line = $1 and reads = any($2)", [.text(line), .intArray(Array(batch))])
            }
        } else {
            _ = try session.execute("delete from render_line_reads where line = $1", [.text(line)])
        }
        return next
    }

    private static func place(_ row: Row) throws -> LinePlace {
        LinePlace(tree: try row.text("tree"), moves: try row.int64("moves"), version: try row.int64("version"))
    }

    /// Sets of reads that hold where the line stands and ask one of these questions.
    static func asking(_ session: Session, _ questions: [Int64], of line: String) throws -> [Int64] {
        var found: Set<Int64> = []
        for start in stride(from: 0, to: questions.count, by: 10_000) {
            let batch = questions[start..<min(start + 10_000, questions.count)]
            let rows = try session.query(
                """
                select distinct q.reads from render_questions q join render_line_reads l on l.reads = q.reads and l.line = $1
                where q.key = any($2)
                """, [.text(line), .intArray(Array(batch))])
            for row in rows { found.insert(try row.int64("reads")) }
        }
        return found.sorted()
    }

    static func reads(_ session: Session, _ ids: [Int64]) throws -> [KeptReads] {
        try session.query("select id, document from render_reads where id = any($1)", [.intArray(ids)]).map { row in
            KeptReads(id: try row.int64("id"), reads: try ReadSet(document: try row.text("document")))
        }
    }

    // MARK: - Renders

    /// The sets of reads of each recipe in `w`, the newest first. A recipe has as many renders as clusters that differ, times what it has
    /// been through; of that, this steps from set to set by the index.
    private static let readsOfRecipes = """
        found (recipe, reads, number) as (
          select w.recipe, (select max(r.reads) from renders r where r.recipe = w.recipe), 1 from w
          union all
          select f.recipe, (select max(r.reads) from renders r where r.recipe = f.recipe and r.reads < f.reads), f.number + 1
          from found f where f.reads is not null and f.number < \(readSetsMax))
        """

    static func standing(_ session: Session, _ recipes: [Recipe], of line: String, at place: LinePlace) throws -> [KeptRender] {
        let byDigest = Self.byDigest(recipes)
        return try session.query(
            """
            with recursive w (recipe) as (select unnest($3::bytea[])), \(readsOfRecipes)
            select r.id, r.recipe, r.answers, r.reads, r.bundle, r.failure, r.used_at
            from found f cross join lateral (select from render_line_reads where line = $1 and reads = f.reads offset 0) s
            cross join lateral (select * from renders where recipe = f.recipe and reads = f.reads offset 0) r
            where exists (select from render_lines where name = $1 and moves = $2)
            """, [.text(line), .int(place.moves), .bytesArray(byDigest.keys.map(\.bytes))]
        ).compactMap { try kept($0, byDigest) }
    }

    /// The newest sets of reads that renders of these recipes have.
    static func reads(_ session: Session, of recipes: [Recipe]) throws -> [Int64] {
        try session.query(
            """
            with recursive w (recipe) as (select unnest($1::bytea[])), \(readsOfRecipes)
            select distinct reads from found where reads is not null
            """, [.bytesArray(Set(recipes.map(\.digest)).map(\.bytes))]
        ).map { try $0.int64("reads") }
    }

    static func renders(_ session: Session, _ recipes: [Recipe], reading reads: [Int64]) throws -> [KeptRender] {
        let byDigest = Self.byDigest(recipes)
        return try session.query(
            """
            with recursive w (recipe) as (select unnest($1::bytea[])), \(readsOfRecipes)
            select r.id, r.recipe, r.answers, r.reads, r.bundle, r.failure, r.used_at
            from found f cross join lateral (select * from renders where recipe = f.recipe and reads = f.reads offset 0) r
            where f.reads = any($2)
            """, [.bytesArray(byDigest.keys.map(\.bytes)), .intArray(reads)]
        ).compactMap { try kept($0, byDigest) }
    }

    private static func byDigest(_ recipes: [Recipe]) -> [Digest: Recipe] {
        Dictionary(recipes.map { ($0.digest, $0) }) { first, _ in first }
    }

    private static func kept(_ row: Row, _ recipes: [Digest: Recipe]) throws -> KeptRender? {
        guard let recipe = Digest(bytes: try row.bytes("recipe")).flatMap({ recipes[$0] }) else { return nil }
        return KeptRender(recipe: recipe, render: try render(row))
    }

    private static func render(_ row: Row) throws -> KnownRender {
        let outcome: RenderOutcome
        if let bundle = try row.optionalText("bundle") {
            guard let digest = Digest(bundle) else { throw ShapeError(path: "renders.bundle", message: "expected a digest") }
            outcome = .bundle(digest)
        } else {
            outcome = .failure(try RenderFailure(text: try row.text("failure")))
        }
        return KnownRender(
            id: try row.int64("id"), reads: try row.int64("reads"), answers: try RenderAnswer.answers(try row.text("answers")),
            outcome: outcome, usedAt: Timestamp(milliseconds: try row.int64("used_at")))
    }

    // MARK: - Writing

    static func add(
        _ session: Session, _ kept: KeptRenders, revived: [Int64], to line: (name: String, place: LinePlace)?, at now: Timestamp
    ) throws -> AddedRenders {
        try BodyRows.add(session, kept.objects, to: .objects)
        try BodyRows.add(session, kept.originals, to: .originals)
        let bundles = kept.renders.map { try? $0.result.get() }
        let digests = bundles.map { $0?.digest }
        let distinct = Dictionary(zip(digests, bundles).compactMap { digest, bundle in digest.flatMap { d in bundle.map { (d, $0) } } }) {
            first, _ in first
        }
        try PlanRows.addBundles(session, distinct.sorted { $0.key < $1.key }.map { (digest: $0.key, bundle: $0.value) })
        let reads = try addReads(session, kept.renders.map(\.trace.reads))
        var renders: [KnownRender] = []
        for start in stride(from: 0, to: kept.renders.count, by: 1_000) {
            let range = start..<min(start + 1_000, kept.renders.count)
            renders += try addRenders(
                session, Array(kept.renders[range]), bundles: Array(digests[range]), reads: Array(reads[range]), at: now)
        }
        guard let line else { return AddedRenders(renders: renders, stand: false) }
        return AddedRenders(renders: renders, stand: try stand(session, Set(reads).union(revived).sorted(), line))
    }

    /// - Returns: the id of each, in order.
    private static func addReads(_ session: Session, _ sets: [ReadSet]) throws -> [Int64] {
        let digests = sets.map(\.digest)
        let distinct = Dictionary(zip(digests, sets)) { first, _ in first }.sorted { $0.key < $1.key }
        var ids: [Digest: Int64] = [:]
        for start in stride(from: 0, to: distinct.count, by: 1_000) {
            let batch = Array(distinct[start..<min(start + 1_000, distinct.count)])
            let new = try session.query(
                """
                insert into render_reads (digest, document) select digest, document from unnest($1::bytea[], $2::text[]) as r (digest, document)
                order by digest on conflict (digest) do nothing returning digest
                """, [.bytesArray(batch.map(\.key.bytes)), .textArray(batch.map(\.value.document))]
            ).map { try $0.bytes("digest") }
            for row in try session.query(
                "select id, digest from render_reads where digest = any($1)", [.bytesArray(batch.map(\.key.bytes))])
            {
                if let digest = Digest(bytes: try row.bytes("digest")) { ids[digest] = try row.int64("id") }
            }
            let questions = new.compactMap { Digest(bytes: $0) }.flatMap { digest -> [(Int64, Int64)] in
                guard let id = ids[digest], let place = batch.firstIndex(where: { $0.key == digest }) else { return [] }
                return batch[place].value.keys.sorted().map { ($0, id) }
            }
            _ = try session.execute(
                "insert into render_questions (key, reads) select * from unnest($1::bigint[], $2::bigint[]) on conflict do nothing",
                [.intArray(questions.map(\.0)), .intArray(questions.map(\.1))])
        }
        return try digests.map { digest in
            guard let id = ids[digest] else { throw ShapeError(path: "render_reads", message: "a set of reads was not kept") }
            return id
        }
    }

    private static func addRenders(
        _ session: Session, _ renders: [KeptRenders.Render], bundles: [Digest?], reads: [Int64], at now: Timestamp
    ) throws -> [KnownRender] {
        let keys = renders.map(\.trace.key)
        let failures = renders.map { render -> String? in
            guard case .failure(let failure) = render.result else { return nil }
            return failure.text
        }
        let rows = try session.query(
            """
            insert into renders (key, recipe, path, engine, answers, reads, bundle, failure, used_at)
            select key, recipe, path, engine, answers, reads, bundle, failure, $9
            from unnest($1::bytea[], $2::bytea[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::text[])
              as r (key, recipe, path, engine, answers, reads, bundle, failure)
            order by key on conflict (key) do update set used_at = excluded.used_at, reads = excluded.reads
            returning id, key
            """,
            [
                .bytesArray(keys.map(\.bytes)), .bytesArray(renders.map(\.trace.recipe.digest.bytes)),
                .textArray(renders.map { $0.trace.recipe.path.replacing("\0", with: "\u{FFFD}") }),
                .textArray(renders.map(\.trace.recipe.engine)),
                .textArray(renders.map { RenderAnswer.text($0.trace.answers) }), .intArray(reads),
                .textArray(bundles.map { $0?.description }), .textArray(failures), .int(now.milliseconds),
            ])
        var ids: [Digest: Int64] = [:]
        for row in rows { if let key = Digest(bytes: try row.bytes("key")) { ids[key] = try row.int64("id") } }
        return renders.indices.map { index in
            let outcome: RenderOutcome =
                switch renders[index].result {
                case .failure(let failure): .failure(failure)
                case .success: .bundle(bundles[index] ?? .sha256([]))
                }
            return KnownRender(
                id: ids[keys[index]] ?? 0, reads: reads[index], answers: renders[index].trace.answers, outcome: outcome, usedAt: now)
        }
    }

    /// Notes that sets of reads hold where the line stands, unless it has moved; the last thing of a transaction, for it locks the line.
    private static func stand(_ session: Session, _ reads: [Int64], _ line: (name: String, place: LinePlace)) throws -> Bool {
        // Somebody may have removed a set that is long unused: then nothing would tell when it stops to hold.
        let present = try session.query("select id from render_reads where id = any($1) for key share", [.intArray(reads)])
        guard present.count == reads.count else { return false }
        let isThere = try session.execute(
            "update render_lines set version = version + 1 where name = $1 and moves = $2", [.text(line.name), .int(line.place.moves)])
        guard isThere > 0 else { return false }
        _ = try session.execute(
            "insert into render_line_reads (line, reads) select $1, reads from unnest($2::bigint[]) as r (reads) on conflict do nothing",
            [.text(line.name), .intArray(reads)])
        return true
    }

    static func touch(_ session: Session, _ renders: [Int64], at now: Timestamp) throws {
        for start in stride(from: 0, to: renders.count, by: 5_000) {
            let batch = renders[start..<min(start + 5_000, renders.count)]
            _ = try session.execute(
                "update renders set used_at = $2 where id = any($1)", [.intArray(Array(batch)), .int(now.milliseconds)])
        }
    }

    /// Renders kept at once that make the tables other ones to the query planner.
    static let countForStatistics = 1_000

    /// Lets the server look at the tables now: until it does so by itself, in a minute or so, it would take them to be as small as they were.
    static func analyze(_ session: Session) throws {
        _ = try session.execute(
            """
            analyze renders, render_reads, render_questions, render_line_reads, bundles, bundle_objects, objects, bundle_originals,
              originals
            """)
    }

    // MARK: - Removing

    /// Removes up to `limit` renders that no plan has used for longer than `age`, or that are more than `countMax`, with the reads that only
    /// they had. For what stands, time counts until its line last moved: the renders of a branch where nothing happens stay. Bundles and objects stay: plans, records and clusters may name them.
    /// - Returns: how many renders went.
    static func removeUnused(_ session: Session, at now: Timestamp, age: Duration, countMax: Int, limit: Int) throws -> Int {
        let rows = try session.query(
            """
            with excess as (select greatest(count(*) - $2, 0) as count from renders),
            unused as (
              (select r.id from renders r where r.used_at < $1 and not exists (
                select from render_line_reads s join render_lines l on l.name = s.line
                where s.reads = r.reads and r.used_at >= l.moved_at - $4)
              order by r.used_at limit $3)
              union
              (select id from renders order by used_at limit least((select count from excess), $3)))
            delete from renders where id in (select id from unused) returning reads
            """,
            [
                .int(now.milliseconds - age.wholeMilliseconds), .int(Int64(countMax)), .int(Int64(limit)), .int(age.wholeMilliseconds),
            ])
        let reads = Set(try rows.map { try $0.int64("reads") }).sorted()
        guard !reads.isEmpty else { return 0 }
        let orphans = try session.query(
            """
            delete from render_reads d where d.id = any($1) and not exists (select from renders r where r.reads = d.id) returning d.id,
              d.document
            """, [.intArray(reads)])
        let ids = try orphans.map { try $0.int64("id") }
        var questions: [(Int64, Int64)] = []
        for row in orphans {
            let id = try row.int64("id")
            questions += try ReadSet(document: try row.text("document")).keys.map { ($0, id) }
        }
        _ = try session.execute(
            """
            delete from render_questions q using unnest($1::bigint[], $2::bigint[]) as o (key, reads)
            where q.key = o.key and q.reads = o.reads
            """, [.intArray(questions.map(\.0)), .intArray(questions.map(\.1))])
        // Whoever holds what these lines knew must look it up again: of what is gone nobody will tell when it stops to hold.
        _ = try session.execute(
            """
            with gone as (delete from render_line_reads where reads = any($1) returning line)
            update render_lines set moves = moves + 1, version = version + 1 where name in (select line from gone)
            """, [.intArray(ids)])
        return rows.count
    }
}

extension RenderFailure {
    /// `[["code", "path", line, column, "message", "hint"]…]`
    var text: String {
        JSON.text(
            .list(
                errors.map { error in
                    .list([
                        .string(error.code), .string(error.path), error.line.map { .int(Int64($0)) } ?? .null,
                        error.column.map { .int(Int64($0)) } ?? .null, .string(error.message), error.hint.map(Value.string) ?? .null,
                    ])
                }))
    }

    /// Reads what `text` wrote.
    init(text: String) throws {
        self.init(
            try (try JSON.read(text).list ?? []).map { item in
                guard let parts = item.list, parts.count == 6, let code = parts[0].string, let path = parts[1].string,
                    let message = parts[4].string
                else { throw ShapeError(path: "renders.failure", message: "expected [code, path, line, column, message, hint]") }
                return RenderError(
                    code: code, path: path, line: parts[2].int.map(Int.init), column: parts[3].int.map(Int.init), message: message,
                    hint: parts[5].string)
            })
    }
}
