// SPDX-License-Identifier: Apache-2.0
import Glibc
package import Logging
import Threads

/// A PostgreSQL server of our own: a child process that keeps its data in one folder and listens on a Unix socket only.
///
/// The folder holds `data` (PostgreSQL's), `postgres.log`, `lock` and, where paths are short enough, `socket`. The server ends with this
/// process, also when that is killed, as long as `setpriv` is installed; whatever remains of an earlier one is ended at the next start.
package actor EmbeddedPostgres {
    /// What a power failure may cost.
    package enum Durability: Sendable {
        /// Nothing that was committed.
        case full
        /// Everything: for data that is thrown away anyway.
        case none
    }

    package nonisolated let dataDirectory: String
    private let durability: Durability
    private let startTimeout: Duration
    private let logger: Logger
    private let isTemporary: Bool
    /// Its thread starts the server and must live as long: the kernel ties the server's end to the thread that started it.
    private let executor: ThreadExecutor
    private var running: Running?

    private struct Running: ~Copyable {
        let process: ChildProcess
        let settings: ConnectionSettings
        let lock: FolderLock
    }

    /// Nothing is started or made yet.
    /// - Parameters:
    ///   - dataDirectory: made when missing, with mode 0700; it belongs to the server's user.
    ///   - startTimeout: how long the server may take to accept connections, its recovery included.
    package init(
        dataDirectory: String, durability: Durability = .full, startTimeout: Duration = .seconds(120),
        logger: Logger = Logger(label: "flotilla.postgres")
    ) {
        self.init(
            folder: Files.absolute(dataDirectory), durability: durability, startTimeout: startTimeout, logger: logger, isTemporary: false)
    }

    private init(folder: String, durability: Durability, startTimeout: Duration, logger: Logger, isTemporary: Bool) {
        dataDirectory = folder
        self.durability = durability
        self.startTimeout = startTimeout
        self.logger = logger
        self.isTemporary = isTemporary
        executor = ThreadExecutor(name: "postgres-server")
    }

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// A server whose folder lies in the system's temporary folder and is removed by `stop`, or at the latest at a later call.
    package static func temporary(logger: Logger = Logger(label: "flotilla.postgres")) -> EmbeddedPostgres {
        let folder = TemporaryFolders.make()
        return EmbeddedPostgres(folder: folder, durability: .none, startTimeout: .seconds(120), logger: logger, isTemporary: true)
    }

    /// Starts the server unless it runs, waits until it accepts connections, and gives the settings of its database `flotilla`.
    ///
    /// Makes the data folder when there is none. After a crash of any kind PostgreSQL's recovery runs first.
    /// - Throws: `EmbeddedPostgresError`.
    package func start() throws -> ConnectionSettings {
        if let settings = settingsIfRunning() { return settings }
        let data = "\(dataDirectory)/data"
        let account = try ServerAccount.forServer(folder: data)
        try Files.makeFolder(dataDirectory, mode: 0o700, owner: account)
        let lock = try FolderLock(folder: dataDirectory)
        let binaries = try ServerBinaries.matching(dataFolder: data)
        let launch = Launch(account: account, folder: data)
        try LeftoverProcesses.end(dataFolder: data)
        if Files.status("\(data)/PG_VERSION") == nil { try initialize(binaries, launch) }
        let socket = try makeSocketFolder(account)
        // Nobody runs this folder: it is locked and no process is left. The number in the file may be another program's by now.
        try Files.remove("\(data)/postmaster.pid")
        let process = try spawn(binaries, launch, data: data, socket: socket)
        let settings = ConnectionSettings(host: socket, database: "flotilla", user: "flotilla")
        do {
            try waitUntilReady(process, settings)
        } catch {
            end(process)
            throw error
        }
        running = Running(process: process, settings: settings, lock: lock)
        logger.info("PostgreSQL \(binaries.major) runs in \(dataDirectory) as process \(process.identifier)")
        return settings
    }

    /// Stops the server after a last checkpoint; open transactions are rolled back. Waits until it has ended.
    package func stop() {
        if let process = running?.process {
            end(process)
            running = nil
            logger.info("PostgreSQL in \(dataDirectory) has stopped")
        }
        if isTemporary {
            try? Files.remove(socketFolder)
            try? Files.remove(dataDirectory)
        }
    }

    /// Whether the server's process exists.
    package var isRunning: Bool { settingsIfRunning() != nil }

    /// The server's process, for monitoring; `nil` when there is none.
    package var processIdentifier: Int32? { isRunning ? running?.process.identifier : nil }

    /// Suspends until the server has ended, by `stop` or by itself; returns at once when it does not run.
    package func waitUntilExit() async {
        let process = running?.process
        await process?.exited()
    }

    /// Makes an empty database in the running server and gives its settings.
    package func createDatabase(_ name: String) throws -> ConnectionSettings {
        guard let settings = settingsIfRunning() else { throw PostgresError(.closed, "the embedded PostgreSQL does not run") }
        let connection = try connect(settings)
        try connection.script("CREATE DATABASE \(Session.quoted(name))")
        return settings.with(database: name)
    }

    // MARK: Starting

    private func settingsIfRunning() -> ConnectionSettings? {
        guard running?.process.exit == nil, let settings = running?.settings else {
            // It ended by itself: its lock must not stand in the way of a new start.
            running = nil
            return nil
        }
        return settings
    }

    private func initialize(_ binaries: ServerBinaries, _ launch: Launch) throws(EmbeddedPostgresError) {
        // Made under another name: a half-made folder is never taken for a good one.
        let fresh = "\(dataDirectory)/data.new"
        try Files.remove(fresh)
        try Files.remove("\(dataDirectory)/data")
        var command = [binaries.initdb, "-D", fresh, "-U", "flotilla", "-E", "UTF8", "--no-locale"]
        // The socket's folder is closed to everybody else; there is no other way in.
        command += ["--auth-local=trust", "--auth-host=reject", "--no-instructions"]
        if durability == .none { command.append("--no-sync") }
        let result = try ChildProcess.output(of: launch.command(command, endsWithUs: true))
        guard result.exit.code == 0, result.exit.signal == nil else {
            throw .initializationFailed(Self.lastLines(result.text))
        }
        guard rename(fresh, "\(dataDirectory)/data") == 0 else { throw Files.failure(fresh) }
    }

    private var logFile: String { "\(dataDirectory)/postgres.log" }

    /// A socket's path may have 107 bytes (unix(7)); deep data folders get theirs elsewhere.
    private var socketFolder: String {
        let near = "\(dataDirectory)/socket"
        if near.utf8.count + "/.s.PGSQL.5432".utf8.count <= 107 { return near }
        // FNV-1a: a name of fixed length, the same at every start.
        let hash = dataDirectory.utf8.reduce(UInt64(0xcbf2_9ce4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        let runtime = getenv("XDG_RUNTIME_DIR").map { String(cString: $0) } ?? ""
        let parent = geteuid() != 0 && !runtime.isEmpty && runtime.utf8.count < 60 ? runtime : "/tmp"
        return "\(parent)/flotilla-\(String(hash, radix: 16))"
    }

    private func makeSocketFolder(_ account: ServerAccount?) throws(EmbeddedPostgresError) -> String {
        let folder = socketFolder
        // In /tmp somebody else may have made it: then it is not ours to use.
        if let status = Files.status(folder), status.st_uid != geteuid(), status.st_uid != account?.user {
            throw .notOwner(folder: folder, owner: status.st_uid)
        }
        try Files.makeFolder(folder, mode: 0o700, owner: account)
        for name in [".s.PGSQL.5432", ".s.PGSQL.5432.lock"] { try Files.remove("\(folder)/\(name)") }
        return folder
    }

    private func spawn(
        _ binaries: ServerBinaries, _ launch: Launch, data: String, socket: String
    ) throws(EmbeddedPostgresError) -> ChildProcess {
        if let status = Files.status(logFile), status.st_size > 10_000_000 { rename(logFile, "\(logFile).1") }
        let log = open(logFile, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard log >= 0 else { throw Files.failure(logFile) }
        defer { close(log) }
        var settings = [
            "listen_addresses=", "unix_socket_directories=\(socket)", "port=5432", "logging_collector=off", "log_destination=stderr",
            "shared_buffers=64MB", "max_connections=200", "max_wal_size=512MB", "wal_level=minimal", "max_wal_senders=0",
            "synchronous_commit=on", "jit=off", "huge_pages=off",
            // Small containers have 64 MB of shared memory, which parallel queries would use.
            "max_parallel_workers_per_gather=0",
            // Sequential pages are as cheap as others on the disks this runs on.
            "random_page_cost=1.1",
        ]
        if durability == .none { settings += ["fsync=off", "full_page_writes=off"] }
        let command = [binaries.postgres, "-D", data] + settings.flatMap { ["-c", $0] }
        return try ChildProcess(launch.command(command, endsWithUs: true), output: log)
    }

    private func waitUntilReady(_ process: ChildProcess, _ settings: ConnectionSettings) throws {
        let limit = ContinuousClock.now + startTimeout
        var last = "it did not accept connections within \(startTimeout)"
        while ContinuousClock.now < limit {
            if let exit = process.exit { throw startError("it ended (\(exit))") }
            do {
                let connection = try connect(settings.with(database: "postgres"))
                let exists = try connection.pipeline([("select 1 from pg_database where datname = $1", [.text(settings.database)])])
                if exists[0].isEmpty { try connection.script("CREATE DATABASE \(Session.quoted(settings.database))") }
                return
            } catch {
                guard error.isConnectionLost else { throw startError("\(error)") }
                last = "\(error)"
            }
            // Not a pause but the time to the next try: the process's end is noticed at once.
            _ = process.waitForExit(atMost: .milliseconds(20))
        }
        throw startError(last)
    }

    private func connect(_ settings: ConnectionSettings) throws(PostgresError) -> Connection {
        try Connection(
            settings, applicationName: "flotilla-control", wakeUp: WakeUp(), interruption: nil,
            deadline: ContinuousClock.now + .seconds(30), logger: logger)
    }

    private func startError(_ reason: String) -> EmbeddedPostgresError {
        .startFailed(reason: reason, log: logFile, lastLines: Self.lastLines(Files.tail(logFile)))
    }

    private static func lastLines(_ text: String) -> String { text.split(separator: "\n").suffix(12).joined(separator: "\n") }

    /// Fast shutdown, then immediate shutdown, then kill: each when the one before did not end the server in time.
    private func end(_ process: ChildProcess) {
        for (signal, patience) in [(SIGINT, Duration.seconds(60)), (SIGQUIT, .seconds(10))] {
            process.send(signal)
            if process.waitForExit(atMost: patience) { return }
        }
        process.send(SIGKILL, toGroup: true)
        _ = process.waitForExit(atMost: .seconds(10))
    }
}
