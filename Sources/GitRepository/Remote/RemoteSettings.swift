// SPDX-License-Identifier: Apache-2.0

/// Where a mirror comes from and how to get in. The password is in no description and no error.
package struct RemoteSettings: Sendable, Hashable {
    package enum Credential: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
        case none
        /// For https only. Most Git hosts take any user name beside a token.
        case token(username: String, password: String)
        /// For ssh only.
        case key(SSHPrivateKey)

        package var description: String {
            switch self {
            case .none: "none"
            case .token(let username, _): "token of \(username)"
            case .key(let key): "\(key)"
            }
        }

        /// What must stand in no text.
        var secret: String? {
            switch self {
            case .none: nil
            case .token(_, let password): password
            case .key(let key): key.passphrase
            }
        }

        /// Without children, so that `dump` shows no secret either.
        package var customMirror: Mirror { Mirror(self, children: []) }
    }

    /// An absolute path, `file:///…`, `https://…` (`http://…` without a credential, or to this machine), `ssh://[user@]host[:port]/path`
    /// or `[user@]host:path`.
    package var url: String
    package var credential: Credential
    /// The path of a PEM file whose certificates alone are trusted for this remote; `nil` means the system's.
    package var certificateAuthority: String?
    /// The hosts that are spoken to over ssh, by their keys; any other is refused.
    package var knownHosts: KnownHosts
    /// What https, http and ssh go through; `nil` means that they go directly, whatever the environment says.
    package var proxy: ProxySettings?
    package var limits: TransferLimits

    package init(
        url: String, credential: Credential = .none, certificateAuthority: String? = nil, knownHosts: KnownHosts = KnownHosts(),
        proxy: ProxySettings? = nil, limits: TransferLimits = TransferLimits()
    ) {
        self.url = url
        self.credential = credential
        self.certificateAuthority = certificateAuthority
        self.knownHosts = knownHosts
        self.proxy = proxy
        self.limits = limits
    }
}

/// What a transfer may cost before it is given up.
package struct TransferLimits: Sendable, Hashable {
    /// Bytes received in one fetch.
    package var bytesMax: Int
    /// Objects received in one fetch.
    package var objectsMax: Int
    /// Bytes received until the remote has listed its references.
    package var listingBytesMax: Int
    /// For a connection's answer, and over ssh for every step until the host has let us in.
    package var connectTimeout: Duration
    /// Without a byte in either direction.
    package var idleTimeout: Duration
    /// For one whole fetch or push.
    package var totalTimeout: Duration

    package init(
        bytesMax: Int = 8 << 30, objectsMax: Int = 50_000_000, listingBytesMax: Int = 128 << 20, connectTimeout: Duration = .seconds(15),
        idleTimeout: Duration = .seconds(60), totalTimeout: Duration = .seconds(1_800)
    ) {
        self.bytesMax = bytesMax
        self.objectsMax = objectsMax
        self.listingBytesMax = listingBytesMax
        self.connectTimeout = connectTimeout
        self.idleTimeout = idleTimeout
        self.totalTimeout = totalTimeout
    }
}

/// How a remote is reached.
enum RemoteLocation: Hashable {
    case folder(path: String)
    case web(host: String, secure: Bool)
    case shell(SSHLocation)
}

extension RemoteSettings {
    /// Parses the URL. Throws `GitError.invalid` for one that cannot be used, without repeating a password in it.
    func location() throws(GitError) -> RemoteLocation {
        if url.hasPrefix("/") { return .folder(path: url) }
        guard let mark = url.firstIndex(of: ":"), url[mark...].hasPrefix("://") else {
            if let location = try SSHLocation(short: url) { return try shell(location) }
            throw .invalid(what: redacted(url), reason: "expected an absolute path, file://, https://, ssh:// or user@host:path")
        }
        if url[..<mark].lowercased() == "ssh" { return try shell(SSHLocation(url: url)) }
        let rest = url[url.index(mark, offsetBy: 3)...]
        let authority = rest.prefix { $0 != "/" }
        guard !authority.contains("@") else {
            throw .invalid(what: redacted(url), reason: "a user or password belongs into the credential, not into the URL")
        }
        switch url[..<mark].lowercased() {
        case "file":
            guard authority.isEmpty || authority == "localhost" else {
                throw .invalid(what: url, reason: "a file:// URL names no host: file:///path")
            }
            guard let path = Self.percentDecoded(rest.dropFirst(authority.count)), path.hasPrefix("/") else {
                throw .invalid(what: url, reason: "is not a well-formed file:// URL")
            }
            return .folder(path: path)
        case "https":
            try refuseKey()
            return .web(host: Self.host(authority), secure: true)
        case "http":
            let host = Self.host(authority)
            try refuseKey()
            guard credential == .none || ["localhost", "127.0.0.1", "::1"].contains(host) else {
                throw .invalid(what: url, reason: "a credential is not sent over plain http; use https")
            }
            return .web(host: host, secure: false)
        case let scheme:
            throw .invalid(what: url, reason: "remotes over \(scheme):// are not supported; use https://, ssh:// or file://")
        }
    }

    private func shell(_ location: SSHLocation) throws(GitError) -> RemoteLocation {
        if case .token = credential {
            throw .invalid(what: redacted(url), reason: "a token is for https; an ssh remote needs a private key")
        }
        return .shell(location)
    }

    private func refuseKey() throws(GitError) {
        guard case .key = credential else { return }
        throw .invalid(what: redacted(url), reason: "a private key is for ssh; a remote over https needs a token")
    }

    /// `text` without the password and without user information in URLs.
    func redacted(_ text: String) -> String {
        var result = text
        for secret in [credential.secret, proxy?.password].compactMap({ $0 }) where !secret.isEmpty {
            result = result.split(separator: secret, omittingEmptySubsequences: false).joined(separator: "***")
        }
        var output = ""
        var rest = result[...]
        while let mark = rest.firstIndex(of: ":") {
            let next = rest.index(after: mark)
            guard rest[mark...].hasPrefix("://") else {
                output += rest[..<next]
                rest = rest[next...]
                continue
            }
            let start = rest.index(mark, offsetBy: 3)
            let authority = rest[start...].prefix { !"/ '\"\n".contains($0) }
            output += rest[..<start]
            if let at = authority.lastIndex(of: "@") {
                output += "***"
                rest = rest[at...]
            } else {
                rest = rest[start...]
            }
        }
        return output + rest
    }

    private static func host(_ authority: Substring) -> String {
        if authority.hasPrefix("[") { return String(authority.dropFirst().prefix { $0 != "]" }).lowercased() }
        return authority.prefix { $0 != ":" }.lowercased()
    }

    static func percentDecoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%") {
                let digits = String(decoding: rest.prefix(2), as: UTF8.self)
                guard digits.utf8.count == 2, let value = UInt8(digits, radix: 16), value != 0 else { return nil }
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
