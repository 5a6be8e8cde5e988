// SPDX-License-Identifier: Apache-2.0
package import Threads

extension GitMirror {
    /// The remote's branches as last fetched, by name without `refs/heads/`, those that begin with `prefix`.
    package func heads(matching prefix: String = "") async throws(GitError) -> [String: ObjectID] {
        try await onRepository { try $0.heads(prefix: prefix) }
    }

    /// The head of a branch as last fetched, by name without `refs/heads/`; `nil` where there is none.
    package func head(of branch: String) async throws(GitError) -> ObjectID? {
        try await onRepository { try $0.reference(RefNames.tracking + branch) }
    }

    /// What one of the remote's references (`refs/heads/…`, `refs/tags/…`, `refs/flotilla/…`) pointed at when last fetched or pushed.
    package func reference(_ name: String) async throws(GitError) -> ObjectID? {
        guard let local = RefNames.local(name) else { return nil }
        return try await onRepository { try $0.reference(local) }
    }

    /// The remote's references below `prefix` (such as `refs/flotilla/releases/`), by full name.
    package func references(matching prefix: String) async throws(GitError) -> [String: ObjectID] {
        guard let local = RefNames.local(prefix) else { return [:] }
        return try await onRepository { repository in
            var result: [String: ObjectID] = [:]
            for (name, id) in try repository.references(prefix: local) { result[RefNames.remote(name)] = id }
            return result
        }
    }

    /// The commit that `revision` names: a branch, a tag, a full reference, or an id of 4 to 40 digits; `nil` where there is none.
    package func resolve(_ revision: String) async throws(GitError) -> ObjectID? {
        try await onRepository { try $0.resolve(revision) }
    }

    /// The commit with this id. Throws `GitError.notFound` where the mirror has none.
    package func commit(_ id: ObjectID) async throws(GitError) -> CommitInfo {
        try await onRepository { try $0.commit(id) }
    }

    /// Whether the mirror has the object.
    package func contains(_ id: ObjectID) async throws(GitError) -> Bool {
        try await onRepository { $0.contains(id) }
    }

    /// The id of a commit's root folder.
    package func treeID(of commit: ObjectID) async throws(GitError) -> ObjectID {
        try await onRepository { try $0.treeID(commit) }
    }

    /// Commits reachable from `start` and not from `until`, children before parents, at most `limit`.
    /// - Parameter firstParent: follow only each commit's first parent.
    package func log(
        from start: ObjectID, firstParent: Bool = false, limit: Int, until: ObjectID? = nil
    ) async throws(GitError) -> [CommitInfo] {
        try await onRepository { try $0.log(from: start, firstParent: firstParent, limit: limit, until: until) }
    }

    /// Whether `descendant` is `ancestor` or comes after it.
    package func isAncestor(_ ancestor: ObjectID, of descendant: ObjectID) async throws(GitError) -> Bool {
        try await onRepository { try $0.isAncestor(ancestor, of: descendant) }
    }

    /// A best common ancestor; `nil` for unrelated histories.
    package func mergeBase(_ one: ObjectID, _ other: ObjectID) async throws(GitError) -> ObjectID? {
        try await onRepository { try $0.mergeBase(one, other) }
    }

    /// The files that differ between two commits (or trees), in byte order of their paths; from nothing, all of them.
    package func diff(from: ObjectID?, to: ObjectID) async throws(GitError) -> [TreeChange] {
        try await onRepository { try $0.diff(from: from, to: to) }
    }

    /// Runs `body` on a git thread with the files of a commit (or tree), which are readable only until it returns.
    package func read<T: Sendable>(at commit: ObjectID, _ body: @escaping @Sendable (GitTree) throws -> T) async throws -> T {
        try await onRepositoryThrowing { repository in
            let tree = GitTree(repository, id: try repository.treeID(commit))
            defer { tree.close() }
            return try body(tree)
        }
    }

    /// The same on threads of the caller's: for bodies that take long, which must not keep the mirror's other readers waiting.
    package func read<T: Sendable>(
        at commit: ObjectID, on threads: ThreadPool, _ body: @escaping @Sendable (GitTree) throws -> T
    ) async throws -> T {
        guard !Task.isCancelled else { throw GitError.cancelled(what: path) }
        return try await threads.run { [self] in
            try borrow { repository in
                let tree = GitTree(repository, id: try repository.treeID(commit))
                defer { tree.close() }
                return try body(tree)
            }
        }
    }
}
