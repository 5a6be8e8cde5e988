// SPDX-License-Identifier: Apache-2.0
import Logging
import Synchronization
import Threads

/// One of the pool's places: a thread, and a connection that is made at first use and again after it was lost.
actor Link {
    private let executor: ThreadExecutor
    private let settings: ConnectionSettings
    private let logger: Logger
    private let wakeUp = WakeUp()
    private var connection: Connection?

    init(number: Int, settings: ConnectionSettings, logger: Logger) {
        executor = ThreadExecutor(name: "postgres-\(number)")
        self.settings = settings
        self.logger = logger
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Runs `body` with a live connection, between `begin` and `COMMIT` when `begin` is given.
    ///
    /// Afterwards the connection is idle outside any transaction, or gone.
    func run<T: Sendable>(
        begin: String?, deadline: ContinuousClock.Instant?, interruption: Interruption, _ body: @Sendable (Session) throws -> T
    ) throws -> T {
        interruption.attach(wakeUp)
        defer { interruption.detach() }
        let connection = try live(deadline, interruption)
        connection.interruption = interruption
        connection.deadline = deadline
        let session = Session(connection, begin: begin)
        defer { tidy(connection) }
        let value: T
        do {
            defer { session.close() }
            value = try body(session)
        }
        // In `read` there is nothing to commit but what a body itself began: that is rolled back.
        if begin != nil { try session.commit() }
        return value
    }

    func close() {
        connection = nil
        executor.stop()
    }

    private func live(_ deadline: ContinuousClock.Instant?, _ interruption: Interruption) throws(PostgresError) -> Connection {
        if let connection {
            if connection.isAlive() { return connection }
            logger.info("the connection to \(settings) was lost; connecting again")
            self.connection = nil
        }
        let connection = try Connection(
            settings, applicationName: "flotilla", wakeUp: wakeUp, interruption: interruption, deadline: deadline, logger: logger)
        self.connection = connection
        return connection
    }

    private func tidy(_ connection: Connection) {
        connection.interruption = nil
        connection.deadline = nil
        if connection.failure == nil, connection.isInTransaction {
            // A late request to stop may hit the rollback; the second is out of its reach.
            for _ in 0..<2 where connection.failure == nil && connection.isInTransaction {
                connection.deadline = ContinuousClock.now + .seconds(10)
                _ = try? connection.pipeline(commands: ["ROLLBACK"], [])
            }
            connection.deadline = nil
            if connection.isInTransaction { self.connection = nil }
        }
        if connection.failure != nil { self.connection = nil }
    }
}
