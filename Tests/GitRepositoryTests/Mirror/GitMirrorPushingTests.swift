// SPDX-License-Identifier: Apache-2.0
import Foundation
import GitRepository
import Manifests
import Testing
import Threads

@Suite("Writing and pushing") struct GitMirrorPushingTests {
    private func record(
        _ mirror: GitMirror, on parent: ObjectID?, _ files: [String: String], message: String = "Promote", signer: SSHSigner? = nil
    ) async throws -> ObjectID {
        let tree = try await mirror.writeTree(base: parent, changes: files.mapValues { Array($0.utf8) })
        let draft = CommitDraft(
            tree: tree, parents: parent.map { [$0] } ?? [], author: coordinator, message: message, signer: signer)
        let built = try await mirror.buildCommit(draft)
        let id = try await mirror.store(commit: built.bytes)
        #expect(id == built.id)
        return id
    }

    @Test("a commit pushed by path is what git sees, on a new branch and on an old one")
    func pushes() async throws {
        let box = try await GitSandbox(files: ["a/x": "1", "b": "b"])
        let mirror = try await box.openMirror()
        let head = try #require(try await mirror.head(of: "main"))
        let first = try await record(mirror, on: head, ["a/x": "2", "c/d/e": "new"])
        try await mirror.push(commit: first, to: "refs/heads/flotilla/shop/staging", expecting: nil)
        #expect(try await mirror.head(of: "flotilla/shop/staging") == first)
        let second = try await record(mirror, on: first, ["a/x": "3"])
        try await mirror.push(commit: second, to: "refs/heads/flotilla/shop/staging", expecting: first)
        try await box.git("fetch", "-q", "origin")
        #expect(try await box.id("origin/flotilla/shop/staging") == second)
        #expect(try await box.git("show", "origin/flotilla/shop/staging:a/x") == "3")
        #expect(try await box.git("show", "origin/flotilla/shop/staging:b") == "b")
        #expect(try await box.git("ls-tree", "-r", "--name-only", second.hex) == "a/x\nb\nc/d/e")
        #expect(try await box.git(in: box.remote, "fsck", "--full", "--strict").contains("error") == false)
        #expect(try await box.git(in: box.remote, "count-objects").hasPrefix("0 objects") == false)
        #expect(try await mirror.fetch().updates.isEmpty)
    }

    @Test("many objects travel as a pack, and the repository is whole")
    func manyObjects() async throws {
        let box = try await GitSandbox()
        let mirror = try await box.openMirror()
        let files = Dictionary(uniqueKeysWithValues: (0..<300).map { ("folder\($0 % 7)/f\($0)", "contents \($0)") })
        let id = try await record(mirror, on: nil, files)
        try await mirror.push(commit: id, to: "refs/heads/many", expecting: nil)
        try await box.git(in: box.remote, "fsck", "--full", "--strict")
        #expect(try await box.git(in: box.remote, "ls-tree", "-r", "--name-only", "many").split(separator: "\n").count == 300)
    }

