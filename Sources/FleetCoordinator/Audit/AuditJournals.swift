// SPDX-License-Identifier: Apache-2.0
import GitRepository
import Manifests

/// The audit trail's heads that journals in Git have kept: signed, and outside the database.
struct AuditJournals: Sendable {
    let mirror: GitMirror
    /// The line by which the coordinator's own commits verify.
    let allowedSigners: String

    /// The trailer of a journal's commit that names a head: `EPOCH SEQUENCE HASH`.
    static let trailerKey = "Flotilla-Audit"

    static let branchesMax = 1_000
    /// Commits of one branch that are looked at, newest first.
    static let commitsMax = 500
    /// Commits of all branches together.
    static let commitsInAllMax = 20_000

    struct Reading: Sendable {
        var heads: [JournalledHead] = []
        /// Journal commits with a head that do not carry this coordinator's signature; they prove nothing.
        var unsigned = 0
        /// Why the repository could not be asked for newer ones; empty where it could.
        var failure = ""
        /// Some journals reach back further than was looked.
        var isPartial = false
    }

    static func trailer(epoch: Int64, _ head: AuditHead) -> String { "\(trailerKey): \(epoch) \(head.sequence) \(head.hash)" }

    static func head(trailer text: String, branch: String, commit: String) -> JournalledHead? {
        let parts = text.split(separator: " ")
        guard parts.count == 3, let epoch = Int64(parts[0]), let sequence = Int64(parts[1]), sequence > 0,
            let hash = Manifests.Digest(hex: parts[2])
        else { return nil }
        return JournalledHead(branch: branch, commit: commit, epoch: epoch, sequence: sequence, hash: hash.hex)
    }

    /// Fetches, and reads the journals' heads.
    func read() async throws -> Reading {
        var reading = Reading()
        do { _ = try await mirror.fetch() } catch { reading.failure = "\(error)" }
        let verifier = try SSHSignatureVerifier(allowedSigners: allowedSigners)
        let branches = try await mirror.heads(matching: Branches.journal(pipeline: "")).sorted { $0.key < $1.key }
        reading.isPartial = branches.count > Self.branchesMax
        var left = Self.commitsInAllMax
        for (branch, start) in branches.prefix(Self.branchesMax) where left > 0 {
            let limit = min(left, Self.commitsMax)
            let commits = try await mirror.log(from: start, firstParent: true, limit: limit)
            left -= commits.count
            if commits.count == limit, commits.last?.parents.isEmpty == false { reading.isPartial = true }
            for commit in commits {
                guard let text = commit.trailer(Self.trailerKey),
                    let head = Self.head(trailer: text, branch: branch, commit: "\(commit.id)")
                else { continue }
                if verifier.accepts(commit) { reading.heads.append(head) } else { reading.unsigned += 1 }
            }
        }
        return reading
    }
}
