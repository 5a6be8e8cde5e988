// SPDX-License-Identifier: Apache-2.0
import GitRepository
import Glibc
import Manifests
import Threads

/// A person with a clone of the fleet repository.
struct GitHand: Sendable {
    let clone: GitMirror
    let branch: String

    static func open(at path: String, url: String, branch: String, threads: ThreadPool) async throws -> GitHand {
        let clone = try await GitMirror.open(at: path, remote: RemoteSettings(url: url), threads: threads)
        return GitHand(clone: clone, branch: branch)
    }

    func close() async { await clone.close() }

    /// The head of the trunk.
    func head() async throws -> ObjectID {
        _ = try await clone.fetch()
        guard let head = try await clone.head(of: branch) else { throw Failure("the fleet repository has no branch '\(branch)'") }
        return head
    }

    /// The kustomizations that name an image's tag, in the order of their paths.
    func imageTags() async throws -> [ImageTag] {
        let head = try await head()
        return try await clone.read(at: head) { tree in
            var tags: [ImageTag] = []
            for file in try tree.files(below: "") where file.path.hasSuffix("kustomization.yaml") {
                let text = String(decoding: try tree.read(file.path, limit: 1 << 20), as: UTF8.self)
                tags += ImageTag.find(in: text, path: file.path)
            }
            return tags
        }
    }

    /// Commits another tag to the trunk and pushes.
    func change(_ image: ImageTag, to tag: String, message: String) async throws -> ObjectID {
        let head = try await head()
        let text = try await clone.read(at: head) { tree in String(decoding: try tree.read(image.path, limit: 1 << 20), as: UTF8.self) }
        let changed = image.replacing(in: text, by: tag)
        let tree = try await clone.writeTree(base: head, changes: [image.path: Array(changed.utf8)])
        return try await commit(tree, onto: head, message: message, to: branch)
    }

    /// What `git revert HEAD` and a push do on a branch whose commits each stand for a whole state.
    func revertHead(of branch: String) async throws -> (commit: ObjectID, reverted: CommitInfo) {
        _ = try await clone.fetch()
        guard let head = try await clone.head(of: branch) else { throw Failure("there is no branch '\(branch)'") }
        let reverted = try await clone.commit(head)
        guard let parent = reverted.parents.first else { throw Failure("'\(branch)' has only one commit: there is nothing to go back to") }
        let tree = try await clone.treeID(of: parent)
        let message = "Revert \"\(reverted.title)\"\n\nThis reverts commit \(head).\n"
        return (try await commit(tree, onto: head, message: message, to: branch), reverted)
    }

    private func commit(_ tree: ObjectID, onto parent: ObjectID, message: String, to branch: String) async throws -> ObjectID {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let author = CommitPerson(name: "Robin Example", email: "robin@shop.example", when: Timestamp(seconds: Int64(now.tv_sec)))
        let commit = try await clone.buildCommit(CommitDraft(tree: tree, parents: [parent], author: author, message: message))
        _ = try await clone.store(commit: commit.bytes)
        try await clone.push(commit: commit.id, to: "refs/heads/\(branch)", expecting: parent)
        return commit.id
    }
}
