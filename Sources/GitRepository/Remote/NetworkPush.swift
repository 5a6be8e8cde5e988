// SPDX-License-Identifier: Apache-2.0
internal import CGit2

/// Pushes over the network: the server compares the old values once more when it sets the new ones.
struct NetworkPush {
    let settings: RemoteSettings
    let watch: TransferWatch

    func run(_ plan: PushPlan, from repository: RepositoryHandle) throws(GitError) {
        try inTransfer(settings: settings, watch: watch) { () throws(GitError) in
            try push(plan, from: repository)
        }
    }

    private func push(_ plan: PushPlan, from repository: RepositoryHandle) throws(GitError) {
        let conversation = try RemoteConversation(settings: settings, watch: watch)
        let remote = try RemoteConnection(repository.pointer, conversation)
        try remote.connect(GIT_DIRECTION_PUSH)
        // The old values that are sent come from this same listing.
        let remaining = try plan.remaining(actual: remote.references(), from: repository)
        if remaining.isEmpty { return }
        // libgit2 pushes references, not ids.
        let number = UInt64.random(in: .min ... .max)
        let sources = remaining.indices.map { "\(RefNames.pushing)\(number)/\($0)" }
        defer { for source in sources { try? repository.removeReference(source) } }
        for (source, push) in zip(sources, remaining) { try repository.setReference(source, to: push.commit) }
        // Without a leading `+`, so that no commit can be dropped.
        let refspecs = zip(sources, remaining).map { "\($0):\($1.ref)" }
        let code = try conversation.withCallbacks { callbacks throws(GitError) in
            var options = git_push_options()
            git_push_options_init(&options, UInt32(GIT_PUSH_OPTIONS_VERSION))
            options.callbacks = callbacks
            options.proxy_opts.type = GIT_PROXY_NONE
            options.follow_redirects = GIT_REMOTE_REDIRECT_INITIAL
            return try withStringArray(refspecs) { refspecs throws(GitError) in
                git_remote_upload(remote.pointer, refspecs, &options)
            }
        }
        if code < 0 && conversation.refusals.isEmpty { throw conversation.error(code) }
        if let refusal = conversation.refusals.first { try judge(refusal, plan: plan, from: repository, remark: conversation.remark) }
    }

    /// Finds out whether a refused reference had moved meanwhile: servers say so in many ways.
    private func judge(
        _ refusal: (ref: String, reason: String), plan: PushPlan, from repository: RepositoryHandle, remark: String
    ) throws(GitError) {
        let remote = try RemoteConnection(repository.pointer, RemoteConversation(settings: settings, watch: watch))
        try remote.connect(GIT_DIRECTION_PUSH)
        if try plan.remaining(actual: remote.references(), from: repository).isEmpty { return }
        throw .rejected(ref: refusal.ref, reason: remark.isEmpty ? refusal.reason : "\(refusal.reason): \(remark)")
    }
}
