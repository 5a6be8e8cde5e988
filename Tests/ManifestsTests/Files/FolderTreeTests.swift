// SPDX-License-Identifier: Apache-2.0
import Foundation
import Manifests
import Testing

@Suite("Folder tree") struct FolderTreeTests {
    /// A folder that is removed when the test is over.
    final class Scratch {
        let root: URL

        init() throws {
            root = FileManager.default.temporaryDirectory.appending(path: "folder-tree-\(UUID().uuidString)")
            let inside = root.appending(path: "tree/a/b")
            try FileManager.default.createDirectory(at: inside, withIntermediateDirectories: true)
            try Data("secret".utf8).write(to: root.appending(path: "outside"))
            try Data("hello".utf8).write(to: inside.appending(path: "file"))
            try Data().write(to: root.appending(path: "tree/Z"))
            for (link, target) in [
                ("up", "a/b"), ("a/b/self", "file"), ("a/top", "../Z"), ("escape", "../outside"), ("absolute", "/etc/passwd"),
                ("loop", "loop"), ("far", "a/../../outside"), ("dangling", "nowhere"), ("a/chain", "../up/self"),
            ] {
                try FileManager.default.createSymbolicLink(
                    atPath: root.appending(path: "tree/\(link)").path(percentEncoded: false), withDestinationPath: target)
            }
        }

        deinit { try? FileManager.default.removeItem(at: root) }

        var tree: FolderTree { FolderTree(root: root.appending(path: "tree").path(percentEncoded: false)) }
    }

    @Test("reads files, lists folders in byte order, shows links") func reads() throws {
        let scratch = try Scratch()
        let tree = scratch.tree
        #expect(try tree.read("a/b/file", limit: 5) == Array("hello".utf8))
        #expect(try tree.read("Z", limit: 0) == [])
        #expect(try tree.list("") == ["Z", "a", "absolute", "dangling", "escape", "far", "loop", "up"])
        #expect(try tree.list("a/b") == ["file", "self"])
        #expect(try tree.entry(at: "") == .folder)
        #expect(try tree.entry(at: "a/b/file") == .file(bytes: 5))
        #expect(try tree.entry(at: "up") == .symbolicLink(target: "a/b"))
        #expect(try tree.entry(at: "nowhere/else") == nil)
        #expect(try tree.entry(at: "Z/else") == nil)
    }

    @Test("refuses what is no file, too large, or behind a link") func refuses() throws {
        let scratch = try Scratch()
        let tree = scratch.tree
        #expect(throws: FileTreeError.tooLarge(path: "a/b/file", bytes: 5, limit: 4)) { try tree.read("a/b/file", limit: 4) }
        #expect(throws: FileTreeError.notFound(path: "x")) { try tree.read("x", limit: 10) }
        #expect(throws: FileTreeError.notAFile(path: "a")) { try tree.read("a", limit: 10) }
        #expect(throws: FileTreeError.notAFile(path: "escape")) { try tree.read("escape", limit: 10) }
        #expect(throws: FileTreeError.notFound(path: "up/file")) { try tree.read("up/file", limit: 10) }
        #expect(throws: FileTreeError.notAFolder(path: "up")) { try tree.list("up") }
        #expect(throws: FileTreeError.notFound(path: "x")) { try tree.list("x") }
        for path in ["../outside", "a/../Z", "/etc/passwd", "a//b", "./Z"] {
            #expect(throws: FileTreeError.self) { try tree.entry(at: path) }
            #expect(throws: FileTreeError.self) { try tree.read(path, limit: 10) }
        }
    }

    @Test(
        "links are resolved below the root",
        arguments: [
            ("a/b/file", "a/b/file"), ("up/file", "a/b/file"), ("a/chain", "a/b/file"), ("a/top", "Z"), ("./a/../a//b/", "a/b"), ("", ""),
            ("dangling", "nowhere"), ("new/file", "new/file"), ("a/..", ""),
        ])
    func resolves(_ path: String, _ expected: String) throws {
        let scratch = try Scratch()
        #expect(try scratch.tree.resolve(path) == expected)
    }

    @Test(
        "no way leads out",
        arguments: ["escape", "absolute", "far", "../outside", "a/../../outside", "/etc/passwd", "loop", "up/../../../x"])
    func holds(_ path: String) throws {
        let scratch = try Scratch()
        #expect(throws: FileTreeError.self) { try scratch.tree.resolve(path) }
    }
}
