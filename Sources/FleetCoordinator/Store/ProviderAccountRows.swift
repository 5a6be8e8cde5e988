// SPDX-License-Identifier: Apache-2.0
import Manifests
import PostgresClient

/// An account of an identity provider, as it last signed in.
struct ProviderAccount: Sendable, Hashable {
    /// The provider's name in the configuration.
    var provider: String
    var name: String
    var displayName: String
    var email: String?
    var groups: [String]
    var seenAt: Timestamp

    var origin: Principal.Origin { .provider(provider) }
}

/// Rows of `provider_accounts`.
enum ProviderAccountRows {
    static func see(_ session: Session, _ account: ProviderAccount) throws {
        _ = try session.execute(
            """
            insert into provider_accounts (origin, name, display_name, email, groups, seen_at) values ($1, $2, $3, $4, $5, $6)
            on conflict (origin, name) do update set display_name = excluded.display_name, email = excluded.email,
              groups = excluded.groups, seen_at = excluded.seen_at
            """,
            [
                .text(account.origin.rawValue), .text(account.name), .text(account.displayName), PostgresValue(account.email),
                .textArray(account.groups), .int(account.seenAt.milliseconds),
            ])
    }

    static func one(_ session: Session, provider: String, name: String) throws -> ProviderAccount? {
        try session.query(
            "select display_name, email, groups, seen_at from provider_accounts where origin = $1 and name = $2",
            [.text(Principal.Origin.provider(provider).rawValue), .text(name)]
        ).first.map { row in
            ProviderAccount(
                provider: provider, name: name, displayName: try row.text("display_name"), email: try row.optionalText("email"),
                groups: try row.textArray("groups").compactMap { $0 }, seenAt: Timestamp(milliseconds: try row.int64("seen_at")))
        }
    }
}
