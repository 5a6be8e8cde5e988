// SPDX-License-Identifier: Apache-2.0
import CPostgres

extension Connection {
    /// Fields of an error (`PG_DIAG_…` of postgres_ext.h, which are character macros).
    private enum Field: UnicodeScalar {
        case sqlState = "C"
        case message = "M"
        case detail = "D"
        case hint = "H"
        case position = "P"
        case constraint = "n"
        case table = "t"
        case column = "c"
    }

    /// The server's error in `result`; marks the connection when the server says that it is closing it.
    func error(in result: OpaquePointer) -> PostgresError {
        func field(_ field: Field) -> String? {
            PQresultErrorField(result, Int32(field.rawValue.value)).map { String(cString: $0) }
        }
        let sqlState = field(.sqlState) ?? ""
        // Shut down, crashed, or cut off (class 57P0x, 25P03); without a code it is libpq that reports a broken connection.
        if ["57P01", "57P02", "57P03", "57P05", "25P03"].contains(sqlState) || PQstatus(pointer) == CONNECTION_BAD || sqlState.isEmpty {
            return lost(field(.message), sqlState: sqlState)
        }
        if sqlState == "57014", let stopping { return stopError(stopping.reason) }
        var error = PostgresError(.server, field(.message) ?? lastMessage)
        error.sqlState = sqlState
        error.detail = field(.detail)
        error.hint = field(.hint)
        error.constraint = field(.constraint)
        error.table = field(.table)
        error.column = field(.column)
        error.position = field(.position).flatMap { Int($0) }
        return error
    }

    /// Runs `sql`, which may hold several statements without parameters, by the simple protocol; gives the last result.
    @discardableResult
    func script(_ sql: String) throws(PostgresError) -> ResultHandle? {
        if let failure { throw failure }
        guard !sql.utf8.contains(0) else { throw PostgresError(.parameter, "a statement cannot contain a NUL character") }
        try leavePipeline()
        defer { stopping = nil }
        guard PQsendQuery(pointer, sql) == 1 else { throw lost() }
        try flush()
        var last: ResultHandle?
        var first: PostgresError?
        while let result = try nextResult() {
            switch PQresultStatus(result) {
            case PGRES_FATAL_ERROR, PGRES_BAD_RESPONSE, PGRES_NONFATAL_ERROR:
                let error = error(in: result)
                first = first ?? error
                PQclear(result)
            case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
                PQclear(result)
                throw lost("a script must not contain COPY from or to the client")
            default: last = ResultHandle(owning: result)
            }
        }
        discardNotifications()
        if let first { throw first }
        if PQstatus(pointer) == CONNECTION_BAD { throw lost() }
        return last
    }

    func leavePipeline() throws(PostgresError) {
        guard PQpipelineStatus(pointer) != PQ_PIPELINE_OFF else { return }
        guard PQexitPipelineMode(pointer) == 1 else { throw lost() }
    }

    func enterPipeline() throws(PostgresError) {
        guard PQpipelineStatus(pointer) == PQ_PIPELINE_OFF else { return }
        guard PQenterPipelineMode(pointer) == 1 else { throw lost() }
    }
}
