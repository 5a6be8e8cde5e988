// SPDX-License-Identifier: Apache-2.0
import Glibc
import Manifests
import Synchronization
import Threads

/// Watches a bare repository's branches from outside, and notes when each commit became a branch's head.
final class BranchWatcher: Sendable {
    private let seen = Mutex<[String: Timestamp]>([:])
    private let isOver = Atomic(false)
    private let thread = ThreadExecutor(name: "branch-watcher")

    init(repository: String, branches: [String]) {
        let files = branches.map { "\(repository)/refs/heads/\($0)" }
        thread.start { [self] in
            while !isOver.load(ordering: .relaxed) {
                for file in files { look(file) }
                usleep(5_000)
            }
        }
    }

    func stop() -> [String: Timestamp] {
        isOver.store(true, ordering: .relaxed)
        thread.stop()
        return seen.withLock { $0 }
    }

    /// A branch's file is written anew with each of its heads: the file's own time is when.
    private func look(_ file: String) {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var status = stat()
        var bytes = [UInt8](repeating: 0, count: 64)
        guard fstat(descriptor, &status) == 0, read(descriptor, &bytes, bytes.count) >= 40 else { return }
        let commit = String(decoding: bytes[..<40], as: UTF8.self)
        let time = Timestamp(milliseconds: Int64(status.st_mtim.tv_sec) * 1_000 + Int64(status.st_mtim.tv_nsec) / 1_000_000)
        seen.withLock { seen in if seen[commit] == nil { seen[commit] = time } }
    }
}
