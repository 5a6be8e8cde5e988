// SPDX-License-Identifier: Apache-2.0
internal import CGit2

/// libgit2 as a whole: started once per process and set up for a server.
///
/// The settings are process-wide in libgit2; nothing else in the program may change them.
enum GitLibrary {
    /// Trees and commits kept in memory, over all repositories.
    private static let cacheBytes = 64 << 20

    /// Pack files open at the same time, over all repositories: every fetch adds one, and file descriptors are few.
    private static let openPackMax = 128

    private static let started: Int32 = {
        let count = git_libgit2_init()
        guard count > 0 else { return count }
        // A mounted volume, or a remote on the same machine, often belongs to another user; who may read it is the system's decision.
        flotilla_git_set_owner_validation(0)
        // The settings of whoever starts the process (insteadOf, proxies, hooks) must not change what a mirror does.
        for level in [GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_GLOBAL, GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_PROGRAMDATA] {
            flotilla_git_set_search_path(level.rawValue, "")
        }
        // Git is the record: a commit that was reported as written has to survive a power cut.
        flotilla_git_set_fsync(1)
        flotilla_git_set_cache_bytes(cacheBytes)
        flotilla_git_set_open_pack_limit(openPackMax)
        flotilla_git_allow_extensions()
        flotilla_git_set_user_agent("flotilla")
        SocketStream.register()
        return count
    }()

    /// Starts libgit2 unless that has happened; cheap afterwards.
    static func start() throws(GitError) {
        guard started > 0 else { throw .failed(what: "starting libgit2", reason: lastMessage(code: started)) }
    }

    /// What libgit2 says about the last failure on this thread: read it right after the call.
    static func lastMessage(code: Int32) -> String {
        guard let error = git_error_last(), let text = error.pointee.message else { return "libgit2 code \(code)" }
        return String(cString: text)
    }

    /// The part of libgit2 that the last failure on this thread came from (`git_error_t`).
    static func lastClass() -> UInt32 {
        guard let error = git_error_last() else { return 0 }
        return UInt32(bitPattern: error.pointee.klass)
    }
}

/// Throws the error that fits a libgit2 result below zero; `what` says what was tried.
func check(_ code: Int32, _ what: @autoclosure () -> String) throws(GitError) {
    guard code < 0 else { return }
    throw GitError.local(code: code, what: what())
}
