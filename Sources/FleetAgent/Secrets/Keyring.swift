// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// The agent's own keys, once they are known: nothing is read back from disk, compared or sent before.
final class Keyring: Sendable {
    private let known = Mutex<AgentKeys?>(nil)
    private let gate = Gate()

    /// `nil` until they are known.
    var keys: AgentKeys? { known.withLock { $0 } }

    func use(_ keys: AgentKeys) {
        known.withLock { $0 = keys }
        gate.open()
    }

    /// Returns when the keys are known, or when the task is cancelled.
    func wait() async { await gate.wait() }
}
