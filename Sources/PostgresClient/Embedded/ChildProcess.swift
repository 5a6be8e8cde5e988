// SPDX-License-Identifier: Apache-2.0
import CPostgres
import Glibc
import Synchronization
import Threads

/// A program started by us, in a process group of its own, reaped by a thread of its own.
final class ChildProcess: Sendable {
    private struct State {
        var exit: Exit?
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    /// How a program ended.
    struct Exit: Sendable, CustomStringConvertible {
        let code: Int32
        let signal: Int32?
        var description: String { signal.map { "killed by signal \($0)" } ?? "exit code \(code)" }
    }

    let identifier: pid_t
    private let state = Mutex(State())
    /// Signalled for good once the program has ended.
    private let ended = WakeUp()

    /// Starts `command`, whose first element is the program's path, with `output` as standard output and error.
    ///
    /// The child's death signal (`setpriv --pdeathsig`) is tied to the calling thread: call this on a thread that lives on.
    init(_ command: [String], output: Int32) throws(EmbeddedPostgresError) {
        identifier = try Self.spawn(command, output: output)
        let reaper = ThreadExecutor(name: "reap-\(identifier)")
        reaper.start { self.reap() }
        reaper.stop()
    }

    /// Runs `command` to its end; gives how it ended and the last of what it printed.
    static func output(of command: [String]) throws(EmbeddedPostgresError) -> (exit: Exit, text: String) {
        var ends: [Int32] = [0, 0]
        guard pipe2(&ends, O_CLOEXEC) == 0 else { throw .spawn(program: command[0], reason: String(cString: strerror(errno))) }
        defer { close(ends[0]) }
        let started = Result { () throws(EmbeddedPostgresError) in try spawn(command, output: ends[1]) }
        // Only the child holds it now: its end is the end of the output.
        close(ends[1])
        let child = try started.get()
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16 * 1024)
        while true {
            let count = read(ends[0], &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { break }
            text += buffer.prefix(count)
            if text.count > 64 * 1024 { text.removeFirst(text.count - 32 * 1024) }
        }
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0 && errno == EINTR {}
        return (Exit(status), String(decoding: text, as: UTF8.self))
    }

    var exit: Exit? { state.withLock { $0.exit } }

    /// Signals the program and its group; does nothing once it has ended.
    func send(_ signal: Int32, toGroup: Bool = false) {
        // Under the lock the process is not reaped, so its number is still its own.
        state.withLock { state in
            if state.exit == nil { kill(toGroup ? -identifier : identifier, signal) }
        }
    }

    /// Blocks until the program has ended, at most `timeout`; says whether it has.
    func waitForExit(atMost timeout: Duration) -> Bool { ended.wait(atMost: timeout) }

    /// Suspends until the program has ended.
    func exited() async {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                if state.exit == nil { state.waiting.append(continuation) }
                return state.exit != nil
            }
            if isOver { continuation.resume() }
        }
    }

    private func reap() {
        var information = siginfo_t()
        while waitid(P_PID, id_t(identifier), &information, WEXITED | WNOWAIT) != 0 && errno == EINTR {}
        let waiting = state.withLock { state in
            var status: Int32 = 0
            waitpid(identifier, &status, 0)
            state.exit = Exit(status)
            defer { state.waiting = [] }
            return state.waiting
        }
        ended.signal()
        for continuation in waiting { continuation.resume() }
    }

    private static func spawn(_ command: [String], output: Int32) throws(EmbeddedPostgresError) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, output, 2)
        // The server's user may not be allowed into our working directory, and must not inherit our files.
        posix_spawn_file_actions_addchdir_np(&actions, "/")
        posix_spawn_file_actions_addclosefrom_np(&actions, 3)
        // A group of its own: Ctrl-C must not stop the database before its clients. Our threads block signals; the child must not.
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var arguments = command.map { strdup($0) } + [nil]
        var environment = Self.environment().map { strdup($0) } + [nil]
        defer { for text in arguments + environment { free(text) } }
        var child = pid_t()
        let code = posix_spawn(&child, command[0], &actions, &attributes, &arguments, &environment)
        guard code == 0 else { throw .spawn(program: command[0], reason: String(cString: strerror(code))) }
        return child
    }

    /// Ours without what would configure the server behind our back.
    private static func environment() -> [String] {
        var kept = ["LC_ALL=C"]
        for name in ["PATH", "LD_LIBRARY_PATH", "TMPDIR"] {
            if let value = getenv(name) { kept.append("\(name)=\(String(cString: value))") }
        }
        return kept
    }
}

extension ChildProcess.Exit {
    init(_ status: Int32) {
        // sys/wait.h: the low seven bits are the signal, the next byte is the exit code.
        let signal = status & 0x7f
        self.init(code: status >> 8 & 0xff, signal: signal == 0 ? nil : signal)
    }
}
