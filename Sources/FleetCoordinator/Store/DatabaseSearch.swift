// SPDX-License-Identifier: Apache-2.0
package import PostgresClient

/// Looks for texts in everything that a database holds: to prove that something is not in it.
package enum DatabaseSearch {
    private static let page: Int64 = 2_000

    /// The tables of which any row has one of the texts in it, also as the hexadecimal digits of its bytes.
    ///
    /// Reads every row of every table, and compares here: the texts are not sent to the server.
    package static func tables(holding texts: [String], in database: Database) async throws -> [String] {
        let forms = texts.filter { !$0.isEmpty }.flatMap { [$0, KeyFolder.hex(Array($0.utf8))] }
        return try await database.transaction { session in
            let tables = try session.query(
                "select quote_ident(table_name) as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'"
            ).map { try $0.text("name") }
            var found: [String] = []
            for table in tables.sorted() where try holds(session, table, forms) { found.append(table) }
            return found
        }
    }

    private static func holds(_ session: Session, _ table: String, _ forms: [String]) throws -> Bool {
        _ = try session.execute("declare searched no scroll cursor for select searched_row::text as row from \(table) as searched_row")
        defer { _ = try? session.execute("close searched") }
        while true {
            let rows = try session.query("fetch forward \(page) from searched")
            for row in rows {
                let text = try row.text("row")
                if forms.contains(where: text.contains) { return true }
            }
            if rows.count < page { return false }
        }
    }
}
