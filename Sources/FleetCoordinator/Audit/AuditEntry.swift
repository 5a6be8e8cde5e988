// SPDX-License-Identifier: Apache-2.0
import Manifests

/// One line of the audit trail: who did what, to what, why, and what changed.
///
/// What is kept of the state before and after is put together from named members by whoever audits: no manifest, command output or
/// credential ever gets here. Texts are bounded; see `init`.
struct AuditEntry: Sendable, Equatable {
    enum Outcome: String, Sendable, CaseIterable {
        case done
        /// Refused for want of a permission or a valid credential.
        case denied
        /// Allowed, but the state did not let it happen.
        case refused
    }

    var at: Timestamp
    var author: Author
    /// Stable, dotted: `stage.approve`, `account.create`, `session.sign-in`, `agent.enroll`.
    var action: String
    /// What it was done to: `storefront/production`, `cluster prod-eu-1`, `account anna`.
    var target: String
    var outcome: Outcome = .done
    var reason: String = ""
    /// The commit that this is about; `nil` where there is none.
    var commit: String?
    /// The state that the action changed, without secrets.
    var before: Value?
    var after: Value?

    /// Bytes of a text; what is longer is cut.
    static let textMax = 2_048
    /// Bytes of a state as canonical JSON; a larger one is replaced by its size.
    static let stateMax = 16 << 10

    init(
        at: Timestamp, by author: Author, _ action: String, on target: String, outcome: Outcome = .done, reason: String = "",
        commit: String? = nil, before: Value? = nil, after: Value? = nil
    ) {
        self.at = at
        self.author = Author(
            name: Self.bounded(author.name), means: Self.bounded(author.means), address: author.address.map(Self.bounded))
        self.action = Self.bounded(action)
        self.target = Self.bounded(target)
        self.outcome = outcome
        self.reason = Self.bounded(reason)
        self.commit = commit.map(Self.bounded)
        self.before = before.map(Self.bounded)
        self.after = after.map(Self.bounded)
    }

    /// The text as it can be stored and shown in one piece: not too long, and without the null characters that PostgreSQL refuses.
    private static func bounded(_ text: String) -> String {
        let clean = text.unicodeScalars.contains("\0") ? text.replacing("\0", with: "\u{FFFD}") : text
        guard clean.utf8.count > textMax else { return clean }
        return String(decoding: clean.utf8.prefix(textMax - 4), as: UTF8.self) + "…"
    }

    private static func bounded(_ state: Value) -> Value {
        let bytes = Canonical.bytes(state).count
        return bytes <= stateMax ? state : .map(["omittedBytes": .int(bytes)])
    }
}
