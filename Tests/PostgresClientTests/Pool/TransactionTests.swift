// SPDX-License-Identifier: Apache-2.0
import PostgresClient
import Testing

@Suite("Transactions") struct TransactionTests {
    private struct Refusal: Error, Equatable {}

    @Test("what a body throws rolls back and reaches the caller") func rollback() async throws {
        try await withDatabase(connections: 1) { database in
            try await database.read { try $0.script("create table t (n integer)") }
            await #expect(throws: Refusal()) {
                try await database.transaction { session in
                    try session.execute("insert into t values (1)")
                    throw Refusal()
                }
            }
            #expect(try await database.read { try $0.query("select * from t").count } == 0)
            try await database.transaction { _ = try $0.execute("insert into t values (1)") }
            #expect(try await database.read { try $0.query("select * from t").count } == 1)
        }
    }

    @Test("a failure that the body hides is no commit") func hidden() async throws {
        try await withDatabase(connections: 1) { database in
            await #expect { try await database.transaction { _ = try? $0.query("select 1/0") } } throws: { isPostgresError($0, .aborted) }
        }
    }

    @Test("a transaction that a reader leaves open is rolled back") func leftOpen() async throws {
        try await withDatabase(connections: 1) { database in
            try await database.read { session in
                try session.script("create table t (n integer)")
                try session.script("begin; insert into t values (1)")
            }
            #expect(try await database.read { try $0.query("select * from t").count } == 0)
        }
    }

    @Test("two serializable transactions that exclude each other both succeed, one of them twice") func serialization() async throws {
        try await withDatabase(connections: 2) { database in
            try await database.read {
                try $0.script("create table doctor (name text, on_call boolean); insert into doctor values ('a', true), ('b', true)")
            }
            // Both read before either writes: the classic write skew.
            let meeting = Meeting()
            let runs = Count()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for name in ["a", "b"] {
                    group.addTask {
                        try await database.transaction(.serializable) { session in
                            runs.next()
                            let onCall = try session.query("select name from doctor where on_call")
                            meeting.arrive()
                            if onCall.count > 1 { try session.execute("update doctor set on_call = false where name = $1", [.text(name)]) }
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(runs.value == 3)
            #expect(try await database.read { try $0.query("select * from doctor where on_call").count } == 1)
        }
    }

    @Test("a deadlock's victim is run again") func deadlock() async throws {
        try await withDatabase(connections: 2) { database in
            try await database.read {
                try $0.script("create table t (k text primary key, n integer); insert into t values ('a', 0), ('b', 0)")
            }
            let meeting = Meeting()
            let runs = Count()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for order in [["a", "b"], ["b", "a"]] {
                    group.addTask {
                        try await database.transaction { session in
                            runs.next()
                            try session.execute("update t set n = n + 1 where k = $1", [.text(order[0])])
                            meeting.arrive()
                            try session.execute("update t set n = n + 1 where k = $1", [.text(order[1])])
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(runs.value >= 3)
            #expect(try await database.read { try $0.query("select sum(n) as n from t")[0].int("n") } == 4)
        }
    }

    @Test("a conflict that does not go away is reported in the end") func hopeless() async throws {
        let settings = try await TestServer.shared.database()
        var retries = Database.Retries()
        retries.attemptsMax = 3
        retries.pause = .milliseconds(1)
        let database = Database(settings: settings, connections: 1, retries: retries)
        let runs = Count()
        let error = await #expect(throws: PostgresError.self) {
            try await database.transaction { session in
                runs.next()
                try session.script("do $$ begin raise exception 'again' using errcode = '40001'; end $$")
            }
        }
        #expect(error?.isConflict == true)
        #expect(runs.value == 3)
        await database.close()
    }

    @Test("cancelling the task stops the statement; the connection goes on") func cancellation() async throws {
        try await withDatabase(connections: 2) { database in
            let backend = Backend()
            let task = Task {
                try await database.transaction { session in
                    backend.set(try session.query("select pg_backend_pid() as pid")[0].int("pid"))
                    _ = try session.query("select pg_sleep(3600)")
                }
            }
            let identifier = await backend.get()
            try await waitUntil(database, "select 1 from pg_stat_activity where pid = $1 and wait_event = 'PgSleep'", [.int(identifier)])
            task.cancel()
            let error = await #expect(throws: PostgresError.self) { try await task.value }
            #expect(error?.kind == .cancelled)
            #expect(error?.sqlState == "57014")
            // The same server process serves the next caller: with both connections in use it must be among them.
            let meeting = Meeting()
            async let one = database.read { session in
                meeting.arrive()
                return try session.query("select pg_backend_pid() as pid")[0].int("pid")
            }
            async let two = database.read { session in
                meeting.arrive()
                return try session.query("select pg_backend_pid() as pid")[0].int("pid")
            }
            #expect(try await [one, two].contains(identifier))
        }
    }

    @Test("a task cancelled beforehand runs nothing") func cancelledBefore() async throws {
        try await withDatabase(connections: 1) { database in
            let gate = Gate()
            let task = Task {
                await gate.opened()
                try await database.transaction { _ = try $0.query("select pg_sleep(3600)") }
            }
            task.cancel()
            gate.open()
            await #expect { try await task.value } throws: { isPostgresError($0, .cancelled) }
        }
    }

    @Test("a COPY can be cancelled, too") func cancelledCopy() async throws {
        try await withDatabase(connections: 1) { database in
            try await database.read { try $0.script("create table load (n integer)") }
            let gate = Gate()
            let task = Task {
                try await database.transaction { session in
                    try session.copy(
                        into: "load", columns: ["n"],
                        rows: (0...).lazy.map { number in
                            if number == 10_000 { gate.open() }
                            return [.int(number)]
                        })
                }
            }
            await gate.opened()
            task.cancel()
            await #expect { try await task.value } throws: { isPostgresError($0, .cancelled) }
            #expect(try await database.read { try $0.query("select * from load").count } == 0)
        }
    }

    @Test("a statement that takes too long is stopped; the connection goes on") func timeout() async throws {
        try await withDatabase(connections: 1) { database in
            let before = try await database.read { try $0.query("select pg_backend_pid() as pid")[0].int("pid") }
            let error = await #expect(throws: PostgresError.self) {
                try await database.transaction(timeout: .milliseconds(100)) { _ = try $0.query("select pg_sleep(3600)") }
            }
            #expect(error?.kind == .timeout)
            #expect(error?.isRetryable == true)
            #expect(try await database.read { try $0.query("select pg_backend_pid() as pid")[0].int("pid") } == before)
        }
    }

    @Test("a killed connection is replaced: idle, and in the middle of a transaction") func killed() async throws {
        try await withDatabase(connections: 2) { database in
            let killer = Database(settings: database.settings, connections: 1)
            let idle = try await database.read { try $0.query("select pg_backend_pid() as pid")[0].int("pid") }
            #expect(try await killer.read { try $0.query("select pg_terminate_backend($1, 10000) as b", [.int(idle)])[0].bool("b") })
            #expect(try await database.read { try $0.query("select 1 as n")[0].int("n") } == 1)

            let runs = Count()
            let backend = Backend()
            let task = Task {
                try await database.transaction { session in
                    guard runs.next() == 1 else { return }
                    backend.set(try session.query("select pg_backend_pid() as pid")[0].int("pid"))
                    _ = try session.query("select pg_sleep(3600)")
                }
            }
            let identifier = await backend.get()
            try await waitUntil(killer, "select 1 from pg_stat_activity where pid = $1 and wait_event = 'PgSleep'", [.int(identifier)])
            _ = try await killer.read { try $0.query("select pg_terminate_backend($1)", [.int(identifier)]) }
            try await task.value
            #expect(runs.value == 2)
            await killer.close()
        }
    }

    @Test("a lost connection is a typed error when it is not tried again") func killedOnce() async throws {
        let settings = try await TestServer.shared.database()
        var retries = Database.Retries()
        retries.attemptsMax = 1
        let database = Database(settings: settings, connections: 1, retries: retries)
        let error = await #expect(throws: PostgresError.self) {
            try await database.transaction { _ = try $0.query("select pg_terminate_backend(pg_backend_pid())") }
        }
        #expect(error?.kind == .connectionLost)
        #expect(error?.sqlState == "57P01")
        #expect(error?.isRetryable == true)
        #expect(try await database.read { try $0.query("select 1 as n")[0].int("n") } == 1)
        await database.close()
    }
}

/// Two threads meet here once; later visitors pass.
private final class Meeting: Sendable {
    private let arrivals = Count()

    func arrive() {
        guard arrivals.next() <= 2 else { return }
        while arrivals.value < 2 {}
    }
}

/// Tells a test which server process a body talks to.
private final class Backend: Sendable {
    private let stream: AsyncStream<Int>
    private let continuation: AsyncStream<Int>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream(of: Int.self) }
    func set(_ identifier: Int) { continuation.yield(identifier) }

    func get() async -> Int {
        for await identifier in stream { return identifier }
        return 0
    }
}
