// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

struct AllCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "all", abstract: "Every benchmark, with small sizes.")

    @Option(help: "The agent's program.")
    var agent: String?

    @OptionGroup var output: OutputOptions

    func run() async throws {
        var findings: [Findings] = []
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
            (
                "agent-memory",
                { try await AgentMemoryBenchmark(objects: 200, applications: 10, idle: 10, program: AgentProcess.find(agent)).run() }
            ),
            ("drift", { try await DriftBenchmark(edits: 50, program: AgentProcess.find(agent)).run() }),
        ]
        for (name, run) in benchmarks {
            Terminal.progress(name)
            findings.append(try await run())
        }
        output.show(findings)
    }
}
