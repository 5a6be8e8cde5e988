// SPDX-License-Identifier: Apache-2.0
internal import CGit2

/// One conversation with a remote, on one thread: what libgit2's callbacks see and collect.
final class RemoteConversation {
    let settings: RemoteSettings
    let watch: TransferWatch
    private let host: String?
    /// What ended the conversation, where libgit2 knows only that it ended.
    var failure: GitError?
    private var credentialsGiven = 0
    private(set) var updates: [RefUpdate] = []
    private(set) var refusals: [(ref: String, reason: String)] = []
    /// What the server's programs print, hooks above all; at most 4 KiB.
    private var remarks = ""

    init(settings: RemoteSettings, watch: TransferWatch) throws(GitError) {
        self.settings = settings
        self.watch = watch
        if case .web(let host, _) = try settings.location() { self.host = host } else { host = nil }
    }

    /// The server's remarks on one line, for an error.
    var remark: String {
        settings.redacted(remarks.split(whereSeparator: \.isNewline).joined(separator: "; "))
    }

    func error(_ code: Int32) -> GitError {
        if let failure, watch.interruption == nil { return failure }
        return .remote(code: code, settings: settings, watch: watch)
    }

    /// Calls `body` with callbacks that report to this conversation.
    func withCallbacks<T>(_ body: (git_remote_callbacks) throws(GitError) -> T) throws(GitError) -> T {
        var callbacks = git_remote_callbacks()
        git_remote_init_callbacks(&callbacks, UInt32(GIT_REMOTE_CALLBACKS_VERSION))
        callbacks.payload = Unmanaged.passUnretained(self).toOpaque()
        if case .shell = try settings.location() { callbacks.transport = SSHTransport.make }
        callbacks.credentials = { out, url, _, allowed, payload in
            RemoteConversation.from(payload)?.giveCredential(out, url: url, allowed: allowed) ?? GIT_EUSER.rawValue
        }
        callbacks.transfer_progress = { progress, payload in
            guard let progress = progress?.pointee, let conversation = RemoteConversation.from(payload) else { return GIT_EUSER.rawValue }
            let state = TransferProgress(
                objectsReceived: Int(progress.received_objects), objectsTotal: Int(progress.total_objects),
                bytesReceived: progress.received_bytes)
            return conversation.watch.received(state) ? 0 : GIT_EUSER.rawValue
        }
        callbacks.push_transfer_progress = { _, _, _, payload in
            RemoteConversation.from(payload)?.watch.mayContinue() ?? false ? 0 : GIT_EUSER.rawValue
        }
        callbacks.update_tips = { name, old, new, payload in
            guard let name, let old, let new, let conversation = RemoteConversation.from(payload) else { return GIT_EUSER.rawValue }
            conversation.updates.append(
                RefUpdate(
                    ref: RefNames.remote(String(cString: name)), old: ObjectID.present(old.pointee), new: ObjectID.present(new.pointee)))
            return 0
        }
        callbacks.sideband_progress = { text, count, payload in
            guard let text, let conversation = RemoteConversation.from(payload) else { return GIT_EUSER.rawValue }
            let bytes = UnsafeRawBufferPointer(start: text, count: Int(max(0, count)))
            conversation.remarks += String(decoding: bytes.prefix(max(0, 4_096 - conversation.remarks.utf8.count)), as: UTF8.self)
            return conversation.watch.mayContinue() ? 0 : GIT_EUSER.rawValue
        }
        callbacks.push_update_reference = { name, status, payload in
            guard let name, let conversation = RemoteConversation.from(payload) else { return GIT_EUSER.rawValue }
            if let status {
                let reason = conversation.settings.redacted(String(cString: status))
                conversation.refusals.append((String(cString: name), reason))
            }
            return 0
        }
        defer { withExtendedLifetime(self) {} }
        return try body(callbacks)
    }

    static func from(_ payload: UnsafeMutableRawPointer?) -> RemoteConversation? {
        payload.map { Unmanaged<RemoteConversation>.fromOpaque($0).takeUnretainedValue() }
    }

