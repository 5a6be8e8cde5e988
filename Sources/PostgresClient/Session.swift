// SPDX-License-Identifier: Apache-2.0

/// A connection for the time of one body; straight-line code on the connection's own thread.
///
/// It must not leave the body: afterwards every call throws `PostgresError` of kind `closed`. `NOTIFY` is
/// `select pg_notify($1, $2)`, delivered when the transaction commits.
package final class Session {
    private let connection: Connection
    /// What opens the transaction, until the first statement carries it to the server.
    private var begin: String?
    private var isOpen = true

    init(_ connection: Connection, begin: String?) {
        self.connection = connection
        self.begin = begin
    }

    /// Runs one statement and returns its rows. It is prepared at its first use on a connection and kept.
    package func query(_ sql: String, _ parameters: [PostgresValue] = []) throws(PostgresError) -> Rows {
        try pipeline([(sql, parameters)])[0]
    }

    /// Runs one statement and returns how many rows it changed.
    @discardableResult
    package func execute(_ sql: String, _ parameters: [PostgresValue] = []) throws(PostgresError) -> Int {
        try query(sql, parameters).affected
    }

    /// Sends all statements at once and returns their results in order: one round trip, however many they are.
    ///
    /// The first failure ends it (its number is the error's `statementIndex`). In `Database.read`, where nothing else opens a
    /// transaction, one call is one transaction.
    @discardableResult
    package func pipeline(_ statements: [Statement]) throws(PostgresError) -> [Rows] {
        try check()
        guard !statements.isEmpty else { return [] }
        let commands = begin.map { [$0] } ?? []
        begin = nil
        return try connection.pipeline(commands: commands, statements)
    }

    /// Runs one statement once for each element of `parameters`; see `pipeline`.
    @discardableResult
    package func pipeline(_ sql: String, _ parameters: some Sequence<[PostgresValue]>) throws(PostgresError) -> [Rows] {
        try pipeline(parameters.map { (sql, $0) })
    }

    /// Adds `rows` to `table` with `COPY`, the fastest way in, and returns their number.
    /// - Parameter table: the name as it is, `schema.table` for one outside the search path.
    @discardableResult
    package func copy(into table: String, columns: [String], rows: some Sequence<[PostgresValue]>) throws(PostgresError) -> Int {
        try check()
        try sendBegin()
        let table = table.split(separator: ".").map { Self.quoted(String($0)) }.joined(separator: ".")
        let names = columns.map(Self.quoted).joined(separator: ", ")
        return try connection.copy("COPY \(table) (\(names)) FROM STDIN", columns: columns.count, rows: rows)
    }

    /// Runs a text of several statements separated by semicolons, without parameters or results: schema changes.
    package func script(_ sql: String) throws(PostgresError) {
        try check()
        try sendBegin()
        try connection.script(sql)
    }

    /// The name as SQL writes it: in double quotes.
    package static func quoted(_ name: String) -> String {
        "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }

    // MARK: The transaction around the body

    /// Ends the session; a call made later is refused.
    func close() { isOpen = false }

    /// Commits what the body did; a body without statements costs nothing.
    func commit() throws(PostgresError) {
        guard connection.isInTransaction else { return }
        try connection.checkCaller()
        guard !connection.isInFailedTransaction else {
            throw PostgresError(.aborted, "a statement of the transaction failed, so nothing was committed")
        }
        do {
            _ = try connection.pipeline(commands: ["COMMIT"], [])
        } catch {
            guard let failure = connection.failure else { throw error }
            var unknown = failure
            unknown.kind = .commitUnknown
            throw unknown
        }
    }

    private func sendBegin() throws(PostgresError) {
        guard let begin else { return }
        self.begin = nil
        _ = try connection.pipeline(commands: [begin], [])
    }

    private func check() throws(PostgresError) {
        guard isOpen else { throw PostgresError(.closed, "a session was used after its body had ended") }
        try connection.checkCaller()
    }
}
