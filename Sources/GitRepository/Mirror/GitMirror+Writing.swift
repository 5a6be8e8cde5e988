// SPDX-License-Identifier: Apache-2.0

extension GitMirror {
    /// Stores the tree that `base` (a tree or commit; `nil`: nothing) becomes with `changes`: path to contents, `nil` deletes.
    ///
    /// A file keeps its mode, a new one is plain; folders without files go. Only changed folders are read and written.
    package func writeTree(base: ObjectID?, changes: [String: [UInt8]?]) async throws(GitError) -> ObjectID {
        try await writing { () throws(GitError) in
            try await onRepository { repository in
                let edit = try TreeEdit(changes)
                let root = try base.map { base throws(GitError) in try repository.treeID(base) }
                return try repository.writeRoot(base: root, edit)
            }
        }
    }

    /// Stores the tree of exactly these files.
    package func writeTree(files: [String: [UInt8]]) async throws(GitError) -> ObjectID {
        try await writeTree(base: nil, changes: files.mapValues { $0 })
    }

    /// The exact bytes and the id of a commit; the same draft gives the same. Nothing is stored: see `store`.
    package func buildCommit(_ draft: CommitDraft) async throws(GitError) -> BuiltCommit {
        try await onRepository { _ in try draft.build() }
    }

    /// Stores a commit's exact bytes, as `buildCommit` made them, and returns its id; storing twice changes nothing.
    ///
    /// Throws `GitError.invalid` when its tree or a parent is not in the mirror.
    @discardableResult
    package func store(commit bytes: [UInt8]) async throws(GitError) -> ObjectID {
        try await writing { () throws(GitError) in try await onRepository { try $0.storeCommit(bytes) } }
    }

    /// Stores a commit that was built; see `store(commit:)`.
    package func store(_ commit: BuiltCommit) async throws(GitError) { try await store(commit: commit.bytes) }
}
