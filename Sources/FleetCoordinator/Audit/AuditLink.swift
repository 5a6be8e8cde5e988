// SPDX-License-Identifier: Apache-2.0
import Manifests

/// One row of the audit trail as it is stored: an entry's columns, its place in the chain, and what proves it.
///
/// Nothing here is trusted: columns are as they were read, and only `AuditVerifier` says whether they fit together.
struct AuditLink: Sendable, Equatable {
    /// Says what `hash` and `seal` cover, and how.
    static let scheme: Int64 = 1
    /// What the first entry of a chain follows.
    static let beginning = String(repeating: "0", count: 64)

    var sequence: Int64
    var scheme: Int64 = Self.scheme
    var at: Int64
    var actor: String
    var means: String
    var address: String?
    var action: String
    var target: String
    var outcome: String
    var reason: String
    var commit: String?
    /// Canonical JSON.
    var before: String?
    var after: String?
    /// The hash of the entry before, in hex.
    var previous: String
    /// SHA-256 of `document`, in hex.
    var hash: String = ""
    /// Proves with a key of the key folder that a coordinator wrote `hash`; see `AuditKeys`.
    var seal: String = ""

    /// Links `entry` behind the entry whose hash is `previous`.
    init(_ entry: AuditEntry, sequence: Int64, previous: String, keys: AuditKeys) {
        self.sequence = sequence
        at = entry.at.milliseconds
        actor = entry.author.name
        means = entry.author.means
        address = entry.author.address
        action = entry.action
        target = entry.target
        outcome = entry.outcome.rawValue
        reason = entry.reason
        commit = entry.commit
        before = entry.before.map { String(decoding: Canonical.bytes($0), as: UTF8.self) }
        after = entry.after.map { String(decoding: Canonical.bytes($0), as: UTF8.self) }
        self.previous = previous
        hash = computedHash(before: entry.before, after: entry.after)
        seal = keys.seal(of: hash)
    }

    init(
        sequence: Int64, scheme: Int64, at: Int64, actor: String, means: String, address: String?, action: String, target: String,
        outcome: String, reason: String, commit: String?, before: String?, after: String?, previous: String, hash: String, seal: String
    ) {
        self.sequence = sequence
        self.scheme = scheme
        self.at = at
        self.actor = actor
        self.means = means
        self.address = address
        self.action = action
        self.target = target
        self.outcome = outcome
        self.reason = reason
        self.commit = commit
        self.before = before
        self.after = after
        self.previous = previous
        self.hash = hash
        self.seal = seal
    }

    /// The state before or after as a value; `nil` where there is none.
    /// - Throws: `DocumentError` for a text that is no JSON, as only tampering makes it.
    static func state(_ text: String?) throws(DocumentError) -> Value? {
        guard let text else { return nil }
        return try JSON.read(Array(text.utf8))
    }

    /// What the hash covers: all columns but the proofs, as canonical JSON. Described in `docs/reference/formats.md`.
    func document(before: Value?, after: Value?) -> Value {
        .map([
            "action": .string(action), "actor": .string(actor), "address": Value(address), "after": after ?? .null, "at": .int(at),
            "before": before ?? .null, "commit": Value(commit), "means": .string(means), "outcome": .string(outcome),
            "previous": .string(previous), "reason": .string(reason), "scheme": .int(scheme), "sequence": .int(sequence),
            "target": .string(target),
        ])
    }

    /// What `hash` has to be, in hex.
    func computedHash() throws(DocumentError) -> String { computedHash(before: try Self.state(before), after: try Self.state(after)) }

    private func computedHash(before: Value?, after: Value?) -> String { Canonical.digest(document(before: before, after: after)).hex }
}

/// How far the chain goes.
struct AuditHead: Sendable, Equatable {
    /// 0 before the first entry.
    var sequence: Int64
    /// In hex.
    var hash: String

    static let none = AuditHead(sequence: 0, hash: AuditLink.beginning)
}

/// Where the chain begins after earlier entries were exported and removed.
struct AuditAnchor: Sendable, Equatable {
    /// The last entry that was removed, and its hash.
    var sequence: Int64
    var hash: String
    /// The first entry of the same export.
    var first: Int64
    var at: Timestamp
    /// The digest of the export's bytes, `sha256:…`.
    var export: String
    var scheme: Int64 = AuditLink.scheme
    var seal: String = ""
}
