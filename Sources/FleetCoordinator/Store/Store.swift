// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import FoundationEssentials
package import Manifests
package import PostgresClient

/// The coordinator's tables. Every statement that Flotilla sends to PostgreSQL stands in this folder.
package struct Store: Sendable {
    package let database: Database
    /// The epoch of the generations that this database gives out.
    package let epoch: Int64
    /// Where changes are audited, in the transactions that make them.
    let audit: AuditTrail
    let plans = PlanMemory()
    let access = AccessMemory()

    package init(database: Database, epoch: Int64, auditKeys: AuditKeys) {
        self.database = database
        self.epoch = epoch
        audit = AuditTrail(keys: auditKeys)
    }

    /// Brings the schema up to date and settles the database's epoch.
    ///
    /// A new database begins the epoch named by the second of its making, so that it is larger than that of any database before it.
    package static func open(_ database: Database, auditKeys: AuditKeys, now: Timestamp) async throws -> Store {
        try await Migrations.apply(Self.migrations, to: database)
        let epoch = try await database.transaction { session in
            _ = try session.execute(
                "insert into facts (name, value) values ('epoch', $1) on conflict (name) do nothing", [.text(String(now.seconds))])
            // What is to be pruned or orphaned points at the bundle of nothing.
            let nothing = Bundle(entries: [])
            try PlanRows.addBundles(session, [(nothing.digest, nothing)])
            let rows = try session.query("select value from facts where name = 'epoch'")
            return Int64(try rows.first?.text("value") ?? "") ?? now.seconds
        }
        return Store(database: database, epoch: epoch, auditKeys: auditKeys)
    }

    static let migrations = [
        Migration(version: 1, name: "fleet", sql: String(decoding: PackageResources._001_fleet_sql, as: UTF8.self)),
        Migration(version: 2, name: "reading", sql: String(decoding: PackageResources._002_reading_sql, as: UTF8.self)),
        Migration(version: 3, name: "differences", sql: String(decoding: PackageResources._003_differences_sql, as: UTF8.self)),
        Migration(version: 4, name: "renders", sql: String(decoding: PackageResources._004_renders_sql, as: UTF8.self)),
        Migration(version: 5, name: "secrets", sql: String(decoding: PackageResources._005_secrets_sql, as: UTF8.self)),
        Migration(version: 6, name: "commands", sql: String(decoding: PackageResources._006_commands_sql, as: UTF8.self)),
        Migration(version: 7, name: "agents", sql: String(decoding: PackageResources._007_agents_sql, as: UTF8.self)),
        Migration(version: 8, name: "audit", sql: String(decoding: PackageResources._008_audit_sql, as: UTF8.self)),
        Migration(version: 9, name: "access", sql: String(decoding: PackageResources._009_access_sql, as: UTF8.self)),
        Migration(version: 10, name: "accounts", sql: String(decoding: PackageResources._010_accounts_sql, as: UTF8.self)),
        Migration(
            version: 11, name: "agent identities", sql: String(decoding: PackageResources._011_agent_identities_sql, as: UTF8.self)),
    ]
}

/// The state machines' values as JSON text for `jsonb` columns.
enum StateCoding {
    static func encode(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    static func decode<T: Decodable>(_ type: T.Type, from text: String) throws -> T {
        try JSONDecoder().decode(type, from: Data(text.utf8))
    }
}
