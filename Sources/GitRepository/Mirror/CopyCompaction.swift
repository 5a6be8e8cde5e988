// SPDX-License-Identifier: Apache-2.0
internal import CGit2
internal import Glibc

/// Makes a copy with few files out of one with many.
///
/// libgit2 puts every fetch into a pack of its own and every written object into a file of its own, and searches them one by one.
/// The new copy has the large packs (as links to the same files), one pack of everything else, and one file of references. Those
/// who read the old one go on undisturbed.
struct CopyCompaction {
    /// Packs, or files of single objects, above which a copy is worth compacting.
    static let packMax = 50
    static let looseMax = 2_000
    /// Larger packs are left as they are.
    private static let smallPackBytes = 64 << 20

    let source: RepositoryHandle
    private let objects: String

    init(_ source: RepositoryHandle, path: String) {
        self.source = source
        objects = "\(path)/objects"
    }

    /// Whether the copy has gathered too many files.
    func isDue() throws(GitError) -> Bool {
        if try packs().count > Self.packMax { return true }
        // Names are evenly spread over 256 folders: one of them tells.
        let sample = "\(objects)/17"
        return LocalFiles.isFolder(sample) ? try LocalFiles.names(in: sample).count > Self.looseMax / 256 : false
    }

    /// Fills the empty copy at `target`; the caller keeps everybody from writing to the source meanwhile.
    func run(into target: String) throws(GitError) {
        var database: OpaquePointer?
        try check(git_odb_new(&database), "compacting")
        defer { git_odb_free(database) }
        for pack in try packs() {
            if try LocalFiles.size("\(objects)/pack/\(pack).pack") > Self.smallPackBytes {
                for suffix in ["pack", "idx"] {
                    try LocalFiles.link("\(objects)/pack/\(pack).\(suffix)", to: "\(target)/objects/pack/\(pack).\(suffix)")
                }
            } else {
                var backend: UnsafeMutablePointer<git_odb_backend>?
                try check(git_odb_backend_one_pack(&backend, "\(objects)/pack/\(pack).idx"), "reading \(pack)")
                try check(git_odb_add_backend(database, backend, 1), "reading \(pack)")
            }
        }
        var loose: UnsafeMutablePointer<git_odb_backend>?
        try check(git_odb_backend_loose(&loose, objects, -1, 0, 0, 0), "reading objects")
        try check(git_odb_add_backend(database, loose, 2), "reading objects")
        try pack(database, into: "\(target)/objects/pack")
        try writeReferences(to: target)
    }

    private func pack(_ database: OpaquePointer?, into folder: String) throws(GitError) {
        var builder: OpaquePointer?
        try check(git_packbuilder_new(&builder, source.pointer), "compacting")
        defer { git_packbuilder_free(builder) }
        let code = git_odb_foreach(
            database,
            { id, builder in
                // An object that is in several packs is taken once.
                git_packbuilder_insert(builder.map { OpaquePointer($0) }, id, nil)
            }, builder.map { UnsafeMutableRawPointer($0) })
        try check(code, "compacting")
        guard git_packbuilder_object_count(builder) > 0 else { return }
        try check(git_packbuilder_write(builder, folder, 0, nil, nil), "writing a pack")
    }

    /// All references in one file, sorted, as `git pack-refs` writes it.
    private func writeReferences(to target: String) throws(GitError) {
        let references = try source.references(prefix: "refs/").sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        let lines = references.map { "\($0.value) \($0.key)\n" }.joined()
        try LocalFiles.write(Array("# pack-refs with: sorted \n\(lines)".utf8), to: "\(target)/packed-refs")
    }

    /// The names of the packs, without their suffix.
    private func packs() throws(GitError) -> [String] {
        try LocalFiles.names(in: "\(objects)/pack").filter { $0.hasSuffix(".idx") }.map { String($0.dropLast(4)) }
    }
}
