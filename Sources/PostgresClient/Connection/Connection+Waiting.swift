// SPDX-License-Identifier: Apache-2.0
import CPostgres
import Glibc

extension Connection {
    /// How long a statement that was asked to stop may take before the connection is given up.
    private static let stopPatience: Duration = .seconds(10)

    /// Blocks until the socket is ready for one of `events` (`POLLIN`, `POLLOUT`).
    ///
    /// While statements run (`stopping` may be set) a deadline or a cancellation first asks the server to stop them: their results,
    /// with SQLSTATE 57014, end the wait. While connecting it ends the wait at once.
    func waitForSocket(_ events: Int16, stoppable: Bool = false) throws(PostgresError) {
        while true {
            try stopIfAsked(stoppable: stoppable)
            var handles = [
                pollfd(fd: PQsocket(pointer), events: events, revents: 0),
                pollfd(fd: wakeUp.descriptor, events: Int16(POLLIN), revents: 0),
            ]
            guard handles[0].fd >= 0 else { throw lost() }
            // Once it has been heeded, the wake-up would end every poll. Not "once it has been given": a cancellation that comes after
            // `stopIfAsked` looked must end this poll.
            let count: nfds_t = interruption == nil || stopping != nil ? 1 : 2
            let until = stopping?.askAgain ?? deadline
            let ready = poll(&handles, count, until?.pollMilliseconds ?? -1)
            if ready < 0 && errno != EINTR { throw lost("waiting for the server failed: \(String(cString: strerror(errno)))") }
            if ready > 0 && handles[0].revents != 0 { return }
        }
    }

    private func stopIfAsked(stoppable: Bool) throws(PostgresError) {
        let now = ContinuousClock.now
        if let stopping {
            // Asked a moment ago: its answer is waited for.
            guard now >= stopping.askAgain else { return }
            guard now < stopping.since + Self.stopPatience else {
                _ = lost("the server did not stop a statement within \(Self.stopPatience)")
                throw stopError(stopping.reason)
            }
        }
        let reason: PostgresError.Kind? =
            stopping?.reason ?? (interruption?.isCancelled == true ? .cancelled : deadline.map { now >= $0 } == true ? .timeout : nil)
        guard let reason else { return }
        guard stoppable else { throw stopError(reason) }
        // The server ignores a request that overtakes its statement: so it is repeated until the statement has ended.
        askToStop()
        stopping = (reason, stopping?.since ?? now, ContinuousClock.now + .milliseconds(100))
    }

    func stopError(_ reason: PostgresError.Kind) -> PostgresError {
        var error = PostgresError(
            reason, reason == .cancelled ? "the caller was cancelled" : "the time allowed for the database call ran out")
        error.sqlState = "57014"
        return error
    }

    /// Asks over a connection of its own; blocks some milliseconds, bounded by the connection's TCP time-outs.
    private func askToStop() {
        guard let handle = PQgetCancel(pointer) else { return }
        defer { PQfreeCancel(handle) }
        var reason = [CChar](repeating: 0, count: 256)
        // A failure shows by the statement not ending.
        _ = PQcancel(handle, &reason, Int32(reason.count))
    }

    /// Refuses to start anything for a caller that was cancelled or whose time is over.
    func checkCaller() throws(PostgresError) {
        if let failure { throw failure }
        if interruption?.isCancelled == true { throw stopError(.cancelled) }
        if let deadline, ContinuousClock.now >= deadline { throw stopError(.timeout) }
    }

    /// Sends all that is buffered, reading meanwhile so that the server never waits for us while we wait for it.
    func flush() throws(PostgresError) {
        while true {
            switch PQflush(pointer) {
            case 0: return
            case 1:
                try waitForSocket(Int16(POLLIN | POLLOUT), stoppable: true)
                try consume()
            default: throw lost()
            }
        }
    }

    /// The next result; `nil` at the end of a statement's results.
    func nextResult() throws(PostgresError) -> OpaquePointer? {
        while PQisBusy(pointer) == 1 {
            let unsent = PQflush(pointer)
            guard unsent >= 0 else { throw lost() }
            try waitForSocket(Int16(unsent == 1 ? POLLIN | POLLOUT : POLLIN), stoppable: true)
            try consume()
        }
        return PQgetResult(pointer)
    }

    /// Reads what has arrived. A closed socket is no error as long as unread results may hold the server's reason for closing it.
    func consume() throws(PostgresError) {
        if PQconsumeInput(pointer) != 1 && PQisBusy(pointer) == 1 && PQstatus(pointer) == CONNECTION_BAD { throw lost() }
    }
}
