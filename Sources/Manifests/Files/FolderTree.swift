// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A folder on disk as a `FileTree`. Symbolic links are never followed, neither the last part of a path nor one on the way, so that
/// nothing outside the folder can be read through it.
package struct FolderTree: FileTree {
    private let root: String

    /// - Parameter root: the folder's path; a link there itself is followed.
    package init(root: String) { self.root = root.count > 1 && root.hasSuffix("/") ? String(root.dropLast()) : root }

    package func entry(at path: String) throws -> FileTreeEntry? {
        guard try !passesLink(path) else { return nil }
        var status = stat()
        let full = fullPath(path)
        guard (path.isEmpty ? stat(full, &status) : lstat(full, &status)) == 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw failure(path)
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return .file(bytes: Int(status.st_size))
        case S_IFDIR: return .folder
        case S_IFLNK: return .symbolicLink(target: try target(path))
        default: throw FileTreeError.notAFile(path: path)
        }
    }

    package func read(_ path: String, limit: Int) throws -> [UInt8] {
        guard try !passesLink(path) else { throw FileTreeError.notFound(path: path) }
        // O_NONBLOCK: opening a named pipe must not wait for its writer.
        let file = open(fullPath(path), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard file >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { throw FileTreeError.notFound(path: path) }
            if errno == ELOOP { throw FileTreeError.notAFile(path: path) }
            throw failure(path)
        }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw failure(path) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw FileTreeError.notAFile(path: path) }
        guard Int(status.st_size) <= limit else { throw FileTreeError.tooLarge(path: path, bytes: Int(status.st_size), limit: limit) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Int(status.st_size))
        var chunk = [UInt8](repeating: 0, count: min(max(Int(status.st_size) + 1, 512), 1 << 18))
        while true {
            let count = chunk.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                throw failure(path)
            }
            if count == 0 { return bytes }
            bytes.append(contentsOf: chunk[..<count])
            guard bytes.count <= limit else { throw FileTreeError.tooLarge(path: path, bytes: bytes.count, limit: limit) }
        }
    }

    package func list(_ path: String) throws -> [String] {
        switch try entry(at: path) {
        case .folder: break
        case nil: throw FileTreeError.notFound(path: path)
        case .file, .symbolicLink: throw FileTreeError.notAFolder(path: path)
        }
        guard let folder = opendir(fullPath(path)) else { throw failure(path) }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private func fullPath(_ path: String) -> String { path.isEmpty ? root : root == "/" ? "/" + path : "\(root)/\(path)" }

    /// Whether a folder on the way is a link: as in a Git tree, there is nothing below it.
    private func passesLink(_ path: String) throws -> Bool {
        let parts = path.isEmpty ? [] : path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." && !$0.utf8.contains(0) }) else {
            throw FileTreeError.failed(path: path, reason: "not a plain path below the root")
        }
        for count in 1..<max(parts.count, 1) {
            var status = stat()
            if lstat(fullPath(parts[..<count].joined(separator: "/")), &status) == 0, status.st_mode & S_IFMT == S_IFLNK { return true }
        }
        return false
    }

    private func target(_ path: String) throws -> String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(fullPath(path), &buffer, buffer.count)
        guard count >= 0 else { throw failure(path) }
        return String(decoding: buffer[..<count].lazy.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private func failure(_ path: String) -> FileTreeError { .failed(path: path, reason: String(cString: strerror(errno))) }
}
