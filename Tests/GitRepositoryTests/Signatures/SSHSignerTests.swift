// SPDX-License-Identifier: Apache-2.0
import Foundation
import GitRepository
import Manifests
import Testing

@Suite("SSH signatures") struct SSHSignerTests {
    private let message = Array("the message\n".utf8)

    @Test("git verify-commit accepts our signed commit, and so do we")
    func verifiedByGit() async throws {
        let box = try await GitSandbox()
        let signer = SSHSigner.generate(comment: "flotilla")
        let mirror = try await box.openMirror()
        let head = try #require(try await mirror.head(of: "main"))
        let tree = try await mirror.writeTree(base: head, changes: ["x": Array("1".utf8)])
        let draft = CommitDraft(
            tree: tree, parents: [head], author: coordinator, message: "Promote\n\nFlotilla-Release: r\n", signer: signer)
        let built = try draft.build()
        #expect(try draft.build() == built)
        let id = try await mirror.store(commit: built.bytes)
        try await mirror.push(commit: id, to: "refs/heads/signed", expecting: nil)
        let allowed = signer.allowedSignersLine(principal: "flotilla@example.com")
        try box.write("# who may sign\n\(allowed)\n", to: "\(box.root)/allowed")
        let output = try await box.git(
            in: box.remote, "-c", "gpg.format=ssh", "-c", "gpg.ssh.allowedSignersFile=\(box.root)/allowed", "verify-commit", "-v", "signed")
        #expect(output.contains("Good \"git\" signature for flotilla@example.com"), "\(output)")
        try await box.git(in: box.remote, "fsck", "--full", "--strict")
        let commit = try await mirror.commit(id)
        #expect(commit.raw == built.bytes)
        let verifier = try SSHSignatureVerifier(allowedSigners: allowed)
        #expect(verifier.verify(commit) == .good(principals: ["flotilla@example.com"], key: .ssh(signer.publicKey)))
        let stranger = try SSHSignatureVerifier(allowedSigners: SSHSigner.generate(comment: "").allowedSignersLine(principal: "x"))
        #expect(stranger.verify(commit) == .unknownKey(.ssh(signer.publicKey)))
    }

    @Test("we accept what git signed with ssh-keygen's keys", arguments: ["ed25519", "ecdsa", "rsa"])
    func signedByGit(type: String) async throws {
        let box = try await GitSandbox()
        try await box.run("ssh-keygen", ["-q", "-t", type, "-N", "", "-C", "ada", "-f", "\(box.root)/key"], in: box.root)
        try await box.git(
            "-c", "gpg.format=ssh", "-c", "user.signingkey=\(box.root)/key", "commit", "-q", "--allow-empty", "-S", "-m", "Signed")
        try await box.git("push", "-q", "origin", "HEAD:main")
        let mirror = try await box.openMirror()
        let commit = try await mirror.commit(box.id("HEAD"))
        let publicLine = try String(contentsOfFile: "\(box.root)/key.pub", encoding: .utf8)
        let verifier = try SSHSignatureVerifier(allowedSigners: "ada@example.com,*@example.org \(publicLine)")
        let verdict = verifier.verify(commit)
        guard case .good(let principals, .ssh(let key)) = verdict else {
            Issue.record("\(verdict)")
            return
        }
        #expect(principals == ["ada@example.com", "*@example.org"])
        #expect(try await box.run("ssh-keygen", ["-l", "-f", "\(box.root)/key.pub"], in: box.root).contains(key.fingerprint))
        #expect(commit.title == "Signed")

        // The same signature under another message.
        var text = text(commit.raw)
        text = text.replacingOccurrences(of: "Signed", with: "Forged")
        let forged = try CommitInfo(id: ObjectID.of(Array(text.utf8), type: "commit"), raw: Array(text.utf8))
        #expect(verifier.verify(forged) == .bad(reason: "it does not fit the contents"))
        #expect(try await verifier.verify(mirror.commit(commit.parents[0])) == .unsigned)
    }

