// SPDX-License-Identifier: Apache-2.0

/// Why the embedded server is not running.
package enum EmbeddedPostgresError: Error, Equatable, CustomStringConvertible {
    /// No `initdb` and `postgres` were found in these folders.
    case notInstalled(searched: [String])
    /// The data folder was made by a major version that is not installed.
    case wrongVersion(folder: String, major: Int, installed: [Int])
    /// Another process runs the server of this folder.
    case inUse(folder: String, process: Int32?)
    /// The folder belongs to somebody else.
    case notOwner(folder: String, owner: UInt32)
    /// Started as root, and nothing is there to become another user with.
    case cannotDropPrivileges(String)
    /// A system call on a file failed.
    case file(path: String, reason: String)
    /// A program could not be started.
    case spawn(program: String, reason: String)
    /// `initdb` failed; its last lines.
    case initializationFailed(String)
    /// The server ended, or did not accept connections in time; the last lines of its log.
    case startFailed(reason: String, log: String, lastLines: String)

    package var description: String {
        switch self {
        case .notInstalled(let searched):
            "PostgreSQL's server is not installed (looked for initdb and postgres in \(searched.joined(separator: ", "))): "
                + "install the package postgresql, or give a database URL"
        case .wrongVersion(let folder, let major, let installed):
            "\(folder) was made by PostgreSQL \(major), installed is \(installed.map(String.init).joined(separator: ", ")): "
                + "install postgresql-\(major), or choose another data folder"
        case .inUse(let folder, let process):
            "the database in \(folder) is already run by \(process.map { "process \($0)" } ?? "another process")"
        case .notOwner(let folder, let owner):
            "\(folder) belongs to the user with id \(owner): start as that user, or choose another data folder"
        case .cannotDropPrivileges(let reason):
            "PostgreSQL refuses to run as root, and \(reason): start as an ordinary user"
        case .file(let path, let reason):
            "\(path): \(reason)"
        case .spawn(let program, let reason):
            "\(program) cannot be started: \(reason)"
        case .initializationFailed(let output):
            "initdb failed: \(output)"
        case .startFailed(let reason, let log, let lastLines):
            "PostgreSQL did not start: \(reason); the end of \(log):\n\(lastLines)"
        }
    }
}
