// SPDX-License-Identifier: Apache-2.0
internal import CGit2

/// Brings over what a repository on this machine has new, before libgit2 fetches from it.
///
/// libgit2's transport for local paths walks every file of the repository to find out what a single commit needs. Trees that differ are
/// found here instead, so that a fetch costs what changed; libgit2 then finds all that it would ask for, and only moves the references.
struct FolderFetch {
    let path: String
    let watch: TransferWatch

    /// Beyond these libgit2 may as well make a pack of it.
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
                guard try remote.type(of: id) == GIT_OBJECT_COMMIT else { continue }
                try missing.collect(id)
                guard missing.ids.count <= Self.objectsMax else { return 0 }
            }
            return try copy(missing.ids, from: remote, to: mirror)
        } catch {
            return 0
        }
    }

    /// In the order in which they were found, which puts a commit behind everything that it needs: a commit that is here is here wholly.
    private func copy(_ ids: [ObjectID], from remote: RepositoryHandle, to mirror: RepositoryHandle) throws(GitError) -> Int {
        var bytesLeft = Self.bytesMax
        var objects: [(type: git_object_t, bytes: [UInt8])] = []
        for id in ids {
            let object = try remote.object(id, limit: bytesLeft)
            bytesLeft -= object.bytes.count
            objects.append(object)
        }
        for object in objects {
            guard watch.mayContinue() else { throw .cancelled(what: path) }
            _ = try mirror.write(object.bytes, type: object.type)
        }
        return objects.count
    }
}
