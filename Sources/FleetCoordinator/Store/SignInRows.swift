// SPDX-License-Identifier: Apache-2.0
import Manifests
import PostgresClient

/// Sign-in links that were used, kept among the leases until they would have run out.
enum SignInRows {
    private static let prefix = "sign-in:"

    /// Uses a link up; `false` where it was used before.
    static func take(_ session: Session, link: Digest, until: Timestamp, at now: Timestamp) throws -> Bool {
        _ = try session.execute(
            "delete from leases where starts_with(name, $1) and expires_at < $2", [.text(prefix), .int(now.milliseconds)])
        return try session.execute(
            "insert into leases (name, holder, expires_at) values ($1, 'used', $2) on conflict (name) do nothing",
            [.text(prefix + link.hex), .int(until.milliseconds)]) == 1
    }
}
