// SPDX-License-Identifier: Apache-2.0
internal import CGit2

/// Why an operation on a repository failed; texts carry the remote's own words and never a credential.
package enum GitError: Error, Hashable, Sendable, CustomStringConvertible {
    /// There is no such object, reference or repository.
    case notFound(what: String)
    /// The mirror's files are damaged or incomplete; the next fetch makes the mirror again.
    case corrupt(what: String, reason: String)
    /// The remote could not be talked to: network, name lookup, a server's error.
    case unreachable(remote: String, reason: String)
    /// The remote does not accept the credential, or wants one.
    case authentication(remote: String, reason: String)
    /// The remote's certificate is not trusted.
    case certificate(remote: String, reason: String)
    /// The ssh host shows a key that is not, or no longer, among the known hosts.
    case hostKey(remote: String, reason: String)
    /// The remote's reference is not where the caller expected it; `nil` means that it does not exist.
    case moved(ref: String, actual: ObjectID?)
    /// The remote refused the new value of a reference.
    case rejected(ref: String, reason: String)
    /// More than the limit was offered.
    case tooLarge(what: String, limit: Int)
    /// The remote did not answer in time.
    case timedOut(remote: String, reason: String)
    case cancelled(what: String)
    /// The caller's own input cannot be used.
    case invalid(what: String, reason: String)
    /// The remote lists no branch although it had some: what was known stays.
    case emptyListing(remote: String)
    /// Another process, or another part of this one, has the mirror open.
    case inUse(path: String)
    case failed(what: String, reason: String)

    /// Whether the same call may succeed later without anybody mending something.
    package var isRetryable: Bool {
        switch self {
        case .unreachable, .timedOut, .corrupt, .inUse, .emptyListing: true
        case .notFound, .authentication, .certificate, .hostKey, .moved, .rejected, .tooLarge, .cancelled, .invalid, .failed: false
        }
    }

    package var description: String {
        switch self {
        case .notFound(let what): "\(what): not found"
        case .corrupt(let what, let reason): "\(what): the mirror is damaged (\(reason)); the next fetch makes it again"
        case .unreachable(let remote, let reason): "\(remote): cannot be reached: \(reason)"
        case .authentication(let remote, let reason):
            "\(remote): the credential is not accepted: \(reason); check the repository's credential and its rights"
        case .certificate(let remote, let reason):
            "\(remote): the certificate is not trusted: \(reason); name its authority in the repository's settings"
        case .hostKey(let remote, let reason): "\(remote): the host is not trusted: \(reason)"
        case .moved(let ref, let actual?): "\(ref): has moved to \(actual)"
        case .moved(let ref, nil): "\(ref): does not exist on the remote"
        case .rejected(let ref, let reason): "\(ref): the remote refused it: \(reason)"
        case .tooLarge(let what, let limit): "\(what): larger than the limit of \(limit)"
        case .timedOut(let remote, let reason): "\(remote): timed out: \(reason)"
        case .cancelled(let what): "\(what): cancelled"
        case .invalid(let what, let reason): "\(what): \(reason)"
        case .emptyListing(let remote): "\(remote): lists no branch although it had some; what was known is kept"
        case .inUse(let path): "\(path): another process has this mirror open"
        case .failed(let what, let reason): "\(what): \(reason)"
        }
    }
}

extension GitError {
    /// The error of a call that touches only local files.
    static func local(code: Int32, what: String) -> GitError {
        let message = GitLibrary.lastMessage(code: code)
        if code == GIT_ENOTFOUND.rawValue { return .notFound(what: what) }
        switch git_error_t(rawValue: GitLibrary.lastClass()) {
        case GIT_ERROR_ODB, GIT_ERROR_ZLIB, GIT_ERROR_OBJECT, GIT_ERROR_TREE, GIT_ERROR_INDEXER:
            return .corrupt(what: what, reason: message)
        default:
            return .failed(what: what, reason: message)
        }
    }

    /// The error of a call that talks to a remote: an interruption of ours first, then what libgit2 says, without secrets.
    static func remote(code: Int32, settings: RemoteSettings, watch: TransferWatch) -> GitError {
        let remote = settings.url
        let message = settings.redacted(GitLibrary.lastMessage(code: code))
        switch watch.interruption {
        case .cancelled: return .cancelled(what: remote)
        case .timedOut(let reason): return .timedOut(remote: remote, reason: reason)
        case .tooManyBytes(let limit): return .tooLarge(what: "\(remote): the transfer in bytes", limit: limit)
        case .tooLongListing(let limit): return .tooLarge(what: "\(remote): the list of references in bytes", limit: limit)
        case .tooManyObjects(let limit): return .tooLarge(what: "\(remote): the transfer in objects", limit: limit)
        case .credentialRefused(let reason): return .authentication(remote: remote, reason: reason)
        case nil: break
        }
        if code == GIT_EAUTH.rawValue { return .authentication(remote: remote, reason: message) }
        if code == GIT_ECERTIFICATE.rawValue { return .certificate(remote: remote, reason: message) }
        if code == GIT_ENOTFOUND.rawValue { return .notFound(what: "\(remote): \(message)") }
        switch git_error_t(rawValue: GitLibrary.lastClass()) {
        case GIT_ERROR_SSL:
            let untrusted = message.contains("certificate") || message.contains("verif")
            return untrusted ? .certificate(remote: remote, reason: message) : .unreachable(remote: remote, reason: message)
        case GIT_ERROR_HTTP where message.hasSuffix("status code: 401") || message.hasSuffix("status code: 403"):
            return .authentication(remote: remote, reason: message)
        case GIT_ERROR_HTTP where message.hasSuffix("status code: 404"):
            return .notFound(what: "\(remote): \(message)")
        case GIT_ERROR_NET, GIT_ERROR_HTTP, GIT_ERROR_OS, GIT_ERROR_SSH:
            return .unreachable(remote: remote, reason: message)
        case GIT_ERROR_ODB, GIT_ERROR_ZLIB, GIT_ERROR_OBJECT:
            return .corrupt(what: remote, reason: message)
        default:
            return .failed(what: remote, reason: message)
        }
    }
}
