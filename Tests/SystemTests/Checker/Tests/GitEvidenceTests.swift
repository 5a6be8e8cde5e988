// SPDX-License-Identifier: Apache-2.0
import Foundation
import Manifests
import Testing
import Threads

@Suite("What the checker reads out of Git") struct GitEvidenceTests {
    @Test("records with their trailers and objects, decisions of the journal")
    func history() async throws {
        try await withRepository { git in
            let release = try Self.commit(git, "main", ["environments/staging/web/web.yaml": Self.manifest("1")], "Begin")
            try git("update-ref", "refs/flotilla/releases/\(release)", release)
            let trailers = "Flotilla-Promotion: P1\nFlotilla-Release: \(release)\nFlotilla-Origin: release\nFlotilla-Gate: override by Ada"
            let record = try Self.commitTree(git, "\(release)^{tree}", [], "Promote\n\n\(trailers)")
            try git("update-ref", "refs/heads/flotilla/shop/staging", record)
            let state = #"""
                {"stages": {"staging": {"verified": [{"promotion": "P1", "release": "\#(release)", "at": "2026-01-01T00:00:01Z", "by": "f"}]}}}
                """#
            try Self.commit(git, "flotilla-journal/shop", ["state.json": state], "verified")
            let pushed = Timestamp(seconds: 42)
            var evidence = GitEvidence(repository: git.repository, shape: Story.shape, pushedAt: [record: pushed])
            let history = try evidence.history()
            #expect(history.problems.isEmpty)
            let staging = try #require(history.stages["staging"])
            let first = try #require(staging.records.first)
            #expect(staging.records.count == 1)
            #expect(first.promotion == "P1")
            #expect(first.release == release)
            #expect(first.origin == .promotion("release"))
            #expect(first.isOverride)
            #expect(first.visibleAt == pushed)
            let object = ObjectIdentity(group: "", kind: "ConfigMap", namespace: "shop", name: "settings")
            let document = try #require(try YAML.documents(Array(Self.manifest("1").utf8)).first)
            #expect(first.objects == ["web": [object: Content.digest(document)]])
            #expect(staging.verified.map(\.promotion) == ["P1"])
            #expect(history.stages["production"]?.records.isEmpty == true)
        }
    }

    @Test("a person's commit, a merge, a record with another tree than its release's, a release that is not kept")
    func problems() async throws {
        try await withRepository { git in
            let release = try Self.commit(git, "main", ["environments/staging/web/web.yaml": Self.manifest("1")], "Begin")
            let other = try Self.commit(git, "main", ["environments/staging/web/web.yaml": Self.manifest("2")], "Go on")
            let text = { (id: String) in "Promote\n\nFlotilla-Promotion: \(id.prefix(5))\nFlotilla-Release: \(id)\nFlotilla-Origin: release"
            }
            try git("update-ref", "refs/flotilla/releases/\(release)", release)
            let first = try Self.commitTree(git, "\(other)^{tree}", [], text(release))
            let second = try Self.commitTree(git, "\(other)^{tree}", [first], text(other))
            let person = try Self.commitTree(git, "\(release)^{tree}", [second], "Revert")
            let merge = try Self.commitTree(git, "\(release)^{tree}", [person, other], "Merge")
            try git("update-ref", "refs/heads/flotilla/shop/staging", merge)
            var evidence = GitEvidence(repository: git.repository, shape: Story.shape)
            let history = try evidence.history()
            #expect(history.stages["staging"]?.records.contains { $0.commit == person && $0.origin == .human } == true)
            #expect(history.problems.contains { $0.contains("another tree") })
            #expect(history.problems.contains { $0.contains("is missing") })
            #expect(history.problems.contains { $0.contains("has 2 parents") })
        }
    }

    private static func manifest(_ value: String) -> String {
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\n  namespace: shop\ndata:\n  v: \"\(value)\"\n"
    }

    @discardableResult
    private static func commit(_ git: StockGit, _ branch: String, _ files: [String: String], _ message: String) throws -> String {
        try git("read-tree", "--empty")
        for (path, text) in files {
            let scratch = "\(git.repository)/scratch"
            try text.write(toFile: scratch, atomically: true, encoding: .utf8)
            let blob = try git("hash-object", "-w", "scratch")
            try git("update-index", "--add", "--cacheinfo", "100644,\(blob),\(path)")
        }
        let parent = try git.commit("refs/heads/\(branch)").map { [$0] } ?? []
        let commit = try commitTree(git, try git("write-tree"), parent, message)
        try git("update-ref", "refs/heads/\(branch)", commit)
        return commit
    }

    private static func commitTree(_ git: StockGit, _ tree: String, _ parents: [String], _ message: String) throws -> String {
        try git.run(["commit-tree", tree] + parents.flatMap { ["-p", $0] } + ["-m", message])
    }

    private func withRepository(_ body: @Sendable @escaping (StockGit) throws -> Void) async throws {
        let thread = ThreadExecutor(name: "git-evidence")
        defer { thread.stop() }
        try await thread.run {
            let folder = FileManager.default.temporaryDirectory.appendingPathComponent("flotilla-evidence-\(UUID().uuidString)").path
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let git = StockGit(repository: folder)
            try git("init", "-q", "--bare", "-b", "main")
            try body(git)
        }
    }
}
