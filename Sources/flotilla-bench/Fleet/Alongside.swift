// SPDX-License-Identifier: Apache-2.0

/// Runs a service for as long as `body` takes.
func alongside<Result: Sendable>(
    _ service: @escaping @Sendable () async throws -> Void, do body: @escaping @Sendable () async throws -> Result
) async throws -> Result {
    try await withThrowingTaskGroup(of: Result?.self) { group in
        group.addTask {
            try await service()
            return nil
        }
        group.addTask { try await body() }
        guard let first = try await group.next(), let result = first else { throw BenchError("a service ended before its benchmark") }
        group.cancelAll()
        return result
    }
}

/// Looks again every few milliseconds until there is an answer.
/// - Throws: `BenchError` when that takes too long.
func eventually<Result>(
    _ what: String, atMost seconds: Double = 120, every pause: Duration = .milliseconds(5), _ look: () async throws -> Result?
) async throws -> Result {
    let end = Clock.monotonic + seconds
    while Clock.monotonic < end {
        if let result = try await look() { return result }
        try await Task.sleep(for: pause)
    }
    throw BenchError("waited \(Int(seconds)) s in vain: \(what)")
}
