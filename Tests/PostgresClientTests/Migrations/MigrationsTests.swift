// SPDX-License-Identifier: Apache-2.0
import PostgresClient
import Testing

@Suite("Migrations") struct MigrationsTests {
    private static let first = Migration(version: 1, name: "tables", sql: "create table a (n integer); insert into a values (1);")
    private static let second = Migration(version: 2, name: "more", sql: "-- more\nupdate a set n = n + 1;\ncreate table b (n integer);")

    @Test("steps are applied once, in the order of their versions") func order() async throws {
        try await withDatabase { database in
            let applied = try await Migrations.apply([Self.second, Self.first], to: database)
            #expect(applied == [1, 2])
            #expect(try await Migrations.apply([Self.first, Self.second], to: database) == [])
            #expect(try await database.read { try $0.query("select n from a")[0].int("n") } == 2)
            let third = Migration(version: 3, name: "last", sql: "drop table b")
            #expect(try await Migrations.apply([Self.first, Self.second, third], to: database) == [3])
        }
    }

    @Test("a changed step, a newer database and a step in between are refused") func refused() async throws {
        try await withDatabase { database in
            try await Migrations.apply([Self.first, Self.second], to: database)
            let changed = Migration(version: 1, name: "tables", sql: Self.first.sql + " ")
            await #expect(throws: MigrationError.changed(version: 1, name: "tables")) {
                try await Migrations.apply([changed, Self.second], to: database)
            }
            await #expect(throws: MigrationError.newer(version: 2, name: "more")) { try await Migrations.apply([Self.first], to: database) }
            let zero = Migration(version: 0, name: "late", sql: "select 1")
            await #expect(throws: MigrationError.outOfOrder(version: 0, name: "late", applied: 1)) {
                try await Migrations.apply([zero, Self.first, Self.second], to: database)
            }
            await #expect(throws: MigrationError.duplicate(version: 1)) {
                try await Migrations.apply([Self.first, Self.first], to: database)
            }
        }
    }

    @Test("a step that fails leaves nothing and says where") func failure() async throws {
        try await withDatabase { database in
            let broken = Migration(version: 2, name: "broken", sql: "create table c (n integer);\nupdate a set x = 1;")
            let error = await #expect(throws: MigrationError.self) { try await Migrations.apply([Self.first, broken], to: database) }
            #expect(error?.description.hasPrefix("migration 2 (broken), line 2, column 14: column \"x\"") == true)
            let applied = try await Migrations.apply([Self.first, Self.second], to: database)
            #expect(applied == [2])
        }
    }

    @Test("several programs at once apply each step once") func concurrent() async throws {
        try await withDatabase { database in
            let applied = try await withThrowingTaskGroup(of: [Int].self) { group in
                for _ in 0..<4 { group.addTask { try await Migrations.apply([Self.first, Self.second], to: database) } }
                return try await group.reduce([], +)
            }
            #expect(applied.sorted() == [1, 2])
        }
    }
}
