// SPDX-License-Identifier: Apache-2.0

/// A file or link that differs between two trees.
package struct ChangedPath: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        case added, deleted
        /// Other contents, another target, or a link in a file's place.
        case modified
    }

    package let path: String
    package let kind: Kind

    package init(path: String, kind: Kind) {
        self.path = path
        self.kind = kind
    }
}

/// Which questions about a tree can have other answers after a change. Pure; its cost follows the change.
///
/// A file's change concerns what is at its path and in it. One that comes or goes also concerns the listing of its folder, and may make the
/// folders around it appear or vanish: what is at their paths, and the listings of the folders around them. A file in a folder's place is a
/// file that came and others that went. Nothing else can change: what was asked below or beside is a path of its own.
package enum ChangedQuestions {
    /// The keys (`TreeRead.key`) of these questions.
    package static func keys(of changes: [ChangedPath]) -> Set<Int64> {
        var keys: Set<Int64> = []
        var folders: Set<String> = []
        for change in changes {
            keys.insert(TreeRead.key(.entry, change.path))
            keys.insert(TreeRead.key(.content, change.path))
            guard change.kind != .modified else { continue }
            var rest = change.path[...]
            while let slash = rest.lastIndex(of: "/") {
                rest = rest[..<slash]
                let folder = String(rest)
                guard folders.insert(folder).inserted else { break }
                keys.insert(TreeRead.key(.entry, folder))
                keys.insert(TreeRead.key(.listing, folder))
            }
            keys.insert(TreeRead.key(.listing, ""))
        }
        return keys
    }
}
