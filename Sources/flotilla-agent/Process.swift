// SPDX-License-Identifier: Apache-2.0
import CThreads
import Dispatch
import Glibc
import KubernetesAPI

/// What the program settles with the operating system.
enum Process {
    /// Before anything else: one memory arena, and no death by a closed connection.
    static func prepare() {
        flotilla_use_one_arena()
        signal(SIGPIPE, SIG_IGN)
    }

    /// Waits for SIGTERM or SIGINT, or for the task's cancellation.
    static func stopSignal() async -> Int32 {
        let (signals, continuation) = AsyncStream<Int32>.makeStream()
        let sources = [SIGTERM, SIGINT].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { continuation.yield(number) }
            source.resume()
            return source
        }
        defer { for source in sources { source.cancel() } }
        for await number in signals { return number }
        return SIGTERM
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
