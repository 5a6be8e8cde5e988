// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Manifests

struct AgentMemoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agent-memory", abstract: "What an agent's process costs, with its objects in place and nothing to do.")

    @Option(help: "Objects that the agent keeps.")
    var objects = 1_000

    @Option(help: "Applications that they belong to.")
    var applications = 20

    @Option(help: "Seconds of idleness to look at.")
    var idle = 30

    @Option(help: "The agent's program.")
    var agent: String?

    @OptionGroup var output: OutputOptions

    func run() async throws {
        let program = try AgentProcess.find(agent)
        output.show([try await AgentMemoryBenchmark(objects: objects, applications: applications, idle: idle, program: program).run()])
    }
}

/// A real agent process, a real coordinator, and a simulated cluster that logs every request.
struct AgentMemoryBenchmark: Sendable {
    var objects: Int
    var applications: Int
    var idle: Int
    var program: String

    /// What follows a sync (tidying up, giving memory back) is over by then.
    private static let settling = Duration.seconds(10)

    func run() async throws -> Findings {
        // One Deployment in ten objects, two Services, the rest ConfigMaps.
        let each = max(1, objects / applications)
        let contents = SampleFleet.Contents.plain(configMaps: each - each / 5 - each / 10, services: each / 5, deployments: each / 10)
        let fleet = SampleFleet(clusters: 1, applications: applications, contents: contents)
        return try await LocalCoordinator.run(fleet.files) { local in
            try await LocalClusters.run(fleet.clusterNames, folder: local.folder) { clusters in
                let head = try await local.repository.head()
                _ = try await eventually("first plan") { try await local.api.release(head) }
                let begin = Clock.monotonic
                let agent = try await AgentProcess.start(
                    program: program, cluster: SampleFleet.cluster(0), local: local, clusters: clusters)
                var findings: Findings
                do {
                    defer { agent.process.stop() }
                    try await local.api.verified(head)
                    let sync = Clock.monotonic - begin
                    findings = try await measure(agent, clusters, objects: each * applications, sync: sync)
                }
                // The same objects, without the traces of their first sync.
                let restarted = try await AgentProcess.start(
                    program: program, cluster: SampleFleet.cluster(0), local: local, clusters: clusters)
                defer { restarted.process.stop() }
                try await Task.sleep(for: Self.settling)
                findings.add("anonymous memory after a restart", try restarted.memory("RssAnon"), "MiB", budget: "<= 12")
                return findings
            }
        }
    }

    private func measure(_ agent: AgentProcess, _ clusters: LocalClusters, objects: Int, sync: Double) async throws -> Findings {
        var findings = Findings("agent-memory")
        let cluster = SampleFleet.cluster(0)
        try await Task.sleep(for: Self.settling)
        let applied = try clusters.requests(cluster).count
        let before = try agent.processorTime()
        try await Task.sleep(for: .seconds(idle))
        let processor = try agent.processorTime() - before
        let requests = try clusters.requests(cluster, from: applied)
        findings.add("objects", Double(objects), "objects")
        findings.add("first sync, from start to verified", sync, "s")
        findings.add("first sync", Double(objects) / sync, "objects per second")
        findings.add("anonymous memory", try agent.memory("RssAnon"), "MiB", budget: "<= 12")
        findings.add("resident memory", try agent.memory("VmRSS"), "MiB")
        findings.add("resident memory at its peak", try agent.memory("VmHWM"), "MiB")
        findings.add("processor, idle", processor / Double(idle) * 100, "% of a core", budget: "< 0.1")
        findings.add("requests while idle, all", Double(requests.count), "in \(idle) s")
        let others = requests.filter { !["watch"].contains($0["verb"]?.string) && $0["path"]?.string?.contains("/leases/") != true }
        findings.add("requests while idle, neither watch nor lease", Double(others.count), "in \(idle) s", budget: "0")
        findings.remarks.append("the agent's program: \(program)")
        return findings
    }
}
