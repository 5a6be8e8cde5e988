// SPDX-License-Identifier: Apache-2.0
import Glibc

/// An absolute `https` or `http` address, read so strictly that no other reader finds another host in it.
struct WebAddress: Sendable, Hashable {
    let text: String
    let isSecure: Bool
    /// In lower case; without the brackets of an IPv6 address.
    let host: String
    let port: Int
    /// From the first slash to the query.
    let path: String
    let hasQuery: Bool

    static let bytesMax = 2_048

    /// `nil` for anything else: user names, fragments, white space, backslashes, and numbers that some readers take for addresses.
    init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count <= Self.bytesMax, bytes.allSatisfy({ $0 > 32 && $0 < 127 && !"\\\"<>^`{|}#".utf8.contains($0) }) else {
            return nil
        }
        let lowercase = text.lowercased()
        guard let scheme = ["https://", "http://"].first(where: { lowercase.hasPrefix($0) }) else { return nil }
        isSecure = scheme == "https://"
        let rest = text.dropFirst(scheme.count)
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        let tail = rest[authority.endIndex...]
        path = String(tail.prefix { $0 != "?" })
        hasQuery = tail.contains("?")
        var name = authority.lowercased()
        var portText: String?
        if name.hasPrefix("[") {
            guard let end = name.firstIndex(of: "]") else { return nil }
            let after = name[name.index(after: end)...]
            guard after.isEmpty || after.hasPrefix(":") else { return nil }
            if !after.isEmpty { portText = String(after.dropFirst()) }
            name = String(name[..<end].dropFirst())
            guard let address = NetworkAddress(name), address.bytes.count == 16 else { return nil }
        } else {
            let parts = name.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count <= 2 else { return nil }
            if parts.count == 2 { portText = String(parts[1]) }
            name = String(parts[0])
            guard Self.isName(name) || NetworkAddress(name) != nil else { return nil }
        }
        if let portText {
            guard !portText.isEmpty, portText.utf8.allSatisfy({ (48...57).contains($0) }), let number = Int(portText),
                (1...65_535).contains(number)
            else { return nil }
            port = number
        } else {
            port = isSecure ? 443 : 80
        }
        host = name
        self.text = text
    }

    /// A name of the DNS. One whose last part is a number is an address to some readers.
    private static func isName(_ name: String) -> Bool {
        let labels = (name.hasSuffix(".") ? name.dropLast() : name[...]).split(separator: ".", omittingEmptySubsequences: false)
        guard name.utf8.count <= 253, let last = labels.last, let first = last.utf8.first, !(48...57).contains(first) else { return false }
        return labels.allSatisfy { label in
            !label.isEmpty && label.utf8.count <= 63
                && label.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 || $0 == 95 }
        }
    }

    /// The host, where it is an address and no name.
    var address: NetworkAddress? { NetworkAddress(host) }

    /// Names nobody but this machine.
    var isLoopback: Bool { host == "localhost" || host.hasSuffix(".localhost") || address?.isLoopback == true }
}

/// An IPv4 or IPv6 address.
struct NetworkAddress: Sendable, Hashable {
    /// Four or sixteen.
    let bytes: [UInt8]

    init?(_ text: String) {
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            bytes = withUnsafeBytes(of: &four) { Array($0) }
            return
        }
        var six = in6_addr()
        guard inet_pton(AF_INET6, text, &six) == 1 else { return nil }
        bytes = withUnsafeBytes(of: &six) { Array($0) }
    }

    init(bytes: [UInt8]) { self.bytes = bytes }

    /// The IPv4 address that an IPv6 one stands for (mapped, compatible, NAT64, 6to4).
    private var embedded: NetworkAddress? {
        guard bytes.count == 16 else { return nil }
        if bytes.prefix(10).allSatisfy({ $0 == 0 }), bytes[10] == bytes[11], [0, 0xFF].contains(bytes[10]) {
            return NetworkAddress(bytes: Array(bytes[12...]))
        }
        if bytes.starts(with: [0, 0x64, 0xFF, 0x9B]) { return NetworkAddress(bytes: Array(bytes[12...])) }
        return bytes.starts(with: [0x20, 0x02]) ? NetworkAddress(bytes: Array(bytes[2..<6])) : nil
    }

    var isLoopback: Bool {
        if bytes.count == 4 { return bytes[0] == 127 }
        return bytes.dropLast().allSatisfy { $0 == 0 } && bytes.last == 1 || embedded?.isLoopback == true
    }

    /// Whether anybody in the world means the same machine by it (the registries of RFC 6890).
    var isPublic: Bool {
        if bytes.count == 4 {
            switch (bytes[0], bytes[1]) {
            case (0, _), (10, _), (127, _), (169, 254), (172, 16...31), (192, 168), (100, 64...127), (198, 18...19), (224..., _):
                return false
            case (192, 0): return bytes[2] != 0
            default: return true
            }
        }
        if bytes.dropLast().allSatisfy({ $0 == 0 }) { return false }
        if let embedded { return embedded.isPublic }
        return bytes[0] & 0xE0 == 0x20
    }
}
