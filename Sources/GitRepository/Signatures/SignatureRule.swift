// SPDX-License-Identifier: Apache-2.0

/// What the commits of a repository have to be signed with.
///
/// There is no exception for anybody: a merge that the Git host made counts if the host's key is listed, and not otherwise.
package struct SignatureRule: Sendable {
    package enum Requirement: String, Sendable, Hashable, CaseIterable {
        /// Signatures are not looked at.
        case none
        /// The newest commit.
        case head
        /// Every commit since the last accepted one, on all lines of a merge.
        case all
    }

    package var require: Requirement
    package var verifier: SignatureVerifier

    package init(require: Requirement, verifier: SignatureVerifier) {
        self.require = require
        self.verifier = verifier
    }

    /// Judges the commits that have come; the newest is `commits.first`.
    package func judge(_ commits: [CommitInfo]) -> SignatureJudgement {
        var judgement = SignatureJudgement()
        for commit in subject(to: commits) { judgement.add(commit, verifier.verify(commit)) }
        return judgement
    }

    private func subject(to commits: [CommitInfo]) -> ArraySlice<CommitInfo> {
        switch require {
        case .none: []
        case .head: commits.prefix(1)
        case .all: commits[...]
        }
    }
}

/// What came out of judging commits by a `SignatureRule`.
package struct SignatureJudgement: Sendable, Hashable, CustomStringConvertible {
    /// A commit that does not meet the rule.
    package struct Failure: Sendable, Hashable, CustomStringConvertible {
        package let commit: ObjectID
        package let title: String
        package let isMerge: Bool
        package let verdict: SignatureVerdict

        package var description: String {
            let hint = isMerge ? " (a merge that the Git host made needs the host's key among those listed)" : ""
            return "\(commit.description.prefix(12)) \"\(title.prefix(72))\": \(verdict)\(hint)"
        }
    }

    /// How many failures are kept in full.
    package static let failuresMax = 20

    /// How many commits were looked at.
    package private(set) var judged = 0
    package private(set) var failureCount = 0
    /// The first failures, newest commit first.
    package private(set) var failures: [Failure] = []

    package init() {}

    package var isAccepted: Bool { failureCount == 0 }

    mutating func add(_ commit: CommitInfo, _ verdict: SignatureVerdict) {
        judged += 1
        guard !verdict.isGood else { return }
        failureCount += 1
        guard failures.count < Self.failuresMax else { return }
        failures.append(Failure(commit: commit.id, title: commit.title, isMerge: commit.parents.count > 1, verdict: verdict))
    }

    /// One line per failure.
    package var description: String {
        guard !isAccepted else { return judged == 1 ? "1 commit is signed as required" : "\(judged) commits are signed as required" }
        var lines = failures.map(\.description)
        if failureCount > failures.count { lines.append("and \(failureCount - failures.count) more") }
        return lines.joined(separator: "\n")
    }
}
