// SPDX-License-Identifier: Apache-2.0
import Foundation
import GitRepository
import Manifests
import Threads

/// A temporary folder with a bare remote, a person's clone of it, and stock `git` to work with; removed at the end.
final class GitSandbox: Sendable {
    let root: String
    let threads = ThreadPool(name: "git-test", count: 3)
    private let shell = ThreadExecutor(name: "git-shell")

    var remote: String { "\(root)/remote.git" }
    var work: String { "\(root)/work" }
    var mirrorPath: String { "\(root)/mirror" }

    /// Makes a remote with one commit on `main` that has these files.
    init(files: [String: String] = ["README.md": "hello\n"]) async throws {
        root = FileManager.default.temporaryDirectory.path + "/flotilla-git-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        try await git(in: root, "init", "-q", "--bare", "-b", "main", remote)
        try await git(in: root, "clone", "-q", remote, work)
        try await commit(files, message: "Begin")
    }

    deinit {
        threads.stop()
        try? FileManager.default.removeItem(atPath: root)
    }

    var settings: RemoteSettings { RemoteSettings(url: remote) }

    func openMirror() async throws -> GitMirror { try await GitMirror.open(at: mirrorPath, remote: settings, threads: threads) }

    func write(_ text: String, to path: String) throws {
        let url = URL(fileURLWithPath: path)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }

    /// Writes a program that others start. A process of its own does that: one that is started here meanwhile would inherit the open file, and
    /// a program that is open for writing cannot be started.
    func writeProgram(_ text: String, to path: String) async throws {
        try await run("sh", ["-c", "printf %s \"$1\" > \"$2\" && chmod 755 \"$2\"", "sh", text, path], in: root)
    }

    /// Commits these files in the person's clone and pushes the branch.
    @discardableResult
    func commit(_ files: [String: String], message: String, branch: String = "main") async throws -> ObjectID {
        for (path, text) in files { try write(text, to: "\(work)/\(path)") }
        try await git("add", "-A")
        try await git("commit", "-q", "--allow-empty", "-m", message)
        try await git("push", "-q", "origin", "HEAD:refs/heads/\(branch)")
        return try await id("HEAD")
    }

    func id(_ revision: String, in folder: String? = nil) async throws -> ObjectID {
        let text = try await git(in: folder ?? work, "rev-parse", "--verify", revision)
        guard let id = ObjectID(hex: text) else { throw ProcessFailure(command: "rev-parse \(revision)", output: text) }
        return id
    }

    @discardableResult
    func git(_ arguments: String...) async throws -> String { try await run("git", arguments, in: work) }

    @discardableResult
    func git(in folder: String, _ arguments: String...) async throws -> String { try await run("git", arguments, in: folder) }

    /// Runs a program and returns what it prints, both streams, without the last line break.
    @discardableResult
    func run(_ program: String, _ arguments: [String], in folder: String) async throws -> String {
        try await shell.run {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = [program] + arguments
            process.currentDirectoryURL = URL(fileURLWithPath: folder)
            var environment = ProcessInfo.processInfo.environment
            for role in ["AUTHOR", "COMMITTER"] {
                environment["GIT_\(role)_NAME"] = "Ada"
                environment["GIT_\(role)_EMAIL"] = "ada@example.com"
            }
            environment["GIT_CONFIG_GLOBAL"] = "/dev/null"
            environment["GIT_CONFIG_NOSYSTEM"] = "1"
            environment["GIT_TERMINAL_PROMPT"] = "0"
            process.environment = environment
            let pipe = Pipe()
            process.standardOutput = pipe
            process.standardError = pipe
            process.standardInput = FileHandle.nullDevice
            try process.run()
            let data = pipe.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            var text = String(decoding: data, as: UTF8.self)
            if text.hasSuffix("\n") { text.removeLast() }
            guard process.terminationStatus == 0 else {
                throw ProcessFailure(command: "\(program) \(arguments.joined(separator: " "))", output: text)
            }
            return text
        }
    }
}

struct ProcessFailure: Error, CustomStringConvertible {
    let command: String
    let output: String
    var description: String { "\(command): \(output)" }
}

let ada = CommitPerson(name: "Ada", email: "ada@example.com", when: Timestamp(seconds: 1_777_888_999))
let coordinator = CommitPerson(name: "Flotilla", email: "flotilla@example.com", when: Timestamp(seconds: 1_777_889_000))

func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
