// SPDX-License-Identifier: Apache-2.0
internal import CGit2
internal import Synchronization
package import Threads

/// A bare copy of a remote repository that is fetched into, read from, and pushed from.
///
/// Fetches and pushes happen one after the other; reads run beside them and each other. Everything that libgit2 does happens on
/// the git threads. One process at a time uses a mirror's folder; copies of interrupted or damaged fetches are made again.
package final class GitMirror: Sendable {
    private struct State {
        var copy: MirrorCopy?
        var lock: FileLock?
        /// Open repositories that nobody uses at the moment.
        var idle: [RepositoryHandle] = []
        /// Why the copy has to be made again.
        var damage: String?
    }

    /// The mirror's folder.
    package let path: String
    package let remote: RemoteSettings
    private let folder: MirrorFolder
    private let transferThreads: [ThreadExecutor]
    private let readThreads: [ThreadExecutor]
    private let state = Mutex(State())
    private let turns = TurnGate()
    private let writes = TurnGate()

    private init(path: String, remote: RemoteSettings, threads: ThreadPool) {
        self.path = path
        self.remote = remote
        folder = MirrorFolder(path: path)
        // A slow remote must not stand in front of reads: with more than one thread, transfers get a part of them for themselves.
        let split = threads.executors.count / 2
        transferThreads = Array(threads.executors[..<max(1, split)])
        readThreads = Array(threads.executors[split...])
    }

    /// Opens the mirror in the folder at `path`, and fetches it for the first time when there is none, or none of this remote.
    ///
    /// An intact mirror is not fetched: it opens while the remote is away. Several mirrors may share `threads`.
    /// Throws `GitError`; after a failure nothing half-made will ever be taken for a mirror.
    package static func open(
        at path: String, remote: RemoteSettings, threads: ThreadPool, progress: (@Sendable (TransferProgress) -> Void)? = nil
    ) async throws(GitError) -> GitMirror {
        let mirror = GitMirror(path: path, remote: remote, threads: threads)
        try await mirror.transfer(progress: progress) { watch in
            _ = try remote.location()
            try mirror.folder.prepare()
            let lock = try mirror.folder.lock()
            mirror.state.withLock { $0.lock = lock }
            let name = try mirror.folder.current(url: remote.url)
            try mirror.folder.removeCopies(except: name)
            if let name, let copy = try mirror.intact(name) {
                mirror.state.withLock { $0.copy = copy }
            } else {
                _ = try mirror.make(watch)
                try mirror.folder.removeCopies(except: mirror.folder.current(url: remote.url))
            }
        }
        return mirror
    }

    /// Lets go of the mirror's folder; later calls throw. What is running may end.
    package func close() async {
        let freed = state.withLock { state in
            let freed = state.idle
            state.copy = nil
            state.idle = []
            state.lock = nil
            return freed
        }
        // The handles are freed on a git thread, as they were used.
        _ = try? await leastLoaded(readThreads).run { withExtendedLifetime(freed) {} }
    }

    /// Brings the mirror to what the remote has: branches, tags and `refs/flotilla/*`; deleted ones go.
    ///
    /// Makes a damaged mirror again. Cancelling the task cancels the transfer. Throws `GitError`; on failure the mirror keeps what it had.
    package func fetch(progress: (@Sendable (TransferProgress) -> Void)? = nil) async throws(GitError) -> FetchResult {
        let result = try await transfer(progress: progress) { [self] watch in
            if state.withLock({ $0.damage }) == nil {
                do {
                    return try borrow { repository throws(GitError) in
                        try Fetch(settings: remote, watch: watch).run(into: repository, remade: false)
                    }
                } catch let error as GitError {
                    guard case .corrupt = error else { throw error }
                }
            }
            return try make(watch)
        }
        if result.objectsReceived > 0 { await compactIfDue() }
        return result
    }

    /// Makes a copy with fewer files when there are too many; what goes wrong with that leaves everything as it is.
    private func compactIfDue() async {
        try? await writing { [self] () throws(GitError) in
            try await transfer(progress: nil) { [self] _ in
                try borrow { repository throws(GitError) in
                    guard let path = repository.copy?.path else { return }
                    let compaction = CopyCompaction(repository, path: path)
                    guard try compaction.isDue() else { return }
                    let (name, copy) = try folder.makeEmptyCopy()
                    do throws(GitError) {
                        try compaction.run(into: copy.path)
                        try replace(by: copy, name: name)
                    } catch {
                        copy.markReplaced()
                        throw error
                    }
                }
            }
        }
    }

    /// The remote's references as it lists them now, by full name; nothing is fetched.
    package func listRemote() async throws(GitError) -> [String: ObjectID] {
        try await transfer(progress: nil) { [self] watch in
            try borrow { repository throws(GitError) in
                try inTransfer(settings: remote, watch: watch) { () throws(GitError) in
                    let connection = try RemoteConnection(repository.pointer, RemoteConversation(settings: remote, watch: watch))
                    try connection.connect(GIT_DIRECTION_FETCH)
                    return try connection.references()
                }
            }
        }
    }

    // MARK: Copies

    /// The copy `name`, if all that the remote's branches begin with can be read.
    private func intact(_ name: String) throws(GitError) -> MirrorCopy? {
        let copy = MirrorCopy(path: "\(path)/\(name)")
        do throws(GitError) {
            try folder.tidy(copy)
            let repository = try RepositoryHandle(path: copy.path)
            for id in Set(try repository.heads(prefix: "").values) { _ = try repository.treeID(id) }
            return copy
        } catch {
            return nil
        }
    }

    /// Fetches everything into a fresh copy and puts it in the place of the present one.
    private func make(_ watch: TransferWatch) throws(GitError) -> FetchResult {
        let (name, copy) = try folder.makeEmptyCopy()
        do throws(GitError) {
            let repository = try RepositoryHandle(path: copy.path)
            let result = try Fetch(settings: remote, watch: watch).run(into: repository, remade: true)
            try replace(by: copy, name: name)
            return result
        } catch {
            copy.markReplaced()
            throw error
        }
    }

    /// Lets everybody who comes from now on use `copy`; the old one goes with its last reader.
    private func replace(by copy: MirrorCopy, name: String) throws(GitError) {
        try folder.setCurrent(name, url: remote.url)
        let old = state.withLock { state in
            defer {
                state.copy = copy
                state.idle = []
                state.damage = nil
            }
            return (state.copy, state.idle)
        }
        old.0?.markReplaced()
    }

    // MARK: Threads and handles

    /// Runs `body` while nobody else writes objects: what is written must not be lost with a copy that is being replaced.
    func writing<T: Sendable>(_ body: () async throws(GitError) -> T) async throws(GitError) -> T {
        do {
            return try await turnsOfWriting(body)
        } catch {
            throw named(error)
        }
    }

    private func turnsOfWriting<T: Sendable>(_ body: () async throws(GitError) -> T) async throws -> T {
        try await writes.run { try await body() }
    }

    /// Runs `body` as the only transfer of this mirror; cancelling the task interrupts its watch.
    func transfer<T: Sendable>(
        progress: (@Sendable (TransferProgress) -> Void)?, _ body: @escaping @Sendable (TransferWatch) throws -> T
    ) async throws(GitError) -> T {
        let watch = TransferWatch(limits: remote.limits, report: progress)
        do {
            return try await turns.run {
                try await withTaskCancellationHandler {
                    try await leastLoaded(transferThreads).run {
                        watch.start()
                        return try body(watch)
                    }
                } onCancel: {
                    watch.interrupt(.cancelled)
                }
            }
        } catch {
            throw named(error)
        }
    }

    /// Runs `body` with a repository of its own on a git thread.
    func onRepository<T: Sendable>(
        _ body: @escaping @Sendable (RepositoryHandle) throws -> T
    ) async throws(GitError) -> T {
        do {
            return try await onRepositoryThrowing(body)
        } catch {
            throw named(error)
        }
    }

    /// The same for a body of somebody else's, whose errors stay as they are.
    func onRepositoryThrowing<T: Sendable>(_ body: @escaping @Sendable (RepositoryHandle) throws -> T) async throws -> T {
        guard !Task.isCancelled else { throw GitError.cancelled(what: path) }
        return try await leastLoaded(readThreads).run { [self] in try borrow(body) }
    }

    /// Our own error, or the one of a thread that takes no more work.
    private func named(_ error: any Error) -> GitError {
        error as? GitError ?? .failed(what: path, reason: "\(error)")
    }

    /// Lends a repository that nobody else uses; on a git thread.
    func borrow<T, E: Error>(_ body: (RepositoryHandle) throws(E) -> T) throws -> T {
        let (copy, kept) = state.withLock { ($0.copy, $0.idle.popLast()) }
        guard let copy else { throw GitError.failed(what: path, reason: "the mirror is closed") }
        let repository = try kept ?? RepositoryHandle(path: copy.path, copy: copy)
        defer {
            state.withLock { state in
                guard let owner = repository.copy, owner === state.copy else { return }
                state.damage = state.damage ?? repository.damage
                if repository.damage == nil { state.idle.append(repository) }
            }
        }
        return try body(repository)
    }

    private func leastLoaded(_ executors: [ThreadExecutor]) -> ThreadExecutor {
        var best = executors[0]
        for executor in executors.dropFirst() where executor.load < best.load { best = executor }
        return best
    }
}
