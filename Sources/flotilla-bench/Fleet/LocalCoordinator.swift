// SPDX-License-Identifier: Apache-2.0
import FleetCoordinator
import GitRepository
import Glibc
import HTTPTransport
import Logging
import Manifests
import PostgresClient
import Threads

/// A real coordinator in this process, over a PostgreSQL server and a bare Git repository of its own, reached over HTTP.
struct LocalCoordinator: Sendable {
    let folder: ScratchFolder
    let api: CoordinatorAPI
    let repository: FleetRepository
    /// When its loops were started, on the monotonic clock.
    let startedAt: Double
    /// How long it took to open the database and to clone the repository.
    let preparation: Double

    /// Commits wait for the disk, as in production.
    static func run<Result: Sendable>(
        _ files: [String: [UInt8]], logger: Logger = quietLogger, _ body: @escaping @Sendable (LocalCoordinator) async throws -> Result
    ) async throws -> Result {
        let folder = try ScratchFolder()
        defer { folder.remove() }
        // The database's own user has to pass.
        chmod(folder.path, 0o711)
        let threads = ThreadPool(name: "bench", count: 2)
        defer { threads.stop() }
        let repository = try await FleetRepository.make(at: folder.path, files: files, threads: threads)
        let postgres = EmbeddedPostgres(dataDirectory: "\(folder.path)/postgres", durability: .full, logger: quietLogger)
        let result: Result
        do {
            result = try await run(folder, repository, try await postgres.start(), logger, body)
        } catch {
            await postgres.stop()
            throw error
        }
        await postgres.stop()
        return result
    }

    private static func run<Result: Sendable>(
        _ folder: ScratchFolder, _ repository: FleetRepository, _ database: ConnectionSettings, _ logger: Logger,
        _ body: @escaping @Sendable (LocalCoordinator) async throws -> Result
    ) async throws -> Result {
        var configuration = CoordinatorConfiguration(
            database: database, fleetRepository: RemoteSettings(url: repository.remote), dataDirectory: "\(folder.path)/coordinator")
        configuration.port = 0
        let (urls, ready) = AsyncStream<String>.makeStream()
        let begin = Clock.monotonic
        let coordinator = try await Coordinator.prepare(configuration, logger: logger) { ready.yield($0) }
        let startedAt = Clock.monotonic
        return try await alongside(
            { try await coordinator.run() },
            do: {
                var first = urls.makeAsyncIterator()
                guard let url = await first.next() else { throw BenchError("the coordinator does not listen") }
                let api = CoordinatorAPI(url: url, token: coordinator.keys.administratorToken)
                let local = LocalCoordinator(
                    folder: folder, api: api, repository: repository, startedAt: startedAt, preparation: startedAt - begin)
                let result = try await body(local)
                await api.http.shutdown()
                return result
            })
    }
}

/// Says next to nothing: what is cut short when a benchmark ends is no news.
let quietLogger: Logger = {
    var logger = Logger(label: "flotilla-bench") { StreamLogHandler.standardError(label: $0) }
    logger.logLevel = .critical
    return logger
}()

/// The bare repository that the coordinator follows, and a clone from which people push.
struct FleetRepository: Sendable {
    let remote: String
    private let clone: GitMirror

    static func make(at folder: String, files: [String: [UInt8]], threads: ThreadPool) async throws -> FleetRepository {
        let remote = "\(folder)/fleet.git"
        _ = try await GitMirror.initializeBare(
            at: remote, branch: "main", files: files, message: "Begin\n", author: author, threads: threads)
        let clone = try await GitMirror.open(at: "\(folder)/clone", remote: RemoteSettings(url: remote), threads: threads)
        return FleetRepository(remote: remote, clone: clone)
    }

    private static var author: CommitPerson { CommitPerson(name: "Bench", email: "bench@flotilla.invalid", when: wallTime) }

    /// A commit of one changed file, ready to be pushed.
    func commit(_ path: String, _ bytes: [UInt8]) async throws -> ReadyCommit {
        _ = try await clone.fetch()
        let head = try await clone.head(of: "main")
        let tree = try await clone.writeTree(base: head, changes: [path: bytes])
        let draft = CommitDraft(
            tree: tree, parents: head.map { [$0] } ?? [], author: Self.author, message: "Change \(path)\n")
        let commit = try await clone.buildCommit(draft)
        _ = try await clone.store(commit: commit.bytes)
        return ReadyCommit(id: commit.id, parent: head)
    }

    func push(_ commit: ReadyCommit) async throws {
        try await clone.push(commit: commit.id, to: "refs/heads/main", expecting: commit.parent)
    }

    func head() async throws -> String { try await clone.head(of: "main").map { "\($0)" } ?? "" }

    struct ReadyCommit: Sendable {
        let id: ObjectID
        let parent: ObjectID?
    }
}

/// The time of day.
var wallTime: Timestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(milliseconds: Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000)
}
