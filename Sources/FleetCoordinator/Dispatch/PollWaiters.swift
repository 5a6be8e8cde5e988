// SPDX-License-Identifier: Apache-2.0
import Manifests
import Synchronization

/// The agents' parked polls: at most one per cluster, woken when the cluster's desired state changes.
///
/// A change between looking and parking is not lost: a poll takes a ticket before it looks, and parks only while the ticket is good.
final class PollWaiters: Sendable {
    private struct Slot {
        var changes: UInt64 = 0
        var waiter: (id: UInt64, deadline: Timestamp, continuation: CheckedContinuation<Void, Never>)?
    }

    private struct State {
        var slots: [String: Slot] = [:]
        var nextID: UInt64 = 0
        var isClosed = false
    }

    private let state = Mutex(State())

    func ticket(for cluster: String) -> UInt64 { state.withLock { $0.slots[cluster]?.changes ?? 0 } }

    /// Parks until the cluster changes after `ticket`, `deadline` passes (see `expire`), a newer poll of the cluster comes, or the task ends.
    func wait(for cluster: String, since ticket: UInt64, deadline: Timestamp) async {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let release = state.withLock { state -> CheckedContinuation<Void, Never>? in
                    var slot = state.slots[cluster] ?? Slot()
                    guard !state.isClosed, slot.changes == ticket, !Task.isCancelled else { return continuation }
                    let older = slot.waiter?.continuation
                    slot.waiter = (id, deadline, continuation)
                    state.slots[cluster] = slot
                    return older
                }
                release?.resume()
            }
        } onCancel: {
            release(cluster, id)
        }
    }

    private func release(_ cluster: String, _ id: UInt64) {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard let waiter = state.slots[cluster]?.waiter, waiter.id == id else { return nil }
            state.slots[cluster]?.waiter = nil
            return waiter.continuation
        }
        waiter?.resume()
    }

    func wake(_ clusters: some Sequence<String>) {
        let waiters = state.withLock { state in
            clusters.compactMap { cluster -> CheckedContinuation<Void, Never>? in
                var slot = state.slots[cluster] ?? Slot()
                slot.changes &+= 1
                let waiter = slot.waiter?.continuation
                slot.waiter = nil
                state.slots[cluster] = slot
                return waiter
            }
        }
        for waiter in waiters { waiter.resume() }
    }

    func wakeAll() { wake(state.withLock { Array($0.slots.keys) }) }

    /// Answers the polls whose time is up; called about once a second.
    func expire(at now: Timestamp) {
        let waiters = state.withLock { state in
            var due: [CheckedContinuation<Void, Never>] = []
            for (cluster, slot) in state.slots {
                guard let waiter = slot.waiter, waiter.deadline <= now else { continue }
                due.append(waiter.continuation)
                state.slots[cluster]?.waiter = nil
            }
            return due
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Lets every poll go, and later ones at once: the coordinator stops.
    func close() {
        state.withLock { $0.isClosed = true }
        wakeAll()
    }

    var parked: Int { state.withLock { state in state.slots.values.count { $0.waiter != nil } } }
}
