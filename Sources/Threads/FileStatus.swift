// SPDX-License-Identifier: Apache-2.0
import Glibc

/// What the system says of a file (stat(2)); asking blocks for as long as the disk does.
///
/// It is asked here, for all modules: several C modules that others import, Foundation's among them, carry declarations of `stat` of their
/// own, and in their sight the compiler no longer finds Glibc's.
package struct FileStatus: Sendable, Hashable {
    package enum Kind: Sendable, Hashable { case file, folder, other }

    package let kind: Kind
    /// The lower nine bits of the mode.
    package let permissions: UInt32
    package let inode: UInt64
    /// Bytes.
    package let size: Int64
    /// When it was last written: seconds since 1970, and nanoseconds.
    package let seconds: Int64
    package let nanoseconds: Int64

    /// - Parameter followsLinks: whether a symbolic link is looked through.
    /// - Returns: `nil` where the system does not say; `errno` tells why.
    package init?(path: String, followsLinks: Bool = true) {
        var status = stat()
        guard (followsLinks ? stat(path, &status) : lstat(path, &status)) == 0 else { return nil }
        self.init(status)
    }

    /// Of an open file.
    package init?(descriptor: Int32) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return nil }
        self.init(status)
    }

    private init(_ status: stat) {
        kind =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .file
            case S_IFDIR: .folder
            default: .other
            }
        permissions = status.st_mode & 0o777
        inode = UInt64(status.st_ino)
        size = Int64(status.st_size)
        seconds = Int64(status.st_mtim.tv_sec)
        nanoseconds = Int64(status.st_mtim.tv_nsec)
    }
}
