// SPDX-License-Identifier: Apache-2.0

/// Which repository a URL names, to compare with another's: its host and path, however they are written and reached.
///
/// One path of one host is one repository over https and over ssh. Two ports are two servers where the transport is the same.
package struct RepositoryAddress: Sendable {
    private let scheme: String
    /// In lower case; empty for a folder of this machine.
    private let host: String
    private let port: Int
    /// Without slashes around it; of what a host serves also without `.git`.
    private let path: String

    /// Throws `GitError.invalid` for a URL that names no repository that could be reached.
    package init(url: String) throws(GitError) {
        switch try RemoteSettings(url: url).location() {
        case .folder(let folder):
            (scheme, host, port) = ("file", "", 0)
            path = Self.parts(folder).joined(separator: "/")
        case .shell(let location):
            (scheme, host, port) = ("ssh", location.host, location.port)
            path = Self.served(location.path)
        case .web(let host, let secure):
            scheme = secure ? "https" : "http"
            self.host = host
            let rest = url.drop { $0 != ":" }.dropFirst(3)
            let authority = rest.prefix { $0 != "/" }
            let digits = authority.hasSuffix("]") ? "" : authority.reversed().prefix { $0 != ":" }.reversed().map(String.init).joined()
            let usual = secure ? 443 : 80
            port = authority.contains(":") ? Int(digits) ?? usual : usual
            guard let decoded = RemoteSettings.percentDecoded(rest.dropFirst(authority.count)) else {
                throw .invalid(what: url, reason: "is not a well-formed URL")
            }
            path = Self.served(decoded)
        }
    }

    /// Whether both name one repository.
    package func isSame(as other: RepositoryAddress) -> Bool {
        host == other.host && path == other.path && (scheme != other.scheme || port == other.port)
    }

    private static func parts(_ path: String) -> [Substring] { path.split(separator: "/").filter { $0 != "." } }

    private static func served(_ path: String) -> String {
        let path = parts(path).joined(separator: "/")
        return path.hasSuffix(".git") ? String(path.dropLast(4)) : path
    }
}
