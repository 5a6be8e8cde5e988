// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Manifests

struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "From a commit to desired state: a real coordinator, PostgreSQL and Git.")

    @Option(help: "Applications of the fleets.")
    var applications = Sizes([1, 100, 1_000, 10_000])

    @Option(help: "Commits of one changed file each.")
    var commits = 5

    @OptionGroup var output: OutputOptions

    func run() async throws {
        output.show([try await PlanBenchmark(applications: applications.values, commits: commits).run()])
    }
}

/// A first plan of everything, then commits that change one file, then one that changes a base of many overlays.
struct PlanBenchmark: Sendable {
    var applications: [Int]
    var commits: Int

    /// Overlays of the shared base, in fleets that are large enough.
    private static let overlays = 100

    func run() async throws -> Findings {
        var findings = Findings("plan")
        for count in applications {
            Terminal.progress("plan: \(count) applications")
            let sharing = count >= Self.overlays ? Self.overlays : 0
            let fleet = SampleFleet(clusters: 1, applications: count, contents: .kustomization, sharing: sharing)
            Memory.resetPeak()
            let log = RenderLog()
            let measured = try await LocalCoordinator.run(fleet.files, logger: log.logger) { try await measure(fleet, $0, log) }
            add(measured, count, to: &findings)
        }
        findings.remarks.append(
            "peak memory is the whole process's: the coordinator, and the benchmark's own copy of the fleet and its agent")
        return findings
    }

    private func add(_ measured: Measured, _ count: Int, to findings: inout Findings) {
        let name = count == 1 ? "1 application" : "\(count) applications"
        findings.add("\(name): first plan", measured.cold * 1_000, "ms")
        findings.add("\(name): renders of the first plan", Double(measured.coldRenders), "renders")
        findings.add("\(name): rate of the first plan", Double(measured.coldRenders) / measured.cold, "renders/s")
        findings.add("\(name): peak memory of the first plan", Double(measured.coldPeak) / 1_048_576, "MiB", budget: "< 1,024 for 10,000")
        findings.add("\(name): one file, finding the affected renders", measured.finding.median * 1_000, "ms", budget: "< 100 for 10,000")
        findings.add("\(name): one file, push to affected renders known", measured.known.median * 1_000, "ms")
        findings.add("\(name): one file, push to planned", measured.planned.median * 1_000, "ms")
        findings.add("\(name): one file, renders", Double(measured.renders), "renders", budget: "1")
        findings.add("\(name): one file, push to desired rows", measured.desired.median * 1_000, "ms", budget: "< 1,000 for 10,000")
        findings.add("\(name): one file, push to task at the agent", measured.dispatched.median * 1_000, "ms")
        if let base = measured.base {
            findings.add("\(name): base of \(Self.overlays) overlays, renders", Double(base.renders), "renders", budget: "\(Self.overlays)")
            findings.add("\(name): base of \(Self.overlays) overlays, push to planned", base.planned * 1_000, "ms")
            findings.add("\(name): base of \(Self.overlays) overlays, push to desired rows", base.desired * 1_000, "ms")
        }
        findings.add("\(name): peak memory", Double(measured.peak) / 1_048_576, "MiB")
    }

    struct Measured: Sendable {
        var cold = 0.0
        var coldRenders = 0
        /// Bytes.
        var coldPeak = 0
        /// By commit, in seconds: how long it took to find the affected renders, and then from the push until they were known, until the plan
        /// was stored, until desired rows were written, until the agent had its task.
        var finding: [Double] = []
        var known: [Double] = []
        var planned: [Double] = []
        var desired: [Double] = []
        var dispatched: [Double] = []
        /// The most of any commit.
        var renders = 0
        var base: (renders: Int, planned: Double, desired: Double)?
        /// Bytes, of everything.
        var peak = 0
    }

    private func measure(_ fleet: SampleFleet, _ local: LocalCoordinator, _ log: RenderLog) async throws -> Measured {
        var measured = Measured()
        let head = try await local.repository.head()
        let first = try await eventually("first plan", atMost: 600) { try await local.api.release(head) }
        measured.cold = Clock.monotonic - local.startedAt
        measured.coldRenders = Int(first["renders"]?.int ?? 0)
        measured.coldPeak = Memory.peak
        var agent = try await FakeAgent(SampleFleet.cluster(0), of: local.api)
        try await agent.settle(applications: fleet.applications)
        try await local.api.verified(head)
        for revision in 1...max(1, commits) {
            let changing = (fleet.applications / 2 + revision) % fleet.applications
            let step = try await change(
                SampleFleet.changingFile(changing), fleet.changed(changing, revision: revision), seenAt: changing, agent, local, log)
            measured.finding.append(step.finding)
            measured.known.append(step.known)
            measured.planned.append(step.planned)
            measured.desired.append(step.desired)
            measured.dispatched.append(step.dispatched)
            measured.renders = max(measured.renders, step.renders)
            agent = step.agent
        }
        if fleet.sharing > 0 {
            let step = try await change(SampleFleet.sharedFile, SampleFleet.shared(revision: 1), seenAt: 0, agent, local, log)
            measured.base = (step.renders, step.planned, step.desired)
        }
        measured.peak = Memory.peak
        return measured
    }

    private struct Step: Sendable {
        var renders: Int
        /// Seconds.
        var finding: Double
        /// Seconds from the push.
        var known: Double
        var planned: Double
        var desired: Double
        var dispatched: Double
        var agent: FakeAgent
    }

    /// Pushes one changed file and follows it until its stage is verified.
    private func change(
        _ path: String, _ contents: [UInt8], seenAt application: Int, _ waiting: FakeAgent, _ local: LocalCoordinator, _ log: RenderLog
    ) async throws -> Step {
        // The webhook counts once a second.
        try await Task.sleep(for: .milliseconds(1_100))
        let commit = try await local.repository.commit(path, contents)
        async let next = Self.nextTasks(waiting)
        async let desired = Self.desired("\(commit.id)", of: application, local.api)
        try await Task.sleep(for: .milliseconds(100))
        let begin = Clock.monotonic
        try await local.repository.push(commit)
        try await local.api.callWebhook()
        let release = try await eventually("plan of a commit", every: .milliseconds(2)) { try await local.api.release("\(commit.id)") }
        let planned = Clock.monotonic - begin
        let desiredAt = try await desired
        var (told, at) = try await next
        try await told.report()
        try await local.api.verified("\(commit.id)")
        guard let entry = log.entry(of: "\(commit.id)") else { throw BenchError("the coordinator said nothing of its renders") }
        return Step(
            renders: Int(release["renders"]?.int ?? 0), finding: entry.finding, known: entry.knownAt - begin, planned: planned,
            desired: desiredAt - begin, dispatched: at - begin, agent: told)
    }

    /// Waits until a release is desired of an application, and says since when.
    private static func desired(_ release: String, of application: Int, _ api: CoordinatorAPI) async throws -> Double {
        try await eventually("desired rows of a commit", every: .milliseconds(3)) { () -> Double? in
            let states = try await api.get("/api/v1/applications/\(SampleFleet.application(application))?limit=1")["states"]
            return states?["items"]?.list?.first?["release"]?.string == release ? Clock.monotonic : nil
        }
    }

    /// Waits for news and says when they came.
    private static func nextTasks(_ waiting: FakeAgent) async throws -> (FakeAgent, Double) {
        var agent = waiting
        while true {
            if !(try await agent.poll(waitSeconds: 50)).isEmpty { return (agent, Clock.monotonic) }
        }
    }
}