    /// Gives the credential once, and only to the host that it is for: libgit2 asks again after a refusal, and after a redirect.
    private func giveCredential(
        _ out: UnsafeMutablePointer<UnsafeMutablePointer<git_credential>?>?, url: UnsafePointer<CChar>?, allowed: UInt32
    ) -> Int32 {
        guard case .token(let username, let password) = settings.credential else {
            watch.interrupt(.credentialRefused(reason: "the remote asks for a credential and none is set"))
            return GIT_EUSER.rawValue
        }
        guard credentialsGiven == 0 else {
            watch.interrupt(.credentialRefused(reason: "the remote does not accept the token"))
            return GIT_EUSER.rawValue
        }
        guard allowed & GIT_CREDENTIAL_USERPASS_PLAINTEXT.rawValue != 0 else {
            watch.interrupt(.credentialRefused(reason: "the remote does not take a user name and token"))
            return GIT_EUSER.rawValue
        }
        var asked = settings
        asked.url = url.map { String(cString: $0) } ?? ""
        guard case .web(let askedHost, let secure)? = try? asked.location(), askedHost == host,
            secure || settings.url.lowercased().hasPrefix("http:")
        else {
            watch.interrupt(.credentialRefused(reason: "the remote redirects to another host, which does not get the credential"))
            return GIT_EUSER.rawValue
        }
        credentialsGiven += 1
        return git_credential_userpass_plaintext_new(out, username, password)
    }
}

/// A `git_remote` that belongs to no configuration, freed at the end; connected by `connect`.
final class RemoteConnection {
    let pointer: OpaquePointer
    let conversation: RemoteConversation

    init(_ repository: OpaquePointer, _ conversation: RemoteConversation) throws(GitError) {
        var options = git_remote_create_options()
        git_remote_create_options_init(&options, UInt32(GIT_REMOTE_CREATE_OPTIONS_VERSION))
        options.repository = repository
        options.flags = GIT_REMOTE_CREATE_SKIP_INSTEADOF.rawValue | GIT_REMOTE_CREATE_SKIP_DEFAULT_FETCHSPEC.rawValue
        var url = conversation.settings.url
        switch try conversation.settings.location() {
        case .web: break
        case .shell(let shell): url = shell.url
        case .folder(let path):
            url = path
            // libgit2 would complain about the protocol instead.
            guard LocalFiles.isFolder(path) else { throw .unreachable(remote: path, reason: "there is no repository in this place") }
        }
        var remote: OpaquePointer?
        let code = git_remote_create_with_opts(&remote, url, &options)
        guard code == 0, let remote else { throw conversation.error(code) }
        pointer = remote
        self.conversation = conversation
    }

    deinit { git_remote_free(pointer) }

    /// Connects; afterwards `references` is known.
    func connect(_ direction: git_direction) throws(GitError) {
        let code = try conversation.withCallbacks { callbacks throws(GitError) in
            var options = git_remote_connect_options()
            git_remote_connect_options_init(&options, UInt32(GIT_REMOTE_CONNECT_OPTIONS_VERSION))
            options.callbacks = callbacks
            options.proxy_opts.type = GIT_PROXY_NONE
            options.follow_redirects = GIT_REMOTE_REDIRECT_INITIAL
            return try conversation.watch.listing { () throws(GitError) in git_remote_connect_ext(pointer, direction, &options) }
        }
        guard code == 0 else { throw conversation.error(code) }
    }

    /// The references as the remote advertised them, without `HEAD` and peeled tags.
    func references() throws(GitError) -> [String: ObjectID] {
        var list: UnsafeMutablePointer<UnsafePointer<git_remote_head>?>?
        var count = 0
        let code = git_remote_ls(&list, &count, pointer)
        guard code == 0 else { throw conversation.error(code) }
        var references: [String: ObjectID] = [:]
        for index in 0..<count {
            guard let head = list?[index]?.pointee, let name = head.name else { continue }
            let text = String(cString: name)
            if text.hasPrefix("refs/") && !text.hasSuffix("^{}") { references[text] = ObjectID(head.oid) }
        }
        return references
    }

    /// The branch that the remote's `HEAD` names.
    func defaultBranch() -> String? {
        var buffer = git_buf()
        defer { git_buf_dispose(&buffer) }
        guard git_remote_default_branch(&buffer, pointer) == 0, let text = buffer.ptr else { return nil }
        return RefNames.branch(String(cString: text))
    }
}

/// Calls `body` with `texts` as libgit2's array of C strings.
func withStringArray<T>(_ texts: [String], _ body: (UnsafePointer<git_strarray>) throws(GitError) -> T) throws(GitError) -> T {
    var pointers: [UnsafeMutablePointer<CChar>?] = texts.map { text in
        let bytes = Array(text.utf8CString)
        let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
        copy.initialize(from: bytes, count: bytes.count)
        return copy
    }
    defer { for pointer in pointers { pointer?.deallocate() } }
    let count = pointers.count
    let result: Result<T, GitError> = pointers.withUnsafeMutableBufferPointer { buffer in
        var array = git_strarray(strings: buffer.baseAddress, count: count)
        do throws(GitError) { return .success(try body(&array)) } catch { return .failure(error) }
    }
    return try result.get()
}
