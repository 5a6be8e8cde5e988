// SPDX-License-Identifier: Apache-2.0
import PostgresClient

/// Telling other coordinators which clusters have changed.
enum WakeStatements {
    /// PostgreSQL refuses payloads of 8,000 bytes and more; above this many bytes "all" is said instead.
    private static let payloadMax = 7_000

    static func notify(_ session: Session, clusters: Set<String>) throws {
        let payload = clusters.sorted().joined(separator: "\n")
        _ = try session.query(
            "select pg_notify($1, $2)",
            [.text(ClusterWaker.channel), .text(payload.utf8.count > payloadMax ? "" : payload)])
    }
}
