// SPDX-License-Identifier: Apache-2.0
import CThreads
import Glibc

/// Why the state folder could not be used.
package struct StateError: Error, Sendable, Equatable, CustomStringConvertible {
    package let path: String
    package let message: String

    package var description: String { "\(path): \(message)" }

    static func last(_ path: String) -> StateError { StateError(path: path, message: String(cString: strerror(errno))) }
}

/// Files of a folder, written so that a crash leaves the old or the new one. All calls block.
enum Folder {
    static func make(_ path: String) throws(StateError) {
        var made = ""
        for part in path.split(separator: "/", omittingEmptySubsequences: false) {
            made += made.isEmpty && !path.hasPrefix("/") ? "\(part)" : "/\(part)"
            if part.isEmpty {
                made = ""
                continue
            }
            if mkdir(made, 0o700) != 0, errno != EEXIST { throw .last(made) }
        }
    }

    /// `nil` where there is no such file.
    static func read(_ path: String, bytesMax: Int = 64 << 20) throws(StateError) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw .last(path)
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .last(path) }
        let size = Int(status.st_size)
        guard size <= bytesMax else { throw StateError(path: path, message: "larger than \(bytesMax) bytes") }
        var bytes = [UInt8](repeating: 0, count: size)
        var count = 0
        while count < size {
            let got = bytes.withUnsafeMutableBytes { buffer in
                Glibc.read(descriptor, buffer.baseAddress.map { $0 + count }, size - count)
            }
            if got < 0 {
                if errno == EINTR { continue }
                throw .last(path)
            }
            if got == 0 { break }
            count += got
        }
        return count == size ? bytes : Array(bytes[..<count])
    }

    /// Replaces a file as a whole.
    /// - Parameter durable: whether it must survive a power cut once this returns; otherwise call `flush` later.
    static func write(_ bytes: [UInt8], to path: String, durable: Bool = true) throws(StateError) {
        let temporary = "\(path).new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .last(temporary) }
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress.map { $0 + written }, bytes.count - written) }
            if count < 0 {
                if errno == EINTR { continue }
                let error = StateError.last(temporary)
                close(descriptor)
                unlink(temporary)
                throw error
            }
            written += count
        }
        if durable, fsync(descriptor) != 0 {
            let error = StateError.last(temporary)
            close(descriptor)
            throw error
        }
        close(descriptor)
        guard rename(temporary, path) == 0 else { throw .last(path) }
        if durable, let end = path.lastIndex(of: "/") { syncFolder(String(path[..<end])) }
    }

    /// Makes everything written below the folder durable.
    static func flush(_ path: String) throws(StateError) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .last(path) }
        defer { close(descriptor) }
        guard syncfs(descriptor) == 0 else { throw .last(path) }
    }

    static func remove(_ path: String) { unlink(path) }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// The names of the files in a folder; none where there is no folder.
    static func names(_ path: String) -> [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }

    private static func syncFolder(_ path: String) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }
}
