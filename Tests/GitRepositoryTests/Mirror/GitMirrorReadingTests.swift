// SPDX-License-Identifier: Apache-2.0
import Foundation
import GitRepository
import Manifests
import Testing
import Threads

@Suite("Reading a mirror") struct GitMirrorReadingTests {
    @Test("the first fetch brings branches, tags and flotilla's references; later ones what changed")
    func fetches() async throws {
        let box = try await GitSandbox(files: ["a/one.txt": "1\n", "b.txt": "b\n"])
        try await box.git("tag", "-a", "v1", "-m", "one")
        try await box.git("push", "-q", "origin", "v1", "HEAD:refs/flotilla/releases/r1", "HEAD:refs/heads/side")
        let first = try await box.id("HEAD")
        let mirror = try await box.openMirror()
        #expect(try await mirror.heads() == ["main": first, "side": first])
        #expect(try await mirror.heads(matching: "si") == ["side": first])
        #expect(try await mirror.reference("refs/flotilla/releases/r1") == first)
        #expect(try await mirror.references(matching: "refs/flotilla/releases/") == ["refs/flotilla/releases/r1": first])
        #expect(try await mirror.resolve("v1") == first)
        #expect(try await mirror.resolve("main") == first)
        #expect(try await mirror.resolve("refs/heads/main") == first)
        #expect(try await mirror.resolve(first.short) == first)
        #expect(try await mirror.resolve("nothing") == nil)
        #expect(try await mirror.head(of: "none") == nil)

        let second = try await box.commit(["a/one.txt": "2\n"], message: "Second")
        try await box.git("push", "-q", "origin", ":side", "HEAD:refs/heads/side/deeper")
        let result = try await mirror.fetch()
        #expect(
            Set(result.updates) == [
                RefUpdate(ref: "refs/heads/main", old: first, new: second), RefUpdate(ref: "refs/heads/side", old: first, new: nil),
                RefUpdate(ref: "refs/heads/side/deeper", old: nil, new: second),
            ])
        #expect(result.defaultBranch == "main")
        #expect(!result.remade)
        #expect(try await mirror.heads() == ["main": second, "side/deeper": second])
        #expect(try await mirror.listRemote()["refs/heads/main"] == second)
        let again = try await mirror.fetch()
        #expect(again.updates.isEmpty)
        #expect(again.objectsReceived == 0)
    }

    @Test("a commit is read with its exact bytes, people and trailers")
    func commits() async throws {
        let box = try await GitSandbox()
        let id = try await box.commit(
            ["x": "1"], message: "Title\n\nProse: not a trailer\nof course\n\nFlotilla-Release: abc\nCo-Author: B\n  C")
        let mirror = try await box.openMirror()
        let commit = try await mirror.commit(id)
        #expect(commit.title == "Title")
        #expect(commit.author.name == "Ada" && commit.author.email == "ada@example.com")
        #expect(commit.author.when.seconds > 1_600_000_000)
        #expect(commit.trailers == [Trailer(key: "Flotilla-Release", value: "abc"), Trailer(key: "Co-Author", value: "B C")])
        #expect(commit.trailer("flotilla-release") == "abc")
        #expect(ObjectID.of(commit.raw, type: "commit") == id)
        #expect(commit.signature == nil && commit.signedBytes == commit.raw)
        #expect(text(commit.raw) == (try await box.git("cat-file", "commit", "HEAD")) + "\n")
        #expect(try await mirror.treeID(of: id) == (try await box.id("HEAD^{tree}")))
    }

    @Test("history, ancestry and merge bases are those of git")
    func history() async throws {
        let box = try await GitSandbox()
        let first = try await box.id("HEAD")
        let second = try await box.commit(["x": "2"], message: "Second")
        try await box.git("checkout", "-q", "-b", "side", first.hex)
        let side = try await box.commit(["y": "1"], message: "Side", branch: "side")
        try await box.git("checkout", "-q", "-")
        try await box.git("merge", "-q", "--no-ff", "-m", "Merge", "side")
        try await box.git("push", "-q", "origin", "HEAD:main")
        let merge = try await box.id("HEAD")
        let mirror = try await box.openMirror()
        #expect(try await mirror.log(from: merge, firstParent: true, limit: 10).map(\.id) == [merge, second, first])
        #expect(try await mirror.log(from: merge, firstParent: true, limit: 10, until: first).map(\.id) == [merge, second])
        #expect(Set(try await mirror.log(from: merge, limit: 10).map(\.id)) == [merge, second, first, side])
        #expect(try await mirror.log(from: merge, limit: 1).map(\.title) == ["Merge"])
        #expect(try await mirror.isAncestor(first, of: merge))
        #expect(try await mirror.isAncestor(merge, of: merge))
        #expect(try await !mirror.isAncestor(side, of: second))
        #expect(try await mirror.mergeBase(side, second) == first)
    }

    @Test("the difference of two commits names files and ids, in path order")
    func differences() async throws {
        let box = try await GitSandbox(files: ["a/one": "1", "a/two": "2", "b": "b", "c/d/e": "e"])
        let old = try await box.id("HEAD")
        try FileManager.default.removeItem(atPath: "\(box.work)/b")
        let new = try await box.commit(["a/two": "22", "c/d/f": "f"], message: "Change")
        let mirror = try await box.openMirror()
        let changes = try await mirror.diff(from: old, to: new)
        #expect(changes.map(\.path) == ["a/two", "b", "c/d/f"])
        #expect(changes.map(\.kind) == [.modified, .deleted, .added])
        #expect(changes[0].new == ObjectID.of(Array("22".utf8), type: "blob"))
        #expect(changes[1].new == nil && changes[2].old == nil)
        #expect(try await mirror.diff(from: nil, to: old).count == 4)
        #expect(try await mirror.diff(from: new, to: new).isEmpty)
    }

    @Test("a tree lists, reads and bounds files, and reports links without following them")
    func trees() async throws {
        let box = try await GitSandbox(files: ["a.txt": "top", "a/z": "z", "a/b/c": "deep"])
        try FileManager.default.createSymbolicLink(atPath: "\(box.work)/link", withDestinationPath: "a/z")
        let id = try await box.commit([:], message: "Link")
        let mirror = try await box.openMirror()
        try await mirror.read(at: id) { try inspect($0) }
    }

    private func inspect(_ tree: GitTree) throws {
        #expect(try tree.list("") == ["a", "a.txt", "link"])
        #expect(try tree.list("a") == ["b", "z"])
        #expect(try tree.entry(at: "a/b/c") == .file(bytes: 4))
        #expect(try tree.entry(at: "a") == .folder)
        #expect(try tree.entry(at: "") == .folder)
        #expect(try tree.entry(at: "link") == .symbolicLink(target: "a/z"))
        for path in ["none", "a/none", "a.txt/x", "/a", "a/", "a//b", "../a", "a/../a"] { #expect(try tree.entry(at: path) == nil) }
        #expect(text(try tree.read("a/b/c", limit: 4)) == "deep")
        #expect(throws: FileTreeError.tooLarge(path: "a/b/c", bytes: 4, limit: 3)) { try tree.read("a/b/c", limit: 3) }
        #expect(throws: FileTreeError.notFound(path: "q")) { try tree.read("q", limit: 9) }
        #expect(throws: FileTreeError.notAFile(path: "link")) { try tree.read("link", limit: 9) }
        #expect(throws: FileTreeError.notAFolder(path: "a.txt")) { try tree.list("a.txt") }
        #expect(throws: FileTreeError.notFound(path: "q")) { try tree.list("q") }
        #expect(try tree.objectID(at: "a/b/c") == ObjectID.of(Array("deep".utf8), type: "blob"))
        #expect(try tree.objectID(at: "") == tree.id)
        #expect(try tree.files(below: "").map(\.path) == ["a.txt", "a/b/c", "a/z", "link"])
        #expect(try tree.files(below: "a").map(\.path) == ["a/b/c", "a/z"])
        #expect(try tree.files(below: "none").isEmpty)
        #expect(throws: FileTreeError.failed(path: "a/z", reason: "one file more than the limit of 2")) {
            try tree.files(below: "", limit: 2)
        }
    }

    @Test("a tree is of no use after its body")
    func escapedTree() async throws {
        let box = try await GitSandbox()
        let mirror = try await box.openMirror()
        let head = try #require(try await mirror.head(of: "main"))
        final class Escape: @unchecked Sendable { var tree: GitTree? }
        let escape = Escape()
        try await mirror.read(at: head) { escape.tree = $0 }
        #expect(throws: GitError.self) { try escape.tree?.read("README.md", limit: 100) }
    }

    @Test("many readers at once, while fetches run")
    func concurrentReaders() async throws {
        let box = try await GitSandbox(files: Dictionary(uniqueKeysWithValues: (0..<50).map { ("f\($0)/x", "\($0)") }))
        let mirror = try await box.openMirror()
        let head = try #require(try await mirror.head(of: "main"))
        try await withThrowingTaskGroup(of: Int.self) { group in
            for index in 0..<40 {
                group.addTask {
                    if index % 8 == 0 { _ = try await mirror.fetch() }
                    return try await mirror.read(at: head) { tree in
                        try (0..<50).filter { text(try tree.read("f\($0)/x", limit: 10)) == "\($0)" }.count
                    }
                }
            }
            for try await count in group { #expect(count == 50) }
        }
    }

    @Test("unknown objects are 'not found', and a blob is no commit")
    func missing() async throws {
        let box = try await GitSandbox()
        let mirror = try await box.openMirror()
        let nowhere = try #require(ObjectID(hex: String(repeating: "1", count: 40)))
        await #expect(throws: GitError.notFound(what: "object \(nowhere)")) { try await mirror.commit(nowhere) }
        await #expect(throws: GitError.notFound(what: "object \(nowhere)")) { try await mirror.read(at: nowhere) { _ in } }
        let blob = ObjectID.of(Array("hello\n".utf8), type: "blob")
        await #expect(throws: GitError.invalid(what: "object \(blob)", reason: "is not a commit")) { try await mirror.commit(blob) }
    }
}
