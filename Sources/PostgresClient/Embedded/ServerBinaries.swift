// SPDX-License-Identifier: Apache-2.0
import Glibc

/// An installed PostgreSQL server.
struct ServerBinaries: Equatable {
    let folder: String
    let major: Int

    var initdb: String { "\(folder)/initdb" }
    var postgres: String { "\(folder)/postgres" }

    /// Those found: Debian's and Red Hat's folders, then `PATH`; newest first.
    static func installed() throws(EmbeddedPostgresError) -> [ServerBinaries] {
        var folders: [String] = []
        for version in Files.entries("/usr/lib/postgresql") { folders.append("/usr/lib/postgresql/\(version)/bin") }
        for name in Files.entries("/usr") where name.hasPrefix("pgsql-") { folders.append("/usr/\(name)/bin") }
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/local/bin:/usr/bin:/bin"
        folders += path.split(separator: ":").map(String.init)
        folders += ["/usr/local/pgsql/bin", "/usr/libexec/postgresql"]
        var found: [ServerBinaries] = []
        for folder in folders where Files.isExecutable("\(folder)/initdb") && Files.isExecutable("\(folder)/postgres") {
            let output = try ChildProcess.output(of: ["\(folder)/postgres", "-V"]).text
            // "postgres (PostgreSQL) 15.20 (Debian …)"
            guard let version = output.split(separator: " ").first(where: { $0.first?.isNumber == true }),
                let major = Int(version.prefix { $0.isNumber })
            else { continue }
            if !found.contains(where: { $0.major == major }) { found.append(ServerBinaries(folder: folder, major: major)) }
        }
        guard !found.isEmpty else { throw .notInstalled(searched: folders) }
        return found.sorted { $0.major > $1.major }
    }

    /// The server for a data folder: the newest for one that is to be made, otherwise the one that made it.
    static func matching(dataFolder: String) throws(EmbeddedPostgresError) -> ServerBinaries {
        let installed = try installed()
        guard Files.status("\(dataFolder)/PG_VERSION") != nil else { return installed[0] }
        let version = Files.tail("\(dataFolder)/PG_VERSION").split(separator: "\n").first.flatMap { Int($0) } ?? 0
        guard let match = installed.first(where: { $0.major == version }) else {
            throw .wrongVersion(folder: dataFolder, major: version, installed: installed.map(\.major))
        }
        return match
    }
}
