// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import HTTPTransport
import KubernetesAPI
import Manifests

struct AgentDriftCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agent-drift", abstract: "From the answer to a manual edit to the corrected object, as a watch sees it.")

    @Option(help: "Edits, each of an object of its own where there are enough.")
    var edits = 200

    @Option(help: "Objects that the agent keeps.")
    var objects = 1_000

    @Option(help: "Applications that they belong to.")
    var applications = 20

    @OptionGroup var options: AgentOptions

    func run() async throws {
        try await options.show { program in
            try await AgentDriftBenchmark(edits: edits, objects: objects, applications: applications, program: program).run()
        }
    }
}

/// Edits of ConfigMaps by another client, one after the other, and a watch that waits for the agent's correction.
struct AgentDriftBenchmark: Sendable {
    var edits: Int
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
                try await Task.sleep(for: .seconds(5))
                let count = try rig.simulator.requests().count
                let before = try agent.processorTime()
                let milliseconds = try await measure(workload, rig)
                let processor = try agent.processorTime() - before
                // What follows a heal has been sent by then.
                try await Task.sleep(for: .seconds(2))
                let sent = try rig.simulator.requests(from: count).filter { $0.isAgents && !$0.isAllowedWhenIdle }
                var findings = Findings("agent-drift")
                findings.add("edits among \(workload.objectCount) objects", Double(milliseconds.count), "edits")
                findings.add("edit to corrected, p50", milliseconds.median, "ms", budget: "<= 5")
                findings.add("edit to corrected, p99", milliseconds.percentile(99), "ms", budget: "<= 50")
                findings.add("edit to corrected, longest", milliseconds.max() ?? 0, "ms")
                findings.add(
                    "requests by the agent, watch and lease left out", Double(sent.count) / Double(max(1, milliseconds.count)), "per edit",
                    budget: "1")
                findings.add("the agent's processor time", processor / Double(max(1, milliseconds.count)) * 1e6, "µs per edit")
                if sent.contains(where: { $0.method != "PATCH" }) { findings.remarks.append("sent: \(sent.summary)") }
                findings.remarks.append("the cluster is simulated; the agent's program: \(program)")
                return findings
            }
        }
    }

    private func measure(_ workload: AgentWorkload, _ rig: AgentRig) async throws -> [Double] {
        let client = KubernetesClient(
            connection: try rig.simulator.connection(), options: KubernetesClient.Options(userAgent: "flotilla-bench", httpVersion: .http1))
        let names = workload.configMaps
        let namespace = AgentWorkload.namespace
        var version = try await client.list(.configMaps, Selection(namespace: namespace, fieldSelector: "metadata.name=none")) { _ in }
        var events = try await client.watch(.configMaps, Selection(namespace: namespace), from: version).makeAsyncIterator()
        var milliseconds: [Double] = []
        for index in 0..<edits {
            let name = names[index % names.count]
            let edited = try await client.patch(
                .configMaps, namespace: namespace, name: name, .merge(["data": ["LOG_LEVEL": "edited"]]),
                options: WriteOptions(fieldManager: "bench"))
            let answered = Clock.monotonic
            let edit = edited.object.at("metadata", "resourceVersion")?.string ?? ""
            var isPast = false
            while true {
                guard let event = try await events.next(isolation: nil) else { throw BenchError("the watch ended before the correction") }
                guard case .modified(let object) = event, object.at("metadata", "name")?.string == name else { continue }
                version = object.at("metadata", "resourceVersion")?.string ?? ""
                if version == edit {
                    isPast = true
                } else if isPast, object.at("data", "LOG_LEVEL")?.string == "info" {
                    milliseconds.append((Clock.monotonic - answered) * 1_000)
                    break
                }
            }
        }
        await client.shutdown()
        return milliseconds
    }
}
