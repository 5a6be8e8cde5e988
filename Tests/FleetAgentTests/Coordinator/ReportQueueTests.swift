// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Manifests
import Testing

@testable import FleetAgent

@Suite struct ReportQueueTests {
    private static func report(_ name: String, _ phase: ApplicationReport.Phase) -> ApplicationReport {
        ApplicationReport(
            application: name, generation: Generation(epoch: 1, counter: 1), bundle: .sha256([]), phase: phase, health: .current,
            since: .epoch)
    }

    @Test("Only the latest state of an application is told, once")
    func coalescing() {
        let queue = ReportQueue()
        queue.put(Self.report("web", .syncing), urgent: false)
        queue.put(Self.report("web", .synced), urgent: true)
        #expect(queue.isUrgent)
        #expect(queue.take()?.applications.map(\.phase) == [.synced])
        #expect(queue.take() == nil)
        queue.repeatEverything()
        #expect(queue.take()?.applications.count == 1)
        queue.forget("web")
        queue.repeatEverything()
        #expect(queue.take() == nil)
    }

    @Test("Too many events: what matters least goes, and the loss is said")
    func bound() {
        let queue = ReportQueue()
        queue.add(AgentEvent(.drift, at: .epoch, message: "kept"))
        for _ in 0..<ReportQueue.eventsMax { queue.add(AgentEvent(.healed, at: .epoch)) }
        let first = queue.take()
        #expect(first?.events.first?.kind == .drift)
        #expect(first?.events.first?.message == "kept (1 other events were lost meanwhile)")
        #expect(first?.events.count == Report.eventsMax)
    }
}
