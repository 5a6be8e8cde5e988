// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Manifests
import PostgresClient

/// How a cluster leaves: it is let go, then forgotten.
extension ClusterRows {
    struct Declaration: Sendable, Equatable {
        var isDeclared: Bool
        var credentialEpoch: Int64
    }

    /// What the newest valid fleet commit says of a cluster; `nil` for one that was never heard of.
    static func declaration(_ session: Session, cluster: String) throws -> Declaration? {
        try session.query("select declared, credential_epoch from clusters where name = $1", [.text(cluster)]).first.map {
            Declaration(isDeclared: try $0.bool("declared"), credentialEpoch: try $0.int64("credential_epoch"))
        }
    }

    /// Has a cluster's agent let go of everything that it manages or was about to prune; returns which applications.
    static func release(_ session: Session, cluster: String, epoch: Int64, at now: Timestamp) throws -> [String] {
        try session.query(
            """
            update desired set intent = 'orphan', epoch = $2, counter = nextval('desired_counter'), bundle = $3, path = '[]'::jsonb,
              updated_at = $4
            where cluster = $1 and intent <> 'orphan' returning application
            """,
            [.text(cluster), .int(epoch), .text(Bundle(entries: []).digest.description), .int(now.milliseconds)]
        ).map { try $0.text("application") }.sorted()
    }

    /// Forgets all that is kept of a cluster, but for its events and that its credentials were revoked.
    static func forget(_ session: Session, cluster: String) throws {
        for table in [
            "desired", "observed", "dispatched", "commands", "drift_pauses", "agent_images", "enrollments", "agent_certificates",
        ] {
            _ = try session.execute("delete from \(table) where cluster = $1", [.text(cluster)])
        }
        _ = try session.execute("delete from clusters where name = $1", [.text(cluster)])
    }
}
