// SPDX-License-Identifier: Apache-2.0
package import Manifests

/// What an agent must not forget of commands, so that none is carried out twice: kept on disk, changed before each begins.
package struct CommandLedger: Sendable, Hashable {
    /// The newest command that was begun or answered. Older ones are never begun any more.
    package private(set) var last: Generation
    /// Begun and not yet answered, by when they were begun.
    package private(set) var begun: [Generation: Timestamp]

    package static let none = Generation(epoch: 0, counter: 0)
    static let format = "flotilla.dev/commands/v1"

    package init() {
        last = Self.none
        begun = [:]
    }

    /// Commands begin in the order of their identifiers.
    /// - Returns: whether it may be begun; `false` for one that has had its turn.
    package mutating func begin(_ id: Generation, at now: Timestamp) -> Bool {
        guard id > last else { return false }
        last = id
        begun[id] = now
        return true
    }

    /// Its answer is kept, wherever that is.
    package mutating func end(_ id: Generation) {
        begun[id] = nil
        last = max(last, id)
    }

    /// The answers to what had been begun when the agent ended: it cannot say how far that came.
    package func interrupted(at now: Timestamp) -> [CommandResult] {
        begun.sorted { $0.key < $1.key }.map { id, begunAt in
            CommandResult(
                id: id, outcome: .failed, message: "interrupted: the agent restarted while it was at it", startedAt: begunAt,
                finishedAt: now)
        }
    }

    package var json: Value {
        .map([
            "format": .string(Self.format), "last": last.json,
            "begun": .list(
                begun.sorted { $0.key < $1.key }.map { .map(["id": $0.key.json, "at": .string($0.value.rfc3339)]) }),
        ])
    }

    package init(json value: Value) throws(ShapeError) {
        let fields = try Fields(value)
        guard try fields.string("format") == Self.format else { throw fields.failure("format", "expected \(Self.format)") }
        last = try Generation(json: fields.map["last"], at: "last")
        begun = [:]
        let entries = try fields.list("begun", limit: 1_000) { (item, path) throws(ShapeError) in
            let entry = try Fields(item, at: path)
            return (id: try Generation(json: entry.map["id"], at: "\(path).id"), at: try entry.time("at"))
        }
        for entry in entries { begun[entry.id] = entry.at }
    }
}
