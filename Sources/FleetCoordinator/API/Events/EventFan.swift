// SPDX-License-Identifier: Apache-2.0
import Logging
import Manifests
import PostgresClient
import Synchronization

/// Tells any number of readers that there are new events: of this process at once, of other coordinators within a second.
final class EventFan: Sendable {
    fileprivate struct State {
        var horizon = EventHorizon()
        var isAligned = false
        var isAdvancing = false
        var isClosed = false
        var streams = 0
        var nextID: UInt64 = 0
        var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
    }

    private let state = Mutex(State())
    private let store: Store
    private let time: WallTime
    private let bell: Bell
    private let logger: Logger

    /// Streams that may be open at once.
    static let streamsMax = 256
    private static let batch = 1_000

    init(store: Store, time: WallTime, bell: Bell, logger: Logger) {
        self.store = store
        self.time = time
        self.bell = bell
        self.logger = logger
    }

    /// Every event up to this number can be read in order.
    var horizon: Int64 { state.withLock { $0.horizon.horizon } }
    var isClosed: Bool { state.withLock { $0.isClosed } }
    var streams: Int { state.withLock { $0.streams } }

    /// Takes a stream's place; `false` when there are too many, or the coordinator stops. Give it back with `leave`.
    func enter() -> Bool {
        let entered = state.withLock { state in
            guard !state.isClosed, state.streams < Self.streamsMax else { return false }
            state.streams += 1
            return true
        }
        if entered { bell.ring() }
        return entered
    }

    func leave() { state.withLock { $0.streams -= 1 } }

    /// Suspends until there are events after `id`, the fan is closed, or `duration` has passed.
    func wait(after id: Int64, atMost duration: Duration) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.wait(after: id) }
            group.addTask { try? await Task.sleep(for: duration) }
            await group.next()
            group.cancelAll()
        }
    }

    private func wait(after id: Int64) async {
        let waiter = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let goOn = state.withLock { state in
                    if state.isClosed || state.horizon.horizon > id || Task.isCancelled { return true }
                    state.waiters[waiter] = continuation
                    return false
                }
                if goOn { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: waiter) }?.resume()
        }
    }

    /// Lets all readers go; streams end.
    func close() {
        let waiters = state.withLock { state in
            state.isClosed = true
            return state.takeWaiters()
        }
        for waiter in waiters { waiter.resume() }
        bell.ring()
    }

    /// Looks for new events whenever something may have happened, until cancelled.
    func run() async {
        while !Task.isCancelled {
            let (hasReaders, isHeldBack) = state.withLock { (!$0.isClosed && $0.streams > 0, $0.horizon.waits) }
            await bell.wait(atMost: hasReaders ? (isHeldBack ? .milliseconds(100) : .seconds(1)) : .seconds(5))
            guard state.withLock({ !$0.isClosed && $0.streams > 0 }) else { continue }
            do { _ = try await advance() } catch {
                logger.warning("events were not read", metadata: ["error": "\(error)"])
                // The database comes back by itself; asking it without a pause helps nobody.
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    /// Moves the horizon as far as it goes now, and wakes the readers; returns it.
    @discardableResult
    func advance() async throws -> Int64 {
        guard
            state.withLock({ state in
                defer { state.isAdvancing = true }
                return !state.isAdvancing
            })
        else { return horizon }
        defer { state.withLock { $0.isAdvancing = false } }
        if !state.withLock({ $0.isAligned }) {
            // Old events are all settled; only the newest may still be followed by smaller numbers.
            let newest = try await store.database.read { try EventRows.newest($0) }
            state.withLock { state in
                state.horizon = EventHorizon(horizon: max(0, newest - Int64(Self.batch)))
                state.isAligned = true
            }
        }
        while true {
            let from = horizon
            let read = try await store.database.read { try ReadFleet.eventIDs($0, after: from, limit: Self.batch) }
            let now = time.now
            let waiters = state.withLock { state -> [CheckedContinuation<Void, Never>] in
                state.horizon.advance(over: read.ids, oldestOpen: read.oldestOpen, nextTransaction: read.nextTransaction, at: now)
                return state.horizon.horizon > from ? state.takeWaiters() : []
            }
            for waiter in waiters { waiter.resume() }
            if read.ids.count < Self.batch || horizon == from { return horizon }
        }
    }
}

extension EventFan.State {
    fileprivate mutating func takeWaiters() -> [CheckedContinuation<Void, Never>] {
        defer { waiters = [:] }
        return Array(waiters.values)
    }
}
