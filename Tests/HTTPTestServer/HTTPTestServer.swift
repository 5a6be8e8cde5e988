// SPDX-License-Identifier: Apache-2.0
import Glibc
import Synchronization

/// An HTTP/1.1 server on a port of its own of 127.0.0.1, one thread per connection, that does what a test's handler says.
package final class HTTPTestServer: Sendable {
    package typealias Handler = @Sendable (Request, Connection) -> Void

    package struct Request: Sendable {
        package var method: String
        package var target: String
        package var headers: [String: String]  // by lower-case name
        package var body: [UInt8]
        /// The client's port: what connection it came by.
        package var port: UInt16

        package var path: String { String(target.prefix { $0 != "?" }) }
        package var query: String { String(target.drop { $0 != "?" }.dropFirst()) }
    }

    package let port: UInt16
    package var url: String { "http://127.0.0.1:\(port)" }
    /// The requests received so far, in order.
    package var requests: [Request] { shared.state.withLock { $0.requests } }
    /// How many connections were accepted so far.
    package var connectionsAccepted: Int { shared.state.withLock { $0.accepted } }

    private let shared: Shared
    private let listener: Int32

    package init(_ handler: @escaping Handler) throws {
        // Programs that tests start must not keep it open.
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr = in_addr(s_addr: UInt32(0x7f00_0001).bigEndian)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let (descriptor, size) = (listener, length)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(descriptor, generic, size) == 0 && listen(descriptor, 1_024) == 0
                    && getsockname(descriptor, generic, &length) == 0
            }
        }
        guard isBound else { throw Failure(text: "cannot listen: \(errno)") }
        port = UInt16(bigEndian: address.sin_port)
        shared = Shared(handler: handler)
        let shared = self.shared
        try Self.thread {
            while true {
                let accepted = accept(descriptor, nil, nil)
                if accepted >= 0 { _ = fcntl(accepted, F_SETFD, FD_CLOEXEC) }
                guard accepted >= 0, shared.add(accepted) else {
                    if accepted >= 0 { close(accepted) }
                    shared.endListening(descriptor)
                    return
                }
                let connection = Connection(accepted, shared)
                try? Self.thread { connection.serve() }
            }
        }
    }

    deinit { stop() }

    /// Accepts no more and ends every open connection.
    package func stop() {
        // Under the lock, and never by number alone: a descriptor that was closed may be somebody else's by now.
        shared.state.withLock { state in
            state.isStopped = true
            if state.isListening { shutdown(listener, Int32(SHUT_RDWR)) }
            for descriptor in state.open { shutdown(descriptor, Int32(SHUT_RDWR)) }
        }
    }

    package struct Failure: Error { package let text: String }

    final class Shared: Sendable {
        struct State {
            var requests: [Request] = []
            var accepted = 0
            var open: Set<Int32> = []
            var isListening = true
            var isStopped = false
        }
        let handler: Handler
        let state = Mutex(State())

        init(handler: @escaping Handler) { self.handler = handler }

        func add(_ descriptor: Int32) -> Bool {
            state.withLock { state in
                guard !state.isStopped else { return false }
                state.accepted += 1
                state.open.insert(descriptor)
                return true
            }
        }

        func endListening(_ descriptor: Int32) {
            state.withLock { state in
                state.isListening = false
                close(descriptor)
            }
        }

        func end(_ descriptor: Int32) {
            state.withLock { state in
                state.open.remove(descriptor)
                close(descriptor)
            }
        }
    }

    private final class Job: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    private static func thread(_ body: @escaping @Sendable () -> Void) throws {
        var thread = pthread_t()
        let job = Unmanaged.passRetained(Job(body))
        let code = pthread_create(
            &thread, nil,
            { raw in
                guard let raw else { return nil }
                Unmanaged<Job>.fromOpaque(raw).takeRetainedValue().body()
                return nil
            }, job.toOpaque())
        guard code == 0 else {
            job.release()
            throw Failure(text: "cannot start a thread: \(code)")
        }
        pthread_detach(thread)
    }
}
