// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Manifests

/// What every command to a cluster's agent takes.
struct CommandOptions: ParsableArguments {
    @Option(help: "The cluster's name.")
    var cluster: String

    @Option(help: ArgumentHelp("How long the agent may take to fetch it, such as 90s or 10m; then it expires.", valueName: "time"))
    var expires = TimeSpan(seconds: 600)

    @Option(help: "Why; shown in the events.")
    var reason: String = ""

    @OptionGroup var client: ClientOptions

    func validate() throws {
        guard (5...86_400).contains(expires.seconds) else { throw ValidationError("--expires is from 5s to 1d") }
    }
}

extension CommandOptions {
    func run(_ client: CoordinatorClient) -> CommandRun {
        CommandRun(client: client, cluster: cluster, expires: expires, reason: reason)
    }
}

/// A length of time as people write it: `90s`, `10m`, `1h`, `1h30m`, `2d`.
struct TimeSpan: ExpressibleByArgument, Sendable, Equatable {
    let seconds: Int64

    init(seconds: Int64) { self.seconds = seconds }

    init?(argument: String) {
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
        var total: Int64 = 0
        var digits = ""
        guard !argument.isEmpty, argument.utf8.count <= 20 else { return nil }
        for character in argument {
            if ("0"..."9").contains(character) {
                digits.append(character)
            } else {
                guard let unit = units[character], let count = Int64(digits), count < 1_000_000 else { return nil }
                total += count * unit
                digits = ""
            }
        }
        guard digits.isEmpty else { return nil }
        seconds = total
    }

    var description: String {
        if seconds > 0, seconds % 86_400 == 0 { return "\(seconds / 86_400)d" }
        if seconds > 0, seconds % 3_600 == 0 { return "\(seconds / 3_600)h" }
        if seconds > 0, seconds % 60 == 0 { return "\(seconds / 60)m" }
        return "\(seconds)s"
    }

    var defaultValueDescription: String { description }
}
