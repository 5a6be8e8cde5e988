// SPDX-License-Identifier: Apache-2.0
internal import CGit2

/// What a mirror looks like on disk.
///
///     <path>/lock             held by the process that uses the mirror
///     <path>/current          format, folder and URL of the complete copy; written only after its first fetch is done
///     <path>/copy-<n>.git     bare repositories: the current one, and leftovers of interrupted first fetches
struct MirrorFolder: Sendable {
    let path: String

    private static let format = "flotilla-mirror 1"
    private var marker: String { "\(path)/current" }

    /// Makes the folder, unless somebody else's files are in it.
    func prepare() throws(GitError) {
        try LocalFiles.makeFolder(path)
        for name in try LocalFiles.names(in: path) where !isOurs(name) {
            throw .invalid(what: path, reason: "is not the folder of a mirror: it contains '\(name)'")
        }
    }

    private func isOurs(_ name: String) -> Bool {
        ["lock", "current", "current.new"].contains(name) || (name.hasPrefix("copy-") && name.hasSuffix(".git"))
    }

    /// Takes the folder for this process. Throws `GitError.inUse` when another keeps it.
    func lock() throws(GitError) -> FileLock {
        guard let lock = try FileLock(path: "\(path)/lock", patience: .seconds(2)) else { throw .inUse(path: path) }
        return lock
    }

    /// The complete copy of `url`; `nil` when there is none, or of another URL.
    func current(url: String) throws(GitError) -> String? {
        guard let bytes = try LocalFiles.read(marker, limit: 65_536) else { return nil }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
        guard lines.count == 3, lines[0] == Self.format, isOurs(lines[1]), lines[2] == url else { return nil }
        return LocalFiles.isFolder("\(path)/\(lines[1])") ? lines[1] : nil
    }

    /// Declares the copy complete.
    func setCurrent(_ name: String, url: String) throws(GitError) {
        try LocalFiles.write(Array("\(Self.format)\n\(name)\n\(url)\n".utf8), to: marker)
    }

    /// Removes every copy except `kept`.
    func removeCopies(except kept: String?) throws(GitError) {
        for name in try LocalFiles.names(in: path) where name.hasPrefix("copy-") && name != kept {
            try LocalFiles.remove("\(path)/\(name)")
        }
    }

    /// A name that no copy has.
    func freshName() throws(GitError) -> String {
        let names = Set(try LocalFiles.names(in: path))
        var number = 1
        while names.contains("copy-\(number).git") { number += 1 }
        return "copy-\(number).git"
    }

    /// Makes a copy without any object.
    func makeEmptyCopy() throws(GitError) -> (name: String, copy: MirrorCopy) {
        let name = try freshName()
        var repository: OpaquePointer?
        try GitLibrary.start()
        try check(git_repository_init(&repository, "\(path)/\(name)", 1), "making the mirror \(path)/\(name)")
        git_repository_free(repository)
        return (name, MirrorCopy(path: "\(path)/\(name)"))
    }

    /// Removes the locks and temporary references that a killed process left; only this process uses the copy.
    func tidy(_ copy: MirrorCopy) throws(GitError) {
        for name in ["HEAD.lock", "config.lock", "packed-refs.lock"] { try LocalFiles.remove("\(copy.path)/\(name)") }
        try removeLocks(below: "\(copy.path)/refs")
        let repository = try RepositoryHandle(path: copy.path)
        for name in try repository.references(prefix: RefNames.pushing).keys { try repository.removeReference(name) }
    }

    private func removeLocks(below folder: String) throws(GitError) {
        for name in try LocalFiles.names(in: folder) {
            let path = "\(folder)/\(name)"
            if LocalFiles.isFolder(path) {
                try removeLocks(below: path)
            } else if name.hasSuffix(".lock") {
                try LocalFiles.remove(path)
            }
        }
    }
}
