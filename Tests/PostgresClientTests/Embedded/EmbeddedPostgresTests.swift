// SPDX-License-Identifier: Apache-2.0
import Glibc
import PostgresClient
import Testing

@Suite("EmbeddedPostgres") struct EmbeddedPostgresTests {
    /// Runs `body` with a folder that is removed afterwards.
    private func withFolder(_ suffix: String = "", _ body: (String) async throws -> Void) async throws {
        var template = Array("/tmp/flotilla-test-XXXXXX".utf8CString)
        let folder = String(cString: try #require(mkdtemp(&template)))
        // The server's user must get through.
        chmod(folder, 0o755)
        defer { system("rm -rf '\(folder)'") }
        try await body("\(folder)\(suffix)")
    }

    @Test("data outlives a clean stop and a kill -9 of the server") func recovery() async throws {
        try await withFolder("/new/postgres") { folder in
            let server = EmbeddedPostgres(dataDirectory: folder)
            let settings = try await server.start()
            #expect(try await server.start() == settings)
            #expect(settings.database == "flotilla")
            let database = Database(settings: settings, connections: 2)
            try await database.transaction { session in
                try session.script("create table kept (n integer)")
                try session.execute("insert into kept values (1)")
            }
            await server.stop()
            #expect(await !server.isRunning)
            let log = try #require(open("\(folder)/postgres.log", O_RDONLY) as Int32?)
            close(log)

            _ = try await server.start()
            try await database.transaction { _ = try $0.execute("insert into kept values (2)") }
            let killed = try #require(await server.processIdentifier)
            kill(killed, SIGKILL)
            await server.waitUntilExit()
            #expect(await !server.isRunning)

            _ = try await server.start()
            #expect(await server.processIdentifier != killed)
            // The pool finds its way back by itself.
            #expect(try await database.read { try $0.query("select * from kept").count } == 2)
            await database.close()
            await server.stop()
        }
    }

    @Test("a folder has one server at a time") func inUse() async throws {
        try await withFolder { folder in
            let server = EmbeddedPostgres(dataDirectory: folder, durability: .none)
            let settings = try await server.start()
            let second = EmbeddedPostgres(dataDirectory: folder, durability: .none)
            await #expect(throws: EmbeddedPostgresError.inUse(folder: folder, process: getpid())) { try await second.start() }
            await server.stop()
            #expect(try await second.start() == settings)
            await second.stop()
        }
    }

    @Test("a kill -9 of the whole program leaves a folder that starts again") func programKilled() async throws {
        try await withFolder { folder in
            await #expect(processExitsWith: .signal(SIGKILL)) { [folder = folder as String] in
                let server = EmbeddedPostgres(dataDirectory: folder)
                let database = Database(settings: try await server.start(), connections: 1)
                try await database.read { session in
                    try session.script("create table kept (n integer); insert into kept values (1)")
                    kill(getpid(), SIGKILL)
                }
            }
            let server = EmbeddedPostgres(dataDirectory: folder)
            let database = Database(settings: try await server.start(), connections: 1)
            #expect(try await database.read { try $0.query("select * from kept").count } == 1)
            await database.close()
            await server.stop()
        }
    }

    @Test("a stale process number of another program does not stand in the way") func staleNumber() async throws {
        try await withFolder { folder in
            let server = EmbeddedPostgres(dataDirectory: folder, durability: .none)
            _ = try await server.start()
            let killed = try #require(await server.processIdentifier)
            kill(killed, SIGKILL)
            await server.waitUntilExit()
            // As in a restarted container, where numbers come again.
            system("sed -i '1s/.*/\(getpid())/' '\(folder)/data/postmaster.pid'")
            _ = try await server.start()
            await server.stop()
        }
    }

    @Test("deep data folders get their socket elsewhere") func deep() async throws {
        try await withFolder("/" + String(repeating: "deep/", count: 20) + "end") { folder in
            let server = EmbeddedPostgres(dataDirectory: folder, durability: .none)
            let settings = try await server.start()
            #expect(settings.host.utf8.count < 60)
            let database = Database(settings: settings, connections: 1)
            #expect(try await database.read { try $0.query("select 1 as n")[0].int("n") } == 1)
            await database.close()
            await server.stop()
            rmdir(settings.host)
        }
    }

    @Test("folders closed to the server's user are no obstacle") func closedAbove() async throws {
        try await withFolder("/closed/postgres") { folder in
            let above = String(folder.dropLast("/postgres".count))
            mkdir(above, 0o700)
            let server = EmbeddedPostgres(dataDirectory: folder, durability: .none)
            let settings = try await server.start()
            let database = Database(settings: settings, connections: 1)
            #expect(try await database.read { try $0.query("select 1 as n")[0].int("n") } == 1)
            await database.close()
            await server.stop()
        }
    }

    @Test("a folder of another version is refused by name") func wrongVersion() async throws {
        try await withFolder { folder in
            system("mkdir -p '\(folder)/data' && echo 9 > '\(folder)/data/PG_VERSION' && chown -R $(stat -c %u '\(folder)') '\(folder)'")
            let server = EmbeddedPostgres(dataDirectory: folder)
            let error = await #expect(throws: EmbeddedPostgresError.self) { try await server.start() }
            #expect(error.map { "\($0)".contains("was made by PostgreSQL 9") } == true)
        }
    }

    @Test("a start that fails shows the end of the server's log") func failedStart() async throws {
        try await withFolder { folder in
            let server = EmbeddedPostgres(dataDirectory: folder, durability: .none)
            _ = try await server.start()
            await server.stop()
            system("echo 'no_such_setting = 1' >> '\(folder)/data/postgresql.conf'")
            let error = await #expect(throws: EmbeddedPostgresError.self) { try await server.start() }
            #expect(error.map { "\($0)".contains("no_such_setting") } == true)
            #expect(await !server.isRunning)
        }
    }

    @Test("a temporary server leaves nothing behind") func temporary() async throws {
        let server = EmbeddedPostgres.temporary()
        let settings = try await server.start()
        let other = try await server.createDatabase("Other one")
        let database = Database(settings: other, connections: 1)
        #expect(try await database.read { try $0.query("select current_database() as d")[0].text("d") } == "Other one")
        await database.close()
        #expect(access(settings.host, F_OK) == 0)
        await server.stop()
        #expect(access(server.dataDirectory, F_OK) != 0)
    }
}
