// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Manifests

struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "From a commit to desired state: a real coordinator, PostgreSQL and Git.")

    @Option(help: "Applications of the fleets.")
    var applications = Sizes([1, 100, 1_000])

    @Option(help: "Commits of one changed file each.")
    var commits = 5

    @OptionGroup var output: OutputOptions

    func run() async throws {
        output.show([try await PlanBenchmark(applications: applications.values, commits: commits).run()])
    }
}

/// A first plan of everything, and then commits that change one file.
struct PlanBenchmark: Sendable {
    var applications: [Int]
    var commits: Int

    func run() async throws -> Findings {
        var findings = Findings("plan")
        for count in applications {
            Terminal.progress("plan: \(count) applications")
            let fleet = SampleFleet(clusters: 1, applications: count, contents: .kustomization)
            let measured = try await LocalCoordinator.run(fleet.files) { try await measure(fleet, $0) }
            let name = count == 1 ? "1 application" : "\(count) applications"
            findings.add("\(name): first plan", measured.cold * 1_000, "ms")
            findings.add("\(name): renders of the first plan", Double(measured.coldRenders), "renders")
            findings.add("\(name): one file, push to planned", measured.planned.median * 1_000, "ms", budget: "< 100 for 10,000")
            findings.add("\(name): one file, renders", Double(measured.renders), "renders", budget: "1")
            findings.add(
                "\(name): one file, push to task at the agent", measured.dispatched.median * 1_000, "ms", budget: "< 1,000 for 10,000")
        }
        return findings
    }

    struct Measured: Sendable {
        var cold = 0.0
        var coldRenders = 0
        /// By commit, in seconds.
        var planned: [Double] = []
        var dispatched: [Double] = []
        /// The most of any commit.
        var renders = 0
    }

    private func measure(_ fleet: SampleFleet, _ local: LocalCoordinator) async throws -> Measured {
        var measured = Measured()
        let head = try await local.repository.head()
        let first = try await eventually("first plan", atMost: 600) { try await local.api.release(head) }
        measured.cold = Clock.monotonic - local.startedAt
        measured.coldRenders = Int(first["renders"]?.int ?? 0)
        var agent = try await FakeAgent(SampleFleet.cluster(0), of: local.api)
        try await agent.settle(applications: fleet.applications)
        try await local.api.verified(head)
        for revision in 1...max(1, commits) {
            // The webhook counts once a second.
            try await Task.sleep(for: .milliseconds(1_100))
            let changing = (fleet.applications / 2 + revision) % fleet.applications
            let commit = try await local.repository.commit(
                SampleFleet.changingFile(changing), fleet.changed(changing, revision: revision))
            let waiting = agent
            async let next = Self.nextTasks(waiting)
            try await Task.sleep(for: .milliseconds(100))
            let begin = Clock.monotonic
            try await local.repository.push(commit)
            try await local.api.callWebhook()
            let release = try await eventually("plan of a commit", every: .milliseconds(2)) { try await local.api.release("\(commit.id)") }
            measured.planned.append(Clock.monotonic - begin)
            measured.renders = max(measured.renders, Int(release["renders"]?.int ?? 0))
            let (told, at) = try await next
            measured.dispatched.append(at - begin)
            agent = told
            try await agent.report()
            try await local.api.verified("\(commit.id)")
        }
        return measured
    }

    /// Waits for news and says when they came.
    private static func nextTasks(_ waiting: FakeAgent) async throws -> (FakeAgent, Double) {
        var agent = waiting
        while true {
            if !(try await agent.poll(waitSeconds: 50)).isEmpty { return (agent, Clock.monotonic) }
        }
    }
}
