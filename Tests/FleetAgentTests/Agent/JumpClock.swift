// SPDX-License-Identifier: Apache-2.0
import FleetAgent
import Manifests
import Synchronization

/// The system's time, and steps ahead on demand: what waits for a time that is over then goes on.
final class JumpClock: Sendable {
    private let ahead = Mutex(Duration.zero)

    func jump(_ duration: Duration) { ahead.withLock { $0 += duration } }

    private var now: Timestamp { AgentClock.system.now() + ahead.withLock { $0 } }

    var clock: AgentClock {
        AgentClock(
            now: { self.now },
            sleep: { duration in
                let end = self.now + duration
                while self.now < end { try await Task.sleep(for: min(end - self.now, .milliseconds(10))) }
            })
    }
}
