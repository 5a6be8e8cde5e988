// SPDX-License-Identifier: Apache-2.0

/// A reference to be set on the remote, if it is still where the caller saw it.
package struct RefPush: Sendable, Hashable {
    /// The full name: `refs/heads/…`, `refs/tags/…`, `refs/flotilla/…`.
    package var ref: String
    package var commit: ObjectID
    /// The remote's present value; `nil`: the reference must not exist.
    package var expecting: ObjectID?

    package init(_ ref: String, to commit: ObjectID, expecting: ObjectID?) {
        self.ref = ref
        self.commit = commit
        self.expecting = expecting
    }
}

/// References to be set together, and the rules for it.
struct PushPlan {
    let pushes: [RefPush]

    /// Throws for references that cannot be pushed at all. Nothing has been sent yet.
    init(_ pushes: [RefPush], from repository: RepositoryHandle) throws(GitError) {
        for push in pushes {
            guard RefNames.isValid(push.ref), RefNames.local(push.ref) != nil else {
                throw .invalid(what: push.ref, reason: "is no name for a branch, a tag or a reference of Flotilla's")
            }
            _ = try repository.commit(push.commit)
        }
        guard Set(pushes.map(\.ref)).count == pushes.count else {
            throw .invalid(what: "push", reason: "names a reference twice")
        }
        self.pushes = pushes
    }

    /// What is left to do where the remote's references are `actual`: one that already has its new value needs nothing, so that a
    /// push can be repeated after a crash. Throws `GitError.moved`, or `.rejected` for what would drop commits.
    func remaining(actual: [String: ObjectID], from repository: RepositoryHandle) throws(GitError) -> [RefPush] {
        var remaining: [RefPush] = []
        for push in pushes where actual[push.ref] != push.commit {
            guard actual[push.ref] == push.expecting else { throw .moved(ref: push.ref, actual: actual[push.ref]) }
            if let old = push.expecting {
                guard repository.contains(old), try repository.isAncestor(old, of: push.commit) else {
                    throw .rejected(ref: push.ref, reason: "\(push.commit) does not come after \(old), and nothing is overwritten")
                }
            }
            remaining.append(push)
        }
        return remaining
    }
}
