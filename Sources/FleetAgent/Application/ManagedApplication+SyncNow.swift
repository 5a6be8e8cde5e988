// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import KubernetesAPI
import Manifests

/// What was asked of an application's loop besides its task.
struct Resync {
    /// Asked for, and not begun.
    var asked: [SyncWaiter] = []
    /// Wait for the end of the sync that is under way.
    var begun: [SyncWaiter] = []
    /// Objects that are sent again although nothing differs.
    var objects: Set<ObjectIdentity> = []
    /// How many objects had been sent before.
    var sentBefore = 0
}

extension ManagedApplication {
    /// Reads and sends everything again, at once; hooks do not run again. `waiter` is told how that ends.
    func syncNow(_ waiter: SyncWaiter) {
        resync.asked.append(waiter)
        // Its loop has ended, or will without looking again.
        if phase == .removed { tellResync() }
        wakeup.wake()
    }

    /// Begins what was asked for; only the application's own loop does so.
    func beginResync() {
        guard !resync.asked.isEmpty else { return }
        resync.begun += resync.asked
        resync.asked = []
        resync.sentBefore = sent
        guard phase != .removed else { return tellResync() }
        resync.objects = Set(inventory.records.filter { $0.value.applied != nil }.keys)
        needsSync = true
        plan = nil
        retry.reset()
        retryAt = nil
        pendingSince = nil
        toldFailure = nil
        isRefused = false
    }

    /// Tells those who wait, once an outcome is more than a delay.
    func settleResync(_ outcome: SyncOutcome) {
        guard !resync.begun.isEmpty else { return }
        switch outcome {
        case .synced, .held, .removed:
            resync.objects = []
            tellResync()
        case .failing: tellResync()
        case .failed: if phase == .failed || phase == .held { tellResync() }
        case .waiting, .pending: if phase == .failed { tellResync() }
        }
    }

    /// The loop ends: nobody is left waiting.
    func tellResync() {
        let settled = SyncWaiter.Settled(
            phase: phase, message: message, sent: max(0, sent - resync.sentBefore), generation: task.generation)
        for waiter in resync.begun + resync.asked { waiter.settle(settled) }
        resync.begun = []
        resync.asked = []
    }
}
