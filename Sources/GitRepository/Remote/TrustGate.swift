// SPDX-License-Identifier: Apache-2.0
internal import CGit2
internal import Glibc

/// Lets web transfers with the same trusted certificates run together, and others wait their turn.
///
/// libgit2 knows one set of trusted certificates per process, and replacing it frees the one in use. So it is replaced only while
/// no transfer runs. First come, first served; blocks the calling thread.
final class TrustGate: @unchecked Sendable {
    // @unchecked: every stored property below is read and written only while `mutex` is held.
    static let shared = TrustGate()

    /// Where Linux distributions keep the certificates that the system trusts.
    private static let systemFiles = [
        "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem",
    ]

    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let changed: UnsafeMutablePointer<pthread_cond_t>
    private var nextTicket: UInt64 = 0
    private var serving: UInt64 = 0
    private var active = 0
    private var file: String?

    private init() {
        mutex = .allocate(capacity: 1)
        changed = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(changed, nil)
    }

    /// Runs `body` while the certificates in the PEM file at `path` (`nil`: the system's), and only they, are trusted.
    func trusting<T>(_ path: String?, _ body: () throws(GitError) -> T) throws(GitError) -> T {
        guard let wanted = path ?? Self.systemFiles.first(where: LocalFiles.exists) else {
            throw .failed(what: "https", reason: "no trusted certificates found; install the package ca-certificates")
        }
        try enter(wanted)
        defer { leave() }
        return try body()
    }

    private func enter(_ wanted: String) throws(GitError) {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        let ticket = nextTicket
        nextTicket += 1
        // A file may have been renewed since: it is read again whenever nobody is using the present set.
        while serving != ticket || (active > 0 && file != wanted) { pthread_cond_wait(changed, mutex) }
        serving += 1
        pthread_cond_broadcast(changed)
        if active == 0 {
            file = nil
            guard flotilla_git_set_certificate_file(wanted) == 0 else {
                throw .invalid(what: wanted, reason: "cannot be read as PEM certificates: \(GitLibrary.lastMessage(code: -1))")
            }
            file = wanted
        }
        active += 1
    }

    private func leave() {
        pthread_mutex_lock(mutex)
        active -= 1
        pthread_cond_broadcast(changed)
        pthread_mutex_unlock(mutex)
    }
}
