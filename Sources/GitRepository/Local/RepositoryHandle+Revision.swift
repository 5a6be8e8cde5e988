// SPDX-License-Identifier: Apache-2.0
internal import CGit2

extension RepositoryHandle {
    /// The commit that a revision names, by Git's own rules (gitrevisions(7)); `nil` where there is none.
    func revision(_ text: String) throws(GitError) -> ObjectID? {
        let what = "revision '\(text)'"
        // C would read the text only up to the first zero.
        guard !text.isEmpty, !text.utf8.contains(0) else { throw .invalid(what: what, reason: "is no revision") }
        var object: OpaquePointer?
        let code = git_revparse_single(&object, pointer, text)
        if code == GIT_ENOTFOUND.rawValue { return nil }
        if code == GIT_EAMBIGUOUS.rawValue { throw .invalid(what: what, reason: "fits more than one object; give more digits") }
        if code == GIT_EINVALIDSPEC.rawValue { throw .invalid(what: what, reason: "is no revision") }
        try attempt(code, what)
        defer { git_object_free(object) }
        var commit: OpaquePointer?
        guard git_object_peel(&commit, object, GIT_OBJECT_COMMIT) == 0 else {
            throw .invalid(what: what, reason: "does not name a commit")
        }
        defer { git_object_free(commit) }
        return git_object_id(commit).map { ObjectID($0.pointee) }
    }
}
