// SPDX-License-Identifier: Apache-2.0
import Glibc
import HTTPTransport

extension LocalFile {
    /// Reads a file of any size piece by piece; `-` is standard input.
    static func stream(_ path: String, _ take: ([UInt8]) -> Void) throws(Failure) {
        let file = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw Failure("\(path): \(String(cString: strerror(errno)))") }
        defer { if file != STDIN_FILENO { close(file) } }
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        while true {
            let count = Glibc.read(file, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw Failure("\(path): \(String(cString: strerror(errno)))") }
            if count == 0 { return }
            take(Array(buffer[..<count]))
        }
    }

    /// Writes everything to an open file.
    static func write(_ bytes: [UInt8], to descriptor: Int32) throws(Failure) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw Failure("cannot write: \(String(cString: strerror(errno)))") }
            rest = rest.dropFirst(count)
        }
    }

    /// Writes a body of any size to a new file for the owner only, and makes sure that it is on the disk.
    static func write(_ body: HTTPBody, to path: String) async throws {
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Failure("\(path): \(String(cString: strerror(errno)))") }
        defer { close(file) }
        for try await piece in body { try write(piece, to: file) }
        guard fsync(file) == 0 else { throw Failure("\(path): \(String(cString: strerror(errno)))") }
    }
}
