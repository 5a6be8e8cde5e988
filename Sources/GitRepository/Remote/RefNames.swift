// SPDX-License-Identifier: Apache-2.0
internal import CGit2

/// Where the remote's references are kept in a mirror.
///
/// Not as they are (`+refs/*:refs/*`): fetching would then delete the references that a push needs of its own.
enum RefNames {
    static let refspecs = [
        "+refs/heads/*:\(tracking)*", "+refs/tags/*:refs/tags/*", "+refs/flotilla/*:refs/flotilla/*",
    ]
    static let tracking = "refs/remotes/origin/"
    /// References that exist only while a push runs.
    static let pushing = "refs/flotilla-push/"
    private static let heads = "refs/heads/"

    /// The mirror's name of the remote's `ref`; `nil` for one that is not mirrored.
    static func local(_ ref: String) -> String? {
        if ref.hasPrefix(heads) { return tracking + ref.dropFirst(heads.count) }
        return ref.hasPrefix("refs/tags/") || ref.hasPrefix("refs/flotilla/") ? ref : nil
    }

    /// The remote's name of the mirror's `ref`.
    static func remote(_ ref: String) -> String {
        ref.hasPrefix(tracking) ? heads + ref.dropFirst(tracking.count) : ref
    }

    /// Whether Git accepts `ref` as a full name.
    static func isValid(_ ref: String) -> Bool {
        var valid: Int32 = 0
        return git_reference_name_is_valid(&valid, ref) == 0 && valid == 1 && ref.hasPrefix("refs/")
    }

    /// The branch's name without `refs/heads/`; `nil` for anything else.
    static func branch(_ ref: String) -> String? { ref.hasPrefix(heads) ? String(ref.dropFirst(heads.count)) : nil }
}
