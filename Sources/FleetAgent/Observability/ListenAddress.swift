// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Where to listen: `0.0.0.0:8081`, `[::]:8081`. Names are not looked up.
package struct ListenAddress: Sendable, Hashable, CustomStringConvertible {
    /// An IP address, without brackets.
    package var host: String
    /// 0 takes a free one.
    package var port: UInt16

    package init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// `nil` where the text is no address with a port.
    package init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else { return nil }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = String(host.dropFirst().dropLast())
            guard Self.isIP(host, AF_INET6) else { return nil }
        } else {
            guard Self.isIP(host, AF_INET) else { return nil }
        }
        self.init(host: host, port: port)
    }

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    private static func isIP(_ text: String, _ family: Int32) -> Bool {
        var space = in6_addr()
        return inet_pton(family, text, &space) == 1
    }

    /// A socket that listens here.
    func listen() throws(StateError) -> Int32 {
        let isV6 = host.contains(":")
        let descriptor = socket(
            isV6 ? AF_INET6 : AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw .last("listening on \(self)") }
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        let bound = isV6 ? bindV6(descriptor) : bindV4(descriptor)
        guard bound == 0, Glibc.listen(descriptor, 16) == 0 else {
            let error = StateError.last("listening on \(self)")
            close(descriptor)
            throw error
        }
        return descriptor
    }

    private func bindV4(_ descriptor: Int32) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        inet_pton(AF_INET, host, &address.sin_addr)
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }

    private func bindV6(_ descriptor: Int32) -> Int32 {
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = port.bigEndian
        inet_pton(AF_INET6, host, &address.sin6_addr)
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in6>.size)) }
        }
    }

    /// The same with the port that a socket has got.
    func bound(by descriptor: Int32) -> ListenAddress {
        var address = sockaddr_in6()
        var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
        let code = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        // The port is at the same place in both kinds of addresses.
        return code == 0 ? ListenAddress(host: host, port: UInt16(bigEndian: address.sin6_port)) : self
    }
}
