// SPDX-License-Identifier: Apache-2.0
import Manifests
package import Threads

/// A repository on this machine that somebody works in; only its objects are read, never its index or files.
///
/// Everything that libgit2 does happens on the one thread that it was opened with.
package final class LocalRepository: Sendable {
    /// The folder that was opened.
    package let path: String
    private let thread: ThreadExecutor
    private let handle: RepositoryHandle

    private init(path: String, thread: ThreadExecutor, handle: RepositoryHandle) {
        self.path = path
        self.thread = thread
        self.handle = handle
    }

    /// Opens the repository whose folder (the one with `.git`, be that a folder or a linked worktree's file) or bare folder is at `path`.
    ///
    /// Nothing above `path` is searched. Throws `GitError.notFound` where there is no repository.
    package static func open(at path: String, on thread: ThreadExecutor) async throws -> LocalRepository {
        let handle = try await thread.run { try RepositoryHandle(path: path) }
        return LocalRepository(path: path, thread: thread, handle: handle)
    }

    /// The commit that a revision names as `git rev-parse` reads it (a branch, tag, abbreviated id, `HEAD~1`); `nil` where there is none.
    ///
    /// Throws `GitError.invalid` for what is no revision, fits several commits, or names something else than a commit.
    package func resolve(_ revision: String) async throws -> ObjectID? {
        let handle = handle
        return try await thread.run { try handle.revision(revision) }
    }

    /// The short names of branches, remote branches and tags, sorted, at most `limit`.
    package func names(limit: Int) async throws -> [String] {
        let handle = handle
        return try await thread.run {
            var names: Set<String> = []
            for prefix in ["refs/heads/", "refs/tags/", "refs/remotes/"] {
                for name in try handle.references(prefix: prefix).keys { names.insert(String(name.dropFirst(prefix.count))) }
            }
            return Array(names.sorted().prefix(limit))
        }
    }

    /// Runs `body` on the repository's thread with the files of a commit (or tree) below one of its folders, which becomes the tree's root.
    ///
    /// The files are readable only until `body` returns. Throws `GitError.notFound` where the commit has no such folder.
    package func read<T: Sendable>(
        at commit: ObjectID, folder: String = "", _ body: @escaping @Sendable (GitTree) throws -> T
    ) async throws -> T {
        let handle = handle
        return try await thread.run {
            var root = try handle.treeID(commit)
            if !folder.isEmpty {
                let whole = GitTree(handle, id: root)
                defer { whole.close() }
                guard case .folder? = try whole.entry(at: folder), let id = try whole.objectID(at: folder) else {
                    throw GitError.notFound(what: "folder \(folder) in commit \(commit.short)")
                }
                root = id
            }
            let tree = GitTree(handle, id: root)
            defer { tree.close() }
            return try body(tree)
        }
    }
}
