// SPDX-License-Identifier: Apache-2.0

import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// A file operation that failed, with the system's reason.
package struct FileError: Error, CustomStringConvertible {
    package let path: String
    package let reason: String
    package var description: String { "\(path): \(reason)" }

    init(_ path: String) {
        self.path = path
        reason = String(cString: strerror(errno))
    }
}

/// The few file operations of the simulator.
enum Files {
    /// Makes a folder and those above it.
    static func makeFolder(_ path: String) throws(FileError) {
        var made = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
            made += "/\(part)"
            if mkdir(made, 0o755) != 0, errno != EEXIST { throw FileError(made) }
        }
    }

    /// The bytes of a file; `nil` where there is none.
    static func read(_ path: String) throws(FileError) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0 {
            if errno == ENOENT { return nil }
            throw FileError(path)
        }
        defer { close(descriptor) }
        var result: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count == 0 { return result }
            if count < 0 {
                if errno == EINTR { continue }
                throw FileError(path)
            }
            result += buffer[..<count]
        }
    }

    /// Writes a file so that it is there whole or not at all.
    static func replace(_ path: String, with bytes: [UInt8]) throws(FileError) {
        let temporary = "\(path).new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileError(temporary) }
        let written = write(bytes, to: descriptor)
        let synced = fsync(descriptor)
        close(descriptor)
        guard written, synced == 0, rename(temporary, path) == 0 else { throw FileError(path) }
    }

    static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var offset = 0
        while offset < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress?.advanced(by: offset), bytes.count - offset) }
            if count < 0 {
                if errno == EINTR { continue }
                return false
            }
            offset += count
        }
        return true
    }
}

/// A file that only grows; lines of several threads do not mix.
final class AppendingFile: Sendable {
    private let descriptor: Mutex<Int32>

    init(_ path: String) throws(FileError) {
        let opened = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard opened >= 0 else { throw FileError(path) }
        descriptor = Mutex(opened)
    }

    deinit { descriptor.withLock { _ = close($0) } }

    /// Writes at the end; what the disk does not take is lost, the cluster goes on.
    func append(_ bytes: [UInt8]) { descriptor.withLock { _ = Files.write(bytes, to: $0) } }

    func truncate() { descriptor.withLock { _ = ftruncate($0, 0) } }
}
