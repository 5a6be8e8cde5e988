// SPDX-License-Identifier: Apache-2.0

/// Where a database is and how to sign in; the password is in no description.
package struct ConnectionSettings: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Host names, separated by commas when there are several, or the absolute path of a Unix socket's folder.
    package var host: String
    /// Ports, in the order of the hosts; one port goes for all.
    package var port: String
    package var database: String
    /// `nil` means the operating system's user.
    package var user: String?
    package var password: String?
    /// libpq's further parameters, such as `sslmode`, `sslrootcert`, `target_session_attrs`.
    package var options: [String: String]
    /// How long making a connection may take.
    package var connectTimeout: Duration

    package init(
        host: String, port: String = "5432", database: String, user: String? = nil, password: String? = nil,
        options: [String: String] = [:], connectTimeout: Duration = .seconds(10)
    ) {
        self.host = host
        self.port = port
        self.database = database
        self.user = user
        self.password = password
        self.options = options
        self.connectTimeout = connectTimeout
    }

    /// The same server and user, another database.
    package func with(database: String) -> ConnectionSettings {
        var copy = self
        copy.database = database
        return copy
    }

    package var description: String {
        let place = host.hasPrefix("/") ? host : "\(host):\(port)"
        return "PostgreSQL database '\(database)' at \(place)\(user.map { " as \($0)" } ?? "")"
    }

    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["description": description]) }

    /// libpq's keywords and values; ours come last and win.
    func keywords(applicationName: String) -> [(String, String)] {
        var all = [("application_name", applicationName)]
        // A dead peer is noticed within half a minute even while nothing is sent.
        all += [("keepalives_idle", "15"), ("keepalives_interval", "5"), ("keepalives_count", "3"), ("tcp_user_timeout", "30000")]
        for (key, value) in options.sorted(by: { $0.key < $1.key }) where key != "options" {
            all.removeAll { $0.0 == key }
            all.append((key, value))
        }
        all += [("host", host), ("port", port), ("dbname", database), ("client_encoding", "UTF8")]
        if let user { all.append(("user", user)) }
        if let password { all.append(("password", password)) }
        // What the decoding of values relies on, whatever the server's or the role's defaults are.
        let fixed = "-c TimeZone=UTC -c DateStyle=ISO -c bytea_output=hex -c extra_float_digits=1 -c standard_conforming_strings=on"
        all.append(("options", options["options"].map { "\($0) \(fixed)" } ?? fixed))
        return all
    }
}

/// A database URL that cannot be used.
package struct ConnectionSettingsError: Error, Equatable, CustomStringConvertible {
    /// What is wrong; never contains the URL, which may hold a password.
    package let description: String
}
