// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

struct AccessCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "access", abstract: "Find out who may do what.", subcommands: [AccessCheck.self])
}
