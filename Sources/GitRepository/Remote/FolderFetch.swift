// SPDX-License-Identifier: Apache-2.0
internal import CGit2

/// Brings over what a repository on this machine has new, before libgit2 fetches from it.
///
/// libgit2's transport for local paths walks every file of the repository to find out what a single commit needs. Trees that differ are
/// found here instead, so that a fetch costs what changed; libgit2 then finds all that it would ask for, and only moves the references.
struct FolderFetch {
    let path: String
    let watch: TransferWatch

    /// Beyond these libgit2 may as well find them in its way.
    private static let objectsMax = 1_000
    private static let bytesMax = 64 << 20

    /// Copies the objects that the mirror lacks, and says how many; none where there are many, or where anything is amiss: the transfer that
    /// follows then finds them missing, and says what is wrong.
    func run(into mirror: RepositoryHandle) -> Int {
        do throws(GitError) {
            // A first fetch has nothing in common with what is here.
            guard try !mirror.references(prefix: RefNames.tracking).isEmpty else { return 0 }
            let remote = try RepositoryHandle(path: path)
            var missing = MissingObjects(
                repository: remote, remote: mirror, watch: watch, branches: RefNames.tracking, limit: Self.objectsMax)
            for (name, id) in try remote.references(prefix: "refs/") where RefNames.local(name) != nil && !mirror.contains(id) {
                // An annotated tag is left to libgit2.
                guard try remote.header(of: id).type == GIT_OBJECT_COMMIT else { continue }
                try missing.collect(id)
                guard missing.ids.count <= Self.objectsMax else { return 0 }
            }
            return try copy(missing.ids, from: remote, to: mirror)
        } catch {
            return 0
        }
    }

    /// As one pack, as any fetch leaves one: it is there wholly or not at all.
    private func copy(_ ids: [ObjectID], from remote: RepositoryHandle, to mirror: RepositoryHandle) throws(GitError) -> Int {
        guard !ids.isEmpty, let folder = git_repository_commondir(mirror.pointer).map({ String(cString: $0) }) else { return 0 }
        var builder: OpaquePointer?
        try check(git_packbuilder_new(&builder, remote.pointer), "packing objects")
        defer { git_packbuilder_free(builder) }
        var bytes = 0
        for id in ids {
            bytes += try remote.header(of: id).bytes
            guard bytes <= Self.bytesMax, watch.mayContinue() else { return 0 }
            var oid = id.oid
            try check(git_packbuilder_insert(builder, &oid, nil), "packing object \(id)")
        }
        try check(git_packbuilder_write(builder, "\(folder)/objects/pack", 0, nil, nil), "\(path): writing a pack")
        try check(git_odb_refresh(mirror.database), path)
        return ids.count
    }
}
