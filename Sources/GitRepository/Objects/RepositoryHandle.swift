// SPDX-License-Identifier: Apache-2.0
internal import CGit2

/// One open repository with its object database.
///
/// @unchecked Sendable: libgit2 allows a handle one thread at a time. A handle is made, used and freed on one thread, or lent by
/// a mirror to one borrower at a time, and the hand-over goes through the mirror's lock.
final class RepositoryHandle: @unchecked Sendable {
    let pointer: OpaquePointer
    let database: OpaquePointer
    /// Keeps the files of a mirror's copy for as long as somebody reads them.
    let copy: MirrorCopy?
    /// The first sign that the files are damaged.
    private(set) var damage: String?

    /// Opens the repository at `path` itself, never one above it. Throws `GitError.notFound` where there is none.
    init(path: String, copy: MirrorCopy? = nil) throws(GitError) {
        try GitLibrary.start()
        var repository: OpaquePointer?
        try check(git_repository_open_ext(&repository, path, GIT_REPOSITORY_OPEN_NO_SEARCH.rawValue, nil), "repository \(path)")
        guard let repository else { throw .failed(what: "repository \(path)", reason: "libgit2 gave none") }
        var database: OpaquePointer?
        let code = git_repository_odb(&database, repository)
        guard code == 0, let database else {
            let error = GitError.local(code: code, what: "repository \(path)")
            git_repository_free(repository)
            throw error
        }
        pointer = repository
        self.database = database
        self.copy = copy
    }

    deinit {
        git_odb_free(database)
        git_repository_free(pointer)
    }

    /// Notes damage and gives the error for it.
    func corrupt(_ what: String, _ reason: String) -> GitError {
        if damage == nil { damage = "\(what): \(reason)" }
        return .corrupt(what: what, reason: reason)
    }

    /// Throws for a result below zero of reading something that has to be there, since something else names it.
    func need(_ code: Int32, _ what: @autoclosure () -> String) throws(GitError) {
        guard code < 0 else { return }
        throw corrupt(what(), GitLibrary.lastMessage(code: code))
    }

    /// Throws for a result below zero, noting damage.
    func attempt(_ code: Int32, _ what: @autoclosure () -> String) throws(GitError) {
        guard code < 0 else { return }
        let error = GitError.local(code: code, what: what())
        if case .corrupt(let what, let reason) = error { throw corrupt(what, reason) }
        throw error
    }

    // MARK: Objects

    func contains(_ id: ObjectID) -> Bool {
        var oid = id.oid
        return git_odb_exists(database, &oid) == 1
    }

    /// An object's type and size, without reading it. Throws `GitError.notFound`.
    func header(of id: ObjectID) throws(GitError) -> (type: git_object_t, bytes: Int) {
        var oid = id.oid
        var size = 0
        var type = GIT_OBJECT_INVALID
        try attempt(git_odb_read_header(&size, &type, database, &oid), "object \(id)")
        return (type, size)
    }

    /// An object's type and bytes. Throws `GitError.notFound`, or `.tooLarge` before reading more than `limit` bytes.
    func object(_ id: ObjectID, limit: Int = .max) throws(GitError) -> (type: git_object_t, bytes: [UInt8]) {
        var oid = id.oid
        if limit < .max {
            var size = 0
            var type = GIT_OBJECT_INVALID
            try attempt(git_odb_read_header(&size, &type, database, &oid), "object \(id)")
            guard size <= limit else { throw .tooLarge(what: "object \(id)", limit: limit) }
        }
        var object: OpaquePointer?
        try attempt(git_odb_read(&object, database, &oid), "object \(id)")
        defer { git_odb_object_free(object) }
        let bytes = UnsafeRawBufferPointer(start: git_odb_object_data(object), count: git_odb_object_size(object))
        return (git_odb_object_type(object), Array(bytes))
    }

    /// Stores an object and returns its id; one that exists is left alone.
    func write(_ bytes: [UInt8], type: git_object_t) throws(GitError) -> ObjectID {
        var oid = git_oid()
        try check(bytes.withUnsafeBytes { git_odb_write(&oid, database, $0.baseAddress, $0.count, type) }, "writing an object")
        return ObjectID(oid)
    }

