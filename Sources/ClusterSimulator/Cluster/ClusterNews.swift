// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Tells those who wait that something in a cluster has changed.
final class ClusterNews: Sendable {
    private struct State {
        var version: Int64 = 0
        var next = 0
        var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
    }

    private let state = Mutex(State())

    /// The newest version that was told of.
    var version: Int64 { state.withLock { $0.version } }

    func tell(_ version: Int64) {
        let waiting: [CheckedContinuation<Void, Never>] = state.withLock { state in
            guard version > state.version else { return [] }
            state.version = version
            defer { state.waiting = [:] }
            return state.waiting.values.map { $0 }
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Returns once there is a newer version, or the task is cancelled.
    func wait(after version: Int64) async {
        let id = state.withLock { state in
            state.next += 1
            return state.next
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if Task.isCancelled || state.version > version { return true }
                    state.waiting[id] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: id) }?.resume()
        }
    }
}
