// SPDX-License-Identifier: Apache-2.0
import Glibc
import Synchronization
import Threads

/// A program that a test has started, and may kill.
final class Program: Sendable {
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    enum End: Sendable, Equatable {
        case code(Int32)
        case signal(Int32)
    }

    let identifier: pid_t
    private let ended = Mutex<End?>(nil)

    /// Starts `command`, whose first element is the program's path. What it prints is appended to `logFile`.
    /// - Parameter launcher: lives as long as the program may run: the kernel ends the program with this thread.
    static func start(
        _ command: [String], environment: [String: String] = [:], logFile: String, launcher: ThreadExecutor
    ) async throws -> Program {
        let program = try await launcher.run { Program(identifier: try spawn(command, environment, logFile)) }
        let reaper = ThreadExecutor(name: "reap-\(program.identifier)")
        reaper.start { program.reap() }
        reaper.stop()
        return program
    }

    private init(identifier: pid_t) { self.identifier = identifier }

    var end: End? { ended.withLock { $0 } }

    /// Signals the program; nothing happens once it has ended.
    func send(_ signal: Int32) { ended.withLock { if $0 == nil { _ = kill(identifier, signal) } } }

    /// Waits for its end; `nil` when it has not ended in time.
    func ended(within limit: Duration) async -> End? {
        let deadline = ContinuousClock.now + limit
        while end == nil, ContinuousClock.now < deadline { try? await Task.sleep(for: .milliseconds(5)) }
        return end
    }

    /// As kill(1) -9, and waits until it is gone.
    func killNow() async {
        send(SIGKILL)
        _ = await ended(within: .seconds(20))
    }

    private func reap() {
        var information = siginfo_t()
        // It stays a zombie until its end is noted, so that its number cannot be another program's before.
        while waitid(P_PID, id_t(identifier), &information, WEXITED | WNOWAIT) < 0 && errno == EINTR {}
        ended.withLock { end in
            var status: Int32 = 0
            while waitpid(identifier, &status, 0) < 0 && errno == EINTR {}
            end = status & 0x7F == 0 ? .code(status >> 8 & 0xFF) : .signal(status & 0x7F)
        }
    }

    private static func spawn(_ command: [String], _ added: [String: String], _ logFile: String) throws -> pid_t {
        let log = open(logFile, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard log >= 0 else { throw Failure(description: "\(logFile): \(String(cString: strerror(errno)))") }
        defer { close(log) }
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, log, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, log, STDERR_FILENO)
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        keepFilesToOurselves()
        let setpriv = "/usr/bin/setpriv"
        let line = (access(setpriv, X_OK) == 0 ? [setpriv, "--pdeathsig", "KILL"] : []) + command
        var words = line.map { strdup($0) } + [nil]
        var variables = self.variables(adding: added).map { strdup($0) } + [nil]
        defer { for text in words + variables { free(text) } }
        var child = pid_t()
        let code = posix_spawn(&child, line[0], &actions, &attributes, &words, &variables)
        guard code == 0 else { throw Failure(description: "\(command[0]): \(String(cString: strerror(code)))") }
        return child
    }

    /// What somebody forgot to mark would stay open in the child.
    private static func keepFilesToOurselves() {
        guard let folder = opendir("/proc/self/fd") else { return }
        defer { closedir(folder) }
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if let descriptor = Int32(name), descriptor > 2 { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        }
    }

    /// Our environment without settings of Flotilla's.
    private static func variables(adding added: [String: String]) -> [String] {
        var kept: [String] = []
        var next = environ
        while let entry = next.pointee {
            let text = String(cString: entry)
            if !text.hasPrefix("FLOTILLA_") { kept.append(text) }
            next += 1
        }
        return kept + added.map { "\($0.key)=\($0.value)" }
    }
}

/// Asks again and again until there is an answer.
func eventually<Result>(
    _ what: String, within limit: Duration, every pause: Duration = .milliseconds(20), _ body: () async throws -> Result?
) async throws -> Result {
    let deadline = ContinuousClock.now + limit
    while true {
        if let result = try await body() { return result }
        guard ContinuousClock.now < deadline else { throw Program.Failure(description: "not within \(limit): \(what)") }
        try await Task.sleep(for: pause)
    }
}
