// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A file that is read as a whole: a credential, a certificate, a kubeconfig.
enum SmallFile {
    static let bytesMax = 1 << 20

    /// What tells that a file has been replaced or rewritten.
    struct Stamp: Equatable {
        var device: UInt64
        var inode: UInt64
        var size: Int
        var seconds: Int
        var nanoseconds: Int
    }

    static func read(_ path: String) throws(ConnectionError) -> (bytes: [UInt8], stamp: Stamp) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw unreadable(path, String(cString: strerror(errno))) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw unreadable(path, String(cString: strerror(errno))) }
        guard status.st_mode & S_IFMT != S_IFDIR else { throw unreadable(path, "it is a folder") }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw unreadable(path, String(cString: strerror(errno)))
            }
            if count == 0 { return (bytes, Stamp(status)) }
            bytes += buffer[..<count]
            guard bytes.count <= bytesMax else { throw unreadable(path, "it is larger than \(bytesMax) bytes") }
        }
    }

    /// The stamp of the file that `path` leads to now, through links.
    static func stamp(_ path: String) -> Stamp? {
        var status = stat()
        return stat(path, &status) == 0 ? Stamp(status) : nil
    }

    private static func unreadable(_ path: String, _ reason: String) -> ConnectionError {
        ConnectionError(.unreadableFile, "cannot read \(path): \(reason)")
    }
}

extension SmallFile.Stamp {
    init(_ status: stat) {
        self.init(
            device: UInt64(status.st_dev), inode: UInt64(status.st_ino), size: Int(status.st_size), seconds: status.st_mtim.tv_sec,
            nanoseconds: status.st_mtim.tv_nsec)
    }
}
