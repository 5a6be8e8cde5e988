// SPDX-License-Identifier: Apache-2.0
import Foundation
import GitRepository
import Testing
import Threads

@Suite("Remotes over ssh", .enabled(if: SSHServer.isAvailable)) struct SSHRemoteTests {
    private func open(_ box: GitSandbox, _ settings: RemoteSettings, at name: String = "mirror") async throws -> GitMirror {
        try await GitMirror.open(at: "\(box.root)/\(name)", remote: settings, threads: box.threads)
    }

    private func error(_ box: GitSandbox, _ settings: RemoteSettings) async -> GitError? {
        do {
            _ = try await open(box, settings)
            return nil
        } catch { return error as? GitError }
    }

    private func commit(_ mirror: GitMirror, on head: ObjectID, _ contents: String) async throws -> ObjectID {
        let tree = try await mirror.writeTree(base: head, changes: ["x": Array(contents.utf8)])
        return try await mirror.store(
            commit: CommitDraft(tree: tree, parents: [head], author: ada, message: contents).build().bytes)
    }

    @Test("fetches, and pushes with a lease")
    func works() async throws {
        let box = try await GitSandbox()
        let server = try await SSHServer(box)
        let mirror = try await open(box, server.settings())
        let head = try #require(try await mirror.head(of: "main"))
        let theirs = try await box.commit(["y": "1"], message: "Theirs")
        let result = try await mirror.fetch()
        #expect(result.updates == [RefUpdate(ref: "refs/heads/main", old: head, new: theirs)])
        #expect(result.objectsReceived > 0 && result.bytesReceived > 0 && result.defaultBranch == "main")
        #expect(try await mirror.listRemote()["refs/heads/main"] == theirs)
        let ours = try await commit(mirror, on: theirs, "ours")
        try await mirror.push([
            PushUpdate(ref: "refs/heads/main", to: ours, expecting: .exactly(theirs)),
            PushUpdate(ref: "refs/flotilla/releases/r1", to: theirs, expecting: .exactly(nil)),
        ])
        #expect(try await box.id("main", in: box.remote) == ours)
        #expect(try await box.id("refs/flotilla/releases/r1", in: box.remote) == theirs)
        // Again, as after a crash.
        try await mirror.push(commit: ours, to: "refs/heads/main", expecting: theirs)
        await #expect(throws: GitError.moved(ref: "refs/heads/main", actual: ours)) {
            let late = try await commit(mirror, on: theirs, "late")
            try await mirror.push(commit: late, to: "refs/heads/main", expecting: theirs)
        }
        try await box.git(in: box.remote, "fsck", "--full", "--strict")
        #expect(try await mirror.fetch().updates.isEmpty)
    }

    @Test("a large history comes whole, in both directions")
    func large() async throws {
        let box = try await GitSandbox()
        let server = try await SSHServer(box)
        var generator = SystemRandomNumberGenerator()
        func noise(_ count: Int) -> String {
            Data((0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }).base64EncodedString()
        }
        // More than the channel's window, in bytes that do not compress to nothing.
        try await box.commit(["a": noise(3 << 20), "b": noise(1 << 20)], message: "Large")
        let mirror = try await open(box, server.settings())
        let head = try #require(try await mirror.head(of: "main"))
        #expect(try await box.id("main", in: box.remote) == head)
        let tree = try await mirror.writeTree(base: head, changes: ["c": Array(noise(3 << 20).utf8)])
        let id = try await mirror.store(commit: CommitDraft(tree: tree, parents: [head], author: ada, message: "c").build().bytes)
        try await mirror.push(commit: id, to: "refs/heads/large", expecting: nil)
        #expect(try await box.id("large", in: box.remote) == id)
        try await box.git(in: box.remote, "fsck", "--full", "--strict")
    }

    @Test("Ed25519 and ECDSA keys open the door", arguments: ["ed25519", "ecdsa"])
    func userKeys(type: String) async throws {
        let box = try await GitSandbox()
        let server = try await SSHServer(box, userKeys: [type])
        let mirror = try await open(box, server.settings(key: "user_\(type)"))
        #expect(try await mirror.head(of: "main") != nil)
    }

    @Test("keys with a passphrase, and in PEM form, open the door")
    func keyForms() async throws {
        let box = try await GitSandbox()
        let server = try await SSHServer(box, userKeys: ["ed25519", "ecdsa"])
        for (type, arguments) in [("ed25519", []), ("ecdsa", []), ("ecdsa", ["-m", "PEM"]), ("ecdsa", ["-m", "PKCS8"])] {
            let path = "\(box.root)/locked_\(type)"
            try? FileManager.default.removeItem(atPath: path)
            try FileManager.default.copyItem(atPath: "\(box.root)/user_\(type)", toPath: path)
            let code = "ssh-keygen \(arguments.joined(separator: " "))"
            try await box.run("ssh-keygen", ["-q", "-p", "-P", "", "-N", "open sesame"] + arguments + ["-f", path], in: box.root)
            #expect(throws: GitError.self, "\(code)") { try server.privateKey("locked_\(type)") }
            var settings = try server.settings()
            settings.credential = .key(try server.privateKey("locked_\(type)", passphrase: "open sesame"))
            let mirror = try await open(box, settings, at: "mirror-\(type)-\(arguments.count)")
            #expect(try await mirror.head(of: "main") != nil, "\(code)")
            settings.credential = .key(try server.privateKey("locked_\(type)", passphrase: "open pepper"))
            guard case .authentication(_, let reason)? = await error(box, settings) else {
                Issue.record("\(code): a wrong passphrase")
                continue
            }
            #expect(reason.contains("passphrase") && !reason.contains("pepper"))
        }
        try await box.run("ssh-keygen", ["-q", "-p", "-m", "PEM", "-N", "", "-f", "\(box.root)/user_ecdsa"], in: box.root)
        #expect(try await open(box, server.settings(key: "user_ecdsa"), at: "pem").head(of: "main") != nil)
    }

    @Test("an RSA key is let in, or the refusal says what to do")
    func userRSA() async throws {
        let box = try await GitSandbox()
        let server = try await SSHServer(box, userKeys: ["rsa"])
        switch await error(box, try server.settings(key: "user_rsa")) {
        case nil: break
        case .authentication(_, let reason)?: #expect(reason.contains("libssh2 1.11") && reason.contains("Ed25519"), "\(reason)")
        case let other?: Issue.record("\(other)")
        }
        let tolerant = try await SSHServer(
            try await GitSandbox(), userKeys: ["rsa"], options: ["PubkeyAcceptedAlgorithms +ssh-rsa", "HostKeyAlgorithms +ssh-rsa"])
        #expect(try await open(tolerant.box, tolerant.settings(key: "user_rsa")).head(of: "main") != nil)
    }

    @Test("hosts are known by Ed25519 and ECDSA keys, also where they have several", arguments: ["ed25519", "ecdsa"])
    func hostKeys(type: String) async throws {
        let box = try await GitSandbox()
        let server = try await SSHServer(box, hostKeys: ["rsa", "ecdsa", "ed25519"])
        #expect(try await open(box, server.settings(hostKey: type)).head(of: "main") != nil)
    }

    @Test("a host with nothing but an RSA key is spoken to, or the refusal says what to do")
    func hostRSA() async throws {
        let box = try await GitSandbox()
        let server = try await SSHServer(box, hostKeys: ["rsa"])
        switch await error(box, try server.settings(hostKey: "rsa")) {
        case nil: break
        case .unreachable(_, let reason)?: #expect(reason.contains("libssh2 1.11"), "\(reason)")
        case let other?: Issue.record("\(other)")
        }
    }

    @Test("an unknown host is refused before it sees a key, with its fingerprint")
    func unknownHost() async throws {
        let box = try await GitSandbox()
        let server = try await SSHServer(box, options: ["LogLevel VERBOSE"])
        var settings = try server.settings()
        let key = try server.publicKey("host_ed25519")
        for text in ["", "[127.0.0.1]:1 \(key)", "other.example \(key)", "[127.0.0.1]:\(server.port),!*.0.0.1]:* \(key)"] {
            settings.knownHosts = try KnownHosts(parsing: text)
            guard case .hostKey(let remote, let reason)? = await error(box, settings) else {
                Issue.record("'\(text)' is enough")
                continue
            }
            #expect(remote == settings.url)
            for part in ["[127.0.0.1]:\(server.port)", "ssh-ed25519", key.fingerprint, "ssh-keyscan -p \(server.port) 127.0.0.1"] {
                #expect(reason.contains(part), "\(reason)")
            }
        }
    }

    @Test("a changed and a revoked host key are refused")
    func changedHost() async throws {
        let box = try await GitSandbox()
        let server = try await SSHServer(box)
        var settings = try server.settings()
        let name = "[127.0.0.1]:\(server.port)"
        settings.knownHosts = try KnownHosts(parsing: "# hosts\n\(name) \(server.publicKey("user_ed25519"))", name: "hosts")
        guard case .hostKey(_, let changed)? = await error(box, settings) else {
            Issue.record("changed")
            return
        }
        let key = try server.publicKey("host_ed25519")
        #expect(changed.contains("hosts:2") && changed.contains(key.fingerprint))
        settings.knownHosts = try KnownHosts(parsing: "\(name) \(key)\n@revoked * \(key)")
        guard case .hostKey(_, let revoked)? = await error(box, settings) else {
            Issue.record("revoked")
            return
        }
        #expect(revoked.contains("known hosts:2 revokes"))
    }

    @Test("a host is known by its hashed name, as ssh-keygen writes it")
    func hashedHost() async throws {
        let box = try await GitSandbox()
        let server = try await SSHServer(box)
        let path = "\(box.root)/known"
        try box.write("[127.0.0.1]:\(server.port) \(server.publicKey("host_ed25519"))\n", to: path)
        try await box.run("ssh-keygen", ["-q", "-H", "-f", path], in: box.root)
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(text.hasPrefix("|1|"))
        var settings = try server.settings()
        settings.knownHosts = try KnownHosts(parsing: text)
        #expect(try await open(box, settings).head(of: "main") != nil)
    }

    @Test("a key that is not let in, and none at all, are authentication errors that show the fingerprint only")
    func wrongKey() async throws {
        let box = try await GitSandbox()
        let server = try await SSHServer(box)
        try await box.run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", "\(box.root)/stranger"], in: box.root)
        guard case .authentication(_, let reason)? = await error(box, try server.settings(key: "stranger")) else {
            Issue.record("a stranger's key")
            return
        }
        let fingerprint = try server.publicKey("stranger").fingerprint
        #expect(reason.contains(fingerprint) && reason.contains(server.user))
        var settings = try server.settings()
        settings.credential = .none
        guard case .authentication? = await error(box, settings) else {
            Issue.record("no key")
            return
        }
    }

    @Test("an unknown repository is told apart, in the host's words")
    func notFound() async throws {
        let box = try await GitSandbox()
        let server = try await SSHServer(box)
        guard case .notFound(let what)? = await error(box, try server.settings("\(box.root)/it's none.git")) else {
            Issue.record("an unknown repository")
            return
        }
        #expect(what.contains("it's none.git"), "\(what)")
    }

    @Test("a hook's refusal comes with the hook's own words")
    func hook() async throws {
        let box = try await GitSandbox()
        try await box.writeProgram("#!/bin/sh\necho 'main is protected' >&2\nexit 1\n", to: "\(box.remote)/hooks/pre-receive")
        let server = try await SSHServer(box)
        let mirror = try await open(box, server.settings())
        let head = try #require(try await mirror.head(of: "main"))
        let id = try await commit(mirror, on: head, "x")
        await #expect {
            try await mirror.push(commit: id, to: "refs/heads/main", expecting: head)
        } throws: { error in
            guard case .rejected("refs/heads/main", let reason) = error as? GitError else { return false }
            return reason.contains("main is protected") && reason.contains("hook")
        }
    }

    @Test("a hook that runs after a push may finish its work")
    func lateHook() async throws {
        let box = try await GitSandbox()
        let hook = "#!/bin/sh\nfor i in 1 2 3 4 5 6 7 8; do echo working; sleep 0.1; done\ntouch '\(box.root)/done'\n"
        try await box.writeProgram(hook, to: "\(box.remote)/hooks/post-receive")
        let server = try await SSHServer(box)
        let mirror = try await open(box, server.settings())
        let head = try #require(try await mirror.head(of: "main"))
        try await mirror.push(commit: commit(mirror, on: head, "x"), to: "refs/heads/main", expecting: head)
        #expect(FileManager.default.fileExists(atPath: "\(box.root)/done"))
    }

    @Test("a host that stops answering is given up after the idle time, and at once when cancelled")
    func hanging() async throws {
        let box = try await GitSandbox()
        let server = try await SSHServer(box, command: "sleep 1000")
        var settings = try server.settings()
        let patient = settings
        settings.limits.idleTimeout = .milliseconds(300)
        guard case .timedOut? = await error(box, settings) else {
            Issue.record("the idle time")
            return
        }
        settings = patient
        settings.limits.totalTimeout = .milliseconds(500)
        guard case .timedOut(_, let reason)? = await error(box, settings) else {
            Issue.record("the whole time")
            return
        }
        #expect(reason.contains("not done"))
        let task = Task { try await open(box, patient) }
        task.cancel()
        await #expect(throws: GitError.cancelled(what: patient.url)) { try await task.value }
    }

    @Test("a port that accepts and says nothing is given up")
    func silent() async throws {
        let box = try await GitSandbox()
        let server = try await SSHServer(box)
        let mute = try ByteServer { _ in }
        var settings = try server.settings()
        settings.url = "ssh://127.0.0.1:\(mute.port)/x"
        settings.limits.connectTimeout = .milliseconds(200)
        guard case .timedOut? = await error(box, settings) else {
            Issue.record("a mute port")
            return
        }
        settings.url = "ssh://127.0.0.1:1/x"
        guard case .unreachable(_, let refused)? = await error(box, settings) else {
            Issue.record("a closed port")
            return
        }
        #expect(refused.contains("refused"))
    }

    @Test("a host that floods is stopped at the limit, before and after it has let us in")
    func flooding() async throws {
        let box = try await GitSandbox()
        let chatter = try ByteServer { descriptor in
            let line = Array(String(repeating: "Welcome. ", count: 400).utf8) + [13, 10]
            while send(descriptor, line, line.count, Int32(MSG_NOSIGNAL)) > 0 {}
        }
        // A listing of references without an end.
        let entry = "\(String(repeating: "1", count: 40)) refs/heads/\(String(repeating: "x", count: 100))"
        let script = "\(box.root)/flood"
        try await box.writeProgram("#!/bin/sh\nexec yes 009d\(entry)\n", to: script)
        let server = try await SSHServer(box, command: script)
        var settings = try server.settings()
        settings.limits.listingBytesMax = 1 << 20
        let flooded = await error(box, settings)
        #expect(flooded == .tooLarge(what: "\(settings.url): the list of references in bytes", limit: 1 << 20))
        settings.url = "ssh://127.0.0.1:\(chatter.port)/x"
        let chattered = await error(box, settings)
        #expect(chattered == .tooLarge(what: "\(settings.url): the list of references in bytes", limit: 1 << 20))
    }

    @Test("a pack that is larger than the limit is given up")
    func tooLarge() async throws {
        let box = try await GitSandbox()
        let noise = Data((0..<(1 << 20)).map { _ in UInt8.random(in: 0...255) }).base64EncodedString()
        try await box.commit(["a": noise], message: "Large")
        let server = try await SSHServer(box)
        var settings = try server.settings()
        settings.limits.bytesMax = 1 << 18
        #expect(await error(box, settings) == .tooLarge(what: "\(settings.url): the transfer in bytes", limit: 1 << 18))
    }
}
