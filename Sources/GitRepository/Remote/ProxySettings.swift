// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// An HTTP proxy that remotes are reached through, by its method CONNECT. The password is in no description and no error.
package struct ProxySettings: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    let host: String
    let port: Int
    private let username: String?
    let password: String?
    private let exceptions: [Exception]

    /// - Parameters:
    ///   - url: `http://host[:port]`, also without `http://`; the port is 3128 if none is given. The proxy itself is spoken to in the clear,
    ///     what goes through it is encrypted by TLS or ssh.
    ///   - exceptions: hosts that are reached directly: `host` (with all below it), `.host`, `host:port`, an address, a network such as
    ///     `10.0.0.0/8`, or `*`.
    ///
    /// Throws `GitError.invalid` for what cannot be used, without repeating a password.
    package init(url: String, username: String? = nil, password: String? = nil, exceptions: [String] = []) throws(GitError) {
        func unusable(_ reason: String) -> GitError { .invalid(what: "the proxy", reason: reason) }
        var rest = url[...]
        if let mark = url.firstIndex(of: ":"), url[mark...].hasPrefix("://") {
            let scheme = url[..<mark].lowercased()
            guard scheme == "http" else {
                throw unusable("proxies over \(scheme):// are not supported; use http://host:port")
            }
            rest = url[url.index(mark, offsetBy: 3)...]
        }
        if rest.hasSuffix("/") { rest.removeLast() }
        guard !rest.contains("@") else { throw unusable("a user or password belongs into the credential, not into the URL") }
        guard let (host, port) = Self.parts(rest) else { throw unusable("'\(rest)' is not of the form host:port") }
        for text in [username, password].compactMap({ $0 }) where text.utf8.contains(where: { $0 < 32 || $0 == 127 }) {
            throw unusable("its user or password contains a character that HTTP does not carry")
        }
        guard username?.contains(":") != true else { throw unusable("its user contains a colon") }
        self.host = host
        self.port = port ?? 3_128
        self.username = username
        self.password = password
        self.exceptions = try exceptions.map { text throws(GitError) in
            guard let exception = Exception(text) else { throw unusable("the exception '\(text)' is neither a host nor a network") }
            return exception
        }
    }

    /// The proxy that `variables` name for a remote, as Git and curl understand them; `nil` for none.
    ///
    /// Nothing here looks at the environment by itself. Read are `https_proxy`, `http_proxy` (in lower case only), `all_proxy` and
    /// `no_proxy`; none of them speaks of ssh.
    package static func from(variables: [String: String], remote url: String) throws(GitError) -> ProxySettings? {
        func value(_ name: String, upper: Bool = true) -> String? {
            for name in upper ? [name, name.uppercased()] : [name] {
                if let value = variables[name], !value.isEmpty { return value }
            }
            return nil
        }
        let text: String?
        switch url.prefix(while: { $0 != ":" }).lowercased() {
        case "https": text = value("https_proxy") ?? value("all_proxy")
        case "http": text = value("http_proxy", upper: false) ?? value("all_proxy")
        default: text = nil
        }
        guard let text else { return nil }
        var address = text
        var username: String?
        var password: String?
        if let at = text.lastIndex(of: "@") {
            let start = text.range(after: "://")
            let parts = text[start..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            username = parts.first.flatMap { RemoteSettings.percentDecoded($0) }
            password = parts.count > 1 ? RemoteSettings.percentDecoded(parts[1]) : nil
            address = String(text[..<start] + text[text.index(after: at)...])
        }
        let exceptions = (value("no_proxy") ?? "").split { $0 == "," || $0 == " " }.map(String.init)
        return try ProxySettings(url: address, username: username, password: password, exceptions: exceptions)
    }

    /// Whether a host is reached through the proxy.
    package func applies(to host: String, port: Int) -> Bool { !exceptions.contains { $0.includes(host: host.lowercased(), port: port) } }

    /// The request that asks the proxy for a connection.
    func request(host: String, port: String) -> [UInt8] {
        let target = "\(host.contains(":") ? "[\(host)]" : host):\(port)"
        var lines = ["CONNECT \(target) HTTP/1.1", "Host: \(target)", "User-Agent: flotilla"]
        if username != nil || password != nil {
            lines.append("Proxy-Authorization: Basic \(Base64.encode(Array("\(username ?? ""):\(password ?? "")".utf8)))")
        }
        return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
    }

    /// The proxy's address, with a mark where there is a credential.
    package var description: String { "\(username == nil && password == nil ? "" : "***@")\(host):\(port)" }
    package var debugDescription: String { description }

    /// Without children, so that `dump` shows no password either.
    package var customMirror: Mirror { Mirror(self, children: []) }

    /// `host`, `host:port`, `[address]:port`; `nil` for anything else.
    fileprivate static func parts(_ text: Substring) -> (host: String, port: Int?)? {
        var host = text
        var port: Int?
        let colons = text.filter { $0 == ":" }.count
        if let colon = text.lastIndex(of: ":"), colons == 1 || text[..<colon].hasSuffix("]") {
            guard let number = UInt16(text[text.index(after: colon)...]), number > 0 else { return nil }
            port = Int(number)
            host = text[..<colon]
        }
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        guard !host.isEmpty, host.utf8.allSatisfy({ $0 > 32 && $0 != 127 }), !host.contains(where: { "/@[]\\".contains($0) }) else {
            return nil
        }
        return (host.lowercased(), port)
    }
}

extension ProxySettings {
    /// A host, or hosts, that are reached directly.
    private enum Exception: Sendable, Hashable {
        case all
        case host(String, port: Int?)
        case network([UInt8], bits: Int)

        init?(_ text: String) {
            if text == "*" {
                self = .all
                return
            }
            if let slash = text.firstIndex(of: "/") {
                guard let address = Self.address(String(text[..<slash])), let bits = Int(text[text.index(after: slash)...]),
                    (0...address.count * 8).contains(bits)
                else { return nil }
                self = .network(address, bits: bits)
                return
            }
            let name = text.hasPrefix("*.") ? text.dropFirst(2) : text.hasPrefix(".") ? text.dropFirst() : text[...]
            guard let (host, port) = ProxySettings.parts(name) else { return nil }
            self = .host(host, port: port)
        }

        func includes(host: String, port: Int) -> Bool {
            switch self {
            case .all: return true
            case .host(let name, let only): return (only ?? port) == port && (host == name || host.hasSuffix(".\(name)"))
            case .network(let network, let bits):
                guard let address = Self.address(host), address.count == network.count else { return false }
                let whole = bits / 8
                guard address[..<whole] == network[..<whole] else { return false }
                return bits % 8 == 0 || (address[whole] ^ network[whole]) >> UInt8(8 - bits % 8) == 0
            }
        }

        /// The bytes of an IPv4 or IPv6 address; `nil` for a name.
        private static func address(_ text: String) -> [UInt8]? {
            for (family, count) in [(AF_INET, 4), (AF_INET6, 16)] {
                var bytes = [UInt8](repeating: 0, count: count)
                if inet_pton(family, text, &bytes) == 1 { return bytes }
            }
            return nil
        }
    }
}

extension String {
    /// Where the text after `mark` begins; the beginning where there is none.
    fileprivate func range(after mark: String) -> String.Index {
        var index = startIndex
        while index < endIndex {
            if self[index...].hasPrefix(mark) { return self.index(index, offsetBy: mark.count) }
            index = self.index(after: index)
        }
        return startIndex
    }
}
