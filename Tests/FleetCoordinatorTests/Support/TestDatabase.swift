// SPDX-License-Identifier: Apache-2.0
import Logging
import PostgresClient

/// One real PostgreSQL for all tests of this target; each test takes a database of its own.
actor TestDatabase {
    static let shared = TestDatabase()

    private var server: EmbeddedPostgres?
    private var starting: Task<EmbeddedPostgres, any Error>?
    private var count = 0

    private func running() async throws -> EmbeddedPostgres {
        if let starting { return try await starting.value }
        let task = Task {
            let server = EmbeddedPostgres.temporary()
            _ = try await server.start()
            self.server = server
            return server
        }
        starting = task
        return try await task.value
    }

    /// Where the server keeps its files; empty before the first database.
    var folder: String { server?.dataDirectory ?? "" }

    /// A fresh, empty database.
    func make(connections: Int = 4) async throws -> Database {
        let server = try await running()
        count += 1
        let settings = try await server.createDatabase("test_\(count)")
        var logger = Logger(label: "test")
        logger.logLevel = .error
        return Database(settings: settings, connections: connections, logger: logger)
    }
}
