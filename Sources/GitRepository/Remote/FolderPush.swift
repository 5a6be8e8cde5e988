// SPDX-License-Identifier: Apache-2.0
internal import CGit2
internal import Glibc

/// Pushes into a repository on this machine: objects first, then all references in one transaction, under Git's own locks.
///
/// libgit2's transport for local paths does not compare the old values when it sets new ones. The locks are those of stock Git, so
/// its pushes and ours exclude each other. Hooks are not run.
struct FolderPush {
    let path: String
    let watch: TransferWatch

    /// Above this the objects travel as one pack, below as single files, as Git's `receive.unpackLimit` has it.
    private static let looseMax = 100
    private static let patience = Duration.seconds(5)

    func run(_ plan: PushPlan, from repository: RepositoryHandle) throws(GitError) {
        let remote: RepositoryHandle
        do throws(GitError) {
            remote = try RepositoryHandle(path: path)
        } catch {
            throw .unreachable(remote: path, reason: "\(error)")
        }
        guard try !plan.remaining(actual: actual(plan, in: remote), from: repository).isEmpty else { return }
        for push in plan.pushes { try refuseCheckedOut(push.ref, in: remote) }
        try send(plan, from: repository, to: remote)
        guard let folder = git_repository_commondir(remote.pointer).map({ String(cString: $0) }) else {
            throw .failed(what: path, reason: "has no folder")
        }
        guard let lock = try FileLock(path: "\(folder)/flotilla-push.lock", patience: Self.patience) else {
            throw .unreachable(remote: path, reason: "another push has been running for \(Self.patience)")
        }
        try breakLocks(ofDead: lock, folder: folder)
        try lock.setContents(Array(plan.pushes.map { $0.ref + "\n" }.joined().utf8))
        try commit(plan, from: repository, to: remote)
        try lock.setContents([])
    }

    private func actual(_ plan: PushPlan, in remote: RepositoryHandle) throws(GitError) -> [String: ObjectID] {
        var actual: [String: ObjectID] = [:]
        for push in plan.pushes { actual[push.ref] = try remote.reference(push.ref) }
        return actual
    }

    /// Setting the branch that somebody has checked out would make their files look changed; Git refuses it too.
    private func refuseCheckedOut(_ ref: String, in remote: RepositoryHandle) throws(GitError) {
        guard git_repository_is_bare(remote.pointer) == 0 else { return }
        var head: OpaquePointer?
        guard git_reference_lookup(&head, remote.pointer, "HEAD") == 0 else { return }
        defer { git_reference_free(head) }
        if let target = git_reference_symbolic_target(head), String(cString: target) == ref {
            throw .rejected(ref: ref, reason: "the branch is checked out there; push to a bare repository")
        }
    }

    /// Locks every reference, compares, and only then sets them all.
    private func commit(_ plan: PushPlan, from repository: RepositoryHandle, to remote: RepositoryHandle) throws(GitError) {
        var transaction: OpaquePointer?
        try check(git_transaction_new(&transaction, remote.pointer), path)
        // Also gives the locks back when something throws.
        defer { git_transaction_free(transaction) }
        for push in plan.pushes { try lock(push.ref, transaction) }
        for push in try plan.remaining(actual: actual(plan, in: remote), from: repository) {
            var oid = push.commit.oid
            try check(git_transaction_set_target(transaction, push.ref, &oid, nil, "push"), push.ref)
        }
        guard watch.mayContinue() else { throw .cancelled(what: path) }
        try check(git_transaction_commit(transaction), "\(path): setting references")
    }

    private func lock(_ ref: String, _ transaction: OpaquePointer?) throws(GitError) {
        let deadline = ContinuousClock.now + Self.patience
        while true {
            let code = git_transaction_lock_ref(transaction, ref)
            if code == 0 { return }
            let reason = GitLibrary.lastMessage(code: code)
            guard code == GIT_ELOCKED.rawValue else { throw .rejected(ref: ref, reason: reason) }
            guard ContinuousClock.now < deadline, watch.mayContinue() else { throw .unreachable(remote: path, reason: reason) }
            usleep(5_000)
        }
    }

    /// Removes the reference locks of a push that died while it held them; it noted its references in the lock file before.
    private func breakLocks(ofDead lock: FileLock, folder: String) throws(GitError) {
        let names = String(decoding: lock.contents(), as: UTF8.self).split(separator: "\n").map(String.init)
        for name in names where RefNames.isValid(name) {
            let file = "\(folder)/\(name).lock"
            // A younger one may be of a live `git push`, which needs it for milliseconds only.
            let deadline = ContinuousClock.now + .seconds(2)
            while LocalFiles.exists(file), !LocalFiles.isOlder(file, seconds: 2), ContinuousClock.now < deadline { usleep(20_000) }
            try LocalFiles.remove(file)
        }
    }

