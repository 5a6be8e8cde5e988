// SPDX-License-Identifier: Apache-2.0
import Glibc
import PostgresClient
import Synchronization
import Testing

/// One server for all tests of a run, and a fresh database for each test.
actor TestServer {
    static let shared = TestServer()

    private let server = EmbeddedPostgres.temporary()
    private var starting: Task<ConnectionSettings, any Error>?
    private var databases = 0

    /// The settings of a new empty database.
    func database() async throws -> ConnectionSettings {
        let task =
            starting
            ?? Task {
                let settings = try await server.start()
                // The kernel stops the server with this process; the folder is removed here.
                folderToRemove.withLock { $0 = server.dataDirectory }
                atexit { removeFolder() }
                return settings
            }
        starting = task
        _ = try await task.value
        databases += 1
        return try await server.createDatabase("test_\(databases)")
    }
}

private let folderToRemove = Mutex("")

private func removeFolder() {
    let folder = folderToRemove.withLock { $0 }
    if folder.contains("/flotilla-postgres-") {
        system("kill -9 $(head -1 '\(folder)/data/postmaster.pid') 2> /dev/null; rm -rf '\(folder)'")
    }
}

/// Runs `body` with a database of its own.
func withDatabase(connections: Int = 4, _ body: (Database) async throws -> Void) async throws {
    let database = Database(settings: try await TestServer.shared.database(), connections: connections)
    do {
        try await body(database)
    } catch {
        await database.close()
        throw error
    }
    await database.close()
}

/// Waits until a query of `database` returns rows: a condition of the server that cannot be awaited otherwise.
func waitUntil(_ database: Database, _ sql: String, _ parameters: [PostgresValue] = []) async throws {
    while try await database.read({ try $0.query(sql, parameters).isEmpty }) { await Task.yield() }
}

/// Whether `error` is a `PostgresError` of this kind.
func isPostgresError(_ error: any Error, _ kind: PostgresError.Kind) -> Bool { (error as? PostgresError)?.kind == kind }

/// Opens once; tasks may wait for it.
final class Gate: Sendable {
    private let state = Mutex<(isOpen: Bool, waiting: [CheckedContinuation<Void, Never>])>((false, []))

    func open() {
        let waiting = state.withLock { state in
            defer { state = (true, []) }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    func opened() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }
}

/// Counts calls from several threads.
final class Count: Sendable {
    private let count = Mutex(0)
    var value: Int { count.withLock { $0 } }

    @discardableResult func next() -> Int {
        count.withLock { count in
            count += 1
            return count
        }
    }
}
