// SPDX-License-Identifier: Apache-2.0

extension GitMirror {
    /// How many commits are judged at once at most.
    package static let judgedCommitsMax = 10_000

    /// Bytes of one commit that is judged.
    private static let judgedBytesMax = 4 << 20

    /// Commits that are judged between two looks at whether anybody still waits.
    private static let judgedPerTurn = 200

    /// Judges the commits from `since`, which was accepted before and is not judged again, to `head`, over all parents.
    ///
    /// Without `since`, a rule for all commits is about the whole history. Commits that `since` does not reach count as new, also where
    /// history was rewritten. Throws `GitError.tooLarge` when there are more than `limit`, before any signature is looked at, or for a
    /// commit of more than 4 MiB, and `.notFound` when the mirror has no such commit.
    package func judge(
        head: ObjectID, since: ObjectID? = nil, rule: SignatureRule, limit: Int = GitMirror.judgedCommitsMax
    ) async throws(GitError) -> SignatureJudgement {
        switch rule.require {
        case .none: return SignatureJudgement()
        case .head: return try await judge([head], rule)
        case .all: break
        }
        let ids = try await onRepository { try $0.commits(from: head, until: since, limit: limit + 1) }
        guard ids.count <= limit else {
            throw .tooLarge(what: "commits to judge up to \(head), which need a closer commit that was accepted before", limit: limit)
        }
        return try await judge(ids, rule)
    }

    private func judge(_ ids: [ObjectID], _ rule: SignatureRule) async throws(GitError) -> SignatureJudgement {
        var judgement = SignatureJudgement()
        for start in stride(from: 0, to: ids.count, by: Self.judgedPerTurn) {
            let part = ids[start..<min(start + Self.judgedPerTurn, ids.count)]
            let before = judgement
            judgement = try await onRepository { repository in
                // One at a time, so that a history's bytes are never in memory together.
                var judgement = before
                for id in part {
                    guard try repository.header(of: id).bytes <= Self.judgedBytesMax else {
                        throw GitError.tooLarge(what: "commit \(id) in bytes", limit: Self.judgedBytesMax)
                    }
                    let commit = try repository.commit(id)
                    judgement.add(commit, rule.verifier.verify(commit))
                }
                return judgement
            }
        }
        return judgement
    }
}