    @Test("ssh-keygen reads our private key, and we read its")
    func keyFiles() async throws {
        let box = try await GitSandbox()
        for comment in ["", "a", "flotilla coordinator", "1234567"] {
            let path = "\(box.root)/ours-\(comment.count)"
            let signer = SSHSigner.generate(comment: comment)
            try signer.save(path: path)
            let printed = try await box.run("ssh-keygen", ["-y", "-f", path], in: box.root)
            #expect(printed == signer.publicKeyLine)
            #expect(try SSHSigner.load(path: path).publicKeyLine == signer.publicKeyLine)
            #expect(throws: GitError.self) { try signer.save(path: path) }
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode == 0o600)
            #expect(!"\(signer)".contains("PRIVATE"))
        }
        try await box.run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "theirs", "-f", "\(box.root)/theirs"], in: box.root)
        let theirs = try SSHSigner.load(path: "\(box.root)/theirs")
        #expect(try String(contentsOfFile: "\(box.root)/theirs.pub", encoding: .utf8) == theirs.publicKeyLine + "\n")
        try await box.run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "secret", "-f", "\(box.root)/locked"], in: box.root)
        await #expect(
            throws: GitError.invalid(
                what: "\(box.root)/locked", reason: "is protected by a passphrase; a service needs a key without one")
        ) { try SSHSigner.load(path: "\(box.root)/locked") }
        #expect(throws: GitError.notFound(what: "\(box.root)/none")) { try SSHSigner.load(path: "\(box.root)/none") }
        #expect(throws: GitError.self) { try SSHSigner(privateKeyFile: "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END", name: "x") }
    }

    @Test("ssh-keygen -Y verify accepts our signature of any message, in its namespace only")
    func keygenVerifies() async throws {
        let box = try await GitSandbox()
        let signer = SSHSigner.generate(comment: "")
        try box.write("me \(signer.publicKeyLine)\n", to: "\(box.root)/allowed")
        try box.write(try signer.sign(message, namespace: "file") + "\n", to: "\(box.root)/message.sig")
        try box.write("the message\n", to: "\(box.root)/message")
        func verify(_ namespace: String) async throws -> String {
            let command = "ssh-keygen -Y verify -f allowed -I me -n \(namespace) -s message.sig < message"
            return try await box.run("sh", ["-c", command], in: box.root)
        }
        #expect(try await verify("file").hasPrefix("Good \"file\" signature for me"))
        await #expect(throws: ProcessFailure.self) { try await verify("git") }
    }

    @Test("namespaces and times of the allowed signers are kept")
    func conditions() throws {
        let signer = SSHSigner.generate(comment: "")
        let signature = try signer.sign(message, namespace: "git")
        let time = try #require(Timestamp(rfc3339: "2026-05-04T10:00:00Z"))
        func good(_ options: String, namespace: String = "git") throws -> Bool {
            let verifier = try SSHSignatureVerifier(allowedSigners: "me \(options)\(options.isEmpty ? "" : " ")\(signer.publicKeyLine)")
            return verifier.verify(message, signature: signature, namespace: namespace, at: time).isGood
        }
        #expect(try good(""))
        #expect(try good("namespaces=\"git\""))
        #expect(try good("namespaces=\"file,g*\""))
        #expect(try !good("namespaces=\"file\""))
        #expect(try !good("namespaces=\"*,!git\""))
        #expect(try good("valid-after=\"20260504\",valid-before=\"20260505\""))
        #expect(try good("namespaces=\"git,file\",valid-after=\"202605041000Z\""))
        #expect(try !good("valid-after=\"20260505\""))
        #expect(try !good("valid-before=\"20260504095959\""))
        #expect(throws: GitError.self) { try good("cert-authority") }
        #expect(try !good("", namespace: "file"))
    }

    @Test(
        "an unreadable allowed-signers line is named",
        arguments: [
            "me", "me ssh-ed25519", "me ssh-ed25519 !!!!", "me who=knows ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA==",
            "me \"unclosed ssh-ed25519 AAAA",
        ])
    func unreadable(line: String) {
        #expect {
            _ = try AllowedSigners(parsing: "# comment\n\n\(line)\n", name: "signers")
        } throws: { error in
            guard case .invalid(let place, _) = error as? GitError else { return false }
            return place == "signers:3"
        }
    }

    @Test("damaged and foreign signatures are told apart")
    func damaged() throws {
        let signer = SSHSigner.generate(comment: "")
        let verifier = try SSHSignatureVerifier(allowedSigners: signer.allowedSignersLine(principal: "me"))
        let signature = try signer.sign(message, namespace: "git")
        func verdict(_ text: String) -> SignatureVerdict { verifier.verify(message, signature: text, namespace: "git", at: .epoch) }
        #expect(verdict(signature).isGood)
        #expect(verdict("-----BEGIN PGP SIGNATURE-----\n") == .unsupported(reason: "it is not an SSH signature"))
        #expect(verdict("-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----") == .bad(reason: "it is not readable"))
        let other = try signer.sign(Array("other".utf8), namespace: "git")
        #expect(verdict(other) == .bad(reason: "it does not fit the contents"))
        #expect(
            verifier.verify(message, signature: signature, namespace: "file", at: .epoch)
                == .bad(reason: "it was made for 'git', not for 'file'"))
    }
}