    // MARK: Objects

    private func send(_ plan: PushPlan, from repository: RepositoryHandle, to remote: RepositoryHandle) throws(GitError) {
        var missing = MissingObjects(repository: repository, remote: remote, watch: watch)
        for push in plan.pushes { try missing.collect(push.commit) }
        if missing.ids.count <= Self.looseMax {
            for id in missing.ids {
                let (type, bytes) = try repository.object(id)
                _ = try remote.write(bytes, type: type)
            }
            return
        }
        var builder: OpaquePointer?
        try check(git_packbuilder_new(&builder, repository.pointer), "packing objects")
        defer { git_packbuilder_free(builder) }
        for id in missing.ids {
            var oid = id.oid
            try check(git_packbuilder_insert(builder, &oid, nil), "packing object \(id)")
        }
        guard let folder = git_repository_commondir(remote.pointer).map({ String(cString: $0) }) else {
            throw .failed(what: path, reason: "has no folder")
        }
        try check(git_packbuilder_write(builder, "\(folder)/objects/pack", 0, nil, nil), "\(path): writing a pack")
        try check(git_odb_refresh(remote.database), path)
    }
}

/// Finds the objects that a commit needs and another repository does not have.
///
/// What the other repository's branches reach is complete there; an object that merely exists proves nothing about those below it.
struct MissingObjects {
    let repository: RepositoryHandle
    let remote: RepositoryHandle
    let watch: TransferWatch
    /// What the names of the other repository's branches begin with.
    let branches: String
    /// Looking ends when there are more.
    let limit: Int
    private(set) var ids: [ObjectID] = []
    private var seen: Set<ObjectID> = []

    init(repository: RepositoryHandle, remote: RepositoryHandle, watch: TransferWatch, branches: String = "refs/heads/", limit: Int = .max)
    {
        self.repository = repository
        self.remote = remote
        self.watch = watch
        self.branches = branches
        self.limit = limit
    }

    mutating func collect(_ commit: ObjectID) throws(GitError) {
        var walk: OpaquePointer?
        try check(git_revwalk_new(&walk, repository.pointer), "history")
        defer { git_revwalk_free(walk) }
        git_revwalk_sorting(walk, GIT_SORT_TOPOLOGICAL.rawValue | GIT_SORT_REVERSE.rawValue)
        var oid = commit.oid
        try check(git_revwalk_push(walk, &oid), "commit \(commit)")
        for head in Set(try remote.references(prefix: branches).values) where repository.contains(head) {
            oid = head.oid
            try check(git_revwalk_hide(walk, &oid), "commit \(head)")
        }
        while ids.count <= limit {
            let code = git_revwalk_next(&oid, walk)
            if code == GIT_ITEROVER.rawValue { return }
            try repository.need(code, "history of \(commit)")
            let info = try repository.commit(ObjectID(oid))
            var parentTree: ObjectID?
            if let parent = info.parents.first { parentTree = try repository.treeID(parent) }
            try collect(tree: info.tree, unlike: parentTree)
            add(info.id)
        }
    }

    private mutating func collect(tree: ObjectID, unlike old: ObjectID?) throws(GitError) {
        guard tree != old, ids.count <= limit, seen.insert(tree).inserted else { return }
        guard watch.mayContinue() else { throw .cancelled(what: "push") }
        let new = try repository.openTree(tree)
        defer { git_tree_free(new) }
        var previous: OpaquePointer?
        if let old { previous = try repository.openTree(old) }
        defer { git_tree_free(previous) }
        for index in 0..<git_tree_entrycount(new) {
            guard let entry = git_tree_entry_byindex(new, index), let name = git_tree_entry_name(entry),
                let oid = git_tree_entry_id(entry)
            else { continue }
            let id = ObjectID(oid.pointee)
            let before = previous.flatMap { git_tree_entry_byname($0, name) }
            let beforeID = before.flatMap { git_tree_entry_id($0) }.map { ObjectID($0.pointee) }
            if id == beforeID { continue }
            switch git_tree_entry_filemode(entry) {
            case GIT_FILEMODE_TREE:
                let wasTree = before.map { git_tree_entry_filemode($0) == GIT_FILEMODE_TREE } ?? false
                try collect(tree: id, unlike: wasTree ? beforeID : nil)
            case GIT_FILEMODE_COMMIT: continue
            default: if seen.insert(id).inserted { add(id) }
            }
        }
        add(tree)
    }

    private mutating func add(_ id: ObjectID) {
        var oid = id.oid
        // Nothing new appears there meanwhile that matters: writing an object twice does no harm.
        if git_odb_exists_ext(remote.database, &oid, GIT_ODB_LOOKUP_NO_REFRESH.rawValue) == 0 { ids.append(id) }
    }
}
