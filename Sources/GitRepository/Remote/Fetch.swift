// SPDX-License-Identifier: Apache-2.0
internal import CGit2

/// A reference that a fetch found changed.
package struct RefUpdate: Sendable, Hashable {
    /// The remote's name, such as `refs/heads/main`.
    package let ref: String
    /// `nil` for a new reference.
    package let old: ObjectID?
    /// `nil` for a deleted reference.
    package let new: ObjectID?

    package init(ref: String, old: ObjectID?, new: ObjectID?) {
        self.ref = ref
        self.old = old
        self.new = new
    }
}

/// What a fetch did.
package struct FetchResult: Sendable, Hashable {
    /// The references that changed since the last fetch; all of them after the mirror was made again.
    package let updates: [RefUpdate]
    /// The branch that the remote's `HEAD` names.
    package let defaultBranch: String?
    package let objectsReceived: Int
    package let bytesReceived: Int
    /// Whether the mirror was damaged and has been made again.
    package let remade: Bool
}

/// Brings a repository to what the remote has; on a git thread.
struct Fetch {
    let settings: RemoteSettings
    let watch: TransferWatch

    func run(into repository: RepositoryHandle, remade: Bool) throws(GitError) -> FetchResult {
        try inTransfer(settings: settings, watch: watch) { () throws(GitError) in
            try transfer(into: repository, remade: remade)
        }
    }

    private func transfer(into repository: RepositoryHandle, remade: Bool) throws(GitError) -> FetchResult {
        var copied = 0
        if case .folder(let path) = try settings.location(), !remade {
            copied = FolderFetch(path: path, watch: watch).run(into: repository)
        }
        let conversation = try RemoteConversation(settings: settings, watch: watch)
        let remote = try RemoteConnection(repository.pointer, conversation)
        try remote.connect(GIT_DIRECTION_FETCH)
        let advertised = try remote.references()
        // An empty listing never means "nothing is wanted": somebody emptied or swapped the remote.
        if !advertised.keys.contains(where: { RefNames.branch($0) != nil }), try !repository.heads(prefix: "").isEmpty {
            throw .emptyListing(remote: settings.url)
        }
        try conversation.withCallbacks { callbacks throws(GitError) in
            var options = git_fetch_options()
            git_fetch_options_init(&options, UInt32(GIT_FETCH_OPTIONS_VERSION))
            options.callbacks = callbacks
            options.update_fetchhead = 0
            options.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE
            options.proxy_opts.type = GIT_PROXY_NONE
            options.follow_redirects = GIT_REMOTE_REDIRECT_INITIAL
            let code = try withStringArray(RefNames.refspecs) { refspecs throws(GitError) in
                git_remote_download(remote.pointer, refspecs, &options)
            }
            guard code == 0, watch.interruption == nil else { throw conversation.error(code) }
            var callbacks = callbacks
            // Before the new ones: a deleted branch `a` may stand in the way of a new one `a/b`.
            let pruned = git_remote_prune(remote.pointer, &callbacks)
            guard pruned == 0 else { throw conversation.error(pruned) }
            let updated = git_remote_update_tips(remote.pointer, &callbacks, 0, GIT_REMOTE_DOWNLOAD_TAGS_NONE, "fetch")
            guard updated == 0 else { throw conversation.error(updated) }
        }
        let statistics = git_remote_stats(remote.pointer)?.pointee
        return FetchResult(
            updates: conversation.updates, defaultBranch: remote.defaultBranch(),
            objectsReceived: copied + Int(statistics?.received_objects ?? 0), bytesReceived: statistics?.received_bytes ?? 0, remade: remade
        )
    }

}

/// Runs `body` with the sockets watched, and the right certificates trusted where that matters.
func inTransfer<T>(
    settings: RemoteSettings, watch: TransferWatch, _ body: () throws(GitError) -> T
) throws(GitError) -> T {
    guard watch.mayContinue() else { throw GitError.remote(code: GIT_EUSER.rawValue, settings: settings, watch: watch) }
    return try SocketStream.watched(by: watch, proxy: settings.proxy) { () throws(GitError) in
        guard case .web(_, secure: true) = try settings.location() else { return try body() }
        return try TrustGate.shared.trusting(settings.certificateAuthority, body)
    }
}