    /// The commit with this id, or the one that the tag with this id names.
    func commit(_ id: ObjectID) throws(GitError) -> CommitInfo {
        let (type, bytes) = try object(id)
        switch type {
        case GIT_OBJECT_COMMIT:
            do throws(GitError) {
                return try CommitInfo(id: id, raw: bytes)
            } catch {
                throw corrupt("commit \(id)", "\(error)")
            }
        case GIT_OBJECT_TAG: return try commit(peeled(id, to: GIT_OBJECT_COMMIT))
        default: throw .invalid(what: "object \(id)", reason: "is not a commit")
        }
    }

    /// The tree of a commit or tag, or the tree itself.
    func treeID(_ id: ObjectID) throws(GitError) -> ObjectID { try peeled(id, to: GIT_OBJECT_TREE) }

    private func peeled(_ id: ObjectID, to type: git_object_t) throws(GitError) -> ObjectID {
        var oid = id.oid
        var object: OpaquePointer?
        try attempt(git_object_lookup(&object, pointer, &oid, GIT_OBJECT_ANY), "object \(id)")
        defer { git_object_free(object) }
        var result: OpaquePointer?
        let code = git_object_peel(&result, object, type)
        if code == GIT_EINVALIDSPEC.rawValue || code == GIT_EPEEL.rawValue {
            throw .invalid(what: "object \(id)", reason: "is not a commit")
        }
        try need(code, "what object \(id) points at")
        defer { git_object_free(result) }
        guard let found = git_object_id(result) else { throw corrupt("object \(id)", "it has no id") }
        return ObjectID(found.pointee)
    }

    /// Opens a tree that something names; the caller frees it with `git_tree_free`.
    func openTree(_ id: ObjectID) throws(GitError) -> OpaquePointer {
        var oid = id.oid
        var tree: OpaquePointer?
        try need(git_tree_lookup(&tree, pointer, &oid), "tree \(id)")
        guard let tree else { throw corrupt("tree \(id)", "libgit2 gave none") }
        return tree
    }

    // MARK: References

    /// What the reference points at, through symbolic ones; `nil` where there is none.
    func reference(_ name: String) throws(GitError) -> ObjectID? {
        var oid = git_oid()
        let code = git_reference_name_to_id(&oid, pointer, name)
        if code == GIT_ENOTFOUND.rawValue || code == GIT_EINVALIDSPEC.rawValue { return nil }
        try attempt(code, name)
        return ObjectID(oid)
    }

    /// The references whose names begin with `prefix`, by full name.
    func references(prefix: String) throws(GitError) -> [String: ObjectID] {
        var iterator: OpaquePointer?
        try attempt(git_reference_iterator_new(&iterator, pointer), "listing references")
        defer { git_reference_iterator_free(iterator) }
        var result: [String: ObjectID] = [:]
        while true {
            var reference: OpaquePointer?
            let code = git_reference_next(&reference, iterator)
            if code == GIT_ITEROVER.rawValue { return result }
            try attempt(code, "listing references")
            defer { git_reference_free(reference) }
            guard let text = git_reference_name(reference), let target = git_reference_target(reference) else { continue }
            let name = String(cString: text)
            if name.hasPrefix(prefix) { result[name] = ObjectID(target.pointee) }
        }
    }

    /// The remote's branches as last fetched, by short name.
    func heads(prefix: String) throws(GitError) -> [String: ObjectID] {
        var heads: [String: ObjectID] = [:]
        for (name, id) in try references(prefix: RefNames.tracking + prefix) {
            heads[String(name.dropFirst(RefNames.tracking.count))] = id
        }
        return heads
    }

    /// Sets a reference of the mirror, whatever it was.
    func setReference(_ name: String, to id: ObjectID) throws(GitError) {
        var oid = id.oid
        var reference: OpaquePointer?
        try attempt(git_reference_create(&reference, pointer, name, &oid, 1, nil), name)
        git_reference_free(reference)
    }

    func removeReference(_ name: String) throws(GitError) {
        let code = git_reference_remove(pointer, name)
        if code != GIT_ENOTFOUND.rawValue { try attempt(code, name) }
    }
}
