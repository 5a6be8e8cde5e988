// SPDX-License-Identifier: Apache-2.0

extension ConnectionSettings {
    /// Reads `postgresql://[user[:password]@][host[:port][,…]][/database][?parameter=value&…]` (PostgreSQL manual, 34.1.1.2).
    ///
    /// A Unix socket's folder is the host in percent-encoding (`%2Frun%2Fpostgresql`) or the parameter `host`.
    /// - Throws: `ConnectionSettingsError` naming the part, never the URL itself.
    package init(url: String) throws(ConnectionSettingsError) {
        var rest = url[...]
        guard let scheme = ["postgresql://", "postgres://"].first(where: { rest.hasPrefix($0) }) else {
            throw ConnectionSettingsError(description: "a database URL begins with postgresql://")
        }
        rest = rest.dropFirst(scheme.count)
        var options: [String: String] = [:]
        if let mark = rest.firstIndex(of: "?") {
            options = try Self.parameters(rest[rest.index(after: mark)...])
            rest = rest[..<mark]
        }
        var path = Substring()
        if let slash = rest.firstIndex(of: "/") {
            path = rest[rest.index(after: slash)...]
            rest = rest[..<slash]
        }
        var user: String?
        var password: String?
        if let at = rest.lastIndex(of: "@") {
            let parts = rest[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            user = try Self.decoded(parts[0], "user")
            if parts.count > 1 { password = try Self.decoded(parts[1], "password") }
            rest = rest[rest.index(after: at)...]
        }
        let (hosts, ports) = try Self.places(rest)
        let named = ["host", "port", "dbname", "user", "password", "connect_timeout"].map { options.removeValue(forKey: $0) }
        user = named[3] ?? user
        let host = named[0] ?? hosts
        let pathDatabase = try Self.decoded(path, "database")
        let database = named[2] ?? pathDatabase
        self.init(
            host: host.isEmpty ? "localhost" : host, port: named[1] ?? ports, database: database.isEmpty ? user ?? "postgres" : database,
            user: user.flatMap { $0.isEmpty ? nil : $0 }, password: named[4] ?? password, options: options)
        if let timeout = named[5] {
            guard let seconds = Int(timeout), seconds >= 0 else {
                throw ConnectionSettingsError(description: "connect_timeout in the database URL is not a number of seconds")
            }
            // libpq: 0 means none; a bound is kept nevertheless.
            connectTimeout = .seconds(seconds == 0 ? 3600 : seconds)
        }
    }

    private static func places(_ text: Substring) throws(ConnectionSettingsError) -> (hosts: String, ports: String) {
        var hosts: [String] = []
        var ports: [String] = []
        for place in text.split(separator: ",", omittingEmptySubsequences: false) {
            var host = place
            var port = Substring("5432")
            if place.hasPrefix("[") {
                guard let end = place.firstIndex(of: "]") else {
                    throw ConnectionSettingsError(description: "an IPv6 address in the database URL lacks its ']'")
                }
                host = place[place.index(after: place.startIndex)..<end]
                let tail = place[place.index(after: end)...]
                if tail.hasPrefix(":") { port = tail.dropFirst() }
            } else if let colon = place.lastIndex(of: ":") {
                host = place[..<colon]
                port = place[place.index(after: colon)...]
            }
            guard let number = UInt16(port), number > 0 else {
                throw ConnectionSettingsError(description: "the port in the database URL is not a number from 1 to 65535")
            }
            hosts.append(try decoded(host, "host"))
            ports.append("\(number)")
        }
        return (hosts.joined(separator: ","), Set(ports).count == 1 ? ports[0] : ports.joined(separator: ","))
    }

    private static func parameters(_ text: Substring) throws(ConnectionSettingsError) -> [String: String] {
        var all: [String: String] = [:]
        for pair in text.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = try decoded(parts[0], "parameter name")
            guard parts.count == 2, !name.isEmpty else {
                throw ConnectionSettingsError(description: "a parameter of the database URL lacks its '='")
            }
            all[name] = try decoded(parts[1], "parameter \(name)")
        }
        if all.removeValue(forKey: "ssl") == "true" { all["sslmode"] = "require" }
        return all
    }

    private static func decoded(_ text: Substring, _ part: String) throws(ConnectionSettingsError) -> String {
        var bytes: [UInt8] = []
        var iterator = text.utf8.makeIterator()
        while let byte = iterator.next() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = iterator.next().flatMap(Hex.value(of:)), let low = iterator.next().flatMap(Hex.value(of:)), high | low != 0
            else {
                throw ConnectionSettingsError(description: "the \(part) in the database URL has a malformed percent-encoding")
            }
            bytes.append(high << 4 | low)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
