// SPDX-License-Identifier: Apache-2.0
internal import CGit2
package import Manifests
package import Threads

extension GitMirror {
    /// Makes a bare repository at `path` whose `branch` has one commit of these files, and returns that commit's id.
    ///
    /// The repository appears complete or not at all. Throws `GitError.invalid` when something is at `path` already.
    package static func initializeBare(
        at path: String, branch: String, files: [String: [UInt8]], message: String, author: CommitPerson, signer: SSHSigner? = nil,
        threads: ThreadPool
    ) async throws -> ObjectID {
        try await threads.run {
            guard !LocalFiles.exists(path) else { throw GitError.invalid(what: path, reason: "exists already") }
            if let slash = path.lastIndex(of: "/") { try LocalFiles.makeFolder(String(path[..<slash])) }
            let growing = "\(path).new"
            try LocalFiles.remove(growing)
            let id = try seed(growing, branch: branch, files: files, message: message, author: author, signer: signer)
            try LocalFiles.move(growing, to: path)
            return id
        }
    }

    /// The same with every file below the root of `tree`; links are left out.
    package static func initializeBare(
        at path: String, branch: String, filesOf tree: some FileTree & Sendable, message: String, author: CommitPerson,
        signer: SSHSigner? = nil, threads: ThreadPool
    ) async throws -> ObjectID {
        let files = try await threads.run { try collect(tree, "") }
        return try await initializeBare(
            at: path, branch: branch, files: files, message: message, author: author, signer: signer, threads: threads)
    }

    private static func collect(_ tree: some FileTree, _ folder: String) throws -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        for name in try tree.list(folder) where name != ".git" {
            let path = folder.isEmpty ? name : "\(folder)/\(name)"
            switch try tree.entry(at: path) {
            case .file: files[path] = try tree.read(path, limit: 64 << 20)
            case .folder: files.merge(try collect(tree, path)) { $1 }
            case .symbolicLink, nil: continue
            }
        }
        return files
    }

    private static func seed(
        _ path: String, branch: String, files: [String: [UInt8]], message: String, author: CommitPerson, signer: SSHSigner?
    ) throws(GitError) -> ObjectID {
        try GitLibrary.start()
        var repository: OpaquePointer?
        try check(git_repository_init(&repository, path, 1), "making the repository \(path)")
        git_repository_free(repository)
        let handle = try RepositoryHandle(path: path)
        let tree = try handle.writeRoot(base: nil, TreeEdit(files.mapValues { $0 }))
        let commit = try CommitDraft(tree: tree, parents: [], author: author, message: message, signer: signer).build()
        let id = try handle.storeCommit(commit.bytes)
        let name = "refs/heads/\(branch)"
        try handle.setReference(name, to: id)
        try check(git_repository_set_head(handle.pointer, name), "naming the default branch")
        return id
    }
}
