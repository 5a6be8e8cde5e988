// SPDX-License-Identifier: Apache-2.0

/// A repository behind an ssh server.
struct SSHLocation: Hashable {
    /// Git hosts want `git`; without a name in the URL it is that, never the name of whoever runs the process.
    static let defaultUser = "git"
    static let defaultPort = 22

    let user: String
    /// In lower case; an IPv6 address without brackets.
    let host: String
    let port: Int
    /// As the server's program gets it.
    let path: String

    /// Reads `ssh://[user@]host[:port]/path`. A path that begins with `/~` is relative to somebody's home, as with Git.
    init(url: String) throws(GitError) {
        let rest = url.dropFirst("ssh://".count)
        let authority = rest.prefix { $0 != "/" }
        let at = authority.lastIndex(of: "@")
        let user = at.map { authority[..<$0] }
        var host = at.map { authority[authority.index(after: $0)...] } ?? authority
        var port = Self.defaultPort
        // Behind the bracket of an IPv6 address, or the only one.
        if let colon = host.lastIndex(of: ":"), host.last != "]" {
            guard let number = UInt16(host[host.index(after: colon)...]), number > 0 else {
                throw Self.invalid(url, "the port must be a number from 1 to 65535")
            }
            port = Int(number)
            host = host[..<colon]
        }
        guard var path = RemoteSettings.percentDecoded(rest.dropFirst(authority.count)) else {
            throw Self.invalid(url, "is not a well-formed ssh:// URL")
        }
        if path.hasPrefix("/~") { path.removeFirst() }
        try self.init(url, user: user, host: host, port: port, path: path)
    }

    /// Reads `[user@]host:path`; `nil` for a text of another form.
    init?(short text: String) throws(GitError) {
        // An IPv6 address has colons of its own.
        let start = text.firstIndex(of: "[").flatMap { text[$0...].firstIndex(of: "]") } ?? text.startIndex
        guard let colon = text[start...].firstIndex(of: ":"), !text[..<colon].contains("/") else { return nil }
        let authority = text[..<colon]
        let at = authority.lastIndex(of: "@")
        try self.init(
            text, user: at.map { authority[..<$0] }, host: at.map { authority[authority.index(after: $0)...] } ?? authority,
            port: Self.defaultPort, path: String(text[text.index(after: colon)...]))
    }

    private init(_ text: String, user: Substring?, host: Substring, port: Int, path: String) throws(GitError) {
        let user = String(user ?? Substring(Self.defaultUser))
        guard !user.contains(":") else { throw Self.invalid(text, "a password does not belong into the URL, and is not used over ssh") }
        let bare = host.hasPrefix("[") && host.hasSuffix("]") ? host.dropFirst().dropLast() : host
        // Names that begin with a dash would be options to programs on the other side.
        for (part, what) in [(user, "user"), (String(bare), "host"), (path, "path")] {
            guard !part.isEmpty, !part.hasPrefix("-"), !part.utf8.contains(where: { $0 < 32 || $0 == 127 }) else {
                throw Self.invalid(text, "the \(what) is missing or not usable; expected ssh://user@host/path")
            }
        }
        guard path != "/", !bare.contains(where: { " @/[]\\".contains($0) }), !user.contains(where: { " /\\".contains($0) }) else {
            throw Self.invalid(text, "expected ssh://user@host/path or user@host:path")
        }
        self.user = user
        self.host = bare.lowercased()
        self.port = port
        self.path = path
    }

    private static func invalid(_ url: String, _ reason: String) -> GitError {
        .invalid(what: RemoteSettings(url: url).redacted(url), reason: reason)
    }

    /// For libgit2, which wants one; the connection is made from the parts.
    var url: String { "ssh://\(host.contains(":") ? "[\(host)]" : host):\(port)/" }

    /// As known hosts name it: `host`, or `[host]:port` for another port than ssh's own.
    var knownName: String { KnownHosts.name(host: host, port: port) }

    /// The command that runs `program` (such as `git-upload-pack`) on the path, quoted for the server's shell.
    func command(_ program: String) -> String {
        var quoted = "'"
        for character in path.unicodeScalars {
            // As Git does: `!` would mean something to csh.
            if character == "'" || character == "!" { quoted += "'\\\(character)'" } else { quoted.unicodeScalars.append(character) }
        }
        return "\(program) \(quoted)'"
    }
}
