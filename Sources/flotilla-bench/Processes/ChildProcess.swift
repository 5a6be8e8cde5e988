// SPDX-License-Identifier: Apache-2.0
import Glibc
import Threads

/// Another program, run beside ours.
struct ChildProcess: Sendable {
    let pid: pid_t

    /// - Parameters:
    ///   - arguments: the program, looked up in PATH where it has no slash, and what follows it.
    ///   - output: the file that takes its standard output and error.
    static func start(_ arguments: [String], output: String = "/dev/null", environment: [String: String] = [:]) throws -> ChildProcess {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
        for (name, value) in environment { setenv(name, value, 1) }
        var pid: pid_t = 0
        let words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        let code = posix_spawnp(&pid, arguments[0], &actions, nil, words, environ)
        guard code == 0 else { throw BenchError("cannot start \(arguments[0]): \(String(cString: strerror(code)))") }
        return ChildProcess(pid: pid)
    }

    /// Runs a program to its end and gives its exit status; blocks.
    static func run(_ arguments: [String], output: String = "/dev/null") throws -> Int32 { try start(arguments, output: output).wait() }

    /// Blocks until it has ended; 128 and the signal where one killed it.
    @discardableResult
    func wait() -> Int32 {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        return status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F
    }

    func stop(_ signal: Int32 = SIGTERM) {
        kill(pid, signal)
        wait()
    }

    /// Whether a program of this name is in PATH.
    static func isInstalled(_ program: String) -> Bool {
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
        return path.split(separator: ":").contains { access("\($0)/\(program)", X_OK) == 0 }
    }
}
