// SPDX-License-Identifier: Apache-2.0
import Manifests
import PostgresClient

/// Rows of `audit`: a chain, in which each row's hash covers the one before.
enum AuditRows {
    /// Appends entries within the caller's transaction: what they tell of and the telling are one.
    ///
    /// Locks the chain's head until the transaction ends: call it last.
    static func append(_ session: Session, _ entries: [AuditEntry]) throws {
        guard !entries.isEmpty,
            let head = try session.query("select sequence, hash from audit_head where only_row for update").first
        else { return }
        var sequence = try head.int64("sequence")
        guard var previous = Digest(hex: try head.text("hash")) else { throw PostgresError(.column, "the audit trail's head is no hash") }
        for entry in entries {
            sequence += 1
            let hash = entry.hash(sequence: sequence, previous: previous)
            _ = try session.execute(
                """
                insert into audit (sequence, at, actor, means, address, action, target, outcome, reason, commit, before, after, previous, hash)
                values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
                """,
                [
                    .int(sequence), .int(entry.at.milliseconds), .text(entry.author.name), .text(entry.author.means),
                    PostgresValue(entry.author.address), .text(entry.action), .text(entry.target), .text(entry.outcome.rawValue),
                    .text(entry.reason), PostgresValue(entry.commit), PostgresValue(entry.before.map { JSON.text($0) }),
                    PostgresValue(entry.after.map { JSON.text($0) }), .text(previous.hex), .text(hash.hex),
                ])
            previous = hash
        }
        _ = try session.execute("update audit_head set sequence = $1, hash = $2", [.int(sequence), .text(previous.hex)])
    }
}
