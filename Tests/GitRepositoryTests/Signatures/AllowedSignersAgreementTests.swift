// SPDX-License-Identifier: Apache-2.0
import Foundation
import GitRepository
import Testing

@Suite("Allowed signers, beside git verify-commit") struct AllowedSignersAgreementTests {
    /// `K` stands for the key that signed, `O` for another one. The commit is of 2026-05-04, 10:00 UTC.
    private static let files: [String] = [
        "a@x K", "a@x O", "", "a@x O\na@x K", "* K", "!a@x K", "a@x,b@x K", "a@x,!b@x K", "!b@x,a@x K", "\"a@x\" K", "# a@x K", "   a@x K",
        "a@x namespaces=\"git\" K", "a@x namespaces=\"file\" K", "a@x namespaces=\"file,git\" K", "a@x namespaces=\"g*\" K",
        "a@x namespaces=\"*,!git\" K", "a@x namespaces=\"GIT\" K", "a@x NAMESPACES=\"git\" K",
        "a@x valid-after=\"20260504\" K", "a@x valid-after=\"20260505\" K", "a@x valid-after=\"202605041000\" K",
        "a@x valid-after=\"20260504100000\" K", "a@x valid-after=\"20260504100001\" K", "a@x valid-after=\"20260504100000Z\" K",
        "a@x valid-after=\"20260504100001Z\" K", "a@x valid-before=\"20260504\" K", "a@x valid-before=\"20260505\" K",
        "a@x valid-before=\"20260504100000\" K", "a@x valid-before=\"20260504095959\" K", "a@x valid-before=\"20260504100000Z\" K",
        "a@x valid-after=\"20260501\",valid-before=\"20260601\" K", "a@x valid-after=\"20260501\",valid-before=\"20260503\" K",
        "a@x namespaces=\"git\",valid-before=\"20270101\" K", "a@x namespaces=\"file\",valid-before=\"20270101\" K",
        // The first valid line with the key names the principals; another line may let them in.
        "a@x valid-before=\"20200101\" K\na@x K", "a@x valid-before=\"20200101\" K\nb@x K", "a@x valid-before=\"20200101\" K\n*@x K",
        "a@x,b@x valid-before=\"20200101\" K\nb@x K", "a@x namespaces=\"file\" K\na@x namespaces=\"git\" K",
        "b@x K\na@x valid-before=\"20200101\" K",
        "a@x namespaces=\"file\" K\nb@x namespaces=\"git\" K",
        "!a@x valid-before=\"20200101\" K\nb@x,!c@x K", "a@x K comment with words", "a@x\tK", "a@x namespaces=\"git\" K comment",
    ]

    /// What `ssh-keygen` passes over and we refuse to read.
    private static let unreadable: [String] = [
        "a@x cert-authority K", "a@x namespaces=git K", "a@x valid-after=\"soon\" K",
        "a@x valid-after=\"20260505\",valid-before=\"20260504\" K",
        "a@x namespaces=\"git\",namespaces=\"git\" K", "a@x who=\"knows\" K", "a@x", "a@x namespaces=\"git\"",
    ]

    @Test("we decide as stock Git does", arguments: ["ed25519", "ecdsa", "rsa"])
    func agrees(type: String) async throws {
        let box = try await GitSandbox()
        for name in ["key", "other"] {
            try await box.run("ssh-keygen", ["-q", "-t", type, "-N", "", "-C", name, "-f", "\(box.root)/\(name)"], in: box.root)
        }
        try await box.run(
            "env",
            [
                "GIT_COMMITTER_DATE=2026-05-04T10:00:00Z", "git", "-c", "gpg.format=ssh", "-c", "user.signingkey=\(box.root)/key", "commit",
                "-q", "--allow-empty", "-S", "-m", "Signed",
            ], in: box.work)
        try await box.git("push", "-q", "origin", "HEAD:main")
        let mirror = try await box.openMirror()
        let commit = try await mirror.commit(box.id("HEAD"))
        func key(_ name: String) throws -> String {
            try String(contentsOfFile: "\(box.root)/\(name).pub", encoding: .utf8).split(separator: " ").prefix(2).joined(separator: " ")
        }
        func file(_ text: String) throws -> String {
            let lines = try text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
                try line.split(separator: " ", omittingEmptySubsequences: false)
                    .map { $0 == "K" ? try key("key") : $0 == "O" ? try key("other") : String($0) }.joined(separator: " ")
            }
            return try lines.joined(separator: "\n").replacingOccurrences(of: "\tK", with: "\t\(key("key"))")
        }
        func git(_ text: String) async throws -> Bool {
            try box.write(text + "\n", to: "\(box.root)/allowed")
            let allowed = "gpg.ssh.allowedSignersFile=\(box.root)/allowed"
            do {
                try await box.run("env", ["TZ=UTC", "git", "-c", allowed, "verify-commit", "HEAD"], in: box.work)
                return true
            } catch is ProcessFailure { return false }
        }
        // One type of key is enough for every form.
        for text in type == "ed25519" ? Self.files : Array(Self.files.prefix(12)) {
            let signers = try file(text)
            let ours = try SSHSignatureVerifier(allowedSigners: signers).verify(commit)
            let theirs = try await git(signers)
            #expect(ours.isGood == theirs, "\(text): \(ours)")
        }
        for text in Self.unreadable where type == "ed25519" {
            let signers = try file(text)
            #expect(throws: GitError.self, "\(text)") { try AllowedSigners(parsing: signers) }
            let theirs = try await git(signers)
            #expect(!theirs, "\(text)")
        }
    }
}
