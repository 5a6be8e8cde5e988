// SPDX-License-Identifier: Apache-2.0
internal import CGit2

/// Changes to files, arranged by folder.
struct TreeEdit {
    /// New contents; `nil` with no children means that the path goes away.
    private(set) var bytes: [UInt8]?
    private(set) var children: [String: TreeEdit] = [:]

    /// Arranges `changes` (path to contents, or `nil` to delete). Throws `GitError.invalid` for a path that no tree can have.
    init(_ changes: [String: [UInt8]?]) throws(GitError) {
        for (path, contents) in changes {
            let parts = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
            for part in parts where part.isEmpty || part == "." || part == ".." || part.lowercased() == ".git" || part.utf8.contains(0) {
                throw .invalid(what: path, reason: "is not a path inside a repository")
            }
            try insert(parts[...], contents, path: path)
        }
    }

    private init() {}

    private mutating func insert(_ parts: ArraySlice<String>, _ contents: [UInt8]?, path: String) throws(GitError) {
        guard let name = parts.first else {
            guard children.isEmpty else { throw .invalid(what: path, reason: "is changed both as a file and as a folder") }
            bytes = contents
            return
        }
        guard bytes == nil else { throw .invalid(what: path, reason: "is changed both as a file and as a folder") }
        var child = children[name] ?? TreeEdit()
        try child.insert(parts.dropFirst(), contents, path: path)
        children[name] = child
    }
}

extension RepositoryHandle {
    /// Stores the tree that `base` becomes with `edit`; `nil` when nothing is left in it.
    func writeTree(base: ObjectID?, _ edit: TreeEdit) throws(GitError) -> ObjectID? {
        var old: OpaquePointer?
        if let base { old = try openTree(base) }
        defer { git_tree_free(old) }
        var builder: OpaquePointer?
        try check(git_treebuilder_new(&builder, pointer, old), "writing a tree")
        defer { git_treebuilder_free(builder) }
        for (name, child) in edit.children {
            let existing = git_treebuilder_get(builder, name)
            let mode = existing.map { git_tree_entry_filemode($0) }
            var id: ObjectID?
            var newMode = GIT_FILEMODE_BLOB
            if let bytes = child.bytes {
                id = try write(bytes, type: GIT_OBJECT_BLOB)
                // A script stays executable; whatever else stood there becomes a plain file.
                if mode == GIT_FILEMODE_BLOB_EXECUTABLE { newMode = GIT_FILEMODE_BLOB_EXECUTABLE }
            } else if !child.children.isEmpty {
                let inner = mode == GIT_FILEMODE_TREE ? existing.flatMap { git_tree_entry_id($0) }.map { ObjectID($0.pointee) } : nil
                id = try writeTree(base: inner, child)
                newMode = GIT_FILEMODE_TREE
                // Only deletions below a path that is a file: it stays.
                if id == nil, mode != nil, mode != GIT_FILEMODE_TREE { continue }
            }
            if var oid = id?.oid {
                try check(git_treebuilder_insert(nil, builder, name, &oid, newMode), "writing '\(name)'")
            } else if existing != nil {
                try check(git_treebuilder_remove(builder, name), "removing '\(name)'")
            }
        }
        guard git_treebuilder_entrycount(builder) > 0 else { return nil }
        var oid = git_oid()
        try check(git_treebuilder_write(&oid, builder), "writing a tree")
        return ObjectID(oid)
    }

    /// Stores the root folder that `base` becomes with `edit`, which may end up empty.
    func writeRoot(base: ObjectID?, _ edit: TreeEdit) throws(GitError) -> ObjectID {
        if let tree = try writeTree(base: base, edit) { return tree }
        return try write([], type: GIT_OBJECT_TREE)
    }

    /// Stores a commit's exact bytes. Throws `GitError.invalid` when its tree or a parent is not here.
    func storeCommit(_ bytes: [UInt8]) throws(GitError) -> ObjectID {
        let commit = try CommitInfo(id: ObjectID.of(bytes, type: "commit"), raw: bytes)
        for id in [commit.tree] + commit.parents where !contains(id) {
            throw .invalid(what: "commit \(commit.id)", reason: "names object \(id), which is not in the mirror")
        }
        return try write(bytes, type: GIT_OBJECT_COMMIT)
    }
}
