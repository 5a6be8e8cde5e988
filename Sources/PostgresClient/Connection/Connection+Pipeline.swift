// SPDX-License-Identifier: Apache-2.0
import CPostgres

/// A statement and its parameters.
package typealias Statement = (sql: String, parameters: [PostgresValue])

extension Connection {
    /// Statements kept prepared; beyond that all are forgotten at once.
    private static let preparedMax = 256

    /// What the server was asked, in order, and so what it answers.
    private enum Expected {
        /// A command of ours, such as `BEGIN`.
        case command
        case forgetting
        case preparing(sql: String, name: String, statement: Int)
        case statement(Int)
    }

    /// Sends `commands` (without parameters or results) and then `statements` in one go, and returns the statements' results.
    ///
    /// The first failure ends it: what follows is not run. Outside a transaction all of it is one implicit transaction.
    func pipeline(commands: [String] = [], _ statements: [Statement]) throws(PostgresError) -> [Rows] {
        try checkCaller()
        // Encoded before anything is sent: a bad parameter leaves the connection as it was.
        var encoded: [Parameters] = []
        encoded.reserveCapacity(statements.count)
        for (index, statement) in statements.enumerated() {
            do throws(PostgresError) {
                encoded.append(try Parameters(statement.parameters))
                if prepared[statement.sql] == nil, statement.sql.utf8.contains(0) {
                    throw PostgresError(.parameter, "a statement cannot contain a NUL character")
                }
            } catch {
                throw located(error, statements, index)
            }
        }
        try enterPipeline()
        defer { stopping = nil }
        var expected: [Expected] = []
        for command in commands {
            guard PQsendQueryParams(pointer, command, 0, nil, nil, nil, nil, 0) == 1 else { throw lost() }
            expected.append(.command)
        }
        try send(statements, encoded, &expected)
        guard PQpipelineSync(pointer) == 1 else { throw lost() }
        return try receive(expected, statements)
    }

    private func send(_ statements: [Statement], _ encoded: [Parameters], _ expected: inout [Expected]) throws(PostgresError) {
        var preparing: [String: String] = [:]
        for (index, statement) in statements.enumerated() {
            var name = prepared[statement.sql] ?? preparing[statement.sql]
            if name == nil {
                if prepared.count + preparing.count >= Self.preparedMax {
                    guard PQsendQueryParams(pointer, "DEALLOCATE ALL", 0, nil, nil, nil, nil, 0) == 1 else { throw lost() }
                    expected.append(.forgetting)
                    prepared = [:]
                    preparing = [:]
                }
                preparedCount += 1
                let fresh = "s\(preparedCount)"
                guard PQsendPrepare(pointer, fresh, statement.sql, 0, nil) == 1 else { throw lost() }
                expected.append(.preparing(sql: statement.sql, name: fresh, statement: index))
                preparing[statement.sql] = fresh
                name = fresh
            }
            let sent = encoded[index].withPointers { count, values, lengths, formats in
                PQsendQueryPrepared(pointer, name, count, values, lengths, formats, 0)
            }
            guard sent == 1 else { throw lost() }
            expected.append(.statement(index))
        }
    }

    private func receive(_ expected: [Expected], _ statements: [Statement]) throws(PostgresError) -> [Rows] {
        var rows: [Rows] = []
        rows.reserveCapacity(statements.count)
        var first: PostgresError?
        for item in expected {
            guard let result = try nextResult() else { throw first ?? lost() }
            let status = PQresultStatus(result)
            switch (status, item) {
            case (PGRES_COMMAND_OK, .command), (PGRES_TUPLES_OK, .command), (PGRES_COMMAND_OK, .forgetting):
                PQclear(result)
            case (PGRES_COMMAND_OK, .preparing(let sql, let name, _)):
                prepared[sql] = name
                PQclear(result)
            case (PGRES_COMMAND_OK, .statement), (PGRES_TUPLES_OK, .statement), (PGRES_EMPTY_QUERY, .statement):
                rows.append(Rows(result: ResultHandle(owning: result)))
            case (PGRES_COPY_IN, _), (PGRES_COPY_OUT, _), (PGRES_COPY_BOTH, _):
                PQclear(result)
                throw lost("COPY is not possible as a statement; use copy(into:)")
            case (PGRES_PIPELINE_ABORTED, _):
                PQclear(result)
            default:
                let index: Int? =
                    switch item {
                    case .preparing(_, _, let index), .statement(let index): index
                    case .command, .forgetting: nil
                    }
                let error = located(error(in: result), statements, index)
                first = first ?? error
                PQclear(result)
                // The server is gone: no further answer will come.
                if failure != nil { throw error }
            }
            // Each answer but the last ends with a null.
            while let extra = try nextResult() { PQclear(extra) }
        }
        guard let sync = try nextResult() else { throw first ?? lost() }
        let synchronized = PQresultStatus(sync) == PGRES_PIPELINE_SYNC
        let reason = synchronized ? nil : error(in: sync)
        PQclear(sync)
        // The null behind it takes libpq back to its idle state.
        if let extra = PQgetResult(pointer) { PQclear(extra) }
        discardNotifications()
        if let first {
            if first.isStalePlan || first.sqlState == "26000" { try forgetPrepared() }
            throw first
        }
        // Constraints that are checked when the implicit transaction ends fail at the sync.
        if let reason { throw reason }
        return rows
    }

    /// Forgets the prepared statements here and on the server (where it still knows them).
    private func forgetPrepared() throws(PostgresError) {
        prepared = [:]
        // In a failed transaction the server would refuse; fresh names never clash with what it still keeps.
        guard !isInTransaction else { return }
        stopping = nil
        _ = try script("DEALLOCATE ALL")
    }

    private func located(_ error: PostgresError, _ statements: [Statement], _ index: Int?) -> PostgresError {
        guard let index, error.kind != .connectionLost else { return error }
        var error = error
        error.statement = statements[index].sql
        if statements.count > 1 { error.statementIndex = index }
        return error
    }
}
