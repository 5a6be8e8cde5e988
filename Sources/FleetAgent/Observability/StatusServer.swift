// SPDX-License-Identifier: Apache-2.0
import Glibc
import Synchronization
import Threads

/// Serves a few small pages over HTTP/1.1, one request per connection, on a thread of its own.
///
/// It answers also when nothing else of the program goes on, which is what it is asked about. Few connections are served at once, each
/// for a few seconds; more wait in the kernel's queue.
package final class StatusServer: Sendable {
    private let listener: Int32
    /// The writing end of a pipe: closed when serving is to end.
    private let alarm: Int32
    private let thread = ThreadExecutor(name: "status")
    private let ended = Wakeup()
    let address: ListenAddress

    private static let connectionsMax = 8
    private static let patience = Duration.seconds(5)

    /// Listens, and serves from now on.
    /// - Throws: `StateError` where the address cannot be listened on.
    init(_ address: ListenAddress, answer: @escaping @Sendable (String) -> StatusAnswer?) throws(StateError) {
        listener = try address.listen()
        self.address = address.bound(by: listener)
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            let error = StateError.last("pipe")
            close(listener)
            throw error
        }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        alarm = ends[1]
        thread.start { [listener, ended, rung = ends[0]] in
            Self.serve(listener, rung, answer)
            close(listener)
            close(rung)
            ended.wake()
        }
    }

    /// Ends serving; connections are closed. To be called once.
    func stop() async {
        close(alarm)
        thread.stop()
        // Not for a cancelled task to skip: afterwards the address is free.
        await Task { [ended] in await ended.wait() }.value
    }

    // MARK: The thread

    private struct Connection {
        var descriptor: Int32
        var request = StatusRequest()
        var rest: ArraySlice<UInt8> = []
        /// The answer has been sent; only what the client still sends is waited for, so that closing does not take the answer back.
        var isDraining = false
        var deadline: ContinuousClock.Instant
    }

    private static func serve(_ listener: Int32, _ alarm: Int32, _ answer: (String) -> StatusAnswer?) {
        var connections: [Connection] = []
        defer { for connection in connections { close(connection.descriptor) } }
        while true {
            var polled = [pollfd(fd: alarm, events: Int16(POLLIN), revents: 0)]
            // While all places are taken, new connections wait.
            polled.append(pollfd(fd: connections.count < connectionsMax ? listener : -1, events: Int16(POLLIN), revents: 0))
            for connection in connections {
                polled.append(
                    pollfd(fd: connection.descriptor, events: Int16(connection.rest.isEmpty ? POLLIN : POLLOUT), revents: 0))
            }
            let now = ContinuousClock.now
            let wait = connections.map { $0.deadline - now }.min().map { Int32(max(0, $0 / .milliseconds(1)) + 1) } ?? -1
            guard poll(&polled, nfds_t(polled.count), wait) >= 0 || errno == EINTR else { return }
            if polled[0].revents != 0 { return }
            for index in connections.indices.reversed() {
                let isDue = ContinuousClock.now >= connections[index].deadline
                let isOver = polled[index + 2].revents != 0 ? advance(&connections[index], answer) : false
                if isOver || isDue {
                    close(connections[index].descriptor)
                    connections.remove(at: index)
                }
            }
            if polled[1].revents != 0 { accept(listener, &connections) }
        }
    }

    private static func accept(_ listener: Int32, _ connections: inout [Connection]) {
        let descriptor = Glibc.accept(listener, nil, nil)
        guard descriptor >= 0 else {
            // Out of descriptors: the connection stays in the queue, and must not make this a busy loop.
            if errno == EMFILE || errno == ENFILE { usleep(100_000) }
            return
        }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        connections.append(Connection(descriptor: descriptor, deadline: ContinuousClock.now + patience))
    }

    /// Reads or writes what can be. Returns whether the connection is over.
    private static func advance(_ connection: inout Connection, _ answer: (String) -> StatusAnswer?) -> Bool {
        if connection.rest.isEmpty {
            var buffer = [UInt8](repeating: 0, count: 2_048)
            let count = recv(connection.descriptor, &buffer, buffer.count, 0)
            if count < 0 { return errno != EAGAIN && errno != EINTR }
            if count == 0 { return true }
            if connection.isDraining { return false }
            guard let bytes = connection.request.take(buffer[..<count], answer) else { return false }
            connection.rest = bytes[...]
        }
        let sent = connection.rest.withUnsafeBytes { Glibc.send(connection.descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        if sent < 0 { return errno != EAGAIN && errno != EINTR }
        connection.rest = connection.rest.dropFirst(sent)
        guard connection.rest.isEmpty else { return false }
        shutdown(connection.descriptor, Int32(SHUT_WR))
        connection.isDraining = true
        return false
    }
}
