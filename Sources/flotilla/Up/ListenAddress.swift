// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Where something listens: `127.0.0.1:8480`, `[::1]:8480`, `:8480`.
struct ListenAddress: Sendable, Equatable, CustomStringConvertible {
    var host: String
    /// 0 for any free one.
    var port: Int

    init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    init(_ text: String) throws(Failure) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            throw Failure("'\(text)' is no address to listen on", hint: "write HOST:PORT, such as 127.0.0.1:8480")
        }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        self.init(host: host.isEmpty ? "127.0.0.1" : host, port: Int(port))
    }

    var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// The host by which somebody on this machine reaches it.
    var reachableHost: String {
        switch host {
        case "0.0.0.0": "127.0.0.1"
        case "::": "[::1]"
        default: host.contains(":") ? "[\(host)]" : host
        }
    }

    /// Whether only this machine reaches it.
    var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }
}

/// Free TCP ports of the loopback address.
enum Port {
    /// `wanted` if nobody listens on it, else one that the system chooses. Somebody else may take it before it is used.
    static func free(preferring wanted: Int = 0) throws(Failure) -> Int {
        if wanted != 0, let port = bound(wanted) { return port }
        guard let port = bound(0) else { throw Failure("no free port on 127.0.0.1: \(String(cString: strerror(errno)))") }
        return port
    }

    private static func bound(_ port: Int) -> Int? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        // As servers do: a port whose last connections are only just closed is free.
        var one: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        return withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
                guard bind(descriptor, raw, length) == 0, Glibc.listen(descriptor, 1) == 0 else { return nil }
                return getsockname(descriptor, raw, &length) == 0 ? Int(in_port_t(bigEndian: pointer.pointee.sin_port)) : nil
            }
        }
    }
}
