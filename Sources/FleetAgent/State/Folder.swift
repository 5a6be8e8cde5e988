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
    /// - Parameter durable: whether it must survive a power cut once this returns; otherwise the system writes it out in its own time.
    static func write(_ bytes: [UInt8], to path: String, durable: Bool = true) throws(StateError) {
        let descriptor = try create(bytes, for: path)
        if durable, fsync(descriptor) != 0 {
            let error = StateError.last(path)
            close(descriptor)
            throw error
        }
        close(descriptor)
        try complete(path)
        if durable { syncFolder(of: path) }
    }

    /// Replaces files, each as a whole, and removes those without bytes. All of it survives a power cut once this returns.
    ///
    /// What takes time is waiting for the disk: many files take little longer than one.
    /// - Returns: why, of each that failed.
    static func write(_ files: [String: [UInt8]?]) -> [String: StateError] {
        var failures: [String: StateError] = [:]
        var opened: [(path: String, descriptor: Int32)] = []
        var folders: Set<String> = []
        for (path, bytes) in files {
            folders.insert(folder(of: path))
            guard let bytes else {
                remove(path)
                continue
            }
            do {
                let descriptor = try create(bytes, for: path)
                // The first `fsync` then finds all of them on their way, and the others little left to wait for.
                if files.count > 1 { flotilla_start_writeback(descriptor) }
                opened.append((path, descriptor))
            } catch {
                failures[path] = error
            }
        }
        for (path, descriptor) in opened {
            if fsync(descriptor) != 0 { failures[path] = .last(path) }
            close(descriptor)
        }
        for (path, _) in opened where failures[path] == nil {
            do { try complete(path) } catch { failures[path] = error }
        }
        for folder in folders { syncFolder(folder) }
        return failures
    }

    private static func temporary(_ path: String) -> String { "\(path).new" }

    /// Writes what the file is to have beside it.
    private static func create(_ bytes: [UInt8], for path: String) throws(StateError) -> Int32 {
        let temporary = temporary(path)
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
        return descriptor
    }

    /// Puts what was written beside the file in its place.
    private static func complete(_ path: String) throws(StateError) {
        guard rename(temporary(path), path) == 0 else { throw .last(path) }
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

    private static func folder(of path: String) -> String { path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "." }

    private static func syncFolder(of path: String) { syncFolder(folder(of: path)) }

    private static func syncFolder(_ path: String) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }
}
