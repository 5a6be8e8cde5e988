// SPDX-License-Identifier: Apache-2.0
package import Manifests

/// Checks SSH signatures of commits against an allowed-signers file, as `git verify-commit` does.
package struct SSHSignatureVerifier: Sendable {
    private let signers: AllowedSigners

    package init(_ signers: AllowedSigners) { self.signers = signers }

    /// Throws `GitError.invalid` that names the unreadable line.
    package init(allowedSigners text: String) throws(GitError) { signers = try AllowedSigners(parsing: text) }

    /// Whether an allowed signer signed this commit.
    package func accepts(_ commit: CommitInfo) -> Bool { verify(commit).isGood }

    /// Judges a commit, at the time its committer states (as Git does).
    package func verify(_ commit: CommitInfo) -> SignatureVerdict {
        guard let signature = commit.signature else { return .unsigned }
        return verify(commit.signedBytes, signature: signature, namespace: "git", at: commit.committer.when)
    }

    /// Judges an armored signature of `message`.
    package func verify(_ message: [UInt8], signature text: String, namespace: String, at time: Timestamp) -> SignatureVerdict {
        guard text.hasPrefix(SSHSignature.begin) else { return .unsupported(reason: "it is not an SSH signature") }
        guard let signature = SSHSignature(armored: text) else { return .bad(reason: "it is not readable") }
        guard signature.namespace == namespace else {
            return .bad(reason: "it was made for '\(signature.namespace)', not for '\(namespace)'")
        }
        switch signature.verifies(message) {
        case nil: return .unsupported(reason: "keys of type \(signature.publicKey.type)")
        case false?: return .bad(reason: "it does not fit the contents")
        case true?: return signers.judge(signature.publicKey, namespace: namespace, at: time)
        }
    }
}
