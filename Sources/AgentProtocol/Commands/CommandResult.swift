// SPDX-License-Identifier: Apache-2.0
package import Manifests

/// How a command ended. There is one for each command that an agent has taken.
package struct CommandResult: Sendable, Hashable {
    package enum Outcome: String, Sendable, CaseIterable {
        case done, failed
        /// Came too late to be begun.
        case expired
    }

    package var id: Generation
    package var outcome: Outcome
    /// In words a person can act on.
    package var message: String
    /// What was asked for, by the command's kind; masked by the agent. Null where there is nothing.
    package var output: Value
    /// `nil` where it was not begun.
    package var startedAt: Timestamp?
    package var finishedAt: Timestamp

    /// The longest output, as JSON; bytes.
    package static let outputBytesMax = 1 << 20

    package init(
        id: Generation, outcome: Outcome, message: String, output: Value = .null, startedAt: Timestamp? = nil, finishedAt: Timestamp
    ) {
        self.id = id
        self.outcome = outcome
        self.message = message
        self.output = output
        self.startedAt = startedAt
        self.finishedAt = finishedAt
    }

    package var json: Value {
        var map: Map = [
            "id": id.json, "outcome": .string(outcome.rawValue), "message": .string(message), "finishedAt": .string(finishedAt.rfc3339),
        ]
        if let startedAt { map["startedAt"] = .string(startedAt.rfc3339) }
        if !output.isNull { map["output"] = output }
        return .map(map)
    }

    package init(json value: Value, at path: String) throws(ShapeError) {
        let fields = try Fields(value, at: path)
        id = try Generation(json: fields.map["id"], at: "\(path).id")
        guard let outcome = Outcome(rawValue: try fields.string("outcome")) else { throw fields.failure("outcome", "unknown outcome") }
        self.outcome = outcome
        message = String(try fields.optionalString("message")?.prefix(Report.textMax) ?? "")
        output = fields.value("output") ?? .null
        startedAt = try fields.optionalTime("startedAt")
        finishedAt = try fields.time("finishedAt")
    }
}

/// `POST /agent/v1/command-results`: how commands ended. Idempotent by the commands' identifiers: the first answer counts.
package struct CommandResults: Sendable, Hashable {
    package var results: [CommandResult]

    /// An agent sends long ones alone.
    package static let countMax = 50

    package init(results: [CommandResult]) { self.results = results }

    package var json: Value { .map(["results": .list(results.map(\.json))]) }

    package init(json value: Value) throws(ShapeError) {
        results = try Fields(value).list("results", limit: Self.countMax) { (item, path) throws(ShapeError) in
            try CommandResult(json: item, at: path)
        }
    }
}

/// These need not be sent again: they are stored, or nobody waits for them any more.
package struct CommandResultsResponse: Sendable, Hashable {
    package var acknowledged: [Generation]

    package init(acknowledged: [Generation]) { self.acknowledged = acknowledged }

    package var json: Value { .map(["acknowledged": .list(acknowledged.map(\.json))]) }

    package init(json value: Value) throws(ShapeError) {
        acknowledged = try Fields(value).list("acknowledged", limit: CommandResults.countMax) { (item, path) throws(ShapeError) in
            try Generation(json: item, at: path)
        }
    }
}
