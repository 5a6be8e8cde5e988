// SPDX-License-Identifier: Apache-2.0
import PostgresClient
import Testing

@Suite("Listener") struct ListenerTests {
    @Test("messages arrive after their commit, only those of the channels") func messages() async throws {
        try await withDatabase(connections: 1) { database in
            var iterator = database.listen(channels: ["tasks", "Odd \"name\""]).makeAsyncIterator()
            #expect(await iterator.next() == .reconnected)
            try await database.transaction { session in
                _ = try session.query("select pg_notify($1, $2)", ["elsewhere", "no"])
                _ = try session.query("select pg_notify($1, $2)", ["tasks", "cluster-1"])
                _ = try session.query("select pg_notify($1, $2)", ["Odd \"name\"", ""])
            }
            #expect(await iterator.next() == .message(channel: "tasks", payload: "cluster-1"))
            #expect(await iterator.next() == .message(channel: "Odd \"name\"", payload: ""))
        }
    }

    @Test("a lost connection is made again and announced") func reconnects() async throws {
        try await withDatabase(connections: 1) { database in
            var iterator = database.listen(channels: ["tasks"]).makeAsyncIterator()
            #expect(await iterator.next() == .reconnected)
            let ended = try await database.read { session in
                try session.query(
                    "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'flotilla-listen' and datname = current_database()"
                )
                .count
            }
            #expect(ended == 1)
            #expect(await iterator.next() == .reconnected)
            _ = try await database.read { try $0.query("select pg_notify($1, $2)", ["tasks", "again"]) }
            #expect(await iterator.next() == .message(channel: "tasks", payload: "again"))
        }
    }

    @Test("a slow reader loses the oldest and is told to read again") func slow() async throws {
        try await withDatabase(connections: 1) { database in
            let stream = database.listen(channels: ["tasks"], bufferMax: 4)
            var iterator = stream.makeAsyncIterator()
            #expect(await iterator.next() == .reconnected)
            try await database.transaction { session in
                try session.pipeline("select pg_notify($1, $2)", (0..<100).map { ["tasks", .text("\($0)")] })
            }
            // The last message is behind everything else, so all of them have been taken in when it arrives.
            var seen: [Notification] = []
            while let next = await iterator.next() {
                seen.append(next)
                if case .message(_, "99") = next { break }
            }
            if seen.count < 100 && !seen.contains(.reconnected) { seen.append(try #require(await iterator.next())) }
            #expect(seen.count == 100 || seen.contains(.reconnected))
        }
    }

    @Test("the stream ends with the database, and the connection with the stream") func ends() async throws {
        try await withDatabase(connections: 1) { database in
            let other = Database(settings: database.settings, connections: 1)
            let stream = other.listen(channels: ["tasks"])
            var iterator = stream.makeAsyncIterator()
            #expect(await iterator.next() == .reconnected)
            await other.close()
            #expect(await iterator.next() == nil)
            try await waitUntil(
                database,
                "select 1 where not exists (select 1 from pg_stat_activity where application_name = 'flotilla-listen' and datname = current_database())"
            )
        }
    }
}
