// SPDX-License-Identifier: Apache-2.0
import PostgresClient
import Testing

@Suite("ConnectionSettings") struct ConnectionSettingsTests {
    @Test("reads a whole URL and hides its password") func whole() throws {
        let settings = try ConnectionSettings(
            url: "postgresql://fleet%40x:s%3Acret%2F@db.example.org:6432/flo%20tilla?sslmode=verify-full&connect_timeout=3")
        #expect(settings.host == "db.example.org")
        #expect(settings.port == "6432")
        #expect(settings.user == "fleet@x")
        #expect(settings.password == "s:cret/")
        #expect(settings.database == "flo tilla")
        #expect(settings.options == ["sslmode": "verify-full"])
        #expect(settings.connectTimeout == .seconds(3))
        for text in ["\(settings)", String(reflecting: settings), "\(Mirror(reflecting: settings).children.map { "\($0)" })"] {
            #expect(!text.contains("cret"))
        }
        var dumped = ""
        dump(settings, to: &dumped)
        #expect(!dumped.contains("cret"))
    }

    @Test(
        "finds Unix sockets, several hosts and IPv6",
        arguments: [
            ("postgresql:///app?host=/run/postgresql", "/run/postgresql", "5432", "app"),
            ("postgres://me@%2Ftmp%2Fx:5433/app", "/tmp/x", "5433", "app"),
            ("postgresql://a,b:5433/app", "a,b", "5432,5433", "app"),
            ("postgresql://[::1]:99/app", "::1", "99", "app"),
            ("postgresql://me@", "localhost", "5432", "me"),
        ])
    func places(url: String, host: String, port: String, database: String) throws {
        let settings = try ConnectionSettings(url: url)
        #expect(settings.host == host)
        #expect(settings.port == port)
        #expect(settings.database == database)
    }

    @Test(
        "refuses what is no database URL without repeating it",
        arguments: [
            "mysql://u:secret@h/d", "postgresql://u:secret@h:http/d", "postgresql://u:secret%zz@h/d", "postgresql://u:secret@[::1/d",
            "postgresql://u:secret@h/d?sslmode", "postgresql://u:secret@h/d?connect_timeout=x",
        ])
    func refused(url: String) {
        let error = #expect(throws: ConnectionSettingsError.self) { try ConnectionSettings(url: url) }
        #expect(error.map { !"\($0)".contains("secret") } == true)
    }

    @Test("a wrong password or a missing server is an error without the password") func unreachable() async {
        let settings = ConnectionSettings(
            host: "/nonexistent", database: "x", user: "u", password: "secret", connectTimeout: .seconds(1))
        var retries = Database.Retries()
        retries.attemptsMax = 2
        let database = Database(settings: settings, connections: 1, retries: retries)
        do {
            _ = try await database.read { try $0.query("select 1") }
            Issue.record("there is no server")
        } catch {
            #expect(isPostgresError(error, .connectionLost))
            #expect((error as? PostgresError)?.isRetryable == true)
            #expect(!"\(error)".contains("secret"))
            #expect("\(error)".contains("/nonexistent"))
        }
        await database.close()
    }
}
