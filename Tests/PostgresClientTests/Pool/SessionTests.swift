// SPDX-License-Identifier: Apache-2.0
import PostgresClient
import Testing

@Suite("Session") struct SessionTests {
    @Test("ten thousand statements in one pipeline") func pipeline() async throws {
        try await withDatabase(connections: 1) { database in
            try await database.transaction { session in
                try session.script("create table number (n integer primary key, filler text)")
                let filler = String(repeating: "x", count: 500)
                let inserted = try session.pipeline(
                    "insert into number values ($1, $2) returning n, filler", (0..<10_000).map { [.int($0), .text(filler)] })
                #expect(inserted.count == 10_000)
                #expect(try inserted[9_999][0].int("n") == 9_999)
                #expect(try inserted[5][0].text("filler") == filler)
            }
            let sum = try await database.read { try $0.query("select sum(n) as sum from number")[0].int("sum") }
            #expect(sum == 49_995_000)
        }
    }

    @Test("a pipeline ends at its first failure and says which statement it was") func pipelineFailure() async throws {
        try await withDatabase(connections: 1) { database in
            try await database.read { try $0.script("create table number (n integer primary key)") }
            let statement = "insert into number values ($1)"
            let error = await #expect(throws: PostgresError.self) {
                try await database.read { try $0.pipeline(statement, [[1], [2], [1], [3]]) }
            }
            #expect(error?.sqlState == "23505")
            #expect(error?.isUniqueViolation == true)
            #expect(error?.constraint == "number_pkey")
            #expect(error?.statementIndex == 2)
            #expect(error?.statement == statement)
            #expect(error?.isRetryable == false)
            // One pipeline is one transaction.
            #expect(try await database.read { try $0.query("select n from number").count } == 0)
        }
    }

    @Test("statements that cannot be prepared leave the connection usable") func badStatement() async throws {
        try await withDatabase(connections: 1) { database in
            let error = await #expect(throws: PostgresError.self) { try await database.read { try $0.query("selec 1") } }
            #expect(error?.sqlState == "42601")
            #expect(error?.position == 1)
            for _ in 0..<2 {
                let number = try await database.read { try $0.query("select 1 as n")[0].int("n") }
                #expect(number == 1)
            }
        }
    }

    @Test("more different statements than are kept prepared") func manyStatements() async throws {
        try await withDatabase(connections: 1) { database in
            try await database.read { session in
                for number in 0..<600 { #expect(try session.query("select \(number) as n")[0].int("n") == number) }
                let results = try session.pipeline((0..<600).map { ("select \($0) as n", []) })
                for number in 0..<600 { #expect(try results[number][0].int("n") == number) }
            }
        }
    }

    @Test("a prepared statement survives a change of its table") func stalePlan() async throws {
        try await withDatabase(connections: 1) { database in
            try await database.read { try $0.script("create table thing (a integer)") }
            #expect(try await database.transaction { try $0.query("select * from thing").count } == 0)
            try await database.read { try $0.script("alter table thing add b integer; insert into thing values (1, 2)") }
            #expect(try await database.transaction { try $0.query("select * from thing")[0].int("b") } == 2)
        }
    }

    @Test("COPY loads rows with every awkward character") func copy() async throws {
        try await withDatabase(connections: 1) { database in
            let count = 50_000
            let copied = try await database.transaction { session in
                try session.script("create schema \"odd name\"; create table \"odd name\".load (n integer, t text, y bytea, a text[])")
                return try session.copy(
                    into: "odd name.load", columns: ["n", "t", "y", "a"],
                    rows: (0..<count).lazy.map {
                        [.int($0), $0 % 2 == 0 ? "a\tb\\N\r\n" : .null, .bytes([0, 9, 10, 92]), .textArray(["\\", "\t"])]
                    })
            }
            #expect(copied == count)
            let rows = try await database.read { try $0.query("select * from \"odd name\".load order by n limit 2") }
            #expect(try rows[0].text("t") == "a\tb\\N\r\n")
            #expect(try rows[1].optionalText("t") == nil)
            #expect(try rows[1].bytes("y") == [0, 9, 10, 92])
            #expect(try rows[0].textArray("a") == ["\\", "\t"])
        }
    }

    @Test("a COPY that fails leaves nothing, and the connection usable") func copyFailure() async throws {
        try await withDatabase(connections: 1) { database in
            try await database.read { try $0.script("create table load (n integer primary key)") }
            let duplicate = await #expect(throws: PostgresError.self) {
                try await database.transaction { try $0.copy(into: "load", columns: ["n"], rows: [[1], [1]]) }
            }
            #expect(duplicate?.isUniqueViolation == true)
            await #expect { try await database.transaction { try $0.copy(into: "load", columns: ["n"], rows: [[1], [1, 2]]) } } throws: {
                isPostgresError($0, .parameter)
            }
            let missing = await #expect(throws: PostgresError.self) {
                try await database.transaction { try $0.copy(into: "nowhere", columns: ["n"], rows: [[1]]) }
            }
            #expect(missing?.sqlState == "42P01")
            #expect(try await database.transaction { try $0.copy(into: "load", columns: ["n"], rows: [[1], [2]]) } == 2)
        }
    }

    @Test("arrays as parameters make one statement of many rows") func unnest() async throws {
        try await withDatabase(connections: 1) { database in
            let changed = try await database.transaction { session in
                try session.script("create table object (digest bytea primary key, kind text, size bigint)")
                let sql = """
                    insert into object select * from unnest($1::bytea[], $2::text[], $3::bigint[])
                    on conflict (digest) do update set size = excluded.size
                    """
                let digests = (0..<5_000).map { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] as [UInt8]? }
                let parameters: [PostgresValue] = [
                    .bytesArray(digests), .textArray(digests.map { _ in "Deployment" }), .intArray(digests.indices.map { Int64($0) }),
                ]
                return try [session.execute(sql, parameters), session.execute(sql, parameters)]
            }
            #expect(changed == [5_000, 5_000])
        }
    }

    @Test("a session is of no use after its body") func escaped() async throws {
        try await withDatabase(connections: 1) { database in
            // Only on one thread can a session be kept at all: within a later body of the same connection.
            let keep = Keep()
            try await database.read { keep.store($0) }
            await #expect { try await database.read { _ in try keep.query() } } throws: { isPostgresError($0, .closed) }
        }
    }
}

/// Smuggles a session out of its body. `@unchecked Sendable`: the test uses one connection, so one thread.
private final class Keep: @unchecked Sendable {
    private var session: Session?
    func store(_ session: Session) { self.session = session }
    func query() throws { _ = try session?.query("select 1") }
}
