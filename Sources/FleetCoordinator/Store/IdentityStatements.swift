// SPDX-License-Identifier: Apache-2.0
import PostgresClient

/// Telling all coordinators that credentials have changed.
enum IdentityStatements {
    static let channel = "flotilla_identity"

    /// Part of the transaction that revokes something: rare, so that what a NOTIFY costs does not matter.
    static func notify(_ session: Session) throws { _ = try session.query("select pg_notify($1, '')", [.text(channel)]) }
}
