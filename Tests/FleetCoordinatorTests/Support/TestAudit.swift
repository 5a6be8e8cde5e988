// SPDX-License-Identifier: Apache-2.0
import Manifests
import PostgresClient

@testable import FleetCoordinator

extension AuditKeys {
    /// The key that tests seal with.
    static let test: AuditKeys = {
        do { return try AuditKeys(parsing: String(repeating: "a7", count: 32)) } catch { fatalError("\(error)") }
    }()
}

extension Store {
    /// A store whose audit trail is sealed with the tests' key.
    static func open(_ database: Database, now: Timestamp) async throws -> Store {
        try await open(database, auditKeys: .test, now: now)
    }

    /// The whole audit trail, oldest first.
    func auditTrail(after sequence: Int64 = 0) async throws -> [AuditLink] {
        try await database.read { try AuditRows.following($0, from: sequence + 1, through: .max, limit: 100_000) }
    }
}
