// SPDX-License-Identifier: Apache-2.0
import Logging
import Synchronization

/// Hands out links, most recently used first; callers that find none wait in line.
final class LinkPool: Sendable {
    private struct State {
        var idle: [Link] = []
        var made = 0
        var isClosed = false
        var line: [(ticket: UInt64, continuation: CheckedContinuation<Link, any Error>)] = []
        var tickets: UInt64 = 0
        var closers: [CheckedContinuation<Void, Never>] = []
    }

    private let settings: ConnectionSettings
    private let size: Int
    private let waitersMax: Int
    private let logger: Logger
    private let state = Mutex(State())

    init(settings: ConnectionSettings, size: Int, waitersMax: Int, logger: Logger) {
        self.settings = settings
        self.size = max(1, size)
        self.waitersMax = waitersMax
        self.logger = logger
    }

    /// A link for the caller alone, until it gives it back.
    func acquire(until deadline: ContinuousClock.Instant?) async throws -> Link {
        if let link = try takeIdle() { return link }
        let ticket = state.withLock { state in
            state.tickets += 1
            return state.tickets
        }
        guard let deadline else { return try await wait(ticket, until: nil) }
        return try await withThrowingTaskGroup(of: Link?.self) { group in
            group.addTask { try await self.wait(ticket, until: deadline) }
            group.addTask {
                try await Task.sleep(until: deadline, clock: .continuous)
                return nil
            }
            defer { group.cancelAll() }
            // The sleep alone throws when the caller is cancelled; the wait then has thrown, or returns, first or second.
            while let answer = await group.nextResult() {
                switch answer {
                case .success(let link?): return link
                case .success(nil):
                    self.abandon(ticket, Self.late)
                case .failure(let error):
                    if error is CancellationError { continue }
                    throw error
                }
            }
            throw CancellationError()
        }
    }

    func release(_ link: Link) {
        let (next, closers) = state.withLock { state -> (CheckedContinuation<Link, any Error>?, [CheckedContinuation<Void, Never>]) in
            if !state.line.isEmpty { return (state.line.removeFirst().continuation, []) }
            state.idle.append(link)
            guard state.isClosed, state.idle.count == state.made else { return (nil, []) }
            defer { state.closers = [] }
            return (nil, state.closers)
        }
        next?.resume(returning: link)
        for closer in closers { closer.resume() }
    }

    /// Refuses new callers and those in line, waits for links in use, and closes all.
    func close() async {
        let refused = state.withLock { state in
            defer { state.line = [] }
            state.isClosed = true
            return state.line
        }
        for waiter in refused { waiter.continuation.resume(throwing: Self.closed) }
        await withCheckedContinuation { continuation in
            let isQuiet = state.withLock { state in
                let isQuiet = state.idle.count == state.made
                if !isQuiet { state.closers.append(continuation) }
                return isQuiet
            }
            if isQuiet { continuation.resume() }
        }
        let links = state.withLock { state in
            defer {
                state.idle = []
                state.made = 0
            }
            return state.idle
        }
        for link in links { await link.close() }
    }

    private static var closed: PostgresError { PostgresError(.closed, "the database was closed") }

    private func takeIdle() throws -> Link? {
        try state.withLock { state in
            guard !state.isClosed else { throw Self.closed }
            // Who came earlier is served first: `release` gives to the line before it makes a link idle.
            if let link = state.idle.popLast() { return link }
            guard state.made < size else {
                guard state.line.count < waitersMax else {
                    throw PostgresError(.poolExhausted, "\(waitersMax) callers already wait for a database connection")
                }
                return nil
            }
            state.made += 1
            return Link(number: state.made, settings: settings, logger: logger)
        }
    }

    private func wait(_ ticket: UInt64, until deadline: ContinuousClock.Instant?) async throws -> Link {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let answer: Result<Link, any Error>? = state.withLock { state in
                    if state.isClosed { return .failure(Self.closed) }
                    // Under the lock: an `abandon` that comes later finds the caller in the line.
                    if Task.isCancelled { return .failure(Self.cancelled) }
                    if let deadline, ContinuousClock.now >= deadline { return .failure(Self.late) }
                    if let link = state.idle.popLast() { return .success(link) }
                    state.line.append((ticket, continuation))
                    return nil
                }
                if let answer { continuation.resume(with: answer) }
            }
        } onCancel: {
            abandon(ticket, Self.cancelled)
        }
    }

    private static var late: PostgresError { PostgresError(.poolExhausted, "no database connection came free in time") }
    private static var cancelled: PostgresError { PostgresError(.cancelled, "the caller was cancelled") }

    private func abandon(_ ticket: UInt64, _ error: PostgresError) {
        let continuation = state.withLock { state -> CheckedContinuation<Link, any Error>? in
            guard let index = state.line.firstIndex(where: { $0.ticket == ticket }) else { return nil }
            return state.line.remove(at: index).continuation
        }
        continuation?.resume(throwing: error)
    }
}
