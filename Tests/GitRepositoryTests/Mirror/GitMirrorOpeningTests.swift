// SPDX-License-Identifier: Apache-2.0
import Foundation
import GitRepository
import Testing
import Threads

@Suite("Opening and mending a mirror") struct GitMirrorOpeningTests {
    private func copies(_ box: GitSandbox) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: box.mirrorPath).filter { $0.hasPrefix("copy-") }.sorted()
    }

    private func remove(_ pattern: String, below path: String) throws {
        let all = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
        for name in all where name.contains(pattern) { try? FileManager.default.removeItem(atPath: "\(path)/\(name)") }
    }

    @Test("an intact mirror opens while the remote is away")
    func offline() async throws {
        let box = try await GitSandbox()
        let head = try await box.id("HEAD")
        await (try box.openMirror()).close()
        try FileManager.default.moveItem(atPath: box.remote, toPath: box.remote + ".away")
        let mirror = try await box.openMirror()
        #expect(try await mirror.head(of: "main") == head)
        do {
            _ = try await mirror.fetch()
            Issue.record("fetched from nowhere")
        } catch {
            #expect(error == .unreachable(remote: box.remote, reason: "there is no repository in this place"))
        }
        #expect(try await mirror.head(of: "main") == head)
    }

    @Test("a mirror in use is refused, and free again after close")
    func exclusive() async throws {
        let box = try await GitSandbox()
        let mirror = try await box.openMirror()
        await #expect(throws: GitError.inUse(path: box.mirrorPath)) { try await box.openMirror() }
        await mirror.close()
        await #expect(throws: GitError.failed(what: box.mirrorPath, reason: "the mirror is closed")) { try await mirror.heads() }
        _ = try await box.openMirror().heads()
    }

    @Test("an interrupted first fetch is begun again, and its leftovers go")
    func halfFetched() async throws {
        let box = try await GitSandbox()
        try await box.git(in: box.root, "init", "-q", "--bare", "\(box.mirrorPath)/copy-1.git")
        let mirror = try await box.openMirror()
        #expect(try await mirror.heads().keys.sorted() == ["main"])
        #expect(try copies(box).count == 1)
    }

    @Test("a mirror whose objects are gone is made again when opened")
    func damagedBeforeOpening() async throws {
        let box = try await GitSandbox()
        await (try box.openMirror()).close()
        try remove("pack-", below: "\(box.mirrorPath)/\(try copies(box)[0])/objects/pack")
        let mirror = try await box.openMirror()
        let head = try #require(try await mirror.head(of: "main"))
        #expect(try await mirror.read(at: head) { try $0.list("") } == ["README.md"])
        #expect(try copies(box).count == 1)
    }

    @Test("damage found while reading is typed, and the next fetch makes the mirror again under running readers")
    func damagedWhileOpen() async throws {
        let box = try await GitSandbox(files: ["a": "1"])
        let mirror = try await box.openMirror()
        let head = try #require(try await mirror.head(of: "main"))
        try remove("pack-", below: "\(box.mirrorPath)/\(try copies(box)[0])/objects/pack")
        do {
            // The handle that fetched may have the files mapped still; others do not.
            for _ in 0..<4 {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<8 { group.addTask { _ = try await mirror.read(at: head) { try $0.read("a", limit: 9) } } }
                    try await group.waitForAll()
                }
            }
        } catch let error as GitError {
            if case .notFound = error {} else if case .corrupt = error {} else { Issue.record("\(error)") }
        }
        await mirror.close()
        let again = try await box.openMirror()
        #expect(text(try await again.read(at: head) { try $0.read("a", limit: 9) }) == "1")
    }

    @Test("a blob that is damaged is reported as such; the next fetch mends it")
    func damagedBlob() async throws {
        let box = try await GitSandbox(files: ["a": "1"])
        let mirror = try await box.openMirror()
        let head = try #require(try await mirror.head(of: "main"))
        // A tree that names a blob which nobody has.
        let tree = try await mirror.writeTree(files: ["gone": Array("gone".utf8)])
        let blob = ObjectID.of(Array("gone".utf8), type: "blob").hex
        try FileManager.default.removeItem(
            atPath: "\(box.mirrorPath)/\(try copies(box)[0])/objects/\(blob.prefix(2))/\(blob.dropFirst(2))")
        await #expect {
            try await mirror.read(at: tree) { _ = try $0.read("gone", limit: 9) }
        } throws: { error in
            guard case .corrupt = error as? GitError else { return false }
            return true
        }
        let result = try await mirror.fetch()
        #expect(result.remade)
        #expect(result.updates.map(\.ref) == ["refs/heads/main"])
        #expect(text(try await mirror.read(at: head) { try $0.read("a", limit: 9) }) == "1")
        #expect(try await !mirror.fetch().remade)
        #expect(try copies(box) == ["copy-2.git"])
    }

    @Test("locks and references that a killed process left do not matter")
    func leftovers() async throws {
        let box = try await GitSandbox()
        await (try box.openMirror()).close()
        let copy = "\(box.mirrorPath)/\(try copies(box)[0])"
        try box.write("", to: "\(copy)/refs/remotes/origin/main.lock")
        try box.write("", to: "\(copy)/packed-refs.lock")
        let next = try await box.commit(["x": "1"], message: "Next")
        let mirror = try await box.openMirror()
        _ = try await mirror.fetch()
        #expect(try await mirror.head(of: "main") == next)
    }

    @Test("many fetches do not gather files; readers and unpushed commits do not notice")
    func compaction() async throws {
        let box = try await GitSandbox(files: ["a": "1"])
        try await box.git("tag", "-a", "v1", "-m", "one")
        try await box.git("push", "-q", "origin", "v1")
        let mirror = try await box.openMirror()
        let first = try #require(try await mirror.head(of: "main"))
        let tree = try await mirror.writeTree(base: first, changes: ["unpushed": Array("u".utf8)])
        let unpushed = try CommitDraft(tree: tree, parents: [first], author: ada, message: "Later").build()
        try await mirror.store(unpushed)
        for round in 0..<55 {
            let id = try await box.commit(["a": "round \(round)"], message: "Round \(round)")
            #expect(try await mirror.fetch().updates == [RefUpdate(ref: "refs/heads/main", old: try await box.id("\(id)^"), new: id)])
            #expect(text(try await mirror.read(at: id) { try $0.read("a", limit: 99) }) == "round \(round)")
        }
        let copy = try #require(try copies(box).first)
        #expect(try copies(box).count == 1 && copy != "copy-1.git")
        let packs = try FileManager.default.contentsOfDirectory(atPath: "\(box.mirrorPath)/\(copy)/objects/pack")
        #expect(packs.count < 2 * 51)
        #expect(try await mirror.log(from: try await box.id("HEAD"), limit: 100).count == 56)
        #expect(try await mirror.resolve("v1") == first)
        #expect(try await mirror.commit(unpushed.id).raw == unpushed.bytes)
        try await mirror.push(commit: unpushed.id, to: "refs/heads/later", expecting: nil)
        try await box.git(in: "\(box.mirrorPath)/\(copy)", "fsck", "--full", "--strict")
        await mirror.close()
        #expect(try await box.openMirror().heads().count == 2)
    }

    @Test("another remote in the same folder begins a new mirror")
    func otherRemote() async throws {
        let box = try await GitSandbox()
        await (try box.openMirror()).close()
        let other = try await GitSandbox(files: ["other": "1"])
        let mirror = try await GitMirror.open(at: box.mirrorPath, remote: other.settings, threads: box.threads)
        let head = try #require(try await mirror.head(of: "main"))
        #expect(try await mirror.read(at: head) { try $0.list("") } == ["other"])
    }

    @Test("a folder with other files is refused, not emptied")
    func foreignFolder() async throws {
        let box = try await GitSandbox()
        try box.write("precious", to: "\(box.mirrorPath)/thesis.txt")
        await #expect(throws: GitError.self) { try await box.openMirror() }
        #expect(FileManager.default.fileExists(atPath: "\(box.mirrorPath)/thesis.txt"))
    }

    @Test("a remote that suddenly lists no branch changes nothing")
    func emptied() async throws {
        let box = try await GitSandbox()
        let mirror = try await box.openMirror()
        let head = try await mirror.head(of: "main")
        try FileManager.default.removeItem(atPath: box.remote)
        try await box.git(in: box.root, "init", "-q", "--bare", "-b", "main", box.remote)
        await #expect(throws: GitError.emptyListing(remote: box.remote)) { try await mirror.fetch() }
        #expect(try await mirror.head(of: "main") == head)
    }

    @Test("who owns the remote's and the mirror's files does not matter", .enabled(if: getuid() == 0))
    func foreignOwner() async throws {
        let box = try await GitSandbox()
        await (try box.openMirror()).close()
        try await box.run("chown", ["-R", "nobody", box.remote, box.mirrorPath], in: box.root)
        let mirror = try await box.openMirror()
        _ = try await mirror.fetch()
        let head = try #require(try await mirror.head(of: "main"))
        try await mirror.push(commit: head, to: "refs/heads/other", expecting: nil)
        #expect(try await mirror.fetch().updates.isEmpty)
    }

    @Test("an empty remote is a valid one")
    func emptyRemote() async throws {
        let box = try await GitSandbox()
        try FileManager.default.removeItem(atPath: box.remote)
        try await box.git(in: box.root, "init", "-q", "--bare", "-b", "main", box.remote)
        let mirror = try await box.openMirror()
        #expect(try await mirror.heads().isEmpty)
        try await box.git("push", "-q", "origin", "HEAD:main")
        _ = try await mirror.fetch()
        #expect(try await mirror.heads().count == 1)
    }

    @Test("a fetch beyond its limits is stopped and leaves no mirror")
    func limits() async throws {
        let box = try await GitSandbox(files: Dictionary(uniqueKeysWithValues: (0..<30).map { ("f\($0)", "\($0)") }))
        var settings = box.settings
        settings.limits.objectsMax = 10
        let bounded = settings
        await #expect(throws: GitError.tooLarge(what: "\(box.remote): the transfer in objects", limit: 10)) {
            try await GitMirror.open(at: box.mirrorPath, remote: bounded, threads: box.threads)
        }
        #expect(try copies(box).isEmpty)
        settings.limits.objectsMax = 1_000
        settings.limits.bytesMax = 100
        let small = settings
        await #expect(throws: GitError.tooLarge(what: "\(box.remote): the transfer in bytes", limit: 100)) {
            try await GitMirror.open(at: box.mirrorPath, remote: small, threads: box.threads)
        }
        #expect(try await box.openMirror().heads().count == 1)
    }

    @Test("a cancelled fetch ends as cancelled")
    func cancelled() async throws {
        let box = try await GitSandbox(files: Dictionary(uniqueKeysWithValues: (0..<200).map { ("f\($0)", "\($0)") }))
        let (seen, report) = AsyncStream.makeStream(of: TransferProgress.self)
        let task = Task {
            try await GitMirror.open(at: box.mirrorPath, remote: box.settings, threads: box.threads) { progress in
                report.yield(progress)
            }
        }
        task.cancel()
        await #expect(throws: GitError.cancelled(what: box.remote)) { try await task.value }
        report.finish()
        for await progress in seen { #expect(progress.objectsTotal >= progress.objectsReceived) }
        #expect(try await box.openMirror().heads().count == 1)
    }

    @Test("file:// and a path are the same remote; other schemes and passwords in URLs are refused without being repeated")
    func urls() async throws {
        let box = try await GitSandbox()
        func open(_ url: String, _ credential: RemoteSettings.Credential = .none) async throws -> GitMirror {
            let settings = RemoteSettings(url: url, credential: credential)
            return try await GitMirror.open(at: box.mirrorPath, remote: settings, threads: box.threads)
        }
        let mirror = try await open("file://" + box.remote.replacingOccurrences(of: "-", with: "%2D"))
        #expect(try await mirror.heads().count == 1)
        await mirror.close()
        for url in ["git://host/x.git", "https://user:secret@host/x.git", "relative/path", "file://host/x", "file:///%zz"] {
            await #expect {
                _ = try await open(url)
            } throws: { error in
                guard case .invalid = error as? GitError else { return false }
                return !"\(error)".contains("secret")
            }
        }
        await #expect(throws: GitError.self) { try await open("http://example.com/x.git", .token(username: "u", password: "secret")) }
        await #expect(throws: GitError.self) { try await open(box.root + "/nowhere.git") }
    }
}
