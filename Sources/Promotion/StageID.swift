// SPDX-License-Identifier: Apache-2.0

/// A stage: one environment in one pipeline.
package struct StageID: Sendable, Hashable, Comparable, Codable, CustomStringConvertible {
    package let pipeline: String
    package let environment: String

    package init(pipeline: String, environment: String) {
        self.pipeline = pipeline
        self.environment = environment
    }

    /// Reads `PIPELINE/ENVIRONMENT`, as the command line writes it.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else { return nil }
        self.init(pipeline: String(parts[0]), environment: String(parts[1]))
    }

    package var description: String { "\(pipeline)/\(environment)" }

    package static func < (left: StageID, right: StageID) -> Bool {
        (left.pipeline, left.environment) < (right.pipeline, right.environment)
    }
}
