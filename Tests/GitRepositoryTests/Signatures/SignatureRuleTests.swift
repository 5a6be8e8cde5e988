// SPDX-License-Identifier: Apache-2.0
import Foundation
import GitRepository
import Testing

@Suite("Signature rules") struct SignatureRuleTests {
    private let ada = SSHSigner.generate(comment: "ada")
    private let forge = SSHSigner.generate(comment: "forge")

    private func rule(_ require: SignatureRule.Requirement, _ signers: [SSHSigner], options: String = "") throws -> SignatureRule {
        let lines = signers.map { "\($0.comment)@example.com \(options)\($0.publicKeyLine)" }.joined(separator: "\n")
        return SignatureRule(require: require, verifier: SignatureVerifier(allowedSigners: try AllowedSigners(parsing: lines)))
    }

    private func commit(_ mirror: GitMirror, _ parents: [ObjectID], _ title: String, _ signer: SSHSigner?) async throws -> ObjectID {
        let tree = try await mirror.writeTree(base: parents.first, changes: [title: Array(title.utf8)])
        let draft = CommitDraft(tree: tree, parents: parents, author: coordinator, message: title, signer: signer)
        return try await mirror.store(commit: draft.build().bytes)
    }

    @Test("head looks at the newest commit, all at everything that is new, none at nothing")
    func requirements() async throws {
        let box = try await GitSandbox()
        let mirror = try await box.openMirror()
        let base = try #require(try await mirror.head(of: "main"))
        let unsigned = try await commit(mirror, [base], "unsigned", nil)
        let signed = try await commit(mirror, [unsigned], "signed", ada)
        #expect(try await mirror.judge(head: unsigned, since: base, rule: rule(.none, [])).isAccepted)
        let head = try await mirror.judge(head: signed, since: base, rule: rule(.head, [ada]))
        #expect(head.isAccepted && head.judged == 1)
        let all = try await mirror.judge(head: signed, since: base, rule: rule(.all, [ada]))
        #expect(!all.isAccepted && all.judged == 2 && all.failureCount == 1)
        #expect(all.failures.map(\.commit) == [unsigned] && all.failures.map(\.verdict) == [.unsigned])
        #expect(all.description.contains("\"unsigned\": not signed"))
        #expect(try await mirror.judge(head: signed, since: unsigned, rule: rule(.all, [ada])).isAccepted)
        #expect(try await mirror.judge(head: signed, since: signed, rule: rule(.all, [])).judged == 0)
        // The same of commits at hand.
        let commits = try await mirror.log(from: signed, limit: 10, until: base)
        #expect(try rule(.all, [ada]).judge(commits) == all && rule(.head, [ada]).judge(commits) == head)
        #expect(try rule(.none, []).judge(commits) == SignatureJudgement())
        // Without a beginning it is the whole history, and the first commit is not signed.
        #expect(try await mirror.judge(head: signed, rule: rule(.all, [ada])).failureCount == 2)
    }

    @Test("a merge counts only with its own key, and nothing slips in through its second parent")
    func merges() async throws {
        let box = try await GitSandbox()
        let mirror = try await box.openMirror()
        let base = try #require(try await mirror.head(of: "main"))
        let left = try await commit(mirror, [base], "left", ada)
        let right = try await commit(mirror, [base], "right", ada)
        let smuggled = try await commit(mirror, [base], "smuggled", nil)
        let merge = try await commit(mirror, [left, right], "merge", forge)
        let bad = try await commit(mirror, [left, smuggled], "bad merge", ada)
        let refused = try await mirror.judge(head: merge, since: base, rule: rule(.all, [ada]))
        #expect(refused.failures.map(\.commit) == [merge] && refused.failures.map(\.verdict) == [.unknownKey(.ssh(forge.publicKey))])
        #expect(refused.description.contains("Git host"))
        #expect(try await mirror.judge(head: merge, since: base, rule: rule(.all, [ada, forge])).isAccepted)
        let through = try await mirror.judge(head: bad, since: base, rule: rule(.all, [ada, forge]))
        #expect(through.failures.map(\.commit) == [smuggled] && through.judged == 3)
        // What was accepted on one line is not judged again when the other is merged.
        #expect(try await mirror.judge(head: merge, since: left, rule: rule(.all, [ada, forge])).judged == 2)
    }

    @Test("an expired key and another purpose are reasons; a forged commit is a bad signature")
    func reasons() async throws {
        let box = try await GitSandbox()
        let mirror = try await box.openMirror()
        let base = try #require(try await mirror.head(of: "main"))
        let id = try await commit(mirror, [base], "signed", ada)
        func verdict(_ options: String) async throws -> SignatureVerdict? {
            try await mirror.judge(head: id, rule: rule(.head, [ada], options: options)).failures.first?.verdict
        }
        guard case .notAllowed(.ssh(ada.publicKey), let expired)? = try await verdict("valid-before=\"20200101\" ") else {
            Issue.record("an expired key")
            return
        }
        #expect(expired.contains("2020-01-01"))
        guard case .notAllowed(_, let purpose)? = try await verdict("namespaces=\"file\" ") else {
            Issue.record("another purpose")
            return
        }
        #expect(purpose.contains("namespace"))
        let forgery = text(try await mirror.commit(id).raw).replacingOccurrences(of: "signed", with: "forged")
        let forged = try await mirror.store(commit: Array(forgery.utf8))
        let judgement = try await mirror.judge(head: forged, rule: rule(.head, [ada]))
        #expect(judgement.failures.map(\.verdict) == [.bad(reason: "it does not fit the contents")])
    }

    @Test("more commits than the limit are refused as a whole, and an unknown beginning is an error")
    func limits() async throws {
        let box = try await GitSandbox()
        let mirror = try await box.openMirror()
        let base = try #require(try await mirror.head(of: "main"))
        var head = base
        for number in 0..<30 { head = try await commit(mirror, [head], "\(number)", nil) }
        let last = head
        let rule = try rule(.all, [ada])
        let judgement = try await mirror.judge(head: last, since: base, rule: rule, limit: 30)
        #expect(judgement.failureCount == 30 && judgement.failures.count == SignatureJudgement.failuresMax)
        #expect(judgement.description.hasSuffix("and 10 more"))
        await #expect {
            _ = try await mirror.judge(head: last, since: base, rule: rule, limit: 29)
        } throws: { error in
            if case .tooLarge(_, 29) = error as? GitError { true } else { false }
        }
        let stranger = try #require(ObjectID(hex: String(repeating: "1", count: 40)))
        for (head, since) in [(stranger, base), (last, stranger)] {
            await #expect {
                _ = try await mirror.judge(head: head, since: since, rule: rule)
            } throws: { error in
                if case .notFound = error as? GitError { true } else { false }
            }
        }
    }
}
