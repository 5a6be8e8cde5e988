// SPDX-License-Identifier: Apache-2.0
internal import CGit2
internal import Glibc

/// One ssh connection that runs one program on the host; used by one git thread at a time.
///
/// libssh2 never blocks here: it reads and writes through this object's socket, which asks the `TransferWatch` each time, so that limits
/// and cancelling also end what libssh2 does in loops of its own.
final class SSHConnection {
    private let location: SSHLocation
    private let settings: RemoteSettings
    private let watch: TransferWatch
    private let descriptor: Int32
    private let session: OpaquePointer
    private var channel: OpaquePointer?
    /// Nothing goes in or out any more.
    private var isOver = false
    /// What the host's program says on its standard error; at most 4 KiB.
    private var remarks: [UInt8] = []

    private static let remarksMax = 4_096
    /// What the host may send before it is read, and how much of it at once: libssh2's own defaults.
    private static let windowBytes: UInt32 = 2 << 20
    private static let packetBytes: UInt32 = 32_768

    /// Connects, and makes sure of the host. Nobody has been let in yet.
    init(to location: SSHLocation, settings: RemoteSettings, watch: TransferWatch) throws(GitError) {
        self.location = location
        self.settings = settings
        self.watch = watch
        do throws(WatchedSocket.Failure) {
            descriptor = try WatchedSocket.connect(host: location.host, port: String(location.port), proxy: settings.proxy, watch: watch)
        } catch {
            throw Self.interrupted(settings, watch) ?? .unreachable(remote: settings.url, reason: error.reason)
        }
        guard let session = libssh2_session_init_ex(nil, nil, nil, nil) else {
            close(descriptor)
            throw .failed(what: settings.url, reason: "libssh2 gives no session")
        }
        self.session = session
        libssh2_session_abstract(session).pointee = Unmanaged.passUnretained(self).toOpaque()
        libssh2_session_set_blocking(session, 0)
        flotilla_ssh_set_io(
            session, { SSHConnection.from($4)?.receive($1, $2) ?? -Int(ECONNRESET) },
            { SSHConnection.from($4)?.send($1, $2) ?? -Int(ECONNRESET) })
        var delay: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &delay, socklen_t(MemoryLayout<Int32>.size))
        try shakeHands()
    }

    deinit {
        // libssh2 says good-bye into nothing: no host can hold up the end.
        isOver = true
        if let channel { libssh2_channel_free(channel) }
        libssh2_session_free(session)
        close(descriptor)
    }

    // MARK: Getting in

    private func shakeHands() throws(GitError) {
        let types = settings.knownHosts.types(host: location.host, port: location.port)
        guard SSHAlgorithms.prepare(session, knownTypes: types) else { throw error("choosing algorithms") }
        let code = try finished("the first exchange with the host", settings.limits.connectTimeout) {
            Int(libssh2_session_handshake(session, descriptor))
        }
        if code == LIBSSH2_ERROR_KEX_FAILURE || code == LIBSSH2_ERROR_METHOD_NONE {
            let rsa = SSHAlgorithms.hasModernRSA ? "" : ", or it has only an RSA host key, which takes libssh2 1.11"
            throw .unreachable(remote: settings.url, reason: "the host offers no algorithms that are safe and known here\(rsa)")
        }
        guard code == 0 else { throw error("the first exchange with the host") }
        var count = 0
        var type: Int32 = 0
        guard let pointer = libssh2_session_hostkey(session, &count, &type),
            let key = SSHPublicKey(blob: Array(UnsafeRawBufferPointer(start: pointer, count: count)))
        else { throw error("reading the host's key") }
        if let reason = settings.knownHosts.refusal(host: location.host, port: location.port, key: key) {
            throw .hostKey(remote: settings.url, reason: reason)
        }
    }

    /// Shows the key and starts `program`, whose input and output `write` and `read` are from then on.
    func start(_ program: String) throws(GitError) {
        try authenticate()
        channel = try opened("opening a channel") {
            libssh2_channel_open_ex(
                session, "session", UInt32("session".utf8.count), Self.windowBytes,
                Self.packetBytes, nil, 0)
        }
        let command = location.command(program)
        let code = try finished("starting \(program)", settings.limits.connectTimeout) {
            Int(libssh2_channel_process_startup(channel, "exec", 4, command, UInt32(command.utf8.count)))
        }
        guard code == 0 else { throw error("starting \(program)") }
    }

    private func authenticate() throws(GitError) {
        guard case .key(let key) = settings.credential else {
            throw .authentication(remote: settings.url, reason: "an ssh remote needs a private key and none is set")
        }
        // libssh2 wants the same bytes in the same place each time that it is asked to go on.
        let bytes = UnsafeMutableBufferPointer<CChar>.allocate(capacity: key.bytes.count)
        _ = bytes.initialize(from: key.bytes.lazy.map { CChar(bitPattern: $0) })
        defer {
            bytes.update(repeating: 0)
            bytes.deallocate()
        }
        let code = try finished("authentication", settings.limits.connectTimeout) {
            Int(
                libssh2_userauth_publickey_frommemory(
                    session, location.user, location.user.utf8.count, nil, 0, bytes.baseAddress, bytes.count, key.passphrase ?? ""))
        }
        switch Int32(code) {
        case 0: return
        case LIBSSH2_ERROR_AUTHENTICATION_FAILED, LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED:
            var reason = "the host does not let '\(location.user)' in with the \(key)"
            if key.type == SSHPrivateKey.rsa || key.type == nil, !SSHAlgorithms.hasModernRSA {
                reason += "; hosts since OpenSSH 8.8 take RSA keys only from libssh2 1.11 on, so use an Ed25519 key"
            }
            throw .authentication(remote: settings.url, reason: reason)
        case LIBSSH2_ERROR_FILE, LIBSSH2_ERROR_METHOD_NONE, LIBSSH2_ERROR_PUBLICKEY_PROTOCOL, LIBSSH2_ERROR_KEYFILE_AUTH_FAILED,
            LIBSSH2_ERROR_PROTO, LIBSSH2_ERROR_DECRYPT, LIBSSH2_ERROR_METHOD_NOT_SUPPORTED, LIBSSH2_ERROR_INVAL:
            // libssh2's own words say nothing more.
            let reason = "the \(key) cannot be used: its passphrase does not fit, it is damaged, or it is of an unknown form"
            throw .authentication(remote: settings.url, reason: reason)
        default: throw error("authentication")
        }
    }

    // MARK: Talking

    /// Reads what the program writes; 0 at its end. Throws what the host said instead, where it wrote nothing at all.
    func read(_ buffer: UnsafeMutablePointer<CChar>, _ count: Int) throws(GitError) -> Int {
        guard let channel else { return 0 }
        while true {
            let received = libssh2_channel_read_ex(channel, 0, buffer, count)
            if received > 0 { return received }
            guard received == 0 || received == LIBSSH2_ERROR_EAGAIN else { throw error("receiving") }
            // Standard error shares the channel's window: left alone it would stop the rest.
            let heard = hearRemarks()
            if received == 0 && libssh2_channel_eof(channel) == 1 { return 0 }
            if !heard { try wait("receiving", settings.limits.idleTimeout) }
        }
    }

    /// Writes all of the bytes to the program.
    func write(_ bytes: UnsafePointer<CChar>, _ count: Int) throws(GitError) {
        guard let channel else { return }
        var offset = 0
        while offset < count {
            let sent = try finished("sending", settings.limits.idleTimeout) {
                libssh2_channel_write_ex(channel, 0, bytes + offset, count - offset)
            }
            guard sent >= 0 else { throw error("sending") }
            offset += sent
        }
    }

    /// Lets the program finish what it does after its last word, hooks above all, within the limits.
    func finish() {
        guard let channel, !isOver, libssh2_channel_eof(channel) == 0 else { return }
        var rest = [CChar](repeating: 0, count: 4_096)
        do throws(GitError) {
            _ = try finished("ending", settings.limits.idleTimeout) { Int(libssh2_channel_send_eof(channel)) }
            while try read(&rest, rest.count) > 0 {}
        } catch {
            // The references are set already: how the connection ends changes nothing.
            isOver = true
        }
    }

    /// Takes what the program says on its standard error; whether there was something.
    private func hearRemarks() -> Bool {
        var buffer = [CChar](repeating: 0, count: 4_096)
        let count = libssh2_channel_read_ex(channel, SSH_EXTENDED_DATA_STDERR, &buffer, buffer.count)
        guard count > 0 else { return false }
        remarks += buffer[..<count].prefix(max(0, Self.remarksMax - remarks.count)).map { UInt8(bitPattern: $0) }
        return true
    }

    /// What the program or the host's shell said, on one line, without what a terminal would obey.
    var remark: String {
        let lines = String(decoding: remarks, as: UTF8.self).split(whereSeparator: \.isNewline)
        let text = lines.map { line in String(line.unicodeScalars.filter { $0.value >= 32 && !(127..<160).contains($0.value) }) }
        return settings.redacted(text.filter { !$0.isEmpty }.joined(separator: "; "))
    }

    // MARK: Waiting

    /// Repeats a call of libssh2's until it needs no more patience.
    private func finished(_ what: String, _ patience: Duration, _ call: () -> Int) throws(GitError) -> Int {
        while true {
            let code = call()
            guard code == LIBSSH2_ERROR_EAGAIN else { return code }
            try wait(what, patience)
        }
    }

    private func opened(_ what: String, _ call: () -> OpaquePointer?) throws(GitError) -> OpaquePointer {
        while true {
            if let pointer = call() { return pointer }
            guard libssh2_session_last_errno(session) == LIBSSH2_ERROR_EAGAIN else { throw error(what) }
            try wait(what, settings.limits.connectTimeout)
        }
    }

    private func wait(_ what: String, _ patience: Duration) throws(GitError) {
        let directions = libssh2_session_block_directions(session)
        let events =
            (directions & LIBSSH2_SESSION_BLOCK_OUTBOUND != 0 ? POLLOUT : 0)
            | (directions & LIBSSH2_SESSION_BLOCK_INBOUND != 0 || directions == 0 ? POLLIN : 0)
        guard WatchedSocket.wait(descriptor, for: Int32(events), patience: patience, doing: what, watch: watch) else {
            throw error(what)
        }
    }

    private func receive(_ buffer: UnsafeMutableRawPointer?, _ count: Int) -> Int {
        guard !isOver, watch.mayContinue() else { return -Int(ECONNABORTED) }
        let received = recv(descriptor, buffer, count, 0)
        guard received >= 0 else { return errno == EINTR || errno == EAGAIN ? -Int(EAGAIN) : -Int(errno) }
        return watch.arrived(received) ? received : -Int(ECONNABORTED)
    }

    private func send(_ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
        guard !isOver, watch.mayContinue() else { return -Int(ECONNABORTED) }
        let sent = Glibc.send(descriptor, bytes, count, Int32(MSG_NOSIGNAL))
        guard sent >= 0 else { return errno == EINTR || errno == EAGAIN ? -Int(EAGAIN) : -Int(errno) }
        return sent
    }

    private static func from(_ abstract: UnsafeMutablePointer<UnsafeMutableRawPointer?>?) -> SSHConnection? {
        abstract?.pointee.map { Unmanaged<SSHConnection>.fromOpaque($0).takeUnretainedValue() }
    }

    // MARK: Errors

    private static func interrupted(_ settings: RemoteSettings, _ watch: TransferWatch) -> GitError? {
        watch.interruption == nil ? nil : .remote(code: GIT_EUSER.rawValue, settings: settings, watch: watch)
    }

    /// Our own interruption first, then what libssh2 says.
    private func error(_ what: String) -> GitError {
        if let error = Self.interrupted(settings, watch) { return error }
        var text: UnsafeMutablePointer<CChar>?
        let code = libssh2_session_last_error(session, &text, nil, 0)
        let words = text.map { String(cString: $0) } ?? ""
        let reason = "\(what) failed: \(words.isEmpty ? "libssh2 code \(code)" : words)"
        return .unreachable(remote: settings.url, reason: settings.redacted(reason))
    }
}
