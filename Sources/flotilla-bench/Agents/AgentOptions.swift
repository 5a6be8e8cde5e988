// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// What every benchmark of the agent can be told.
struct AgentOptions: ParsableArguments {
    @Option(help: "The agent's program.")
    var agent: String?

    @OptionGroup var output: OutputOptions

    /// Runs a benchmark with the agent's program and prints what it found.
    func show(_ body: (String) async throws -> Findings) async throws {
        defer { ScratchFolder.removeKept() }
        output.show([try await body(try AgentProcess.find(agent))])
    }
}
