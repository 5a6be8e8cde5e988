// SPDX-License-Identifier: Apache-2.0
import Manifests
import PostgresClient

extension PlanRows {
    /// What a plan brings to one application on one cluster.
    struct Placed: Sendable {
        var release: String
        var bundle: Digest
        var namespace: String
        /// JSON.
        var options: String
    }

    static func placed(
        _ session: Session, pipeline: String, sequence: Int64, _ application: String, _ cluster: String
    ) throws -> Placed? {
        let row = try session.query(
            """
            select p.release, l.bundle, a.namespace, a.options::text as options
            from planned_leaves l join plans p on p.pipeline = l.pipeline and p.sequence = l.sequence
            join planned_applications a on a.pipeline = l.pipeline and a.sequence = l.sequence and a.application = l.application
            join clusters c on c.name = l.cluster and c.environment = l.environment
            where l.pipeline = $1 and l.sequence = $2 and l.cluster = $3 and l.application = $4
            """, [.text(pipeline), .int(sequence), .text(cluster), .text(application)]
        ).first
        guard let row, let bundle = Digest(try row.text("bundle")) else { return nil }
        return Placed(
            release: try row.text("release"), bundle: bundle, namespace: try row.text("namespace"), options: try row.text("options"))
    }
}
