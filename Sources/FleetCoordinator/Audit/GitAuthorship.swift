// SPDX-License-Identifier: Apache-2.0
import GitRepository
import Manifests

/// Who made a commit, as far as the commit itself says: names in it are claims, and only a signature that somebody checked is more.
struct GitAuthorship: Sendable {
    let commit: CommitInfo
    /// What is known of the commit's signature.
    let signature: String

    /// - Parameter signature: the verdict on it; by default only whether there is one.
    init(_ commit: CommitInfo, signature: String? = nil) {
        self.commit = commit
        self.signature = signature ?? (commit.signature == nil ? "unsigned" : "signed, not checked")
    }

    /// What this commit did to the fleet; `after` is extended by what the commit says of itself.
    func entry(
        at now: Timestamp, _ action: String, on target: String, outcome: AuditEntry.Outcome = .done, reason: String, before: Value? = nil,
        after: Value? = nil
    ) -> AuditEntry {
        var state = after?.map ?? [:]
        state["git"] = .map([
            "author": .string("\(commit.author)"), "committer": .string("\(commit.committer)"), "commit": .string("\(commit.id)"),
            "title": .string(String(commit.title.prefix(200))), "signature": .string(signature),
        ])
        return AuditEntry(
            at: now, by: Author(name: "\(commit.author)", means: "git, \(signature)"), action, on: target, outcome: outcome,
            reason: reason, commit: "\(commit.id)", before: before, after: .map(state))
    }
}
