// SPDX-License-Identifier: Apache-2.0
internal import CGit2
internal import Glibc

/// The sockets under libgit2's HTTP and TLS.
///
/// libgit2 1.5's own sockets have no time limits: a server that stops answering would hold a thread for ever, and a cancelled
/// caller would wait for it. These ask the thread's `TransferWatch` while they wait.
enum SocketStream {
    private typealias Socket = UnsafeMutablePointer<flotilla_git_socket>

    /// What a thread's transfer says about its sockets.
    private final class Transfer {
        let watch: TransferWatch
        let proxy: ProxySettings?

        init(_ watch: TransferWatch, _ proxy: ProxySettings?) {
            self.watch = watch
            self.proxy = proxy
        }
    }

    private static let transferKey: pthread_key_t = {
        var key = pthread_key_t()
        pthread_key_create(&key, nil)
        return key
    }()

    /// Lets `watch` interrupt what libgit2's sockets do on this thread during `body`, and makes them go through `proxy`.
    static func watched<T>(by watch: TransferWatch, proxy: ProxySettings?, _ body: () throws(GitError) -> T) throws(GitError) -> T {
        let transfer = Transfer(watch, proxy)
        pthread_setspecific(transferKey, Unmanaged.passUnretained(transfer).toOpaque())
        defer {
            pthread_setspecific(transferKey, nil)
            withExtendedLifetime(transfer) {}
        }
        return try body()
    }

    /// Makes libgit2 use these sockets.
    static func register() {
        var registration = git_stream_registration()
        registration.version = GIT_STREAM_VERSION
        registration.`init` = { SocketStream.make($0, host: $1, port: $2) }
        git_stream_register(GIT_STREAM_STANDARD, &registration)
    }

    private static var transfer: Transfer? {
        pthread_getspecific(transferKey).map { Unmanaged<Transfer>.fromOpaque($0).takeUnretainedValue() }
    }

    private static var watch: TransferWatch? { transfer?.watch }

    private static func fail(_ reason: String) {
        git_error_set_str(Int32(GIT_ERROR_NET.rawValue), reason)
    }

    private static func make(
        _ out: UnsafeMutablePointer<UnsafeMutablePointer<git_stream>?>?, host: UnsafePointer<CChar>?, port: UnsafePointer<CChar>?
    ) -> Int32 {
        guard let out, let host, let port else { return -1 }
        let socket = Socket.allocate(capacity: 1)
        var value = flotilla_git_socket()
        value.descriptor = -1
        value.host = strdup(host)
        value.port = strdup(port)
        value.parent.version = GIT_STREAM_VERSION
        value.parent.connect = { SocketStream.connect($0) }
        value.parent.read = { SocketStream.read($0, $1, $2) }
        value.parent.write = { stream, bytes, count, _ in SocketStream.write(stream, bytes, count) }
        value.parent.close = { SocketStream.close($0) }
        value.parent.free = { stream in
            guard let socket = SocketStream.socket(stream) else { return }
            _ = SocketStream.close(stream)
            Glibc.free(socket.pointee.host)
            Glibc.free(socket.pointee.port)
            socket.deallocate()
        }
        socket.initialize(to: value)
        out.pointee = UnsafeMutableRawPointer(socket).assumingMemoryBound(to: git_stream.self)
        return 0
    }

    /// The parent is the first member, so both have one address.
    private static func socket(_ stream: UnsafeMutablePointer<git_stream>?) -> Socket? {
        stream.map { UnsafeMutableRawPointer($0).assumingMemoryBound(to: flotilla_git_socket.self) }
    }

    private static func connect(_ stream: UnsafeMutablePointer<git_stream>?) -> Int32 {
        guard let socket = socket(stream) else { return -1 }
        do throws(WatchedSocket.Failure) {
            socket.pointee.descriptor = try WatchedSocket.connect(
                host: String(cString: socket.pointee.host), port: String(cString: socket.pointee.port), proxy: transfer?.proxy,
                watch: watch)
            return 0
        } catch {
            fail(error.reason)
            return -1
        }
    }

    private static func read(_ stream: UnsafeMutablePointer<git_stream>?, _ buffer: UnsafeMutableRawPointer?, _ count: Int) -> Int {
        guard let socket = socket(stream) else { return -1 }
        let descriptor = socket.pointee.descriptor
        while true {
            let received = recv(descriptor, buffer, count, 0)
            if received >= 0 {
                guard watch?.arrived(received) ?? true else {
                    fail("receiving was given up")
                    return -1
                }
                return received
            }
            guard errno == EAGAIN || errno == EINTR else {
                fail("receiving failed: \(LocalFiles.reason())")
                return -1
            }
            let patience = watch?.limits.idleTimeout ?? .seconds(60)
            guard WatchedSocket.wait(descriptor, for: POLLIN, patience: patience, doing: "receiving", watch: watch) else {
                fail("receiving was given up")
                return -1
            }
        }
    }

    private static func write(_ stream: UnsafeMutablePointer<git_stream>?, _ bytes: UnsafePointer<CChar>?, _ count: Int) -> Int {
        guard let socket = socket(stream) else { return -1 }
        let descriptor = socket.pointee.descriptor
        while true {
            let sent = send(descriptor, bytes, count, Int32(MSG_NOSIGNAL))
            if sent >= 0 { return sent }
            guard errno == EAGAIN || errno == EINTR else {
                fail("sending failed: \(LocalFiles.reason())")
                return -1
            }
            let patience = watch?.limits.idleTimeout ?? .seconds(60)
            guard WatchedSocket.wait(descriptor, for: POLLOUT, patience: patience, doing: "sending", watch: watch) else {
                fail("sending was given up")
                return -1
            }
        }
    }

    private static func close(_ stream: UnsafeMutablePointer<git_stream>?) -> Int32 {
        guard let socket = socket(stream), socket.pointee.descriptor >= 0 else { return 0 }
        Glibc.close(socket.pointee.descriptor)
        socket.pointee.descriptor = -1
        return 0
    }
}
