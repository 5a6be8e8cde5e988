// SPDX-License-Identifier: Apache-2.0

/// A read-only tree of files that engines read from: a Git tree at a commit, a folder, a chart archive.
///
/// Paths are relative to the tree's root, separated by `/`, without `.`, `..`, empty parts or a leading `/`; the root itself is `""`.
/// Symbolic links are reported, never followed: who wants to follow one resolves it below the root (`FileTree.resolve`).
/// Calls may block on the disk: they belong on a thread of their own.
package protocol FileTree {
    /// What is at `path`; `nil` where there is nothing.
    func entry(at path: String) throws -> FileTreeEntry?
    /// The bytes of the file at `path`. Throws `FileTreeError` where there is none or it is larger than `limit` bytes.
    func read(_ path: String, limit: Int) throws -> [UInt8]
    /// The names directly below the folder at `path`, in byte order.
    func list(_ path: String) throws -> [String]
}

package enum FileTreeEntry: Sendable, Hashable {
    case file(bytes: Int)
    case folder
    /// The link's target as written.
    case symbolicLink(target: String)
}

package enum FileTreeError: Error, Hashable, CustomStringConvertible {
    case notFound(path: String)
    case notAFile(path: String)
    case notAFolder(path: String)
    case tooLarge(path: String, bytes: Int, limit: Int)
    case escapes(path: String, target: String)
    case tooManyLinks(path: String)
    case failed(path: String, reason: String)

    package var description: String {
        switch self {
        case .notFound(let path): "\(path): no such file or folder"
        case .notAFile(let path): "\(path): not a file"
        case .notAFolder(let path): "\(path): not a folder"
        case .tooLarge(let path, let bytes, let limit): "\(path): \(bytes) bytes, more than the limit of \(limit)"
        case .escapes(let path, let target): "\(path): points outside the repository (\(target))"
        case .tooManyLinks(let path): "\(path): too many symbolic links in a row"
        case .failed(let path, let reason): "\(path): \(reason)"
        }
    }
}
