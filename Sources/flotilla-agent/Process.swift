// SPDX-License-Identifier: Apache-2.0
import CThreads
import Glibc
import KubernetesAPI
import Threads

/// What the program settles with the operating system.
enum Process {
    /// Before anything else: one memory arena, no death by a closed pipe, and stop signals kept for `stopSignal`.
    static func prepare() {
        flotilla_use_one_arena()
        signal(SIGPIPE, SIG_IGN)
        var signals = stopSignals()
        pthread_sigmask(SIG_BLOCK, &signals, nil)
    }

    /// Waits for SIGTERM or SIGINT.
    static func stopSignal() async -> Int32 {
        let thread = ThreadExecutor(name: "signals")
        let received = try? await thread.run {
            var signals = stopSignals()
            var signal: Int32 = 0
            sigwait(&signals, &signal)
            return signal
        }
        return received ?? SIGTERM
    }

    private static func stopSignals() -> sigset_t {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGTERM)
        sigaddset(&signals, SIGINT)
        return signals
    }

    /// Reads a small file as a whole.
    static func read(_ path: String) throws -> [UInt8] {
        guard let file = fopen(path, "rbe") else { throw ConnectionError(.unreadableFile, "\(path): \(String(cString: strerror(errno)))") }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = fread(&bytes, 1, bytes.count, file)
        return Array(bytes[..<count])
    }
}
