// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// TCP connections that never wait longer than a `TransferWatch` allows; blocking.
enum WatchedSocket {
    struct Failure: Error {
        let reason: String
    }

    /// How often a waiting socket looks at its watch.
    private static let sliceMilliseconds: Int32 = 100

    /// Connects to `host`, through `proxy` where that is for it, and gives a descriptor that does not block.
    static func connect(host: String, port: String, proxy: ProxySettings?, watch: TransferWatch?) throws(Failure) -> Int32 {
        guard let proxy, proxy.applies(to: host, port: Int(port) ?? 0) else { return try connect(host: host, port: port, watch: watch) }
        let descriptor: Int32
        do throws(Failure) {
            descriptor = try connect(host: proxy.host, port: String(proxy.port), watch: watch)
        } catch {
            throw Failure(reason: "the proxy \(proxy): \(error.reason)")
        }
        do throws(Failure) {
            try ProxyTunnel(proxy: proxy, descriptor: descriptor, watch: watch).open(host: host, port: port)
            return descriptor
        } catch {
            close(descriptor)
            throw error
        }
    }

    /// Connects to the first address of `host` that answers.
    private static func connect(host: String, port: String, watch: TransferWatch?) throws(Failure) -> Int32 {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_family = AF_UNSPEC
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, port, &hints, &list)
        guard code == 0 else { throw Failure(reason: "\(host): \(String(cString: gai_strerror(code)))") }
        defer { freeaddrinfo(list) }
        var reason = "no address"
        var next = list
        while let address = next?.pointee {
            next = address.ai_next
            guard watch?.mayContinue() ?? true else { break }
            let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
            let descriptor = socket(address.ai_family, kind, address.ai_protocol)
            guard descriptor >= 0 else {
                reason = LocalFiles.reason()
                continue
            }
            if Glibc.connect(descriptor, address.ai_addr, address.ai_addrlen) == 0
                || connected(descriptor, watch: watch, reason: &reason)
            {
                return descriptor
            }
            close(descriptor)
        }
        throw Failure(reason: "connecting to \(host) failed: \(reason)")
    }

    private static func connected(_ descriptor: Int32, watch: TransferWatch?, reason: inout String) -> Bool {
        guard errno == EINPROGRESS else {
            reason = LocalFiles.reason()
            return false
        }
        let patience = watch?.limits.connectTimeout ?? .seconds(15)
        guard wait(descriptor, for: POLLOUT, patience: patience, doing: "connecting", watch: watch) else {
            reason = "no answer within \(patience)"
            return false
        }
        var code: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size)
        if code != 0 { reason = String(cString: strerror(code)) }
        return code == 0
    }

    /// Waits until the socket is ready; `false` when the time is over or the watch says stop.
    static func wait(_ descriptor: Int32, for events: Int32, patience: Duration, doing what: String, watch: TransferWatch?) -> Bool {
        let deadline = ContinuousClock.now + patience
        var poll = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        while true {
            guard watch?.mayContinue() ?? true else { return false }
            let ready = Glibc.poll(&poll, 1, sliceMilliseconds)
            if ready > 0 { return true }
            if ready < 0 && errno != EINTR { return true }
            if ContinuousClock.now > deadline {
                watch?.interrupt(.timedOut(reason: "nothing for \(patience) while \(what)"))
                return false
            }
        }
    }
}
