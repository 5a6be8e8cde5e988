// SPDX-License-Identifier: Apache-2.0

/// One step of a database's schema; never changed once it was released.
package struct Migration: Sendable, Equatable {
    /// Steps are applied in the order of their versions, from 1.
    package let version: Int
    package let name: String
    /// One or more statements, run in one transaction.
    package let sql: String

    package init(version: Int, name: String, sql: String) {
        self.version = version
        self.name = name
        self.sql = sql
    }
}

/// Why a database's schema could not be brought up to date; what was applied before stays.
package enum MigrationError: Error, Equatable, CustomStringConvertible {
    /// Two migrations have the same version.
    case duplicate(version: Int)
    /// The migration was applied with other contents.
    case changed(version: Int, name: String)
    /// A migration older than what was applied has appeared.
    case outOfOrder(version: Int, name: String, applied: Int)
    /// The database was made by a newer program.
    case newer(version: Int, name: String)
    /// A statement failed; line and column count from 1 within the migration's text.
    case failed(version: Int, name: String, line: Int?, column: Int?, PostgresError)

    package var description: String {
        switch self {
        case .duplicate(let version):
            "two migrations have version \(version)"
        case .changed(let version, let name):
            "migration \(version) (\(name)) was applied to this database with other contents; a released migration must not change"
        case .outOfOrder(let version, let name, let applied):
            "migration \(version) (\(name)) is missing in this database, which already has migration \(applied)"
        case .newer(let version, let name):
            "the database has migration \(version) (\(name)), which this program does not know: run a newer one"
        case .failed(let version, let name, let line?, let column?, let error):
            "migration \(version) (\(name)), line \(line), column \(column): \(error)"
        case .failed(let version, let name, _, _, let error):
            "migration \(version) (\(name)): \(error)"
        }
    }
}
