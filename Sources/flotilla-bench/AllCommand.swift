// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

struct AllCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "all", abstract: "Every benchmark, with small sizes.")

    @Option(help: "The agent's program.")
    var agent: String?

    @OptionGroup var output: OutputOptions

    func run() async throws {
        var findings: [Findings] = []
        let program = try AgentProcess.find(agent)
        defer { ScratchFolder.removeKept() }
        let benchmarks: [(name: String, run: () async throws -> Findings)] = [
            ("yaml", { try await YAMLBenchmark(megabytes: 2).run() }),
            ("json", { try await JSONBenchmark(megabytes: 2).run() }),
            (
                "kustomize",
                {
                    try await KustomizeBenchmark(
                        overlays: 100, resources: [200, 1_000], peerResources: 200, program: KustomizeBenchmark.sibling
                    ).run()
                }
            ),
            ("plan", { try await PlanBenchmark(applications: [1, 100], commits: 3).run() }),
            ("dispatch", { try await DispatchBenchmark(agents: 50, applications: 10, seconds: 3).run() }),
            ("rollout", { try await RolloutBenchmark(clusters: [10], commits: 3).run() }),
            ("agent-apply", { try await AgentApplyBenchmark(configMaps: 200, objects: 200, runs: 1, program: program).run() }),
            ("agent-memory", { try await AgentMemoryBenchmark(objects: [200], program: program).run() }),
            ("agent-drift", { try await AgentDriftBenchmark(edits: 50, objects: 200, program: program).run() }),
            ("agent-idle", { try await AgentIdleBenchmark(seconds: 10, objects: 200, program: program).run() }),
        ]
        for (name, run) in benchmarks {
            Terminal.progress(name)
            findings.append(try await run())
        }
        output.show(findings)
    }
}
