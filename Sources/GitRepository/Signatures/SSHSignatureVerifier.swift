// SPDX-License-Identifier: Apache-2.0
package import Manifests

/// What a commit's signature is worth.
package enum SignatureVerdict: Sendable, Hashable, CustomStringConvertible {
    /// A key of the allowed signers made it; `principals` as its line names them.
    case good(principals: [String], key: SSHPublicKey)
    case unsigned
    /// The signature does not fit the contents, or is not readable.
    case bad(reason: String)
    /// The signature fits, but the key is not allowed: unknown, for another purpose, or not at that time.
    case notAllowed(key: SSHPublicKey, reason: String)
    /// A kind of signature or key that cannot be checked here.
    case unsupported(reason: String)

    package var isGood: Bool {
        if case .good = self { true } else { false }
    }

    package var description: String {
        switch self {
        case .good(let principals, let key): "signed by \(principals.joined(separator: ", ")) (\(key.fingerprint))"
        case .unsigned: "not signed"
        case .bad(let reason): "bad signature: \(reason)"
        case .notAllowed(let key, let reason): "signed by \(key.fingerprint), which is not allowed: \(reason)"
        case .unsupported(let reason): "cannot be checked: \(reason)"
        }
    }
}

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
        case true?: break
        }
        let key = signature.publicKey
        var reason = "no such key among the allowed signers"
        for entry in signers.entries where entry.key == key {
            if let namespaces = entry.namespaces, !PatternList.matches(namespace, namespaces) {
                reason = "the key is not for namespace '\(namespace)'"
            } else if let after = entry.validAfter, time < after {
                reason = "the key is valid only after \(after.rfc3339)"
            } else if let before = entry.validBefore, time > before {
                reason = "the key was valid only before \(before.rfc3339)"
            } else {
                return .good(principals: entry.principals, key: key)
            }
        }
        return .notAllowed(key: key, reason: reason)
    }
}
