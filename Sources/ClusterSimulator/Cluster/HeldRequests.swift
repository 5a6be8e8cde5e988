// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Requests that are not answered until they are let go, so that a test can have something happen meanwhile.
final class HeldRequests: Sendable {
    fileprivate struct State {
        var held: Set<String> = []
        var next = 0
        var waiting: [Int: (request: String, continuation: CheckedContinuation<Void, Never>)] = [:]
        var watchers: [Int: CheckedContinuation<Void, Never>] = [:]
    }

    private let state = Mutex(State())

    /// Holds these requests from now on, as `GET /api/v1/…` without a query; those that are no longer among them go on.
    func hold(_ requests: Set<String>) {
        let freed = state.withLock { state in
            state.held = requests
            let freed = state.waiting.filter { !requests.contains($0.value.request) }
            for id in freed.keys { state.waiting[id] = nil }
            return freed.values.map(\.continuation)
        }
        for continuation in freed { continuation.resume() }
    }

    /// Returns once a request may be answered, or the task is cancelled.
    func pass(_ request: String) async {
        guard let id = state.withLock({ $0.held.contains(request) ? $0.newNumber() : nil }) else { return }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (passes, watchers): (Bool, [CheckedContinuation<Void, Never>]) = state.withLock { state in
                    if Task.isCancelled || !state.held.contains(request) { return (true, []) }
                    state.waiting[id] = (request, continuation)
                    defer { state.watchers = [:] }
                    return (false, state.watchers.values.map { $0 })
                }
                if passes { continuation.resume() }
                for watcher in watchers { watcher.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: id) }?.continuation.resume()
        }
    }

    /// Returns once one of the held requests waits for its answer, and says which; `nil` when the task is cancelled.
    func arrival() async -> String? {
        while !Task.isCancelled {
            if let request = state.withLock({ $0.waiting.min { $0.key < $1.key }?.value.request }) { return request }
            let id = state.withLock { $0.newNumber() }
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let isThere = state.withLock { state in
                        if Task.isCancelled || !state.waiting.isEmpty { return true }
                        state.watchers[id] = continuation
                        return false
                    }
                    if isThere { continuation.resume() }
                }
            } onCancel: {
                state.withLock { $0.watchers.removeValue(forKey: id) }?.resume()
            }
        }
        return nil
    }
}

extension HeldRequests.State {
    fileprivate mutating func newNumber() -> Int {
        next += 1
        return next
    }
}
