// SPDX-License-Identifier: Apache-2.0

/// Checks commits' signatures, SSH and OpenPGP, against the keys that are listed.
package struct SignatureVerifier: Sendable {
    private let ssh: SSHSignatureVerifier
    private let openPGP: OpenPGPKeys

    package init(allowedSigners: AllowedSigners = AllowedSigners(entries: []), openPGPKeys: OpenPGPKeys = OpenPGPKeys()) {
        ssh = SSHSignatureVerifier(allowedSigners)
        openPGP = openPGPKeys
    }

    /// Judges a commit: an SSH signature at the time that its committer states, an OpenPGP one at the time that stands in it.
    package func verify(_ commit: CommitInfo) -> SignatureVerdict {
        guard let signature = commit.signature else { return .unsigned }
        if signature.hasPrefix(SSHSignature.begin) { return ssh.verify(commit) }
        if signature.hasPrefix(OpenPGPArmor.signature.begin) { return openPGP.verify(commit.signedBytes, signature: signature) }
        return .unsupported(reason: "it is neither an SSH nor an OpenPGP signature")
    }
}
