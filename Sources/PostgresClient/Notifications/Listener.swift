// SPDX-License-Identifier: Apache-2.0
import CPostgres
import Glibc
import Logging
import Threads

/// Keeps one connection listening, on its own thread, and connects again when it is lost.
final class Listener: Sendable {
    private static let pauseMin: Duration = .milliseconds(50)
    private static let pauseMax: Duration = .seconds(5)

    private let settings: ConnectionSettings
    private let channels: [String]
    private let continuation: AsyncStream<Notification>.Continuation
    private let logger: Logger
    private let interruption = Interruption()
    private let wakeUp = WakeUp()
    private let executor = ThreadExecutor(name: "postgres-listen")

    init(settings: ConnectionSettings, channels: [String], continuation: AsyncStream<Notification>.Continuation, logger: Logger) {
        self.settings = settings
        self.channels = channels
        self.continuation = continuation
        self.logger = logger
        interruption.attach(wakeUp)
    }

    func start() {
        executor.start { self.loop() }
        executor.stop()
    }

    /// Ends the stream and the thread; does not wait.
    func stop() {
        interruption.cancel()
        continuation.finish()
    }

    private func loop() {
        var pause = Self.pauseMin
        while !interruption.isCancelled {
            do {
                let connection = try connect()
                pause = Self.pauseMin
                yield(.reconnected)
                try receive(connection)
            } catch {
                if interruption.isCancelled { break }
                logger.warning("listening to \(settings) was interrupted, connecting again: \(error)")
                _ = wakeUp.wait(atMost: pause * Double.random(in: 0.5...1))
                pause = min(pause * 2, Self.pauseMax)
            }
        }
    }

    private func connect() throws(PostgresError) -> Connection {
        let connection = try Connection(
            settings, applicationName: "flotilla-listen", wakeUp: wakeUp, interruption: interruption, deadline: nil, logger: logger)
        connection.interruption = interruption
        try connection.script(channels.map { "LISTEN \(Session.quoted($0))" }.joined(separator: "; "))
        return connection
    }

    private func receive(_ connection: Connection) throws(PostgresError) {
        while true {
            while let notification = PQnotifies(connection.pointer) {
                let channel = String(cString: notification.pointee.relname)
                let payload = String(cString: notification.pointee.extra)
                PQfreemem(notification)
                yield(.message(channel: channel, payload: payload))
            }
            try connection.waitForSocket(Int16(POLLIN))
            guard PQconsumeInput(connection.pointer) == 1, PQstatus(connection.pointer) == CONNECTION_OK else { throw connection.lost() }
        }
    }

    private func yield(_ notification: Notification) {
        // Something was pushed out: the reader must read again, as after a lost connection.
        if case .dropped = continuation.yield(notification), notification != .reconnected { continuation.yield(.reconnected) }
    }
}
