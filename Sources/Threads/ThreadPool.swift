// SPDX-License-Identifier: Apache-2.0

/// A few threads that share blocking work; each body goes to the one with the least to do.
package struct ThreadPool: Sendable {
    /// The pool's threads.
    package let executors: [ThreadExecutor]

    /// Makes a pool of `count` threads (at least one), named `name-0`, `name-1`, …; each starts with its first work.
    package init(name: String, count: Int) {
        executors = (0..<max(1, count)).map { ThreadExecutor(name: "\(name)-\($0)") }
    }

    /// The executor that has least to do right now: what a new actor should live on.
    package var leastLoaded: ThreadExecutor {
        var best = executors[0]
        var load = best.load
        for executor in executors.dropFirst() where load > 0 {
            let other = executor.load
            if other < load {
                best = executor
                load = other
            }
        }
        return best
    }

    /// Runs `body` on one of the threads; see `ThreadExecutor.run`.
    package func run<T: Sendable>(_ body: @Sendable @escaping () throws -> T) async throws -> T {
        try await leastLoaded.run(body)
    }

    /// Stops every thread; see `ThreadExecutor.stop`.
    package func stop() {
        for executor in executors { executor.stop() }
    }
}
