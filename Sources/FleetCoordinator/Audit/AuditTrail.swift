// SPDX-License-Identifier: Apache-2.0
import PostgresClient

/// Where entries are appended, with the keys that seal them.
struct AuditTrail: Sendable {
    let keys: AuditKeys

    /// Appends entries within the caller's transaction: what they tell of and the telling are one.
    ///
    /// Locks the chain's head until the transaction ends: call it last. Where there is a `StageTransaction`, its `audit` does that by itself.
    func append(_ session: Session, _ entries: [AuditEntry]) throws {
        guard !entries.isEmpty else { return }
        var head = try AuditRows.lockHead(session)
        var links: [AuditLink] = []
        for entry in entries {
            let link = AuditLink(entry, sequence: head.sequence + 1, previous: head.hash, keys: keys)
            links.append(link)
            head = AuditHead(sequence: link.sequence, hash: link.hash)
        }
        try AuditRows.append(session, links, head: head)
    }
}
