// SPDX-License-Identifier: Apache-2.0

/// Brings a database's schema up to date; what was applied is recorded with checksums in the table `schema_migration`.
package enum Migrations {
    /// Of the advisory lock under which migrations run: "flotilla" in ASCII.
    private static let lock: Int64 = 0x666c_6f74_696c_6c61

    /// Applies those of `migrations` that are missing, each in its own transaction, and returns their versions.
    ///
    /// Any number of programs may do so at the same time: an advisory lock lets one apply a step while the others wait for it.
    /// - Throws: `MigrationError`; `PostgresError` when the database cannot be reached.
    @discardableResult
    package static func apply(_ migrations: [Migration], to database: Database, timeout: Duration = .seconds(600)) async throws -> [Int] {
        let ordered = migrations.sorted { $0.version < $1.version }
        for (one, next) in zip(ordered, ordered.dropFirst()) where one.version == next.version {
            throw MigrationError.duplicate(version: one.version)
        }
        var applied: [Int] = []
        while let version = try await database.transaction(timeout: timeout, { try applyNext(ordered, $0) }) { applied.append(version) }
        return applied
    }

    /// Applies the first missing migration; `nil` when none is missing.
    private static func applyNext(_ migrations: [Migration], _ session: Session) throws -> Int? {
        try session.execute("select pg_advisory_xact_lock($1)", [.int(lock)])
        try session.script(
            """
            create table if not exists schema_migration (
                version integer primary key,
                name text not null,
                checksum bytea not null,
                applied_at timestamptz not null default now()
            )
            """)
        let rows = try session.query("select version, name, checksum from schema_migration order by version")
        // The server hashes: no other need for a cryptographic library here.
        let checksums = try session.query(
            "select sha256(convert_to(text, 'UTF8')) as checksum from unnest($1::text[]) with ordinality as given(text, number) order by number",
            [.textArray(migrations.map(\.sql))])
        var missing = 0
        for row in rows {
            let version = try row.int("version")
            guard missing < migrations.count else { throw MigrationError.newer(version: version, name: try row.text("name")) }
            let migration = migrations[missing]
            guard migration.version == version else {
                throw migration.version < version
                    ? MigrationError.outOfOrder(version: migration.version, name: migration.name, applied: version)
                    : MigrationError.newer(version: version, name: try row.text("name"))
            }
            guard try checksums[missing].bytes("checksum") == row.bytes("checksum") else {
                throw MigrationError.changed(version: version, name: migration.name)
            }
            missing += 1
        }
        guard missing < migrations.count else { return nil }
        let migration = migrations[missing]
        do throws(PostgresError) {
            try session.script(migration.sql)
        } catch {
            guard error.kind == .server, !error.isConflict else { throw error }
            let place = error.position.map { position(of: $0, in: migration.sql) }
            throw MigrationError.failed(
                version: migration.version, name: migration.name, line: place?.line, column: place?.column, error)
        }
        try session.execute(
            "insert into schema_migration (version, name, checksum) values ($1, $2, $3)",
            [.int(migration.version), .text(migration.name), .bytes(try checksums[missing].bytes("checksum"))])
        return migration.version
    }

    /// Where the `offset`th character (from 1) is.
    private static func position(of offset: Int, in text: String) -> (line: Int, column: Int) {
        var (line, column) = (1, 1)
        for character in text.unicodeScalars.prefix(max(0, offset - 1)) {
            if character == "\n" { (line, column) = (line + 1, 1) } else { column += 1 }
        }
        return (line, column)
    }
}
