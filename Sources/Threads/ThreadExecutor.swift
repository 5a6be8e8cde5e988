// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Runs blocking work in order on one thread of its own, away from the cooperative pool.
///
/// Use it as an actor's executor, or hand it single bodies with `run`. The thread ends when `stop` was called or the last
/// reference is gone, after it has done what was already handed over. It never keeps the process from exiting.
package final class ThreadExecutor: SerialExecutor, Sendable {
    /// The name of the thread; Linux keeps its first 15 bytes.
    package let name: String
    private let worker: Worker

    /// Makes an executor whose thread starts with the first work.
    /// - Parameters:
    ///   - name: shown by debuggers and `top -H`.
    ///   - queueMax: bodies that may wait for the thread; further callers of `run` are suspended, first come first served.
    package init(name: String, queueMax: Int = 256) {
        self.name = name
        worker = Worker(name: name, queueMax: max(1, queueMax))
    }

    deinit { worker.stop() }

    /// Runs `body` on the thread and returns its result.
    ///
    /// Cancelling the calling task neither stops nor skips the body: who needs that gives the body a flag or a wake-up.
    /// - Throws: what `body` throws; `ThreadError.stopped` after `stop`.
    package func run<T: Sendable>(_ body: @Sendable @escaping () throws -> T) async throws -> T {
        try await worker.admit()
        return try await withCheckedThrowingContinuation { continuation in
            worker.enqueue(
                .body {
                    let result = Result { try body() }
                    return { continuation.resume(with: result) }
                })
        }
    }

    /// Hands `body` to the thread without waiting for it: for a loop that lives on the thread until something tells it to end.
    ///
    /// After `stop` the body is not run. It takes no place in the queue.
    package func start(_ body: @Sendable @escaping () -> Void) {
        worker.start(body)
    }

    /// Refuses further bodies and lets the thread end once it has done what it was given; does not wait for that.
    ///
    /// Jobs of actors on this executor are still run afterwards (an actor must be able to finish); the thread starts again for them.
    package func stop() { worker.stop() }

    /// Bodies and jobs that wait or run.
    package var load: Int { worker.load }

    /// Whether the caller is on this executor's thread.
    package var isCurrent: Bool { worker.isCurrent }

    package func enqueue(_ job: consuming ExecutorJob) {
        // The work holds `self`: an actor may be released by its own last job, and its executor must outlive that job.
        worker.enqueue(.job(UnownedJob(job), self))
    }

    package func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

    package func checkIsolated() { precondition(isCurrent, "not on the thread of executor '\(name)'") }
}

/// Why a thread took no work.
package enum ThreadError: Error, Equatable, CustomStringConvertible {
    /// The executor was stopped.
    case stopped(name: String)

    package var description: String {
        switch self {
        case .stopped(let name): "the thread '\(name)' was stopped and takes no more work"
        }
    }
}
