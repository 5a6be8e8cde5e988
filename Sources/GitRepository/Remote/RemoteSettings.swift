// SPDX-License-Identifier: Apache-2.0

/// Where a mirror comes from and how to get in. The password is in no description and no error.
package struct RemoteSettings: Sendable, Hashable {
    package enum Credential: Sendable, Hashable, CustomStringConvertible {
        case none
        /// For https only. Most Git hosts take any user name beside a token.
        case token(username: String, password: String)

        package var description: String {
            switch self {
            case .none: "none"
            case .token(let username, _): "token of \(username)"
            }
        }
    }

    /// An absolute path, `file:///…`, or `https://…` (`http://…` without a credential, or to this machine).
    package var url: String
    package var credential: Credential
    /// The path of a PEM file whose certificates alone are trusted for this remote; `nil` means the system's.
    package var certificateAuthority: String?
    package var limits: TransferLimits

    package init(
        url: String, credential: Credential = .none, certificateAuthority: String? = nil, limits: TransferLimits = TransferLimits()
    ) {
        self.url = url
        self.credential = credential
        self.certificateAuthority = certificateAuthority
        self.limits = limits
    }
}

/// What a transfer may cost before it is given up.
package struct TransferLimits: Sendable, Hashable {
    /// Bytes received in one fetch.
    package var bytesMax: Int
    /// Objects received in one fetch.
    package var objectsMax: Int
    package var connectTimeout: Duration
    /// Without a byte in either direction.
    package var idleTimeout: Duration
    /// For one whole fetch or push.
    package var totalTimeout: Duration

    package init(
        bytesMax: Int = 8 << 30, objectsMax: Int = 50_000_000, connectTimeout: Duration = .seconds(15),
        idleTimeout: Duration = .seconds(60), totalTimeout: Duration = .seconds(1_800)
    ) {
        self.bytesMax = bytesMax
        self.objectsMax = objectsMax
        self.connectTimeout = connectTimeout
        self.idleTimeout = idleTimeout
        self.totalTimeout = totalTimeout
    }
}

/// How a remote is reached.
enum RemoteLocation: Hashable {
    case folder(path: String)
    case web(host: String, secure: Bool)
}

extension RemoteSettings {
    /// Parses the URL. Throws `GitError.invalid` for one that cannot be used, without repeating a password in it.
    func location() throws(GitError) -> RemoteLocation {
        if url.hasPrefix("/") { return .folder(path: url) }
        guard let mark = url.firstIndex(of: ":"), url[mark...].hasPrefix("://") else {
            throw .invalid(what: redacted(url), reason: "expected an absolute path, file:// or https://")
        }
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
        case "https": return .web(host: Self.host(authority), secure: true)
        case "http":
            let host = Self.host(authority)
            guard credential == .none || ["localhost", "127.0.0.1", "::1"].contains(host) else {
                throw .invalid(what: url, reason: "a credential is not sent over plain http; use https")
            }
            return .web(host: host, secure: false)
        case let scheme:
            throw .invalid(what: url, reason: "remotes over \(scheme):// are not supported; use https:// or file://")
        }
    }

    /// `text` without the password and without user information in URLs.
    func redacted(_ text: String) -> String {
        var result = text
        if case .token(_, let password) = credential, !password.isEmpty {
            result = result.split(separator: password, omittingEmptySubsequences: false).joined(separator: "***")
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

    private static func percentDecoded(_ text: Substring) -> String? {
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
