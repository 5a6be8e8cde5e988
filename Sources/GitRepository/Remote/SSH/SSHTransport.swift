// SPDX-License-Identifier: Apache-2.0
internal import CGit2

/// What libgit2 speaks its protocol through on an ssh remote.
///
/// libgit2 has an ssh transport of its own, which reads the user's `~/.ssh`, knows no time limits, and cannot be interrupted.
final class SSHTransport {
    private typealias Pointer = UnsafeMutablePointer<git_smart_subtransport>
    private typealias Stream = UnsafeMutablePointer<git_smart_subtransport_stream>

    private let conversation: RemoteConversation
    private var connection: SSHConnection?
    private var stream: Stream?
    /// Whether the program may still be at work when it has said its last word.
    private var isPush = false
    private var hasAnswered = false

    private init(_ conversation: RemoteConversation) { self.conversation = conversation }

    /// Makes a transport for the conversation that is the callbacks' payload.
    static let make: git_transport_cb = { out, remote, payload in
        var definition = git_smart_subtransport_definition(
            callback: { out, _, payload in SSHTransport.begin(out, payload) }, rpc: 0, param: payload)
        return git_transport_smart(out, remote, &definition)
    }

    private static func begin(
        _ out: UnsafeMutablePointer<UnsafeMutablePointer<git_smart_subtransport>?>?, _ payload: UnsafeMutableRawPointer?
    ) -> Int32 {
        guard let out, let conversation = RemoteConversation.from(payload) else { return GIT_EUSER.rawValue }
        let box = UnsafeMutablePointer<flotilla_git_subtransport>.allocate(capacity: 1)
        var value = flotilla_git_subtransport()
        value.parent.action = { out, pointer, _, service in
            SSHTransport.from(pointer)?.act(out, pointer, service) ?? GIT_EUSER.rawValue
        }
        value.parent.close = { pointer in
            SSHTransport.from(pointer)?.close()
            return 0
        }
        value.parent.free = { pointer in
            guard let pointer else { return }
            let box = UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: flotilla_git_subtransport.self)
            if let owner = box.pointee.owner { Unmanaged<SSHTransport>.fromOpaque(owner).release() }
            box.deallocate()
        }
        value.owner = Unmanaged.passRetained(SSHTransport(conversation)).toOpaque()
        box.initialize(to: value)
        out.pointee = UnsafeMutableRawPointer(box).assumingMemoryBound(to: git_smart_subtransport.self)
        return 0
    }

    // The parent is the first member of either box, so both have one address.

    private static func from(_ pointer: Pointer?) -> SSHTransport? {
        guard let pointer else { return nil }
        let box = UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: flotilla_git_subtransport.self)
        return box.pointee.owner.map { Unmanaged<SSHTransport>.fromOpaque($0).takeUnretainedValue() }
    }

    private static func from(_ stream: Stream?) -> SSHTransport? {
        guard let stream else { return nil }
        let box = UnsafeMutableRawPointer(stream).assumingMemoryBound(to: flotilla_git_subtransport_stream.self)
        return box.pointee.owner.map { Unmanaged<SSHTransport>.fromOpaque($0).takeUnretainedValue() }
    }

    // MARK: What libgit2 asks for

    private func act(_ out: UnsafeMutablePointer<Stream?>?, _ pointer: Pointer?, _ service: git_smart_service_t) -> Int32 {
        switch service {
        case GIT_SERVICE_UPLOADPACK, GIT_SERVICE_RECEIVEPACK:
            // Goes on where the listing ended.
            guard let stream else { return GIT_EUSER.rawValue }
            out?.pointee = stream
            return 0
        case GIT_SERVICE_UPLOADPACK_LS, GIT_SERVICE_RECEIVEPACK_LS: break
        default: return GIT_EUSER.rawValue
        }
        close()
        isPush = service == GIT_SERVICE_RECEIVEPACK_LS
        return attempt { () throws(GitError) in
            guard case .shell(let location) = try conversation.settings.location() else { return }
            let connection = try SSHConnection(to: location, settings: conversation.settings, watch: conversation.watch)
            try connection.start(isPush ? "git-receive-pack" : "git-upload-pack")
            self.connection = connection
            let stream = makeStream(pointer)
            self.stream = stream
            out?.pointee = stream
        }
    }

    private func makeStream(_ pointer: Pointer?) -> Stream {
        let box = UnsafeMutablePointer<flotilla_git_subtransport_stream>.allocate(capacity: 1)
        var value = flotilla_git_subtransport_stream()
        value.parent.subtransport = pointer
        value.parent.read = { SSHTransport.from($0)?.read($1, $2, $3) ?? GIT_EUSER.rawValue }
        value.parent.write = { SSHTransport.from($0)?.write($1, $2) ?? GIT_EUSER.rawValue }
        value.parent.free = { stream in
            guard let stream else { return }
            let transport = SSHTransport.from(stream)
            if transport?.stream == stream {
                transport?.stream = nil
                transport?.close()
            }
            UnsafeMutableRawPointer(stream).assumingMemoryBound(to: flotilla_git_subtransport_stream.self).deallocate()
        }
        // The transport outlives its streams.
        value.owner = Unmanaged.passUnretained(self).toOpaque()
        box.initialize(to: value)
        return UnsafeMutableRawPointer(box).assumingMemoryBound(to: git_smart_subtransport_stream.self)
    }

    private func read(_ buffer: UnsafeMutablePointer<CChar>?, _ count: Int, _ received: UnsafeMutablePointer<Int>?) -> Int32 {
        guard let connection, let buffer else { return GIT_EUSER.rawValue }
        return attempt { () throws(GitError) in
            let result = try connection.read(buffer, count)
            received?.pointee = result
            if result > 0 { hasAnswered = true }
            if result == 0 && !hasAnswered { throw silence(connection.remark) }
        }
    }

    private func write(_ bytes: UnsafePointer<CChar>?, _ count: Int) -> Int32 {
        guard let connection, let bytes else { return GIT_EUSER.rawValue }
        return attempt { () throws(GitError) in try connection.write(bytes, count) }
    }

    private func close() {
        if isPush && hasAnswered && conversation.failure == nil && conversation.watch.mayContinue() { connection?.finish() }
        connection = nil
        hasAnswered = false
    }

    /// Keeps the error for the conversation: through libgit2 only a number comes back.
    private func attempt(_ body: () throws(GitError) -> Void) -> Int32 {
        do throws(GitError) {
            try body()
            return 0
        } catch {
            conversation.failure = conversation.failure ?? error
            git_error_set_str(Int32(GIT_ERROR_SSH.rawValue), "the ssh connection failed")
            return GIT_EUSER.rawValue
        }
    }

    /// The program ended without a word in Git's protocol: what it said to people is the reason.
    private func silence(_ remark: String) -> GitError {
        let remote = conversation.settings.url
        let words = remark.lowercased()
        guard !words.isEmpty else { return .unreachable(remote: remote, reason: "the host ended the connection without an answer") }
        if ["not found", "not appear to be a git repository", "could not be found", "no such"].contains(where: words.contains) {
            return .notFound(what: "\(remote): \(remark)")
        }
        if ["denied", "not allowed", "unauthorized", "forbidden"].contains(where: words.contains) {
            return .authentication(remote: remote, reason: remark)
        }
        return .unreachable(remote: remote, reason: remark)
    }
}
