// SPDX-License-Identifier: Apache-2.0
import Glibc
import Manifests
import Threads

/// The file of local accounts in the key folder; every call blocks for as long as the disk does.
///
/// A change takes the lock beside the file, reads, and puts a new file in the old one's place, so that whoever reads finds one or the other
/// whole. Coordinators that share the folder see changes by the file's identity.
struct AccountFile: Sendable {
    let path: String

    static let bytesMax = 16 << 20

    /// What tells one state of the file from another without reading it.
    struct Mark: Sendable, Hashable {
        var inode: UInt64
        var size: Int64
        var seconds: Int64
        var nanoseconds: Int64
    }

    struct Contents: Sendable {
        var accounts: [String: Account] = [:]
        /// `nil` where there is no file.
        var mark: Mark?
    }

    enum Failure: Error, Equatable, CustomStringConvertible {
        case unreadable(path: String, reason: String)
        case unwritable(path: String, reason: String)
        /// Somebody else is changing it.
        case locked(path: String)

        var description: String {
            switch self {
            case .unreadable(let path, let reason): "\(path): \(reason); put a good copy of it back"
            case .unwritable(let path, let reason): "\(path): cannot be written: \(reason)"
            case .locked(let path): "\(path): is being changed by another process; try again"
            }
        }
    }

    /// `nil` where there is no file.
    func mark() throws(Failure) -> Mark? {
        guard let status = FileStatus(path: path) else {
            if errno == ENOENT { return nil }
            throw .unreadable(path: path, reason: Self.reason())
        }
        return Mark(status)
    }

    /// An absent file holds no accounts; one that is broken is an error, never empty.
    func read() throws(Failure) -> Contents {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT { return Contents() }
            throw .unreadable(path: path, reason: Self.reason())
        }
        defer { close(file) }
        guard let status = FileStatus(descriptor: file) else { throw .unreadable(path: path, reason: Self.reason()) }
        guard status.size <= Self.bytesMax else { throw .unreadable(path: path, reason: "larger than \(Self.bytesMax) bytes") }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while bytes.count <= Self.bytesMax {
            let count = Glibc.read(file, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .unreadable(path: path, reason: Self.reason()) }
            if count == 0 { break }
            bytes += buffer[..<count]
        }
        return Contents(accounts: try Self.parse(bytes, path: path), mark: Mark(status))
    }

    /// Reads, lets `body` change, and writes, while nobody else does. Whatever `body` throws leaves the file as it was.
    func change(_ body: (inout [String: Account]) throws -> Void) throws -> Contents {
        let lockPath = "\(path).lock"
        let lock = open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else { throw Failure.unwritable(path: lockPath, reason: Self.reason()) }
        defer { close(lock) }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else { throw Failure.locked(path: path) }
        var accounts = try read().accounts
        try body(&accounts)
        try write(Self.document(accounts))
        return Contents(accounts: accounts, mark: try mark())
    }

    private func write(_ bytes: [UInt8]) throws(Failure) {
        let growing = "\(path).new"
        // Left by a process that was killed; the lock is ours.
        unlink(growing)
        let file = open(growing, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .unwritable(path: path, reason: Self.reason()) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                let reason = Self.reason()
                close(file)
                unlink(growing)
                throw .unwritable(path: path, reason: reason)
            }
            rest = rest.dropFirst(count)
        }
        let isDurable = fsync(file) == 0
        close(file)
        guard isDurable, rename(growing, path) == 0 else {
            let reason = Self.reason()
            unlink(growing)
            throw .unwritable(path: path, reason: reason)
        }
        // The name too must be on the disk before anybody is told.
        let slash = path.lastIndex(of: "/") ?? path.startIndex
        let folder = open(slash == path.startIndex ? "." : String(path[..<slash]), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if folder >= 0 {
            fsync(folder)
            close(folder)
        }
    }

    private static func document(_ accounts: [String: Account]) -> [UInt8] {
        let sorted = accounts.values.sorted { $0.name < $1.name }
        let document: Value = .map(["version": 1, "accounts": .list(sorted.map(\.document))])
        return JSON.write(document, pretty: true) + [UInt8(ascii: "\n")]
    }

    private static func parse(_ bytes: [UInt8], path: String) throws(Failure) -> [String: Account] {
        do {
            let fields = try Fields(JSON.read(bytes))
            guard try fields.int("version") == 1 else { throw fields.failure("version", "only version 1 is known") }
            let list = try fields.list("accounts", limit: AccountRules.accountsMax) { (item, place) throws(ShapeError) in
                try Account(Fields(item, at: place))
            }
            var accounts: [String: Account] = [:]
            for account in list {
                guard accounts.updateValue(account, forKey: account.name) == nil else {
                    throw fields.failure("accounts", "'\(account.name)' is there twice")
                }
            }
            return accounts
        } catch {
            // A parser's words may quote what it read; then only that it failed is told.
            let shape = (error as? ShapeError).map { "is not a file of accounts: \($0)" }
            throw .unreadable(path: path, reason: shape ?? "is not JSON, or was cut off")
        }
    }

    private static func reason() -> String { String(cString: strerror(errno)) }
}

extension AccountFile.Mark {
    init(_ status: FileStatus) {
        inode = status.inode
        size = status.size
        seconds = status.seconds
        nanoseconds = status.nanoseconds
    }
}
