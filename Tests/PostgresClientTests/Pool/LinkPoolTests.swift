// SPDX-License-Identifier: Apache-2.0
import PostgresClient
import Testing

@Suite("Connection pool") struct LinkPoolTests {
    @Test("a hundred callers share two connections, in two threads") func shared() async throws {
        try await withDatabase(connections: 2) { database in
            let backends = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<100 {
                    group.addTask { try await database.read(timeout: nil) { try $0.query("select pg_backend_pid() as pid")[0].int("pid") } }
                }
                return try await group.reduce(into: Set<Int>()) { $0.insert($1) }
            }
            #expect(backends.count <= 2)
        }
    }

    @Test("who waits too long for a connection, or is cancelled while waiting, gets an error; the line goes on") func waiting() async throws
    {
        try await withDatabase(connections: 1) { database in
            let inside = Gate()
            let lock = Database(settings: database.settings, connections: 1)
            // The only connection waits for a lock that the test holds.
            try await lock.read { _ = try $0.query("select pg_advisory_lock(7)") }
            let holder = Task {
                try await database.transaction { session in
                    inside.open()
                    _ = try session.query("select pg_advisory_xact_lock(7)")
                }
            }
            await inside.opened()
            await #expect { try await database.read(timeout: .milliseconds(50)) { _ = try $0.query("select 1") } } throws: {
                isPostgresError($0, .poolExhausted)
            }
            let waiting = Task { try await database.read { _ = try $0.query("select 1") } }
            waiting.cancel()
            await #expect { try await waiting.value } throws: { isPostgresError($0, .cancelled) }
            async let next = database.read { try $0.query("select 1 as n")[0].int("n") }
            _ = try await lock.read { try $0.query("select pg_advisory_unlock(7)") }
            try await holder.value
            #expect(try await next == 1)
            await lock.close()
        }
    }

    @Test("the line is bounded") func bounded() async throws {
        let database = Database(settings: try await TestServer.shared.database(), connections: 1, waitersMax: 0)
        let inside = Gate()
        let holder = Task {
            try await database.read { session in
                inside.open()
                _ = try session.query("select pg_sleep(3600)")
            }
        }
        await inside.opened()
        await #expect { try await database.read { _ = try $0.query("select 1") } } throws: { isPostgresError($0, .poolExhausted) }
        holder.cancel()
        await #expect { try await holder.value } throws: { isPostgresError($0, .cancelled) }
        await database.close()
        await #expect { try await database.read { _ = try $0.query("select 1") } } throws: { isPostgresError($0, .closed) }
    }

    @Test("a cancellation is heard whenever it comes, between the last look and the wait too") func heardAlways() async throws {
        try await withDatabase(connections: 2) { database in
            for round in 0..<200 {
                let inside = Gate()
                let holder = Task {
                    try await database.read { session in
                        inside.open()
                        _ = try session.query("select pg_sleep(3600)")
                    }
                }
                await inside.opened()
                // From at once to after the statement has been sent: somewhere there the connection's thread goes to sleep.
                for _ in 0..<(round * 20) { await Task.yield() }
                holder.cancel()
                await #expect { try await holder.value } throws: { isPostgresError($0, .cancelled) }
            }
        }
    }
}
