// SPDX-License-Identifier: Apache-2.0
package import Logging
import Synchronization
import Threads

/// A PostgreSQL database and a pool of connections to it, each on a thread of its own.
///
/// Connections are made when they are needed and made again after they were lost. A body is synchronous and runs on its connection's
/// thread: one hop for a whole transaction.
package final class Database: Sendable {
    /// How far a transaction is kept apart from others (PostgreSQL manual, 13.2).
    package enum Isolation: String, Sendable {
        case readCommitted = "READ COMMITTED"
        case repeatableRead = "REPEATABLE READ"
        case serializable = "SERIALIZABLE"
    }

    /// How often a body is run again after a conflict or a lost connection.
    package struct Retries: Sendable {
        /// Runs of a body, the first one included.
        package var attemptsMax = 10
        /// The longest pause before the second run; doubled for each further one, up to `pauseMax`. The pause is drawn between 0 and that.
        package var pause: Duration = .milliseconds(10)
        package var pauseMax: Duration = .seconds(1)

        package init() {}
    }

    package let settings: ConnectionSettings
    private let pool: LinkPool
    private let retries: Retries
    private let logger: Logger
    private let listeners = Mutex<(isClosed: Bool, open: [ObjectIdentifier: Listener])>((false, [:]))

    /// Makes a pool; connects to nothing yet.
    /// - Parameters:
    ///   - connections: how many connections, and threads, there may be.
    ///   - waitersMax: how many callers may wait for a connection; a further one gets `PostgresError` of kind `poolExhausted`.
    package init(
        settings: ConnectionSettings, connections: Int = 4, waitersMax: Int = 10_000, retries: Retries = Retries(),
        logger: Logger = Logger(label: "flotilla.postgres")
    ) {
        self.settings = settings
        self.retries = retries
        self.logger = logger
        pool = LinkPool(settings: settings, size: connections, waitersMax: waitersMax, logger: logger)
    }

    /// Ends the listeners, refuses new callers and those in line, waits for bodies under way, and closes all connections.
    package func close() async {
        let open = listeners.withLock { listeners in
            defer { listeners = (true, [:]) }
            return listeners.open
        }
        for listener in open.values { listener.stop() }
        await pool.close()
    }

    /// Runs `body` in a transaction and commits when it returns; rolls back when it throws.
    ///
    /// The body is run again when the transaction lost against another one (SQLSTATE 40001, 40P01) and when the connection broke
    /// before the commit was sent: it must have no effects but those in the database. A transaction opens with its first statement.
    /// - Parameters:
    ///   - timeout: for everything, waiting for a connection and repetitions included; `nil` is no limit.
    /// - Throws: `PostgresError`, and whatever `body` throws. Of kind `commitUnknown` when the connection broke during the commit,
    ///   `cancelled` when the calling task was cancelled, `timeout` when the time ran out; in the latter two nothing was committed.
    @discardableResult
    package func transaction<T: Sendable>(
        _ isolation: Isolation = .readCommitted, timeout: Duration? = .seconds(30),
        _ body: @escaping @Sendable (Session) throws -> T
    ) async throws -> T {
        try await run(begin: "BEGIN ISOLATION LEVEL \(isolation.rawValue)", timeout: timeout, body)
    }

    /// Runs `body` outside a transaction: each statement, and each pipeline, commits by itself.
    ///
    /// After a conflict or a lost connection the whole body is run again, so its statements must be ones that may be repeated.
    @discardableResult
    package func read<T: Sendable>(
        timeout: Duration? = .seconds(30), _ body: @escaping @Sendable (Session) throws -> T
    ) async throws -> T {
        try await run(begin: nil, timeout: timeout, body)
    }

    /// Notifications of `channels`, from a connection and thread of their own.
    ///
    /// `.reconnected` comes first, once the server listens, and again whenever notifications may have been missed: after a lost
    /// connection, and when the reader was too slow and older elements were dropped. The stream ends when its reader does, or with `close`.
    /// - Parameter bufferMax: elements kept for a slow reader; the newest ones.
    package func listen(channels: [String], bufferMax: Int = 1024) -> AsyncStream<Notification> {
        let (stream, continuation) = AsyncStream.makeStream(of: Notification.self, bufferingPolicy: .bufferingNewest(max(2, bufferMax)))
        let listener = Listener(settings: settings, channels: channels, continuation: continuation, logger: logger)
        let isOpen = listeners.withLock { listeners in
            if !listeners.isClosed { listeners.open[ObjectIdentifier(listener)] = listener }
            return !listeners.isClosed
        }
        guard isOpen else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [weak self] _ in
            listener.stop()
            _ = self?.listeners.withLock { $0.open.removeValue(forKey: ObjectIdentifier(listener)) }
        }
        listener.start()
        return stream
    }

    private func run<T: Sendable>(
        begin: String?, timeout: Duration?, _ body: @escaping @Sendable (Session) throws -> T
    ) async throws -> T {
        let deadline = timeout.map { ContinuousClock.now + $0 }
        let interruption = Interruption()
        return try await withTaskCancellationHandler {
            var pauseMax = retries.pause
            var attempt = 1
            while true {
                do {
                    let link = try await pool.acquire(until: deadline)
                    defer { pool.release(link) }
                    return try await link.run(begin: begin, deadline: deadline, interruption: interruption, body)
                } catch let error as PostgresError where error.isConflict || error.kind == .connectionLost {
                    let pause = pauseMax * Double.random(in: 0...1)
                    guard attempt < retries.attemptsMax, deadline.map({ ContinuousClock.now + pause < $0 }) ?? true else { throw error }
                    logger.debug("attempt \(attempt) of a database transaction failed, trying again: \(error)")
                    attempt += 1
                    pauseMax = min(pauseMax * 2, retries.pauseMax)
                    // Interrupted by a cancellation; the next attempt then reports it.
                    try? await Task.sleep(for: pause)
                }
            }
        } onCancel: {
            interruption.cancel()
        }
    }
}
