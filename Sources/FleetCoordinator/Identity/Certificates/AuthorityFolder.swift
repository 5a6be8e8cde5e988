// SPDX-License-Identifier: Apache-2.0
import Glibc
import Manifests

/// The authorities' files in the key folder: each is one file of certificates and key, `0001.pem` the oldest.
///
/// One file each, so that an authority is there as a whole or not at all, however many processes use the folder.
struct AuthorityFolder: Sendable {
    let path: String

    struct File: Sendable, Hashable {
        var number: Int
        var text: String
    }

    private static let filesMax = 16

    /// All authorities, the oldest first.
    func read() throws -> [File] {
        guard let folder = opendir(path) else {
            if errno == ENOENT { return [] }
            throw KeyFolder.Failure.unusable(path: path, reason: "cannot be listed: \(String(cString: strerror(errno)))")
        }
        defer { closedir(folder) }
        var numbers: [Int] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            guard name.hasSuffix(".pem"), let number = Int(name.dropLast(4)), number > 0 else { continue }
            numbers.append(number)
        }
        guard numbers.count <= Self.filesMax else {
            throw KeyFolder.Failure.unusable(path: path, reason: "has more than \(Self.filesMax) authorities; retire old ones")
        }
        return try numbers.sorted().compactMap { number in
            guard let bytes = try Self.bytes(file(number)) else { return nil }
            return File(number: number, text: String(decoding: bytes, as: UTF8.self))
        }
    }

    /// Adds an authority as the newest. Where another process was first with a file of this number, its one stays and `false` is returned.
    func add(_ text: String, number: Int) throws -> Bool {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw failure(path, "cannot make the folder") }
        let temporary = "\(path)/new.\(getpid())"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure(temporary, "cannot write") }
        let bytes = Array(text.utf8)
        let written = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        let synced = fsync(descriptor)
        close(descriptor)
        defer { unlink(temporary) }
        guard written == bytes.count, synced == 0 else { throw failure(temporary, "cannot write") }
        guard link(temporary, file(number)) == 0 else {
            if errno == EEXIST { return false }
            throw failure(file(number), "cannot write")
        }
        try sync()
        return true
    }

    /// Takes an authority and its key away.
    func remove(number: Int) throws {
        guard unlink(file(number)) == 0 || errno == ENOENT else { throw failure(file(number), "cannot be removed") }
        try sync()
    }

    /// A certificate chain and a key that somebody else keeps, as one text.
    static func external(certificate: String, key: String) throws -> String {
        func text(_ path: String) throws -> String {
            guard let bytes = try bytes(path) else { throw KeyFolder.Failure.unusable(path: path, reason: "there is no such file") }
            return String(decoding: bytes, as: UTF8.self)
        }
        return try text(certificate) + "\n" + text(key)
    }

    private func file(_ number: Int) -> String {
        let digits = "\(number)"
        return "\(path)/\(String(repeating: "0", count: max(0, 4 - digits.utf8.count)))\(digits).pem"
    }

    private func sync() throws {
        let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw failure(path, "cannot be opened") }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw failure(path, "cannot be written to the disk") }
    }

    private func failure(_ path: String, _ what: String) -> KeyFolder.Failure {
        .unusable(path: path, reason: "\(what): \(String(cString: strerror(errno)))")
    }

    /// `nil` where there is no such file.
    private static func bytes(_ path: String) throws -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw KeyFolder.Failure.unusable(path: path, reason: "cannot read: \(String(cString: strerror(errno)))")
        }
        defer { close(file) }
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = Glibc.read(file, &buffer, buffer.count)
            guard count >= 0 else {
                throw KeyFolder.Failure.unusable(path: path, reason: "cannot read: \(String(cString: strerror(errno)))")
            }
            if count == 0 { return all }
            all += buffer[..<count]
            guard all.count <= Authority.bytesMax else {
                throw KeyFolder.Failure.unusable(path: path, reason: "is larger than \(Authority.bytesMax) bytes")
            }
        }
    }
}
