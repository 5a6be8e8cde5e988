// SPDX-License-Identifier: Apache-2.0

/// A file that differs between two trees.
package struct TreeChange: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable {
        case added, modified, deleted
    }

    package let path: String
    package let kind: Kind
    /// The file's contents before; `nil` for an added one.
    package let old: ObjectID?
    /// The file's contents now; `nil` for a deleted one. Equal to `old` where only the mode changed.
    package let new: ObjectID?
}
