// SPDX-License-Identifier: Apache-2.0
import Foundation
import GitRepository
import Testing
import Threads

@Suite("Remotes over https", .enabled(if: GitWebServer.isAvailable)) struct WebRemoteTests {
    private let token = "glpat-verysecret"

    private func open(_ box: GitSandbox, _ settings: RemoteSettings, at name: String = "mirror") async throws -> GitMirror {
        try await GitMirror.open(at: "\(box.root)/\(name)", remote: settings, threads: box.threads)
    }

    private func commit(_ mirror: GitMirror, on head: ObjectID, _ contents: String) async throws -> ObjectID {
        let tree = try await mirror.writeTree(base: head, changes: ["x": Array(contents.utf8)])
        return try await mirror.store(
            commit: CommitDraft(tree: tree, parents: [head], author: ada, message: contents).build().bytes)
    }

    private func allowPushes(_ box: GitSandbox) async throws {
        try await box.git(in: box.remote, "config", "http.receivepack", "true")
    }

    @Test("fetches and pushes with a token and a certificate authority of its own")
    func works() async throws {
        let box = try await GitSandbox()
        try await allowPushes(box)
        let server = try await GitWebServer(box, token: token)
        let mirror = try await open(box, server.settings("remote.git", token: token))
        let head = try #require(try await mirror.head(of: "main"))
        let theirs = try await box.commit(["y": "1"], message: "Theirs")
        let result = try await mirror.fetch()
        #expect(result.updates == [RefUpdate(ref: "refs/heads/main", old: head, new: theirs)])
        #expect(result.objectsReceived > 0 && result.bytesReceived > 0 && result.defaultBranch == "main")
        let ours = try await commit(mirror, on: theirs, "ours")
        try await mirror.push([
            PushUpdate(ref: "refs/heads/main", to: ours, expecting: .exactly(theirs)),
            PushUpdate(ref: "refs/flotilla/releases/r1", to: theirs, expecting: .exactly(nil)),
        ])
        #expect(try await box.id("main", in: box.remote) == ours)
        #expect(try await box.id("refs/flotilla/releases/r1", in: box.remote) == theirs)
        #expect(try await mirror.head(of: "main") == ours)
        // Again, as after a crash.
        try await mirror.push(commit: ours, to: "refs/heads/main", expecting: theirs)
        await #expect(throws: GitError.moved(ref: "refs/heads/main", actual: ours)) {
            let late = try await commit(mirror, on: theirs, "late")
            try await mirror.push(commit: late, to: "refs/heads/main", expecting: theirs)
        }
        try await box.git(in: box.remote, "fsck", "--full", "--strict")
        #expect(try await mirror.fetch().updates.isEmpty)
    }

    @Test("a wrong, a missing and an unwanted token are authentication errors that do not repeat it")
    func authentication() async throws {
        let box = try await GitSandbox()
        let server = try await GitWebServer(box, token: token)
        for given in ["wrong-secret", nil] {
            await #expect {
                _ = try await open(box, server.settings("remote.git", token: given))
            } throws: { error in
                guard case .authentication = error as? GitError else { return false }
                return !"\(error)".contains("wrong-secret")
            }
        }
        // The push is refused by the server's own rule: nobody may push here.
        let mirror = try await open(box, server.settings("remote.git", token: token))
        let head = try #require(try await mirror.head(of: "main"))
        let id = try await commit(mirror, on: head, "x")
        try await box.git(in: box.remote, "config", "http.receivepack", "false")
        await #expect {
            try await mirror.push(commit: id, to: "refs/heads/main", expecting: head)
        } throws: { error in
            if case .authentication = error as? GitError { true } else { false }
        }
    }

    @Test("a certificate that the settings do not name is refused; each remote trusts its own")
    func certificates() async throws {
        let box = try await GitSandbox()
        let one = try await GitWebServer(box, name: "one")
        let two = try await GitWebServer(box, name: "two")
        var settings = one.settings("remote.git")
        for authority in [nil, two.certificate] {
            settings.certificateAuthority = authority
            let untrusting = settings
            await #expect {
                _ = try await open(box, untrusting)
            } throws: { error in
                if case .certificate = error as? GitError { true } else { false }
            }
        }
        settings.certificateAuthority = "\(box.root)/none.pem"
        let unreadable = settings
        await #expect {
            _ = try await open(box, unreadable)
        } throws: { error in
            if case .invalid = error as? GitError { true } else { false }
        }
        let mirrors = [
            try await open(box, one.settings("remote.git"), at: "m1"), try await open(box, two.settings("remote.git"), at: "m2"),
        ]
        try await withThrowingTaskGroup(of: FetchResult.self) { group in
            for index in 0..<12 { group.addTask { try await mirrors[index % 2].fetch() } }
            for try await result in group { #expect(result.updates.isEmpty) }
        }
    }

    @Test("a name that is not in the certificate is refused")
    func wrongName() async throws {
        let box = try await GitSandbox()
        let server = try await GitWebServer(box)
        var settings = server.settings("remote.git")
        settings.url = "https://127.0.0.1:\(server.port)/remote.git"
        let misnamed = settings
        await #expect {
            _ = try await open(box, misnamed)
        } throws: { error in
            if case .certificate = error as? GitError { true } else { false }
        }
    }

    @Test("a hook's refusal comes with the hook's own words")
    func hook() async throws {
        let box = try await GitSandbox()
        try await allowPushes(box)
        try box.write("#!/bin/sh\necho 'main is protected' >&2\nexit 1\n", to: "\(box.remote)/hooks/pre-receive")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: "\(box.remote)/hooks/pre-receive")
        let server = try await GitWebServer(box)
        let mirror = try await open(box, server.settings("remote.git"))
        let head = try #require(try await mirror.head(of: "main"))
        let id = try await commit(mirror, on: head, "x")
        await #expect {
            try await mirror.push(commit: id, to: "refs/heads/main", expecting: head)
        } throws: { error in
            guard case .rejected("refs/heads/main", let reason) = error as? GitError else { return false }
            return reason.contains("main is protected") && reason.contains("hook")
        }
        #expect(try await mirror.head(of: "main") == head)
    }

    @Test("of two that push at the same time exactly one wins")
    func race() async throws {
        let box = try await GitSandbox()
        try await allowPushes(box)
        let server = try await GitWebServer(box)
        let mirrors = [
            try await open(box, server.settings("remote.git"), at: "m1"), try await open(box, server.settings("remote.git"), at: "m2"),
        ]
        var head = try #require(try await mirrors[0].head(of: "main"))
        for round in 0..<6 {
            let expected = head
            let wins = try await withThrowingTaskGroup(of: ObjectID?.self) { group in
                for (index, mirror) in mirrors.enumerated() {
                    group.addTask {
                        let id = try await commit(mirror, on: expected, "\(round) \(index)")
                        do {
                            try await mirror.push(commit: id, to: "refs/heads/main", expecting: expected)
                            return id
                        } catch GitError.moved {
                            return nil
                        }
                    }
                }
                return try await group.reduce(into: [ObjectID]()) { if let id = $1 { $0.append(id) } }
            }
            #expect(wins.count == 1)
            head = try #require(wins.first)
            for mirror in mirrors { _ = try await mirror.fetch() }
        }
    }

    @Test("a server that stops answering is given up after the idle time, and at once when cancelled")
    func hanging() async throws {
        let box = try await GitSandbox()
        let server = try await GitWebServer(box)
        var settings = server.settings("hang/remote.git")
        settings.limits.idleTimeout = .milliseconds(300)
        let impatient = settings
        await #expect {
            _ = try await open(box, impatient)
        } throws: { error in
            if case .timedOut = error as? GitError { true } else { false }
        }
        let task = Task { try await open(box, server.settings("hang/remote.git")) }
        task.cancel()
        await #expect(throws: GitError.cancelled(what: "https://localhost:\(server.port)/hang/remote.git")) { try await task.value }
    }

    @Test("a redirect to another host does not get the token")
    func redirect() async throws {
        let box = try await GitSandbox()
        let server = try await GitWebServer(box, token: token)
        await #expect {
            _ = try await open(box, server.settings("elsewhere/remote.git", token: token))
        } throws: { error in
            !"\(error)".contains(token)
        }
    }

    @Test("a server's error, an unknown repository and a closed port are told apart")
    func failures() async throws {
        let box = try await GitSandbox()
        let server = try await GitWebServer(box)
        func error(_ settings: RemoteSettings) async -> GitError? {
            do {
                _ = try await open(box, settings)
                return nil
            } catch { return error as? GitError }
        }
        guard case .unreachable(_, let reason)? = await error(server.settings("broken/remote.git")) else {
            Issue.record("a server's error")
            return
        }
        #expect(reason.contains("500"))
        guard case .notFound? = await error(server.settings("none.git")) else {
            Issue.record("an unknown repository")
            return
        }
        var closed = server.settings("remote.git")
        closed.url = "https://localhost:1/remote.git"
        guard case .unreachable(_, let refused)? = await error(closed) else {
            Issue.record("a closed port")
            return
        }
        #expect(refused.contains("refused"), "\(refused)")
    }
}
