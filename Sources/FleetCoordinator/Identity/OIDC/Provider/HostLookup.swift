// SPDX-License-Identifier: Apache-2.0
import Glibc
import Threads

/// Looks names up, off the cooperative threads: the resolver blocks.
struct HostLookup: Sendable {
    let addresses: @Sendable (_ host: String) async -> [NetworkAddress]

    /// By the system's resolver; no addresses where a name is unknown.
    static func system() -> HostLookup {
        let thread = ThreadExecutor(name: "resolver", queueMax: 64)
        return HostLookup { host in
            (try? await thread.run { resolve(host) }) ?? []
        }
    }

    private static func resolve(_ host: String) -> [NetworkAddress] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var first: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &first) == 0 else { return [] }
        defer { freeaddrinfo(first) }
        var found: [NetworkAddress] = []
        var next = first
        while let entry = next, found.count < 64 {
            if let raw = entry.pointee.ai_addr {
                switch Int32(entry.pointee.ai_family) {
                case AF_INET:
                    raw.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { pointer in
                        found.append(NetworkAddress(bytes: withUnsafeBytes(of: pointer.pointee.sin_addr) { Array($0) }))
                    }
                case AF_INET6:
                    raw.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { pointer in
                        found.append(NetworkAddress(bytes: withUnsafeBytes(of: pointer.pointee.sin6_addr) { Array($0) }))
                    }
                default: break
                }
            }
            next = entry.pointee.ai_next
        }
        return found
    }
}
