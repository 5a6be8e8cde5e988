// SPDX-License-Identifier: Apache-2.0
import Foundation
import GitRepository
import Testing
import Threads

@Suite("A repository that somebody works in") struct LocalRepositoryTests {
    private func content(_ repository: LocalRepository, _ commit: ObjectID, folder: String = "", _ path: String) async throws -> String {
        try await repository.read(at: commit, folder: folder) { text(try $0.read(path, limit: 1_000)) }
    }

    @Test("revisions are read as git reads them, from the objects alone")
    func revisions() async throws {
        let box = try await GitSandbox(files: ["a/one.txt": "1\n"])
        let first = try await box.id("HEAD")
        try await box.git("tag", "-a", "v1", "-m", "one")
        let second = try await box.commit(["a/one.txt": "2\n"], message: "Second")
        try box.write("3\n", to: "\(box.work)/a/one.txt")
        let repository = try await LocalRepository.open(at: box.work, on: box.threads.executors[0])
        for (name, id) in [
            ("HEAD", second), ("main", second), ("HEAD~1", first), ("v1", first), (first.short, first), ("refs/heads/main", second),
            ("origin/main", second), ("main^", first), ("\(second)", second),
        ] { #expect(try await repository.resolve(name) == id, "\(name)") }
        #expect(try await repository.resolve("nothing") == nil)
        #expect(try await repository.resolve("HEAD~9") == nil)
        for wrong in ["", "HEAD:a", "a\u{0}b"] {
            await #expect(throws: GitError.self, "\(wrong)") { try await repository.resolve(wrong) }
        }
        #expect(try await repository.names(limit: 10).filter { $0 != "origin/HEAD" } == ["main", "origin/main", "v1"])
        #expect(try await content(repository, first, "a/one.txt") == "1\n")
        #expect(try await content(repository, second, folder: "a", "one.txt") == "2\n")
        await #expect(throws: GitError.self) { try await content(repository, second, folder: "b", "one.txt") }
    }

    @Test("a linked worktree has a HEAD of its own")
    func worktree() async throws {
        let box = try await GitSandbox(files: ["one.txt": "1\n"])
        let first = try await box.id("HEAD")
        let second = try await box.commit(["one.txt": "2\n"], message: "Second")
        try await box.git("config", "extensions.worktreeConfig", "true")
        try await box.git("config", "core.repositoryformatversion", "1")
        try await box.git("worktree", "add", "-q", "--detach", "\(box.root)/linked", "\(first)")
        let repository = try await LocalRepository.open(at: "\(box.root)/linked", on: box.threads.executors[0])
        #expect(try await repository.resolve("HEAD") == first)
        #expect(try await repository.resolve("main") == second)
        #expect(try await content(repository, first, "one.txt") == "1\n")
    }

    @Test("a folder without a repository is none, even inside one")
    func none() async throws {
        let box = try await GitSandbox(files: ["a/one.txt": "1\n"])
        await #expect(throws: GitError.self) {
            try await LocalRepository.open(at: "\(box.work)/a", on: box.threads.executors[0])
        }
    }
}
