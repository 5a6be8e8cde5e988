// SPDX-License-Identifier: Apache-2.0
import Glibc

enum Folders {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Makes a folder and those above it, for the owner only.
    static func make(_ path: String) throws {
        var made = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
            made += "/\(part)"
            guard mkdir(made, 0o700) == 0 || errno == EEXIST else {
                throw Failure(description: "cannot make the folder \(made): \(String(cString: strerror(errno)))")
            }
        }
    }

    /// The name under which whoever uses this folder holds leases: `fresh` the first time, the same ever after.
    ///
    /// Only one process at a time uses a data directory (the mirror in it is locked), so one that is started again after a crash may go on
    /// under its own name at once, where others wait for the lease to run out.
    static func holder(in folder: String, fresh: String) throws -> String {
        let path = "\(folder)/holder"
        let known = open(path, O_RDONLY | O_CLOEXEC)
        if known >= 0 {
            defer { close(known) }
            var buffer = [UInt8](repeating: 0, count: 256)
            let count = read(known, &buffer, buffer.count)
            if count > 0 { return String(decoding: buffer[..<count], as: UTF8.self) }
        }
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Failure(description: "cannot write \(path): \(String(cString: strerror(errno)))") }
        defer { close(file) }
        let bytes = Array(fresh.utf8)
        guard write(file, bytes, bytes.count) == bytes.count else {
            throw Failure(description: "cannot write \(path): \(String(cString: strerror(errno)))")
        }
        return fresh
    }
}
