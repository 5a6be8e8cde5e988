// SPDX-License-Identifier: Apache-2.0

/// Why something asked of PostgreSQL did not happen.
///
/// `description` carries neither parameters nor passwords; `detail` is the server's own and may quote row values.
package struct PostgresError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What a caller can tell apart.
    package enum Kind: String, Sendable {
        /// The server refused the statement: see `sqlState`.
        case server
        /// No connection could be made, or it broke; nothing is known to have been committed.
        case connectionLost
        /// The connection broke while the commit was under way: it may or may not have happened.
        case commitUnknown
        /// The calling task was cancelled; the statement was stopped and its transaction rolled back.
        case cancelled
        /// The time allowed for the call ran out; the statement was stopped and its transaction rolled back.
        case timeout
        /// Too many callers wait for a connection, or none came free in time.
        case poolExhausted
        /// The database was closed, or a session was used after its body had ended.
        case closed
        /// A result lacks the column, or its value is null or of another type.
        case column
        /// A parameter that PostgreSQL cannot take.
        case parameter
        /// A commit was asked for after a statement had failed: the server rolled back.
        case aborted
    }

    package var kind: Kind
    /// The server's five-character code (PostgreSQL, appendix A); empty when the error did not come from the server.
    package var sqlState = ""
    package var message: String
    /// The server's detail; may contain row values, so it is not part of `description`.
    package var detail: String?
    package var hint: String?
    package var constraint: String?
    package var table: String?
    package var column: String?
    /// Character position in the statement, from 1.
    package var position: Int?
    /// The statement that failed, without its parameters.
    package var statement: String?
    /// In a pipeline: which statement failed, from 0.
    package var statementIndex: Int?

    package init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    /// A result's column that is not what was asked for.
    package static func column(_ name: String, _ problem: String) -> PostgresError {
        var error = PostgresError(.column, "column '\(name)' \(problem)")
        error.column = name
        return error
    }

    /// Whether the same call may succeed when it is made again. After `commitUnknown` the first one may have succeeded, too.
    package var isRetryable: Bool {
        switch kind {
        case .connectionLost, .commitUnknown, .poolExhausted, .timeout: true
        case .server: isConflict || ["53300", "55P03", "57P03"].contains(sqlState)
        case .cancelled, .closed, .column, .parameter, .aborted: false
        }
    }

    /// Whether the connection is gone (the next use makes a new one).
    package var isConnectionLost: Bool { kind == .connectionLost || kind == .commitUnknown }

    /// Whether the transaction lost against another one, so that running it again is right.
    package var isConflict: Bool {
        guard kind == .server else { return false }
        return sqlState == "40001" || sqlState == "40P01" || isStalePlan
    }

    package var isUniqueViolation: Bool { sqlState == "23505" }
    package var isForeignKeyViolation: Bool { sqlState == "23503" }
    package var isCancelled: Bool { kind == .cancelled }

    /// A prepared statement whose result type a migration has changed since.
    var isStalePlan: Bool { sqlState == "0A000" && message.contains("cached plan must not change result type") }

    package var description: String {
        var text = sqlState.isEmpty ? message : "\(message) (SQLSTATE \(sqlState))"
        if let constraint { text += ", constraint \(constraint)" }
        if let hint { text += "; hint: \(hint)" }
        if let statement {
            let line = statement.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            text += "; in: \(line.count > 200 ? line.prefix(200) + "…" : line[...])"
        }
        return text
    }
}
