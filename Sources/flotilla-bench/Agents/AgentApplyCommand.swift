// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FleetAgent
import Manifests

struct AgentApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agent-apply",
        abstract: "How fast an agent applies, beside a client that only sends the same requests, and what it sends where nothing changed.")

    @Option(help: "ConfigMaps of one application that are applied beside the raw client; 0 leaves this out.")
    var configMaps = 500

    @Option(help: "Objects of all kinds of the first sync; 0 leaves this out.")
    var objects = 1_000

    @Option(help: "Applications that they belong to.")
    var applications = 20

    @Option(help: "What the cluster adds to every answer; milliseconds.")
    var latency = 5

    @Option(help: "Times that each is measured; medians are shown.")
    var runs = 5

    @OptionGroup var options: AgentOptions

    func run() async throws {
        try await options.show { program in
            try await AgentApplyBenchmark(
                configMaps: configMaps, objects: objects, applications: applications, latency: latency, runs: runs, program: program
            ).run()
        }
    }
}

/// A real agent process, a simulated cluster in another one, and this process for the coordinator and for the raw client.
struct AgentApplyBenchmark: Sendable {
    var configMaps = 500
    var objects = 1_000
    var applications = 20
    var latency = 5
    var runs = 5
    var program: String

    func run() async throws -> Findings {
        var findings = Findings("agent-apply")
        for usesTLS in [true, false] {
            let scheme = usesTLS ? "HTTPS" : "HTTP"
            if configMaps > 0 { try await compare(usesTLS, scheme, &findings) }
            if objects > 0 { try await first(usesTLS, scheme, &findings) }
        }
        findings.remarks.append(
            "latency \(latency) ms; medians of \(runs) runs; at most \(Agent.appliesAtOnce) applies at once; the agent's program: \(program)"
        )
        return findings
    }

    /// One application of ConfigMaps, by the agent and by the raw client in turn.
    private func compare(_ usesTLS: Bool, _ scheme: String, _ findings: inout Findings) async throws {
        let workload = try AgentWorkload(objects: configMaps, applications: 1, .configMaps)
        var raws: [Double] = []
        var agents: [Sync] = []
        for run in 0..<max(1, runs) {
            Terminal.progress("agent-apply: \(scheme), \(configMaps) ConfigMaps, run \(run + 1)")
            raws.append(try await raw(workload, usesTLS))
            agents.append(try await sync(workload, usesTLS))
        }
        let raw = raws.median
        let agent = agents.map(\.applying).median
        findings.add("\(scheme), \(configMaps) ConfigMaps: raw client", Double(configMaps) / raw, "objects per second")
        findings.add("the agent, from its first apply to its last", Double(configMaps) / agent, "objects per second", budget: ">= 1000")
        findings.add("the agent's time by the raw client's", agent / raw, "times", budget: "<= 1.10")
        findings.add("the agent, from its task to its report", agents.map(\.whole).median * 1_000, "ms")
        findings.add("the agent's processor time", agents.map(\.processor).median / Double(configMaps) * 1e6, "µs per object")
    }

    /// The first sync of many applications, and then the same once more under new generations.
    private func first(_ usesTLS: Bool, _ scheme: String, _ findings: inout Findings) async throws {
        let workload = try AgentWorkload(objects: objects, applications: applications, .mixed)
        var raws: [Double] = []
        var syncs: [Sync] = []
        for run in 0..<max(1, runs) {
            Terminal.progress("agent-apply: \(scheme), \(workload.objectCount) objects, run \(run + 1)")
            raws.append(try await raw(workload, usesTLS))
            syncs.append(try await sync(workload, usesTLS))
        }
        let whole = syncs.map(\.whole).median
        findings.add(
            "\(scheme), first sync of \(workload.objectCount) objects in \(applications) applications, from tasks to reports",
            Double(workload.objectCount) / whole, "objects per second", budget: ">= 1000")
        findings.add("the raw client with the same objects", Double(workload.objectCount) / raws.median, "objects per second")
        findings.add("the agent's applies alone", Double(workload.objectCount) / syncs.map(\.applying).median, "objects per second")
        findings.add("until everything is healthy", syncs.map(\.healthy).median, "s")
        findings.add("the same again: requests sent", syncs.map { Double($0.repeated.count) }.max() ?? 0, "requests", budget: "0")
        if let sent = syncs.map(\.repeated).first(where: { !$0.isEmpty }) { findings.remarks.append("sent again: \(sent.summary)") }
    }

    private func raw(_ workload: AgentWorkload, _ usesTLS: Bool) async throws -> Double {
        let folder = try ScratchFolder.kept()
        let applies = workload.applies
        return try await SimulatorProcess.run(in: folder, named: "raw", latency: latency, usesTLS: usesTLS) { simulator in
            let seconds = try await RawClient.apply(applies, to: try simulator.connection(), concurrency: Agent.appliesAtOnce)
            let seen = try simulator.requests().filter(\.isApply)
            // The same clock as the agent's: the server's.
            return seen.count == applies.count ? seen.span : seconds
        }
    }

    struct Sync: Sendable {
        /// From the answer that handed the tasks out to the report that all is applied, and that all is healthy; seconds.
        var whole: Double
        var healthy: Double
        /// From the first apply to the last, as the server saw them.
        var applying: Double
        var processor: Double
        /// What was sent when the same bundles came again.
        var repeated: [LoggedRequest]
    }

    private func sync(_ workload: AgentWorkload, _ usesTLS: Bool) async throws -> Sync {
        try await AgentRig.run(program: program, latency: latency, usesTLS: usesTLS) { rig in
            try await rig.withAgent { agent in
                try await rig.tasks.waitForIdlePoll()
                let before = try agent.processorTime()
                rig.tasks.give(workload, generation: 1)
                let whole = try await rig.tasks.applied()
                let processor = try agent.processorTime() - before
                let healthy = try await rig.tasks.healthy()
                let applies = try rig.simulator.requests().filter(\.isApply)
                guard applies.count == workload.objectCount else {
                    throw BenchError("\(applies.count) applies of \(workload.objectCount) objects")
                }
                let count = try rig.simulator.requests().count
                rig.tasks.give(workload, generation: 2)
                _ = try await rig.tasks.applied()
                let repeated = try rig.simulator.requests(from: count).filter {
                    $0.isAgents && !$0.isAllowedWhenIdle && !$0.isAboutAgent
                }
                return Sync(whole: whole, healthy: healthy, applying: applies.span, processor: processor, repeated: repeated)
            }
        }
    }
}

extension LoggedRequest {
    /// Whether it applies an object of the workload.
    var isApply: Bool { method == "PATCH" && path.contains("/namespaces/\(AgentWorkload.namespace)/") }
}
