// SPDX-License-Identifier: Apache-2.0
import Manifests

/// One line of the audit trail: who did what, to what, why, and what changed.
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

    init(
        at: Timestamp, by author: Author, _ action: String, on target: String, outcome: Outcome = .done, reason: String = "",
        commit: String? = nil, before: Value? = nil, after: Value? = nil
    ) {
        self.at = at
        self.author = author
        self.action = action
        self.target = target
        self.outcome = outcome
        self.reason = reason
        self.commit = commit
        self.before = before
        self.after = after
    }

    /// What the chain's hash covers: canonical JSON, so that it is the same however the row was stored.
    func document(sequence: Int64, previous: Digest) -> Value {
        .map([
            "action": .string(action), "actor": .string(author.name), "address": Value(author.address), "after": after ?? .null,
            "at": .int(at.milliseconds), "before": before ?? .null, "commit": Value(commit), "means": .string(author.means),
            "outcome": .string(outcome.rawValue), "previous": .string(previous.hex), "reason": .string(reason),
            "sequence": .int(sequence), "target": .string(target),
        ])
    }

    /// The link of the chain that this entry makes when it follows `previous` as number `sequence`.
    func hash(sequence: Int64, previous: Digest) -> Digest {
        Digest.sha256(JSON.write(document(sequence: sequence, previous: previous)))
    }
}
