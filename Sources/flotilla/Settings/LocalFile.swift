// SPDX-License-Identifier: Apache-2.0
import Glibc
import Threads

/// The few file operations that commands need; each blocks for as long as a local disk does.
enum LocalFile {
    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }
    static func isExecutable(_ path: String) -> Bool { access(path, X_OK) == 0 && !isFolder(path) }

    static func isFolder(_ path: String) -> Bool {
        FileStatus(path: path)?.kind == .folder
    }

    /// What is there, links not followed; `nil` where nothing is.
    static func kind(_ path: String) -> FileStatus.Kind? { FileStatus(path: path, followsLinks: false)?.kind }

    /// Whether others than its owner may read or change it.
    static func isOpenToOthers(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & 0o077 != 0
    }

    /// A file's bytes.
    static func read(_ path: String, limit: Int) throws(Failure) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw failure(path) }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(file, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw failure(path) }
            if count == 0 { return bytes }
            bytes += buffer[..<count]
            guard bytes.count <= limit else { throw Failure("\(path): larger than \(limit) bytes") }
        }
    }

    /// The token in a file, without the line break at its end.
    static func secret(_ path: String) throws(Failure) -> String {
        let text = String(decoding: try read(path, limit: 64 << 10), as: UTF8.self)
        let secret = text.split(whereSeparator: \.isWhitespace).first.map(String.init) ?? ""
        guard !secret.isEmpty else { throw Failure("\(path): there is no token in this file") }
        return secret
    }

    /// The last part of a file, in lines; empty when it cannot be read.
    static func lastLines(_ path: String, _ count: Int) -> [String] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return [] }
        defer { close(file) }
        let size = lseek(file, 0, SEEK_END)
        lseek(file, max(0, size - 65_536), SEEK_SET)
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let got = Glibc.read(file, &buffer, buffer.count)
        return String(decoding: buffer[..<max(0, got)], as: UTF8.self).split(separator: "\n").suffix(count).map(String.init)
    }

    /// Puts a file in its place in one step.
    static func write(_ bytes: [UInt8], to path: String, mode: mode_t = 0o644) throws(Failure) {
        let growing = "\(path).new"
        unlink(growing)
        let file = open(growing, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard file >= 0 else { throw failure(growing) }
        defer { close(file) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw failure(growing) }
            rest = rest.dropFirst(count)
        }
        guard fsync(file) == 0, rename(growing, path) == 0 else { throw failure(path) }
    }

    /// Makes a folder and those above it; the last one with `mode`.
    static func makeFolder(_ path: String, mode: mode_t = 0o755) throws(Failure) {
        guard !isFolder(path) else { return }
        if let slash = path.lastIndex(of: "/"), slash != path.startIndex { try makeFolder(String(path[..<slash])) }
        guard mkdir(path, mode) == 0 || errno == EEXIST else { throw failure(path) }
    }

    /// Names in a folder, without `.` and `..`, in no order.
    static func names(_ path: String) throws(Failure) -> [String] {
        guard let folder = opendir(path) else { throw failure(path) }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// The path from the root, with links followed as far as it exists.
    static func absolute(_ path: String) -> String {
        var full = path
        if !path.hasPrefix("/"), let folder = getcwd(nil, 0) {
            full = "\(String(cString: folder))/\(path)"
            free(folder)
        }
        var rest: [Substring] = []
        var parts = full.split(separator: "/").filter { $0 != "." }
        while !parts.isEmpty {
            if let real = realpath("/" + parts.joined(separator: "/"), nil) {
                defer { free(real) }
                let start = String(cString: real)
                return ([start == "/" ? "" : start] + rest.map(String.init)).joined(separator: "/")
            }
            rest.insert(parts.removeLast(), at: 0)
        }
        return "/" + rest.joined(separator: "/")
    }

    /// The nearest folder above (or at) `path` that holds a Git repository; `/` where there is none.
    static func repository(around path: String) -> String {
        var folder = path
        while folder.count > 1 {
            if exists("\(folder)/.git") { return folder }
            let slash = folder.lastIndex(of: "/") ?? folder.startIndex
            folder = slash == folder.startIndex ? "/" : String(folder[..<slash])
        }
        return "/"
    }

    /// `path` from `root`; `nil` where it is not below.
    static func path(_ path: String, below root: String) -> String? {
        if root == "/" { return String(path.dropFirst()) }
        if path == root { return "" }
        return path.hasPrefix(root + "/") ? String(path.dropFirst(root.count + 1)) : nil
    }

    /// A path below some root without what means nothing in it: `.`, doubled and trailing slashes.
    static func plain(_ path: String) -> String { path.split(separator: "/").filter { $0 != "." }.joined(separator: "/") }

    /// The path of the program that runs.
    static func thisProgram() throws(Failure) -> String {
        guard let path = realpath("/proc/self/exe", nil) else { throw failure("/proc/self/exe") }
        defer { free(path) }
        return String(cString: path)
    }

    private static func failure(_ path: String) -> Failure { Failure("\(path): \(String(cString: strerror(errno)))") }
}

/// An exclusive lock that lasts as long as this value, or as the process.
final class FolderLock: Sendable {
    private let descriptor: Int32

    /// Fails when another process holds it.
    init(_ path: String) throws(Failure) {
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Failure("\(path): \(String(cString: strerror(errno)))") }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            close(file)
            throw Failure("\(path): another flotilla uses this data directory", hint: "stop it, or choose another one with --data")
        }
        descriptor = file
    }

    deinit { close(descriptor) }
}
