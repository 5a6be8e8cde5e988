// SPDX-License-Identifier: Apache-2.0
import Manifests
import PostgresClient
import Promotion
import Testing

@testable import FleetCoordinator

@Suite("The audit trail in the database") struct AuditTrailTests {
    static let at = Timestamp(milliseconds: 1_777_889_472_000)

    static func entry(_ number: Int, by name: String = "ada") -> AuditEntry {
        AuditEntry(
            at: at + .seconds(Int64(number)), by: Author(name: name, means: "session 4f", address: "192.0.2.7"), "stage.pause",
            on: "shop/production", reason: "sale \(number)", commit: String(repeating: "c", count: 40),
            before: ["running": ["release": "r1"]], after: ["paused": ["by": .string(name)], "running": ["release": "r1"]])
    }

    /// A store with `count` entries, of several actors.
    static func store(entries count: Int = 8, connections: Int = 2) async throws -> Store {
        let store = try await Store.open(try await TestDatabase.shared.make(connections: connections), now: at)
        let audit = store.audit
        try await store.database.transaction { try audit.append($0, (1...count).map { entry($0, by: $0 % 2 == 0 ? "ada" : "ben") }) }
        return store
    }

    @Test("an entry's hash and seal are what the formats say")
    func vectors() throws {
        let first = AuditLink(Self.entry(1), sequence: 1, previous: AuditLink.beginning, keys: .test)
        #expect(
            String(
                decoding: Canonical.bytes(
                    first.document(before: try AuditLink.state(first.before), after: try AuditLink.state(first.after))), as: UTF8.self)
                    == """
                    {"action":"stage.pause","actor":"ada","address":"192.0.2.7","after":{"paused":{"by":"ada"},"running":{"release":"r1"}},\
                    "at":1777889473000,"before":{"running":{"release":"r1"}},"commit":"cccccccccccccccccccccccccccccccccccccccc",\
                    "means":"session 4f","outcome":"done",\
                    "previous":"0000000000000000000000000000000000000000000000000000000000000000","reason":"sale 1","scheme":1,"sequence":1,\
                    "target":"shop/production"}
                    """)
        #expect(first.hash == "8aaacaa3d3e22a5c60257b65c1c79093a290fc2fb9ffbc7b5c129c3ae8b962fa")
        #expect(first.seal == "9f1f6517.228dd52aa3dfe1b6cbc191aac147ff2467227964fbfd181a639c367867281df8")
        let plain = AuditLink(
            AuditEntry(at: Self.at, by: Author(name: "coordinator"), "audit.begin", on: "audit"), sequence: 2, previous: first.hash,
            keys: .test)
        #expect(plain.hash == "a56ccb1ede233edbf94b8e1ea131292b30a6db9500e4e83e0f55044732701be8")
        let anchor = AuditAnchor(
            sequence: 2, hash: plain.hash, first: 1, at: Self.at, export: "\(Manifests.Digest.sha256("export"))")
        #expect(AuditKeys.test.seal(of: anchor) == "9f1f6517.a4aab32f4fe2ac503227014cf25d7f6b9d7490c4fd75e63972d6e18c6002b177")
    }

    @Test("texts are bounded and can be stored, whatever is in them")
    func bounds() async throws {
        let long = AuditEntry(
            at: Self.at, by: Author(name: "a\0b"), "x", on: String(repeating: "ü", count: 5_000), reason: "\0",
            after: ["text": .string(String(repeating: "y", count: 20_000))])
        #expect(long.author.name == "a\u{FFFD}b" && long.target.utf8.count <= AuditEntry.textMax && long.target.hasSuffix("…"))
        #expect(long.after == ["omittedBytes": .int(20_011)])
        let store = try await Self.store(entries: 1)
        let audit = store.audit
        try await store.database.transaction { try audit.append($0, [long]) }
        #expect(try await store.auditTrail().count == 2)
        await store.database.close()
    }

    @Test("coordinators that append at the same time keep one chain")
    func concurrent() async throws {
        let store = try await Self.store(entries: 1, connections: 8)
        let other = try await Store.open(store.database, now: Self.at)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<60 {
                let audit = (index % 2 == 0 ? store : other).audit
                let database = store.database
                group.addTask {
                    try await database.transaction { session in
                        try audit.append(session, (0..<(index % 3 + 1)).map { Self.entry(index * 10 + $0, by: "c\(index % 2)") })
                    }
                }
            }
            try await group.waitForAll()
        }
        let links = try await store.auditTrail()
        #expect(links.map(\.sequence) == Array(1...121))
        for (one, next) in zip(links, links.dropFirst()) { #expect(next.previous == one.hash) }
        for link in links { #expect(try link.computedHash() == link.hash) }
        let head = try await store.database.read { try AuditRows.head($0) }
        #expect(head == AuditHead(sequence: 121, hash: links.last?.hash ?? ""))
        await store.database.close()
    }

    @Test(
        "the database itself refuses to change what was audited",
        arguments: [
            "update audit set actor = 'eve' where sequence = 3", "delete from audit where sequence = 8", "delete from audit",
            "truncate audit",
            "truncate audit cascade", "update audit_head set sequence = 1", "update audit_head set sequence = sequence",
            "delete from audit_head",
            "insert into audit_head values (false, 1, '')", "insert into audit_anchors values (4, repeat('0', 64), 1, 0, '', 1, '')",
            "truncate audit_anchors",
        ])
    func refuses(_ statement: String) async throws {
        let store = try await Self.store()
        await #expect(throws: PostgresError.self) { try await store.database.transaction { _ = try $0.execute(statement) } }
        #expect(try await store.auditTrail().count == 8)
        await store.database.close()
    }

    @Test("what was exported may go, as a whole and only up to its anchor")
    func prunes() async throws {
        let store = try await Self.store()
        let links = try await store.auditTrail()
        let anchor = AuditAnchor(sequence: 5, hash: links[4].hash, first: 1, at: Self.at, export: "sha256:00", seal: "x")
        #expect(try await store.database.transaction { try AuditRows.prune($0, to: anchor) } == 5)
        #expect(try await store.auditTrail().map(\.sequence) == [6, 7, 8])
        #expect(try await store.database.read { try AuditRows.anchor($0) } == anchor)
        for statement in [
            "delete from audit where sequence = 6", "delete from audit_anchors", "update audit_anchors set hash = ''",
            "insert into audit_anchors (sequence, hash, first, at, export, scheme, seal) select 7, hash, 6, 0, '', 1, '' from audit where sequence = 7; delete from audit where sequence = 7",
        ] {
            await #expect(throws: PostgresError.self) { try await store.database.transaction { try $0.script(statement) } }
        }
        #expect(try await store.auditTrail().map(\.sequence) == [6, 7, 8])
        await store.database.close()
    }

    @Test("lists find their rows by index at size")
    func plans() async throws {
        let store = try await Store.open(try await TestDatabase.shared.make(connections: 1), now: Self.at)
        try await store.database.read(timeout: .seconds(120)) { session in
            try session.script(
                """
                insert into audit select i, 1, i * 1000, 'actor' || i % 50, 'token x', null, 'stage.a' || i % 20, 'shop/e' || i % 500, 'done', '',
                  null, null, null, repeat('0', 64), repeat('0', 64), '' from generate_series(1, 100000) i;
                update audit_head set sequence = 100000;
                analyze;
                """)
        }
        let filters: [(String, AuditRows.Filter)] = [
            ("all", AuditRows.Filter()), ("actor", AuditRows.Filter(actor: "actor7")), ("action", AuditRows.Filter(action: "stage.a3")),
            ("target", AuditRows.Filter(target: "shop/e9")), ("since", AuditRows.Filter(since: Timestamp(seconds: 99_990))),
            ("actor since", AuditRows.Filter(actor: "actor7", since: Timestamp(seconds: 99_000))),
            ("nobody since", AuditRows.Filter(actor: "nobody", since: Timestamp(seconds: 99_000))),
        ]
        for (name, filter) in filters {
            let read = try await store.database.read { session in
                func fetched() throws -> Int64 {
                    _ = try session.query("select pg_stat_force_next_flush()")
                    _ = try session.query("select pg_stat_clear_snapshot()")
                    return try session.query(
                        "select (seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint as n from pg_stat_user_tables where relname = 'audit'"
                    ).first?.int64("n") ?? 0
                }
                let before = try fetched()
                let page = try AuditRows.page(session, filter, before: nil, limit: 50)
                #expect(page.count == (name == "nobody since" ? 0 : name == "since" ? 11 : name == "actor since" ? 20 : 50), "\(name)")
                return try fetched() - before
            }
            // With the times' bound, at most what was done in the slack of ten minutes besides.
            #expect(read <= 2_000, "\(name) read \(read) rows")
        }
        await store.database.close()
    }
}
