// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// The few file operations around a mirror, over POSIX; blocking.
enum LocalFiles {
    /// The reason of the last failed system call.
    static func reason() -> String { String(cString: strerror(errno)) }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Whether the file at `path` was last written more than `seconds` ago.
    static func isOlder(_ path: String, seconds: Int) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && time(nil) - status.st_mtim.tv_sec > seconds
    }

    /// Bytes in the file at `path`.
    static func size(_ path: String) throws(GitError) -> Int {
        var status = stat()
        guard stat(path, &status) == 0 else { throw .failed(what: path, reason: reason()) }
        return Int(status.st_size)
    }

    /// Gives the file at `path` a second name.
    static func link(_ path: String, to other: String) throws(GitError) {
        guard Glibc.link(path, other) == 0 else { throw .failed(what: other, reason: reason()) }
    }

    /// Names in the folder at `path`, without `.` and `..`, in no order.
    static func names(in path: String) throws(GitError) -> [String] {
        guard let folder = opendir(path) else { throw .failed(what: path, reason: reason()) }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }

    /// Makes the folder at `path` and those above it.
    static func makeFolder(_ path: String) throws(GitError) {
        if isFolder(path) { return }
        if let slash = path.lastIndex(of: "/"), slash != path.startIndex { try makeFolder(String(path[..<slash])) }
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw .failed(what: path, reason: reason()) }
    }

    /// Removes what is at `path`, with everything below it; links are removed, not followed. Nothing there is fine.
    static func remove(_ path: String) throws(GitError) {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            if errno == ENOENT { return }
            throw .failed(what: path, reason: reason())
        }
        if status.st_mode & S_IFMT == S_IFDIR {
            for name in try names(in: path) { try remove("\(path)/\(name)") }
            guard rmdir(path) == 0 || errno == ENOENT else { throw .failed(what: path, reason: reason()) }
        } else {
            guard unlink(path) == 0 || errno == ENOENT else { throw .failed(what: path, reason: reason()) }
        }
    }

    /// The bytes of the file at `path`; `nil` where there is none.
    static func read(_ path: String, limit: Int) throws(GitError) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw .failed(what: path, reason: reason())
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw .failed(what: path, reason: reason()) }
            if count == 0 { return bytes }
            bytes += buffer[..<count]
            if bytes.count > limit { throw .tooLarge(what: path, limit: limit) }
        }
    }

    /// Puts `bytes` at `path` in one step that survives a power cut; with `replacing: false` an existing file is an error.
    static func write(_ bytes: [UInt8], to path: String, mode: mode_t = 0o644, replacing: Bool = true) throws(GitError) {
        let target = replacing ? "\(path).new" : path
        if replacing { unlink(target) }
        let descriptor = open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw .failed(what: target, reason: reason()) }
        defer { close(descriptor) }
        var offset = 0
        while offset < bytes.count {
            let count = bytes[offset...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw .failed(what: target, reason: reason()) }
            offset += count
        }
        guard fsync(descriptor) == 0 else { throw .failed(what: target, reason: reason()) }
        if replacing {
            guard rename(target, path) == 0 else { throw .failed(what: path, reason: reason()) }
        }
        if let slash = path.lastIndex(of: "/") { synchronize(folder: String(path[..<slash])) }
    }

    /// Renames; what is at `target` must not exist or be a file or an empty folder.
    static func move(_ path: String, to target: String) throws(GitError) {
        guard rename(path, target) == 0 else { throw .failed(what: target, reason: reason()) }
        if let slash = target.lastIndex(of: "/") { synchronize(folder: String(target[..<slash])) }
    }

    /// Makes new names in a folder durable; a file system that cannot is left alone.
    private static func synchronize(folder: String) {
        let descriptor = open(folder.isEmpty ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }
}

/// An exclusive lock on a file, held until `deinit`; the kernel drops it when the process dies.
final class FileLock: Sendable {
    private let descriptor: Int32

    /// Waits up to `patience` for the lock; `nil` when somebody else keeps it.
    init?(path: String, patience: Duration) throws(GitError) {
        let opened = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard opened >= 0 else { throw .failed(what: path, reason: LocalFiles.reason()) }
        let deadline = ContinuousClock.now + patience
        while flock(opened, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK || errno == EINTR, ContinuousClock.now < deadline else {
                close(opened)
                return nil
            }
            usleep(5_000)
        }
        descriptor = opened
    }

    deinit { close(descriptor) }

    /// What the last holder wrote, at most 64 KiB.
    func contents() -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = pread(descriptor, &buffer, buffer.count, 0)
        return count > 0 ? Array(buffer[..<count]) : []
    }

    /// Replaces the file's contents, for whoever holds the lock next.
    func setContents(_ bytes: [UInt8]) throws(GitError) {
        guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, bytes, bytes.count, 0) == bytes.count else {
            throw .failed(what: "writing the lock file", reason: LocalFiles.reason())
        }
    }
}
