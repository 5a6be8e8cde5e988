// SPDX-License-Identifier: Apache-2.0
import Manifests
import Synchronization

/// Whether the agent's loops go round. Each says, before it does something, by when it will be heard of again.
final class Pulse: Sendable {
    private let due = Mutex<[String: Timestamp]>([:])
    private let clock: AgentClock

    init(clock: AgentClock) { self.clock = clock }

    /// A loop is alive, and says so again within this time.
    func beat(_ loop: String, within time: Duration) {
        let end = clock.now() + time
        due.withLock { $0[loop] = end }
    }

    /// A loop waits for something that may never come, or has ended.
    func rest(_ loop: String) { due.withLock { $0[loop] = nil } }

    /// The loops that should have been heard of by now, sorted.
    var stuck: [String] {
        let now = clock.now()
        return due.withLock { due in due.filter { $0.value < now }.keys.sorted() }
    }
}
