// SPDX-License-Identifier: Apache-2.0
import FleetModel
import GitRepository
import Manifests
import Threads

/// The files that a render reads, on a thread of their own: a folder as it is now, or as a commit has it.
struct RenderTree: Sendable {
    private enum Source: Sendable {
        case folder(FolderTree)
        /// A commit of the repository at a path, and the folder in it that is the root.
        case commit(LocalRepository, ObjectID, folder: String)
    }

    private let source: Source
    private let thread: ThreadExecutor

    /// Opens the folder `root`, or what `revision` has in its place. Closed with `close`.
    static func open(root: String, revision: String?, name: String = "render") async throws -> RenderTree {
        let thread = ThreadExecutor(name: name)
        do {
            guard let revision else { return RenderTree(source: .folder(FolderTree(root: root)), thread: thread) }
            let folder = LocalFile.repository(around: root)
            guard folder != "/" || LocalFile.exists("/.git"), let below = LocalFile.path(root, below: folder) else {
                throw Failure("--revision \(revision): \(root) is in no Git repository")
            }
            let repository = try await LocalRepository.open(at: folder, on: thread)
            guard let commit = try await repository.resolve(revision) else {
                let names = try await repository.names(limit: 1_000)
                throw Failure(
                    "there is no revision '\(revision)' in \(folder)",
                    hint: Suggestion.hint(for: revision, among: names, what: "there are"))
            }
            return RenderTree(source: .commit(repository, commit, folder: below), thread: thread)
        } catch {
            thread.stop()
            throw error
        }
    }

    /// The same files on another thread.
    func another(name: String) async throws -> RenderTree {
        let thread = ThreadExecutor(name: name)
        switch source {
        case .folder: return RenderTree(source: source, thread: thread)
        case .commit(let repository, let commit, let folder):
            do {
                let other = try await LocalRepository.open(at: repository.path, on: thread)
                return RenderTree(source: .commit(other, commit, folder: folder), thread: thread)
            } catch {
                thread.stop()
                throw error
            }
        }
    }

    /// Runs `body` on the thread with the files, which are readable only until it returns.
    func read<T: Sendable>(_ body: @escaping @Sendable (any FileTree) throws -> T) async throws -> T {
        switch source {
        case .folder(let tree): return try await thread.run { try body(tree) }
        case .commit(let repository, let commit, let folder):
            return try await repository.read(at: commit, folder: folder) { try body($0) }
        }
    }

    func close() { thread.stop() }
}
