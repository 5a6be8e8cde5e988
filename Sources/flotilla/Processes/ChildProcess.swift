// SPDX-License-Identifier: Apache-2.0
import Glibc
import Synchronization
import Threads

/// A program that we started and that we wait for.
final class ChildProcess: Sendable {
    private struct State {
        var exit: ProcessExit?
        var waiting: [CheckedContinuation<ProcessExit, Never>] = []
    }

    let identifier: pid_t
    private let state = Mutex(State())

    init(identifier: pid_t) { self.identifier = identifier }

    var exit: ProcessExit? { state.withLock { $0.exit } }

    /// Signals the program; nothing happens once it has ended.
    func send(_ signal: Int32) {
        // Until it is marked as ended its number is still its own: `reap` marks it before it frees the number.
        state.withLock { if $0.exit == nil { _ = kill(identifier, signal) } }
    }

    /// Waits for its end; blocks the calling thread, which must be one of its own.
    func reap() {
        var information = siginfo_t()
        // WNOWAIT: it stays a zombie, so that its number cannot be another program's before `exit` is set.
        while waitid(P_PID, id_t(identifier), &information, WEXITED | WNOWAIT) < 0 && errno == EINTR {}
        let waiting = state.withLock { state in
            var status: Int32 = 0
            while waitpid(identifier, &status, 0) < 0 && errno == EINTR {}
            state.exit = ProcessExit(status: status)
            defer { state.waiting = [] }
            return state.waiting
        }
        guard let exit else { return }
        for continuation in waiting { continuation.resume(returning: exit) }
    }

    /// Suspends until it has ended.
    func exited() async -> ProcessExit {
        await withCheckedContinuation { continuation in
            let exit = state.withLock { state -> ProcessExit? in
                if state.exit == nil { state.waiting.append(continuation) }
                return state.exit
            }
            if let exit { continuation.resume(returning: exit) }
        }
    }
}
