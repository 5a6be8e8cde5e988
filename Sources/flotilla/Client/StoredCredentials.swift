// SPDX-License-Identifier: Apache-2.0
import Manifests

/// What `flotilla login` keeps of a person on this machine: one API token for each coordinator, for the owner's eyes only.
struct StoredCredentials: Sendable {
    struct Entry: Sendable, Equatable {
        var server: String
        var account: String
        /// The account's name for the token.
        var name: String
        var token: String
        var expiresAt: String
    }

    /// The newest first: it is the one that is meant where no coordinator is named.
    var entries: [Entry] = []

    /// FLOTILLA_CONFIG, $XDG_CONFIG_HOME/flotilla/credentials.json or ~/.config/flotilla/credentials.json.
    static var path: String {
        if let path = Environment["FLOTILLA_CONFIG"] { return LocalFile.absolute(path) }
        return "\(Environment["XDG_CONFIG_HOME"] ?? "\(Environment["HOME"] ?? ".")/.config")/flotilla/credentials.json"
    }

    /// An absent file holds none.
    static func read() throws(Failure) -> StoredCredentials {
        let path = path
        guard LocalFile.exists(path) else { return StoredCredentials() }
        guard !LocalFile.isOpenToOthers(path) else {
            throw Failure("\(path): others on this machine may read it, and it holds your tokens", hint: "chmod 600 \(path)")
        }
        let items = (try? JSON.read(try LocalFile.read(path, limit: 1 << 20)))?["servers"]?.list
        guard let items else {
            throw Failure("\(path): is no file of credentials", hint: "remove it, and sign in again with 'flotilla login'")
        }
        return StoredCredentials(
            entries: items.compactMap { item in
                guard let server = item["server"]?.string, let token = item["token"]?.string else { return nil }
                return Entry(
                    server: server, account: item["account"]?.string ?? "", name: item["name"]?.string ?? "", token: token,
                    expiresAt: item["expiresAt"]?.string ?? "")
            })
    }

    func write() throws(Failure) {
        let path = Self.path
        if let slash = path.lastIndex(of: "/") { try LocalFile.makeFolder(String(path[..<slash]), mode: 0o700) }
        let items = entries.map { entry in
            Value.map([
                "server": .string(entry.server), "account": .string(entry.account), "name": .string(entry.name),
                "token": .string(entry.token), "expiresAt": .string(entry.expiresAt),
            ])
        }
        try LocalFile.write(JSON.write(.map(["version": 1, "servers": .list(items)]), pretty: true), to: path, mode: 0o600)
    }

    subscript(server: String) -> Entry? { entries.first { $0.server == Self.normal(server) } }

    mutating func keep(_ entry: Entry) {
        var entry = entry
        entry.server = Self.normal(entry.server)
        forget(entry.server)
        entries.insert(entry, at: 0)
    }

    mutating func forget(_ server: String) { entries.removeAll { $0.server == Self.normal(server) } }

    /// The URL as it is compared: scheme and host in lower case, no slash at the end.
    static func normal(_ server: String) -> String {
        let text = String(server.reversed().drop { $0 == "/" }.reversed())
        guard let scheme = text.firstRange(of: "://") else { return text.lowercased() }
        let end = text[scheme.upperBound...].firstIndex(of: "/") ?? text.endIndex
        return text[..<end].lowercased() + text[end...]
    }
}
