// SPDX-License-Identifier: Apache-2.0
import Glibc
import Threads

/// A folder of rendered files, with a list of those that are ours: nothing else in it is ever written over or removed.
///
/// Paths have three parts and are followed below the folder without links, so that no name leads out of it. The list is written before the
/// files, with everything that is about to be there, and again at the end: an interrupted run leaves no file that the next one does not know.
final class OutputFolder: Sendable {
    static let listName = ".flotilla-rendered"
    private static let listHeader = "# Files that `flotilla render --all` wrote, and removes when they are stale."
    private static let listBytesMax = 256 << 20

    enum Outcome: Sendable { case written, unchanged }

    let path: String
    /// What a run before wrote.
    let earlier: Set<String>
    private let descriptor: Int32

    /// Opens the folder, making it if it is missing; nobody else can open it so until this one is gone.
    ///
    /// Refuses a folder that is neither empty (but for `.git`) nor has our list.
    init(_ path: String) throws(Failure) {
        self.path = path
        if !LocalFile.isFolder(path), LocalFile.exists(path) { throw Failure("\(path): not a folder") }
        try LocalFile.makeFolder(path)
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure(path) }
        do throws(Failure) {
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { throw Failure("\(path): another `flotilla render` writes there") }
            earlier = try Self.readList(path)
        } catch {
            close(descriptor)
            throw error
        }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// The place of an application's file; `nil` where a name could lead elsewhere, which no declared name does.
    static func file(environment: String, cluster: String, application: String) -> String? {
        let path = "\(environment)/\(cluster)/\(application).yaml"
        return isOurs(path) ? path : nil
    }

    private static func isOurs(_ path: String) -> Bool {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        return parts.count == 3 && path.hasSuffix(".yaml")
            && parts.allSatisfy { !$0.isEmpty && !$0.hasPrefix(".") && $0.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F } }
    }

    // MARK: - Writing

    /// Notes the files that are about to be written.
    func begin(_ files: some Sequence<String>) throws(Failure) { try writeList(earlier.union(files)) }

    /// Puts a file in its place in one step; one that has these bytes already is not touched.
    func write(_ bytes: [UInt8], to file: String) throws(Failure) -> Outcome {
        let (folder, name) = try openFolder(of: file)
        defer { close(folder) }
        let existing = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        if existing >= 0 {
            let isSame = Self.holds(existing, bytes)
            close(existing)
            if isSame { return .unchanged }
        }
        if existing >= 0 || errno != ENOENT {
            guard earlier.contains(file) else {
                throw Failure("\(path)/\(file): is there and was not written by `flotilla render`", hint: "move it away")
            }
        }
        let growing = ".\(name).new"
        unlinkat(folder, growing, 0)
        let new = openat(folder, growing, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard new >= 0 else { throw failure(file) }
        defer { close(new) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(new, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else {
                let error = failure(file)
                unlinkat(folder, growing, 0)
                throw error
            }
            rest = rest.dropFirst(count)
        }
        guard renameat(folder, growing, folder, name) == 0 else { throw failure(file) }
        return .written
    }

    /// Removes what a run before wrote and is not to be kept, with the folders that this leaves empty, and writes the list anew.
    /// - Returns: how many files were removed.
    func finish(keeping kept: Set<String>) throws(Failure) -> Int {
        var removed = 0
        for file in earlier.subtracting(kept).sorted() {
            let parts = file.split(separator: "/").map(String.init)
            let folder = openat(descriptor, parts[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
            guard folder >= 0 else { continue }
            defer { close(folder) }
            let inner = openat(folder, parts[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
            guard inner >= 0 else { continue }
            defer { close(inner) }
            if unlinkat(inner, parts[2], 0) == 0 { removed += 1 } else if errno != ENOENT { throw failure(file) }
            // Where something else is in them, they stay.
            unlinkat(folder, parts[1], AT_REMOVEDIR)
            unlinkat(descriptor, parts[0], AT_REMOVEDIR)
        }
        try writeList(kept)
        return removed
    }

    /// Opens the folder that a file is to be in, making it if it is missing.
    private func openFolder(of file: String) throws(Failure) -> (Int32, name: String) {
        let parts = file.split(separator: "/").map(String.init)
        guard Self.isOurs(file) else { throw Failure("\(path)/\(file): no path for a rendered file") }
        var folder = dup(descriptor)
        for part in parts.dropLast() {
            let outer = folder
            defer { close(outer) }
            guard mkdirat(outer, part, 0o755) == 0 || errno == EEXIST else { throw failure(file) }
            let next = openat(outer, part, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
            guard next >= 0 else { throw failure(file) }
            folder = next
        }
        return (folder, parts[2])
    }

    private static func holds(_ file: Int32, _ bytes: [UInt8]) -> Bool {
        guard let status = FileStatus(descriptor: file), status.kind == .file, status.size == Int64(bytes.count) else { return false }
        var buffer = [UInt8](repeating: 0, count: min(bytes.count, 1 << 16))
        var offset = 0
        while offset < bytes.count {
            let count = read(file, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0, bytes[offset..<min(offset + count, bytes.count)].elementsEqual(buffer[..<count]) else { return false }
            offset += count
        }
        return true
    }

    // MARK: - The list

    private static func readList(_ path: String) throws(Failure) -> Set<String> {
        let file = "\(path)/\(listName)"
        guard LocalFile.exists(file) else {
            let names = try LocalFile.names(path).filter { $0 != ".git" }
            guard names.isEmpty else {
                throw Failure(
                    "\(path): the folder is not empty, and nothing says that `flotilla render` wrote it",
                    hint: "name an empty or new folder; stale files of ours would be removed from it")
            }
            return []
        }
        let text = String(decoding: try LocalFile.read(file, limit: listBytesMax), as: UTF8.self)
        var files: Set<String> = []
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            guard isOurs(String(line)) else { throw Failure("\(file): '\(line.prefix(100))' is no path that we wrote") }
            files.insert(String(line))
        }
        return files
    }

    private func writeList(_ files: Set<String>) throws(Failure) {
        let text = ([Self.listHeader] + files.sorted()).joined(separator: "\n") + "\n"
        try LocalFile.write(Array(text.utf8), to: "\(path)/\(Self.listName)")
    }

    private func failure(_ file: String) -> Failure { Self.failure("\(path)/\(file)") }
    private static func failure(_ path: String) -> Failure { Failure("\(path): \(String(cString: strerror(errno)))") }
}
