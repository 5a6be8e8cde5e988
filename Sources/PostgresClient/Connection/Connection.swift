// SPDX-License-Identifier: Apache-2.0
import CPostgres
import Glibc
import Logging

/// One connection to the server; used only on the thread that made it.
///
/// The socket is never waited for inside libpq: `Connection+Waiting` polls it together with the wake-up of an `Interruption`,
/// so that a wait ends by an answer, a deadline or a cancellation.
final class Connection {
    let pointer: OpaquePointer
    let wakeUp: WakeUp
    private let notices: NoticeLog

    /// Statements known to the server, by their text.
    var prepared: [String: String] = [:]
    var preparedCount = 0
    /// Set once nothing can be asked of this connection any more.
    var failure: PostgresError?

    var interruption: Interruption?
    var deadline: ContinuousClock.Instant?
    /// The running statements are being stopped: why, since when, and when to ask again.
    var stopping: (reason: PostgresError.Kind, since: ContinuousClock.Instant, askAgain: ContinuousClock.Instant)?

    /// Connects; blocks until the server has answered, `settings.connectTimeout` or `deadline` has passed, or the caller cancelled.
    init(
        _ settings: ConnectionSettings, applicationName: String, wakeUp: WakeUp, interruption: Interruption?,
        deadline: ContinuousClock.Instant?, logger: Logger
    ) throws(PostgresError) {
        let pairs = settings.keywords(applicationName: applicationName)
        guard let pointer = Self.start(pairs) else { throw PostgresError(.connectionLost, "no memory for a connection") }
        self.pointer = pointer
        self.wakeUp = wakeUp
        self.interruption = interruption
        notices = NoticeLog(logger: logger)
        // From here on `deinit` closes the connection.
        PQsetNoticeProcessor(
            pointer,
            { context, message in
                guard let context, let message else { return }
                Unmanaged<NoticeLog>.fromOpaque(context).takeUnretainedValue().add(String(cString: message))
            }, Unmanaged.passUnretained(notices).toOpaque())
        let limit = ContinuousClock.now + settings.connectTimeout
        self.deadline = deadline.map { min($0, limit) } ?? limit
        do throws(PostgresError) {
            try connect()
        } catch {
            throw error.kind == .timeout && deadline.map({ limit < $0 }) ?? true
                ? PostgresError(.connectionLost, "\(settings) did not answer within \(settings.connectTimeout)") : error
        }
        self.deadline = nil
        self.interruption = nil
        PQsetnonblocking(pointer, 1)
    }

    deinit { PQfinish(pointer) }

    private static func start(_ pairs: [(String, String)]) -> OpaquePointer? {
        var names = pairs.map { UnsafePointer<CChar>(strdup($0.0)) } + [nil]
        var values = pairs.map { UnsafePointer<CChar>(strdup($0.1)) } + [nil]
        defer { for text in names + values { free(UnsafeMutablePointer(mutating: text)) } }
        return PQconnectStartParams(&names, &values, 0)
    }

    private func connect() throws(PostgresError) {
        guard PQstatus(pointer) != CONNECTION_BAD else { throw connectError() }
        var wants = Int16(POLLOUT)
        while true {
            try waitForSocket(wants)
            switch PQconnectPoll(pointer) {
            case PGRES_POLLING_READING: wants = Int16(POLLIN)
            case PGRES_POLLING_WRITING: wants = Int16(POLLOUT)
            case PGRES_POLLING_OK: return
            default: throw connectError()
            }
        }
    }

    /// libpq's message says host, port and reason; it never holds the password. The code is in it only where the server sent one.
    private func connectError() -> PostgresError {
        var error = PostgresError(.connectionLost, lastMessage)
        // libpq keeps no code of a refused connection; these are the server's own words (postmaster.c, in English or by `LC_MESSAGES`).
        if error.message.contains("starting up") || error.message.contains("shutting down") { error.sqlState = "57P03" }
        if error.message.contains("too many clients") || error.message.contains("remaining connection slots") { error.sqlState = "53300" }
        return error
    }

    // MARK: State

    var lastMessage: String {
        let text = PQerrorMessage(pointer).map { String(cString: $0) } ?? ""
        let lines = text.split(whereSeparator: \.isNewline)
        return lines.isEmpty ? "the connection broke" : lines.joined(separator: "; ")
    }

    /// Whether the connection can take statements: also reads what the server said while nobody asked.
    func isAlive() -> Bool {
        guard failure == nil, PQstatus(pointer) == CONNECTION_OK else { return false }
        while true {
            var handle = pollfd(fd: PQsocket(pointer), events: Int16(POLLIN), revents: 0)
            guard poll(&handle, 1, 0) > 0 else { return true }
            guard PQconsumeInput(pointer) == 1, PQstatus(pointer) == CONNECTION_OK else { return false }
            // Parses what came, so that a goodbye does not stay in the buffer.
            _ = PQisBusy(pointer)
            discardNotifications()
        }
    }

    var isInTransaction: Bool { PQtransactionStatus(pointer) != PQTRANS_IDLE }
    var isInFailedTransaction: Bool { PQtransactionStatus(pointer) == PQTRANS_INERROR }

    /// Marks the connection as unusable and says why.
    func lost(_ message: String? = nil, sqlState: String = "") -> PostgresError {
        if let failure { return failure }
        var error = PostgresError(.connectionLost, message ?? lastMessage)
        error.sqlState = sqlState
        failure = error
        return error
    }

    func discardNotifications() {
        while let notification = PQnotifies(pointer) { PQfreemem(notification) }
    }
}

/// Takes the server's notices, which libpq would print.
private final class NoticeLog {
    private let logger: Logger

    init(logger: Logger) { self.logger = logger }

    func add(_ message: String) {
        logger.debug("PostgreSQL: \(message.split(whereSeparator: \.isNewline).joined(separator: "; "))")
    }
}
