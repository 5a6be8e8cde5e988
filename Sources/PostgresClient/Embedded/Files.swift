// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The few file operations the embedded server needs.
enum Files {
    static func failure(_ path: String) -> EmbeddedPostgresError {
        .file(path: path, reason: String(cString: strerror(errno)))
    }

    /// What is at `path`, without following a link; `nil` when nothing is.
    static func status(_ path: String) -> stat? {
        var status = stat()
        return lstat(path, &status) == 0 ? status : nil
    }

    static func isFolder(_ path: String) -> Bool { status(path).map { $0.st_mode & S_IFMT == S_IFDIR } ?? false }

    static func isExecutable(_ path: String) -> Bool { access(path, X_OK) == 0 }

    static func entries(_ folder: String) -> [String] {
        guard let handle = opendir(folder) else { return [] }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Makes `path` and what is missing above it; the last one with `mode`, owned by `account` if given.
    static func makeFolder(_ path: String, mode: mode_t, owner account: ServerAccount?) throws(EmbeddedPostgresError) {
        var above = ""
        for part in path.split(separator: "/").dropLast() {
            above += "/\(part)"
            guard mkdir(above, 0o755) == 0 || errno == EEXIST else { throw failure(above) }
        }
        guard mkdir(path, mode) == 0 || errno == EEXIST else { throw failure(path) }
        // `lstat`: a link planted in a shared folder must not lead us elsewhere.
        guard isFolder(path) else { throw .file(path: path, reason: "is not a folder") }
        if let account, chown(path, account.user, account.group) != 0 { throw failure(path) }
        guard chmod(path, mode) == 0 else { throw failure(path) }
    }

    /// Removes a file, or a folder with all it holds; links are removed, not followed.
    static func remove(_ path: String) throws(EmbeddedPostgresError) {
        guard let status = status(path) else { return }
        if status.st_mode & S_IFMT == S_IFDIR {
            for name in entries(path) { try remove("\(path)/\(name)") }
            guard rmdir(path) == 0 || errno == ENOENT else { throw failure(path) }
        } else {
            guard unlink(path) == 0 || errno == ENOENT else { throw failure(path) }
        }
    }

    /// Up to `limit` bytes from the end of a file; empty when it cannot be read.
    static func tail(_ path: String, limit: Int = 64 * 1024) -> String {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return "" }
        defer { close(file) }
        let size = lseek(file, 0, SEEK_END)
        // Files below /proc have no size.
        lseek(file, max(0, size - limit), SEEK_SET)
        var bytes = [UInt8](repeating: 0, count: limit)
        var count = 0
        while count < limit {
            let got = bytes.withUnsafeMutableBytes { read(file, $0.baseAddress.map { $0 + count }, limit - count) }
            guard got > 0 else { break }
            count += got
        }
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }

    static func linkTarget(_ path: String) -> String? {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink(path, &buffer, buffer.count)
        return count > 0 ? String(decoding: buffer.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self) : nil
    }

    /// `path` from the root, without links where it exists.
    static func absolute(_ path: String) -> String {
        var absolute = path
        if !path.hasPrefix("/"), let folder = getcwd(nil, 0) {
            absolute = "\(String(cString: folder))/\(path)"
            free(folder)
        }
        // The longest part that exists; what is to be made stays as written.
        var rest: [Substring] = []
        var parts = absolute.split(separator: "/").filter { $0 != "." }
        while !parts.isEmpty {
            let start = "/" + parts.joined(separator: "/")
            if let real = realpath(start, nil) {
                defer { free(real) }
                return ([String(cString: real)] + rest.map(String.init)).joined(separator: "/")
            }
            rest.insert(parts.removeLast(), at: 0)
        }
        return "/" + rest.joined(separator: "/")
    }
}
