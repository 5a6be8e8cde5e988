// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// A stage as the command line names it: `PIPELINE/ENVIRONMENT`.
struct StageTarget: ExpressibleByArgument, Sendable {
    let pipeline: String
    let environment: String

    init?(argument: String) {
        let parts = argument.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else { return nil }
        pipeline = String(parts[0])
        environment = String(parts[1])
    }

    var path: String { "/stages/\(Percent.encode(pipeline))/\(Percent.encode(environment))" }
    var description: String { "\(pipeline)/\(environment)" }
    var defaultValueDescription: String { description }
}
