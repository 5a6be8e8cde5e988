// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import KubernetesAPI
import Synchronization

/// Whether the API server answers; each change becomes one event.
final class Reachability: Sendable {
    private let isUnreachable = Mutex(false)
    let reports: ReportQueue
    private let clock: AgentClock

    init(reports: ReportQueue, clock: AgentClock) {
        self.reports = reports
        self.clock = clock
    }

    func answered() {
        reports.meter.clusterAnswers(true)
        let changed = isUnreachable.withLock { flag in
            defer { flag = false }
            return flag
        }
        if changed { reports.add(AgentEvent(.clusterReachable, at: clock.now(), message: "the API server answers again")) }
    }

    func failed(_ error: KubernetesError) {
        guard error.code == 0, !error.isCancelled, error.transport != nil else {
            if error.code != 0 { answered() }
            return
        }
        reports.meter.clusterAnswers(false)
        let changed = isUnreachable.withLock { flag in
            defer { flag = true }
            return !flag
        }
        if changed { reports.add(AgentEvent(.clusterUnreachable, at: clock.now(), message: error.message)) }
    }
}
