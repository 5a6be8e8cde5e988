// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Manifests

struct DispatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dispatch", abstract: "Polls answered and reports stored per second by one coordinator, over HTTP.")

    @Option(help: "Agents that ask at once, each for its own cluster.")
    var agents = 100

    @Option(help: "Applications of each cluster.")
    var applications = 10

    @Option(help: "Seconds of each measurement.")
    var seconds = 5.0

    @OptionGroup var output: OutputOptions

    func run() async throws {
        output.show([try await DispatchBenchmark(agents: agents, applications: applications, seconds: seconds).run()])
    }
}

/// Many agents at once that ask and tell without pause. They share this machine with the coordinator and its database.
struct DispatchBenchmark: Sendable {
    var agents: Int
    var applications: Int
    var seconds: Double

    func run() async throws -> Findings {
        let fleet = SampleFleet(clusters: agents, applications: applications, contents: .plain(configMaps: 1, services: 0, deployments: 0))
        return try await LocalCoordinator.run(fleet.files) { try await measure(fleet, $0) }
    }

    private func measure(_ fleet: SampleFleet, _ local: LocalCoordinator) async throws -> Findings {
        var findings = Findings("dispatch")
        let head = try await local.repository.head()
        _ = try await eventually("first plan", atMost: 600) { try await local.api.release(head) }
        var agents: [FakeAgent] = []
        for name in fleet.clusterNames { agents.append(try await FakeAgent(name, of: local.api)) }
        agents = try await Self.all(agents) { try await $0.settle(applications: fleet.applications) }
        try await local.api.verified(head)

        let polls = try await load(&agents) { _ = try await $0.poll(waitSeconds: 0) }
        findings.add("polls answered", polls.perSecond, "per second")
        findings.add("poll, p50", polls.milliseconds.median, "ms")
        findings.add("poll, p99", polls.milliseconds.percentile(99), "ms")
        let reports = try await load(&agents) { try await $0.report(1) }
        findings.add("reports of one application, durable", reports.perSecond, "per second", budget: ">= 10,000")
        findings.add("report, p50", reports.milliseconds.median, "ms")
        findings.add("report, p99", reports.milliseconds.percentile(99), "ms")
        let full = try await load(&agents) { try await $0.report() }
        findings.add("reports of \(applications) applications, durable", full.perSecond, "per second")
        findings.add("application states stored", full.perSecond * Double(applications), "per second")
        findings.remarks.append("\(self.agents) agents, coordinator and PostgreSQL share the processors; every report is committed to disk")
        return findings
    }

    private struct Load {
        var perSecond: Double
        /// Of each request.
        var milliseconds: [Double]
    }

    /// Lets every agent repeat an action without pause, for as long as a measurement takes.
    private func load(_ agents: inout [FakeAgent], _ act: @escaping @Sendable (inout FakeAgent) async throws -> Void) async throws -> Load {
        let begin = Clock.monotonic
        let end = begin + seconds
        let results = try await withThrowingTaskGroup(of: (FakeAgent, [Double]).self) { group in
            for agent in agents {
                group.addTask {
                    var agent = agent
                    var times: [Double] = []
                    while Clock.monotonic < end {
                        let start = Clock.monotonic
                        try await act(&agent)
                        times.append((Clock.monotonic - start) * 1_000)
                    }
                    return (agent, times)
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        agents = results.map(\.0)
        let times = results.flatMap(\.1)
        return Load(perSecond: Double(times.count) / (Clock.monotonic - begin), milliseconds: times)
    }

    private static func all(
        _ agents: [FakeAgent], _ act: @escaping @Sendable (inout FakeAgent) async throws -> Void
    ) async throws -> [FakeAgent] {
        try await withThrowingTaskGroup(of: FakeAgent.self) { group in
            for agent in agents {
                group.addTask {
                    var agent = agent
                    try await act(&agent)
                    return agent
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }
}
