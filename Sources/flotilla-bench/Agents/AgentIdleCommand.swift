// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import KubernetesAPI
import Manifests

struct AgentIdleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agent-idle", abstract: "What an agent costs and sends in a quiet time, with its objects in place and nothing to do.")

    @Option(help: "Objects that the agent keeps.")
    var objects = 1_000

    @Option(help: "Applications that they belong to.")
    var applications = 20

    @Option(help: "How long to look.")
    var minutes = 10

    @OptionGroup var options: AgentOptions

    func run() async throws {
        try await options.show { program in
            try await AgentIdleBenchmark(seconds: minutes * 60, objects: objects, applications: applications, program: program).run()
        }
    }
}

/// A real agent process and a simulated cluster in another one, which logs every request.
struct AgentIdleBenchmark: Sendable {
    var seconds: Int
    var objects = 1_000
    var applications = 20
    var program: String

    func run() async throws -> Findings {
        let workload = try AgentWorkload(objects: objects, applications: applications, .mixed)
        return try await AgentRig.run(program: program) { rig in
            try await rig.withAgent { agent in
                try await rig.tasks.waitForIdlePoll()
                rig.tasks.give(workload, generation: 1)
                _ = try await rig.tasks.healthy()
                // What follows a sync is over by then.
                try await Task.sleep(for: .seconds(10))
                let count = try rig.simulator.requests().count
                let polls = rig.tasks.polls
                let before = try agent.processorTime()
                Terminal.progress("agent-idle: \(seconds) s of quiet")
                try await Task.sleep(for: .seconds(seconds))
                let processor = try agent.processorTime() - before
                let requests = try rig.simulator.requests(from: count).filter(\.isAgents)
                let period = "in \(seconds) s"
                var findings = Findings("agent-idle")
                findings.add("objects", Double(workload.objectCount), "objects")
                findings.add("processor", processor / Double(seconds) * 100, "% of a core", budget: "< 0.1")
                findings.add(
                    "requests, neither watch nor lease", Double(requests.filter { !$0.isAllowedWhenIdle }.count), period, budget: "0")
                findings.add("requests, watches opened again", Double(requests.filter { $0.verb == "watch" }.count), period)
                findings.add(
                    "requests, leases", Double(requests.filter { $0.path.contains("/leases/") }.count), period,
                    budget: "<= \(seconds / 10 + 1)")
                findings.add("polls of the coordinator", Double(rig.tasks.polls - polls), period)
                if !requests.isEmpty { findings.remarks.append("requests: \(requests.summary)") }
                findings.add("requests after one edit of one field", try await Self.edit(workload, rig), "PATCH", budget: "1")
                findings.remarks.append("the agent's program: \(program)")
                return findings
            }
        }
    }

    /// Changes one field by another client. Returns what the agent sends then.
    private static func edit(_ workload: AgentWorkload, _ rig: AgentRig) async throws -> Double {
        let client = KubernetesClient(connection: try rig.simulator.connection())
        let count = try rig.simulator.requests().count
        _ = try await client.patch(
            .configMaps, namespace: AgentWorkload.namespace, name: workload.configMaps.first ?? "",
            .merge(["data": ["LOG_LEVEL": "edited"]]), options: WriteOptions(fieldManager: "bench"))
        try await Task.sleep(for: .seconds(5))
        await client.shutdown()
        let sent = try rig.simulator.requests(from: count).filter { $0.isAgents && !$0.isAllowedWhenIdle }
        guard sent.allSatisfy({ $0.method == "PATCH" }) else { throw BenchError("after one edit: \(sent.summary)") }
        return Double(sent.count)
    }
}
