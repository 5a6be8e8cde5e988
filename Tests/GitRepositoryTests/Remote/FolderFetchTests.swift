// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@testable import GitRepository

@Suite("Fetching from a folder") struct FolderFetchTests {
    private func copy(_ box: GitSandbox) throws -> String {
        let names = try FileManager.default.contentsOfDirectory(atPath: box.mirrorPath)
        return "\(box.mirrorPath)/\(try #require(names.first { $0.hasPrefix("copy-") }))"
    }

    @Test("brings over commits, merges and tags wholly, and only what is new")
    func fetches() async throws {
        let box = try await GitSandbox(files: ["a": "1", "deep/er/b": "1", "deep/c": "1"])
        let mirror = try await box.openMirror()
        // Two commits on a branch of their own, merged; a light and an annotated tag.
        try await box.git("checkout", "-q", "-b", "side")
        _ = try await box.commit(["deep/er/b": "2"], message: "Side\n", branch: "side")
        _ = try await box.commit(["new/d": "3"], message: "More\n", branch: "side")
        try await box.git("checkout", "-q", "main")
        _ = try await box.commit(["a": "2"], message: "Main\n")
        try await box.git("merge", "-q", "--no-ff", "-m", "Merge", "side")
        try await box.git("tag", "light")
        try await box.git("tag", "-a", "heavy", "-m", "heavy")
        try await box.git("push", "-q", "origin", "main", "side", "light", "heavy")
        let result = try await mirror.fetch()
        #expect(Set(result.updates.map(\.ref)) == ["refs/heads/main", "refs/heads/side", "refs/tags/light", "refs/tags/heavy"])
        let head = try #require(try await mirror.head(of: "main"))
        #expect(head == (try await box.id("main")))
        let texts = try await mirror.read(at: head) { tree in
            try ["a", "deep/er/b", "deep/c", "new/d"].map { String(decoding: try tree.read($0, limit: 9), as: UTF8.self) }
        }
        #expect(texts == ["2", "2", "1", "3"])
        try await box.git(in: try copy(box), "fsck", "--full", "--strict")
        #expect(try await mirror.fetch().objectsReceived == 0)
        // One file in a folder in a folder: its contents, three folders, the commit.
        _ = try await box.commit(["deep/er/b": "4"], message: "One\n")
        #expect(try await mirror.fetch().objectsReceived == 5)
        // More than is worth bringing over one by one.
        var many: [String: String] = [:]
        for index in 0..<1_200 { many["many/\(index)"] = "\(index)" }
        let last = try await box.commit(many, message: "Many\n")
        #expect(try await mirror.fetch().objectsReceived > 1_200)
        #expect(try await mirror.head(of: "main") == last)
        try await box.git(in: try copy(box), "fsck", "--full", "--strict")
    }
}
