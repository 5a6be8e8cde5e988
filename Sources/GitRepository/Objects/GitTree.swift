// SPDX-License-Identifier: Apache-2.0
internal import CGit2
package import Manifests

/// The files of a commit, read one by one as they are asked for.
///
/// Usable only inside the body it was handed to, on that body's thread: afterwards every call throws. Submodules are an error
/// where their contents are asked for.
package final class GitTree: FileTree {
    /// The id of the root folder.
    package let id: ObjectID
    private var repository: RepositoryHandle?
    /// Folders opened so far, by path: most lookups happen next to each other.
    private var folders: [String: OpaquePointer] = [:]

    init(_ repository: RepositoryHandle, id: ObjectID) {
        self.repository = repository
        self.id = id
    }

    deinit { close() }

    /// Ends the tree's life; called when the body has returned.
    func close() {
        for tree in folders.values { git_tree_free(tree) }
        folders = [:]
        repository = nil
    }

    package func entry(at path: String) throws -> FileTreeEntry? {
        if path.isEmpty { return .folder }
        guard let found = try find(path) else { return nil }
        switch found.mode {
        case GIT_FILEMODE_TREE: return .folder
        case GIT_FILEMODE_LINK:
            return .symbolicLink(target: String(decoding: try contents(found, path: path, limit: 65_536), as: UTF8.self))
        case GIT_FILEMODE_COMMIT: throw FileTreeError.failed(path: path, reason: "is a Git submodule, which is not fetched")
        default: return .file(bytes: try size(found))
        }
    }

    package func read(_ path: String, limit: Int) throws -> [UInt8] {
        guard let found = try find(path) else { throw FileTreeError.notFound(path: path) }
        guard found.mode == GIT_FILEMODE_BLOB || found.mode == GIT_FILEMODE_BLOB_EXECUTABLE else {
            throw FileTreeError.notAFile(path: path)
        }
        return try contents(found, path: path, limit: limit)
    }

    package func list(_ path: String) throws -> [String] {
        guard let tree = try folder(path) else {
            throw try find(path) == nil ? FileTreeError.notFound(path: path) : FileTreeError.notAFolder(path: path)
        }
        var names: [String] = []
        for index in 0..<git_tree_entrycount(tree) {
            guard let name = git_tree_entry_name(git_tree_entry_byindex(tree, index)) else { continue }
            names.append(String(cString: name))
        }
        // Git sorts folders as if their names ended with a slash.
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// The id of the file's contents or of the folder at `path`; `nil` where there is nothing.
    package func objectID(at path: String) throws -> ObjectID? {
        path.isEmpty ? id : try find(path)?.id
    }

    /// The id of the contents of the file at `path`; `nil` where there is no file (a folder, a link, nothing).
    package func fileID(at path: String) throws -> ObjectID? {
        guard let found = try find(path), found.mode == GIT_FILEMODE_BLOB || found.mode == GIT_FILEMODE_BLOB_EXECUTABLE else { return nil }
        return found.id
    }

    /// A file below a folder.
    package struct File: Sendable, Hashable {
        /// From the tree's root.
        package let path: String
        package let id: ObjectID
        package let isSymbolicLink: Bool
    }

    /// Every file and link below the folder at `path`, in the order of its path's bytes; nothing where there is no such folder.
    ///
    /// Throws `FileTreeError.failed` at the first one beyond `limit`. Submodules are left out.
    package func files(below path: String, limit: Int = 1_000_000) throws -> [File] {
        var files: [File] = []
        guard let tree = try folder(path) else { return [] }
        try collect(tree, path, &files, limit: limit, depth: 0)
        return files.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    }

    private func collect(_ tree: OpaquePointer, _ path: String, _ files: inout [File], limit: Int, depth: Int) throws {
        guard depth < 256 else { throw FileTreeError.failed(path: path, reason: "more than 256 folders inside each other") }
        for index in 0..<git_tree_entrycount(tree) {
            guard let entry = git_tree_entry_byindex(tree, index), let name = git_tree_entry_name(entry),
                let oid = git_tree_entry_id(entry)
            else { continue }
            let child = path.isEmpty ? String(cString: name) : "\(path)/\(String(cString: name))"
            switch git_tree_entry_filemode(entry) {
            case GIT_FILEMODE_TREE:
                let inner = try open().openTree(ObjectID(oid.pointee))
                defer { git_tree_free(inner) }
                try collect(inner, child, &files, limit: limit, depth: depth + 1)
            case GIT_FILEMODE_COMMIT: continue
            case let mode:
                guard files.count < limit else {
                    throw FileTreeError.failed(path: child, reason: "one file more than the limit of \(limit)")
                }
                files.append(File(path: child, id: ObjectID(oid.pointee), isSymbolicLink: mode == GIT_FILEMODE_LINK))
            }
        }
    }

    /// What a folder holds by itself.
    package struct Child: Sendable, Hashable {
        package enum Kind: Sendable, Hashable { case file, symbolicLink, folder, submodule }

        package let name: String
        package let id: ObjectID
        package let kind: Kind
    }

    /// What the folder with this id holds, in Git's order: by the bytes of the names, a folder's as if it ended with a slash, so that a walk
    /// meets files in the order of their paths. Folders with equal ids are equal all the way down.
    package func children(of folder: ObjectID) throws -> [Child] {
        let tree = try open().openTree(folder)
        defer { git_tree_free(tree) }
        let count = git_tree_entrycount(tree)
        var children: [Child] = []
        children.reserveCapacity(count)
        for index in 0..<count {
            guard let entry = git_tree_entry_byindex(tree, index), let name = git_tree_entry_name(entry),
                let oid = git_tree_entry_id(entry)
            else { continue }
            let kind: Child.Kind =
                switch git_tree_entry_filemode(entry) {
                case GIT_FILEMODE_TREE: .folder
                case GIT_FILEMODE_COMMIT: .submodule
                case GIT_FILEMODE_LINK: .symbolicLink
                default: .file
                }
            children.append(Child(name: String(cString: name), id: ObjectID(oid.pointee), kind: kind))
        }
        return children
    }

    /// The contents of a file that `children` named.
    /// - Parameter path: where it stands, for errors.
    package func read(_ file: ObjectID, path: String, limit: Int) throws -> [UInt8] {
        try contents(Found(id: file, mode: GIT_FILEMODE_BLOB), path: path, limit: limit)
    }

    // MARK: Looking up

    private struct Found {
        let id: ObjectID
        let mode: git_filemode_t
    }

    private func open() throws -> RepositoryHandle {
        guard let repository else {
            throw GitError.invalid(what: "tree \(id)", reason: "is used after the body that it was read in")
        }
        return repository
    }

    private func find(_ path: String) throws -> Found? {
        let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        let parent = slash.map { String(path[..<$0]) } ?? ""
        let name = slash.map { String(path[path.utf8.index(after: $0)...]) } ?? path
        // `/x` would otherwise be found in the root.
        guard !name.isEmpty, slash == nil || !parent.isEmpty, let tree = try folder(parent),
            let entry = git_tree_entry_byname(tree, name), let oid = git_tree_entry_id(entry)
        else { return nil }
        return Found(id: ObjectID(oid.pointee), mode: git_tree_entry_filemode(entry))
    }

    private func folder(_ path: String) throws -> OpaquePointer? {
        let repository = try open()
        if let known = folders[path] { return known }
        var folderID = id
        if !path.isEmpty {
            guard let found = try find(path), found.mode == GIT_FILEMODE_TREE else { return nil }
            folderID = found.id
        }
        let tree = try repository.openTree(folderID)
        folders[path] = tree
        return tree
    }

    private func size(_ found: Found) throws -> Int {
        let repository = try open()
        var oid = found.id.oid
        var size = 0
        var type = GIT_OBJECT_INVALID
        try repository.need(git_odb_read_header(&size, &type, repository.database, &oid), "object \(found.id)")
        return size
    }

    private func contents(_ found: Found, path: String, limit: Int) throws -> [UInt8] {
        let bytes = try size(found)
        guard bytes <= limit else { throw FileTreeError.tooLarge(path: path, bytes: bytes, limit: limit) }
        return try open().object(found.id).bytes
    }
}
