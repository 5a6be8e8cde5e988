// SPDX-License-Identifier: Apache-2.0
internal import CGit2

extension RepositoryHandle {
    /// Commits reachable from `start` and not from `until`, children before parents.
    func log(from start: ObjectID, firstParent: Bool, limit: Int, until: ObjectID?) throws(GitError) -> [CommitInfo] {
        var commits: [CommitInfo] = []
        for id in try self.commits(from: start, firstParent: firstParent, until: until, limit: limit) { commits.append(try commit(id)) }
        return commits
    }

    /// Their ids.
    func commits(from start: ObjectID, firstParent: Bool = false, until: ObjectID?, limit: Int) throws(GitError) -> [ObjectID] {
        var walk: OpaquePointer?
        try check(git_revwalk_new(&walk, pointer), "history")
        defer { git_revwalk_free(walk) }
        git_revwalk_sorting(walk, GIT_SORT_TOPOLOGICAL.rawValue | GIT_SORT_TIME.rawValue)
        if firstParent { git_revwalk_simplify_first_parent(walk) }
        var oid = start.oid
        try attempt(git_revwalk_push(walk, &oid), "commit \(start)")
        if let until {
            oid = until.oid
            try attempt(git_revwalk_hide(walk, &oid), "commit \(until)")
        }
        var commits: [ObjectID] = []
        while commits.count < limit {
            let code = git_revwalk_next(&oid, walk)
            if code == GIT_ITEROVER.rawValue { break }
            try need(code, "history of \(start)")
            commits.append(ObjectID(oid))
        }
        return commits
    }

    /// Whether `descendant` is `ancestor` or comes after it.
    func isAncestor(_ ancestor: ObjectID, of descendant: ObjectID) throws(GitError) -> Bool {
        if ancestor == descendant { return true }
        var old = ancestor.oid
        var new = descendant.oid
        guard contains(ancestor) else { throw .notFound(what: "commit \(ancestor)") }
        guard contains(descendant) else { throw .notFound(what: "commit \(descendant)") }
        let code = git_graph_descendant_of(pointer, &new, &old)
        try need(code, "history of \(descendant)")
        return code == 1
    }

    /// A best common ancestor; `nil` for unrelated histories.
    func mergeBase(_ one: ObjectID, _ other: ObjectID) throws(GitError) -> ObjectID? {
        guard contains(one) else { throw .notFound(what: "commit \(one)") }
        guard contains(other) else { throw .notFound(what: "commit \(other)") }
        var oid = git_oid()
        var left = one.oid
        var right = other.oid
        let code = git_merge_base(&oid, pointer, &left, &right)
        if code == GIT_ENOTFOUND.rawValue { return nil }
        try need(code, "history of \(one)")
        return ObjectID(oid)
    }

    /// The files that differ, in byte order of their paths. Equal folders are not opened: cost follows the change.
    func diff(from: ObjectID?, to: ObjectID) throws(GitError) -> [TreeChange] {
        let new = try openTree(treeID(to))
        defer { git_tree_free(new) }
        var old: OpaquePointer?
        if let from { old = try openTree(treeID(from)) }
        defer { git_tree_free(old) }
        var options = git_diff_options()
        git_diff_options_init(&options, UInt32(GIT_DIFF_OPTIONS_VERSION))
        options.flags = GIT_DIFF_SKIP_BINARY_CHECK.rawValue | GIT_DIFF_INCLUDE_TYPECHANGE.rawValue
        var diff: OpaquePointer?
        try need(git_diff_tree_to_tree(&diff, pointer, old, new, &options), "comparing with \(to)")
        defer { git_diff_free(diff) }
        let count = git_diff_num_deltas(diff)
        var changes: [TreeChange] = []
        changes.reserveCapacity(count)
        for index in 0..<count {
            guard let delta = git_diff_get_delta(diff, index)?.pointee else { continue }
            guard let path = delta.new_file.path ?? delta.old_file.path else { continue }
            let kind: TreeChange.Kind =
                switch delta.status {
                case GIT_DELTA_ADDED: .added
                case GIT_DELTA_DELETED: .deleted
                default: .modified
                }
            changes.append(
                TreeChange(
                    path: String(cString: path), kind: kind, old: kind == .added ? nil : ObjectID(delta.old_file.id),
                    new: kind == .deleted ? nil : ObjectID(delta.new_file.id)))
        }
        return changes
    }
}

extension RepositoryHandle {
    /// The commit that a branch, tag, reference or (abbreviated) id names.
    func resolve(_ revision: String) throws(GitError) -> ObjectID? {
        for name in [RefNames.tracking + revision, "refs/tags/\(revision)", RefNames.local(revision) ?? revision]
        where name.hasPrefix("refs/") {
            if let id = try reference(name) { return try commit(id).id }
        }
        let digits = Array(revision.utf8)
        guard (4...40).contains(digits.count), digits.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }) else {
            return nil
        }
        var prefix = ObjectID(hex: revision + String(repeating: "0", count: 40 - digits.count))?.oid ?? git_oid()
        var object: OpaquePointer?
        let code = git_object_lookup_prefix(&object, pointer, &prefix, digits.count, GIT_OBJECT_COMMIT)
        if code == GIT_ENOTFOUND.rawValue { return nil }
        if code == GIT_EAMBIGUOUS.rawValue { throw .invalid(what: revision, reason: "fits more than one commit; give more digits") }
        try attempt(code, "commit \(revision)")
        defer { git_object_free(object) }
        return git_object_id(object).map { ObjectID($0.pointee) }
    }
}
