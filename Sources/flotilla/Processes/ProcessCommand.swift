// SPDX-License-Identifier: Apache-2.0
import Glibc

/// How a program ended.
enum ProcessExit: Sendable, Equatable, CustomStringConvertible {
    case code(Int32)
    case signal(Int32)

    /// - Parameter status: as waitpid(2) gives it: the low seven bits are the signal, the next byte is the exit code.
    init(status: Int32) { self = status & 0x7F == 0 ? .code(status >> 8 & 0xFF) : .signal(status & 0x7F) }

    var description: String {
        switch self {
        case .code(let code): "exit code \(code)"
        case .signal(let signal): "killed by signal \(signal)"
        }
    }
}

/// What to start: a program's path, its arguments, and what is added to our own environment.
struct ProcessCommand: Sendable {
    var program: String
    var arguments: [String]
    var environment: [String: String] = [:]
    /// Where its standard output and error go, at the end of what is there.
    var logFile: String

    /// Starts the program in a process group of its own, so that Ctrl-C reaches only us and everything is stopped in order.
    ///
    /// The kernel ends it with SIGTERM when the calling *thread* ends, where `setpriv` is installed.
    func start() throws(Failure) -> pid_t {
        let log = open(logFile, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard log >= 0 else { throw Failure("\(logFile): \(String(cString: strerror(errno)))") }
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
        // Our threads block signals; the child must not.
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        Self.keepFilesToOurselves()
        let line = Self.dyingWithUs + [program] + arguments
        var words = line.map { strdup($0) } + [nil]
        var variables = Self.variables(adding: environment).map { strdup($0) } + [nil]
        defer { for text in words + variables { free(text) } }
        var child = pid_t()
        let code = posix_spawn(&child, line[0], &actions, &attributes, &words, &variables)
        guard code == 0 else { throw Failure("\(program) cannot be started: \(String(cString: strerror(code)))") }
        return child
    }

    /// Marks every open file as ours alone: what a library forgot to mark would stay open in the child.
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

    private static let dyingWithUs: [String] =
        ["/usr/bin/setpriv", "/bin/setpriv"].first(where: LocalFile.isExecutable).map { [$0, "--pdeathsig", "TERM"] } ?? []

    /// Our environment without what is set anew, and without settings that are meant for us.
    private static func variables(adding added: [String: String]) -> [String] {
        var kept: [String] = []
        var next = environ
        while let entry = next.pointee {
            let text = String(cString: entry)
            let name = String(text.prefix { $0 != "=" })
            if added[name] == nil, !name.hasPrefix("FLOTILLA_") { kept.append(text) }
            next += 1
        }
        return kept + added.map { "\($0.key)=\($0.value)" }
    }
}