    @Test("whoever expects another head is told the actual one, and nothing changes")
    func moved() async throws {
        let box = try await GitSandbox()
        let mirror = try await box.openMirror()
        let head = try #require(try await mirror.head(of: "main"))
        let theirs = try await box.commit(["x": "theirs"], message: "Theirs")
        let ours = try await record(mirror, on: head, ["x": "ours"])
        await #expect(throws: GitError.moved(ref: "refs/heads/main", actual: theirs)) {
            try await mirror.push(commit: ours, to: "refs/heads/main", expecting: head)
        }
        await #expect(throws: GitError.moved(ref: "refs/heads/main", actual: theirs)) {
            try await mirror.push(commit: ours, to: "refs/heads/main", expecting: nil)
        }
        await #expect(throws: GitError.moved(ref: "refs/heads/none", actual: nil)) {
            try await mirror.push(commit: ours, to: "refs/heads/none", expecting: head)
        }
        #expect(try await box.id("main", in: box.remote) == theirs)
    }

    @Test("nothing is overwritten, even where the caller knows the head")
    func neverForced() async throws {
        let box = try await GitSandbox()
        let mirror = try await box.openMirror()
        let head = try #require(try await mirror.head(of: "main"))
        let unrelated = try await record(mirror, on: nil, ["x": "1"])
        await #expect {
            try await mirror.push(commit: unrelated, to: "refs/heads/main", expecting: head)
        } throws: { error in
            guard case .rejected("refs/heads/main", _) = error as? GitError else { return false }
            return true
        }
        #expect(try await box.id("main", in: box.remote) == head)
    }

    @Test("a push may be repeated: what is there already counts as done")
    func repeated() async throws {
        let box = try await GitSandbox()
        let mirror = try await box.openMirror()
        let head = try #require(try await mirror.head(of: "main"))
        let id = try await record(mirror, on: head, ["x": "1"])
        for _ in 0..<3 { try await mirror.push(commit: id, to: "refs/heads/main", expecting: head) }
        // Wherever it is, as long as nothing is lost.
        let release = "refs/flotilla/releases/r1"
        for commit in [head, head, id] { try await mirror.push([PushUpdate(ref: release, to: commit, expecting: .any)]) }
        await #expect {
            try await mirror.push([PushUpdate(ref: release, to: head, expecting: .any)])
        } throws: { error in
            if case .rejected = error as? GitError { true } else { false }
        }
        #expect(try await box.id("main", in: box.remote) == id)
    }

    @Test("several references go together, or none of them")
    func together() async throws {
        let box = try await GitSandbox()
        let mirror = try await box.openMirror()
        let head = try #require(try await mirror.head(of: "main"))
        let id = try await record(mirror, on: head, ["x": "1"])
        try await mirror.push([
            PushUpdate(ref: "refs/heads/flotilla/shop/staging", to: id, expecting: .exactly(nil)),
            PushUpdate(ref: "refs/flotilla/releases/r1", to: head, expecting: .exactly(nil)),
        ])
        #expect(try await box.id("refs/flotilla/releases/r1", in: box.remote) == head)
        #expect(try await mirror.reference("refs/flotilla/releases/r1") == head)
        let next = try await record(mirror, on: id, ["x": "2"])
        await #expect(throws: GitError.moved(ref: "refs/flotilla/releases/r1", actual: head)) {
            try await mirror.push([
                PushUpdate(ref: "refs/heads/flotilla/shop/staging", to: next, expecting: .exactly(id)),
                PushUpdate(ref: "refs/flotilla/releases/r1", to: next, expecting: .exactly(nil)),
            ])
        }
        #expect(try await box.id("flotilla/shop/staging", in: box.remote) == id)
    }

    @Test("of two mirrors that push at the same time exactly one wins, again and again")
    func race() async throws {
        let box = try await GitSandbox()
        let one = try await box.openMirror()
        let two = try await GitMirror.open(at: "\(box.root)/mirror-two", remote: box.settings, threads: box.threads)
        var head = try #require(try await one.head(of: "main"))
        for round in 0..<15 {
            let expected = head
            var wins: [ObjectID] = []
            try await withThrowingTaskGroup(of: ObjectID?.self) { group in
                for (name, mirror) in [("one", one), ("two", two)] {
                    group.addTask {
                        let id = try await record(mirror, on: expected, ["round": "\(round) \(name)"])
                        do {
                            try await mirror.push(commit: id, to: "refs/heads/main", expecting: expected)
                            return id
                        } catch GitError.moved {
                            return nil
                        }
                    }
                }
                for try await id in group { if let id { wins.append(id) } }
            }
            #expect(wins.count == 1)
            head = try #require(wins.first)
            #expect(try await box.id("main", in: box.remote) == head)
            _ = try await one.fetch()
            _ = try await two.fetch()
        }
    }

    @Test("a stock git push and ours exclude each other; a dead push's locks are broken")
    func locks() async throws {
        let box = try await GitSandbox()
        let mirror = try await box.openMirror()
        let head = try #require(try await mirror.head(of: "main"))
        let id = try await record(mirror, on: head, ["x": "1"])
        // As a push leaves it that was killed between locking and setting.
        try box.write("refs/heads/main\n", to: "\(box.remote)/flotilla-push.lock")
        try box.write("", to: "\(box.remote)/refs/heads/main.lock")
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSinceNow: -60)], ofItemAtPath: "\(box.remote)/refs/heads/main.lock")
        try await mirror.push(commit: id, to: "refs/heads/main", expecting: head)
        #expect(try await box.id("main", in: box.remote) == id)
        #expect(!FileManager.default.fileExists(atPath: "\(box.remote)/refs/heads/main.lock"))
    }

    @Test("packed references are compared too")
    func packed() async throws {
        let box = try await GitSandbox()
        let mirror = try await box.openMirror()
        let head = try #require(try await mirror.head(of: "main"))
        try await box.git(in: box.remote, "pack-refs", "--all")
        let id = try await record(mirror, on: head, ["x": "1"])
        await #expect(throws: GitError.moved(ref: "refs/heads/main", actual: head)) {
            try await mirror.push(commit: id, to: "refs/heads/main", expecting: nil)
        }
        try await mirror.push(commit: id, to: "refs/heads/main", expecting: head)
        #expect(try await box.id("main", in: box.remote) == id)
    }

    @Test("a person's git revert on the branch is fetched as a plain commit on ours")
    func revert() async throws {
        let box = try await GitSandbox(files: ["image": "one"])
        let mirror = try await box.openMirror()
        let head = try #require(try await mirror.head(of: "main"))
        let promoted = try await record(mirror, on: head, ["image": "two"], message: "Promote\n\nFlotilla-Promotion: p1\n")
        try await mirror.push(commit: promoted, to: "refs/heads/flotilla/shop/staging", expecting: nil)
        try await box.git("fetch", "-q", "origin")
        try await box.git("checkout", "-q", "-b", "mine", "origin/flotilla/shop/staging")
        try await box.git("revert", "--no-edit", "HEAD")
        try await box.git("push", "-q", "origin", "HEAD:flotilla/shop/staging")
        _ = try await mirror.fetch()
        let reverted = try #require(try await mirror.head(of: "flotilla/shop/staging"))
        let commit = try await mirror.commit(reverted)
        #expect(commit.parents == [promoted] && commit.trailers.isEmpty)
        #expect(try await mirror.treeID(of: reverted) == mirror.treeID(of: head))
        #expect(try await mirror.isAncestor(promoted, of: reverted))
        #expect(try await mirror.commit(promoted).trailer("Flotilla-Promotion") == "p1")
    }

    @Test("trees change by path: files keep their mode, empty folders go, impossible paths are refused")
    func treeWriting() async throws {
        let box = try await GitSandbox(files: ["keep": "k", "run.sh": "#!/bin/sh\n", "dir/only": "1", "deep/a/b": "1", "deep/c": "1"])
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: "\(box.work)/run.sh")
        let head = try await box.commit([:], message: "Mode")
        let mirror = try await box.openMirror()
        let changes: [String: [UInt8]?] = [
            "run.sh": Array("#!/bin/bash\n".utf8), "dir/only": nil, "deep/a/b": nil, "none/here": nil, "keep/below": nil,
            "new/x": Array("x".utf8),
        ]
        let tree = try await mirror.writeTree(base: head, changes: changes)
        let commit = try await mirror.store(commit: CommitDraft(tree: tree, parents: [head], author: ada, message: "m").build().bytes)
        try await mirror.push(commit: commit, to: "refs/heads/main", expecting: head)
        let listing = try await box.git(in: box.remote, "ls-tree", "-r", "main").split(separator: "\n").map { line in
            "\(line.prefix(6)) \(line.split(separator: "\t")[1])"
        }
        #expect(listing == ["100644 deep/c", "100644 keep", "100644 new/x", "100755 run.sh"])
        #expect(try await mirror.writeTree(base: head, changes: [:]) == mirror.treeID(of: head))
        #expect(try await mirror.writeTree(base: nil, changes: [:]).hex == "4b825dc642cb6eb9a060e54bf8d69288fbee4904")
        for path in ["", "/x", "a//b", "a/../b", ".git/config", "x/.GIT/y", "a/"] {
            await #expect(throws: GitError.invalid(what: path, reason: "is not a path inside a repository")) {
                try await mirror.writeTree(base: head, changes: [path: []])
            }
        }
        await #expect(throws: GitError.self) { try await mirror.writeTree(files: ["a": [], "a/b": []]) }
    }

    @Test("a commit that names what the mirror does not have is not stored")
    func incomplete() async throws {
        let box = try await GitSandbox()
        let mirror = try await box.openMirror()
        let nowhere = try #require(ObjectID(hex: String(repeating: "2", count: 40)))
        let draft = CommitDraft(tree: nowhere, parents: [], author: ada, message: "m")
        await #expect(throws: GitError.self) { try await mirror.store(commit: draft.build().bytes) }
    }

    @Test("a repository is seeded with a first commit, and never over another")
    func seeding() async throws {
        let box = try await GitSandbox()
        let path = "\(box.root)/seeded/fleet.git"
        let files = ["fleet/a.yaml": Array("a".utf8), "b": Array("b".utf8)]
        let id = try await GitMirror.initializeBare(
            at: path, branch: "trunk", files: files, message: "Begin", author: ada, threads: box.threads)
        try await box.git(in: box.root, "clone", "-q", path, "cloned")
        #expect(try await box.id("HEAD", in: "\(box.root)/cloned") == id)
        #expect(try await box.git(in: "\(box.root)/cloned", "symbolic-ref", "HEAD") == "refs/heads/trunk")
        #expect(try await box.git(in: "\(box.root)/cloned", "ls-files") == "b\nfleet/a.yaml")
        await #expect(throws: GitError.invalid(what: path, reason: "exists already")) {
            try await GitMirror.initializeBare(
                at: path, branch: "main", files: [:], message: "Again", author: ada, threads: box.threads)
        }
    }

    @Test("the branch that somebody has checked out is not pushed to")
    func checkedOut() async throws {
        let box = try await GitSandbox()
        let branch = try await box.git("symbolic-ref", "HEAD")
        let mirror = try await GitMirror.open(
            at: box.mirrorPath, remote: RemoteSettings(url: box.work), threads: box.threads)
        let head = try #require(try await mirror.resolve(branch))
        let id = try await record(mirror, on: head, ["x": "1"])
        await #expect(throws: GitError.self) { try await mirror.push(commit: id, to: branch, expecting: head) }
        try await mirror.push(commit: id, to: "refs/heads/other", expecting: nil)
        #expect(try await box.id("other") == id)
    }
}
