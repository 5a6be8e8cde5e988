// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

@main
struct FlotillaBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flotilla-bench",
        abstract: "Measures Flotilla.",
        discussion: """
            Every figure is measured in the run that prints it. Where a program of others that does the same is at hand (kubectl, Python's \
            libyaml binding, Foundation), it is measured beside ours, so that the ratio does not depend on the machine.

            Examples:
              flotilla-bench yaml
              flotilla-bench rollout --clusters 10,100 --output json
              flotilla-bench all
            """,
        subcommands: [
            YAMLCommand.self, JSONCommand.self, KustomizeCommand.self, PlanCommand.self, DispatchCommand.self, RolloutCommand.self,
            AgentApplyCommand.self, AgentMemoryCommand.self, AgentDriftCommand.self, AgentIdleCommand.self, AllCommand.self,
            SimulatorCommand.self, ExpressionsCommand.self,
        ],
        defaultSubcommand: AllCommand.self)
}
