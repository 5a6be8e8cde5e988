// SPDX-License-Identifier: Apache-2.0

extension GitMirror {
    /// Sets one reference of the remote, if it is where `expecting` says (`nil`: it must not exist); nothing is ever overwritten.
    ///
    /// A reference that has the new value already is a success, so that a push can be repeated. Throws `GitError.moved` when
    /// somebody else was first, `.rejected` when the remote refuses or commits would be lost; after any other error look first
    /// (`listRemote`): the push may have arrived.
    package func push(commit: ObjectID, to ref: String, expecting: ObjectID?) async throws(GitError) {
        try await push([PushUpdate(ref: ref, to: commit, expecting: .exactly(expecting))])
    }

    /// Sets several references in one push. On a remote in a folder all of them or none; a server may accept some only.
    package func push(_ pushes: [PushUpdate]) async throws(GitError) {
        try await transfer(progress: nil) { [self] watch in
            try borrow { repository throws(GitError) in
                let plan = try PushPlan(pushes, from: repository)
                switch try remote.location() {
                case .folder(let path): try FolderPush(path: path, watch: watch).run(plan, from: repository)
                case .web, .shell: try NetworkPush(settings: remote, watch: watch).run(plan, from: repository)
                }
                // The mirror knows now what the next fetch would tell.
                for push in pushes {
                    if let local = RefNames.local(push.ref) { try repository.setReference(local, to: push.commit) }
                }
            }
        }
    }
}
