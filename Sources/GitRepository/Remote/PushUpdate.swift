// SPDX-License-Identifier: Apache-2.0

/// A reference to be set on the remote, if it is still where the caller saw it.
package struct PushUpdate: Sendable, Hashable {
    /// Where the remote's reference has to be now.
    package enum Expectation: Sendable, Hashable {
        /// At this commit; `nil`: it must not exist.
        case exactly(ObjectID?)
        /// Anywhere from where the new commit drops nothing.
        case any
    }

    /// The full name: `refs/heads/…`, `refs/tags/…`, `refs/flotilla/…`.
    package var ref: String
    package var commit: ObjectID
    package var expecting: Expectation

    package init(ref: String, to commit: ObjectID, expecting: Expectation) {
        self.ref = ref
        self.commit = commit
        self.expecting = expecting
    }
}

/// References to be set together, and the rules for it.
struct PushPlan {
    let pushes: [PushUpdate]

    /// Throws for references that cannot be pushed at all. Nothing has been sent yet.
    init(_ pushes: [PushUpdate], from repository: RepositoryHandle) throws(GitError) {
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
    func remaining(actual: [String: ObjectID], from repository: RepositoryHandle) throws(GitError) -> [PushUpdate] {
        var remaining: [PushUpdate] = []
        for push in pushes where actual[push.ref] != push.commit {
            if case .exactly(let expected) = push.expecting, actual[push.ref] != expected {
                throw .moved(ref: push.ref, actual: actual[push.ref])
            }
            if let old = actual[push.ref] {
                guard repository.contains(old), try repository.isAncestor(old, of: push.commit) else {
                    throw .rejected(ref: push.ref, reason: "\(push.commit) does not come after \(old), and nothing is overwritten")
                }
            }
            remaining.append(push)
        }
        return remaining
    }
}
