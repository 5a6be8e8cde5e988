// SPDX-License-Identifier: Apache-2.0
import Glibc
import Logging

/// Sees to it that one process at a time uses a state folder: two would be one instance to the coordinator and to the Lease.
enum StateLock {
    private static let look = Duration.seconds(1)

    /// Runs `body` with the folder locked; waits while another process has it. Not at all when the task is cancelled meanwhile.
    static func held<Result>(
        _ folder: String, _ clock: AgentClock, _ logger: Logger, _ body: () async throws -> Result
    ) async throws -> Result? {
        try Folder.make(folder)
        let path = "\(folder)/lock"
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw StateError.last(path) }
        defer { close(descriptor) }
        var isTold = false
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            // Some file systems have no locks: then the Lease alone must do.
            guard errno == EWOULDBLOCK || errno == EINTR else {
                logger.warning("\(path) cannot be locked: \(String(cString: strerror(errno)))")
                break
            }
            if !isTold { logger.warning("another agent uses \(folder): this one waits until it has ended") }
            isTold = true
            do { try await clock.sleep(look) } catch { return nil }
        }
        return try await body()
    }
}
