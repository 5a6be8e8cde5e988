// SPDX-License-Identifier: Apache-2.0
package import Manifests

/// What an agent says of one application.
package struct ApplicationReport: Sendable, Hashable {
    package enum Phase: String, Sendable, CaseIterable {
        /// Being applied.
        case syncing
        /// Everything of the bundle is applied, everything dropped is pruned.
        case synced
        /// Waits for an application it depends on.
        case waiting
        /// Not applied as a whole; retried with backoff or after a change, as `message` says.
        case failed
        /// Something wants a person: a prune beyond the budget, a conflict that `force` would overrule.
        case held
        /// Gone: pruned or orphaned as asked.
        case removed
    }

    package enum Health: String, Sendable, CaseIterable {
        case current = "Current"
        case inProgress = "InProgress"
        case failed = "Failed"
        case terminating = "Terminating"
        case notFound = "NotFound"
        case unknown = "Unknown"
    }

    package var application: String
    /// The generation that this report is about: a report of an old one cannot overwrite a newer one's.
    package var generation: Generation
    package var bundle: Digest
    package var phase: Phase
    package var health: Health
    /// In words a person can act on; empty when all is well.
    package var message: String
    /// The first object that is not Current, as `apps/Deployment shop/web`; empty when there is none.
    package var object: String
    package var objectsTotal: Int
    package var objectsCurrent: Int
    /// Since when phase and health are as they are.
    package var since: Timestamp

    package init(
        application: String, generation: Generation, bundle: Digest, phase: Phase, health: Health, message: String = "",
        object: String = "",
        objectsTotal: Int = 0, objectsCurrent: Int = 0, since: Timestamp
    ) {
        self.application = application
        self.generation = generation
        self.bundle = bundle
        self.phase = phase
        self.health = health
        self.message = message
        self.object = object
        self.objectsTotal = objectsTotal
        self.objectsCurrent = objectsCurrent
        self.since = since
    }

    package var json: Value {
        .map([
            "application": .string(application), "generation": generation.json, "bundle": .string(bundle.description),
            "phase": .string(phase.rawValue), "health": .string(health.rawValue), "message": .string(message), "object": .string(object),
            "objectsTotal": .int(Int64(objectsTotal)), "objectsCurrent": .int(Int64(objectsCurrent)), "since": .string(since.rfc3339),
        ])
    }

    package init(json value: Value, at path: String) throws(ShapeError) {
        let fields = try Fields(value, at: path)
        application = try fields.string("application")
        generation = try Generation(json: fields.map["generation"], at: "\(path).generation")
        bundle = try Digest(json: fields.map["bundle"], at: "\(path).bundle")
        // Words of a newer agent: nothing moves on by what is not understood, and nothing else of the report is lost by it.
        let (phaseWord, healthWord) = (try fields.string("phase"), try fields.string("health"))
        phase = Phase(rawValue: phaseWord) ?? .syncing
        health = Health(rawValue: healthWord) ?? .unknown
        var text = try fields.optionalString("message") ?? ""
        if Phase(rawValue: phaseWord) == nil { text = "(phase '\(phaseWord.prefix(40))', which this coordinator does not know) " + text }
        if Health(rawValue: healthWord) == nil {
            text = "(health '\(healthWord.prefix(40))', which this coordinator does not know) " + text
        }
        message = String(text.prefix(Report.textMax))
        object = String(try fields.optionalString("object")?.prefix(Report.textMax) ?? "")
        objectsTotal = Int(clamping: try fields.optionalInt("objectsTotal") ?? 0)
        objectsCurrent = Int(clamping: try fields.optionalInt("objectsCurrent") ?? 0)
        since = try fields.time("since")
    }
}

/// Something that happened in a cluster.
package struct AgentEvent: Sendable, Hashable {
    package enum Kind: String, Sendable, CaseIterable {
        case applied, pruned, pruneHeld, applyFailed, drift, healed, healFailed, healthChanged, agentStarted, clusterUnreachable,
            clusterReachable
        /// Another writer undoes again and again what is healed; and that this is over.
        case fight, fightEnded
        /// Of a newer agent: kept under its own name, see `word`.
        case other
    }

    package var kind: Kind
    /// The kind as it is written: `kind`'s own word, or for `other` that of the agent.
    package var word: String
    package var at: Timestamp
    package var application: String
    /// As `apps/Deployment shop/web`; empty where the event is not about one object.
    package var object: String
    /// For drift: the fields that differed, as JSON pointers.
    package var paths: [String]
    package var message: String
    /// For `healed`: from the change being seen to the corrected object; milliseconds.
    package var durationMilliseconds: Int64?

    package init(
        _ kind: Kind, at: Timestamp, application: String = "", object: String = "", paths: [String] = [], message: String = "",
        durationMilliseconds: Int64? = nil
    ) {
        self.kind = kind
        word = kind.rawValue
        self.at = at
        self.application = application
        self.object = object
        self.paths = paths
        self.message = message
        self.durationMilliseconds = durationMilliseconds
    }

    package var json: Value {
        var map: Map = [
            "kind": .string(word), "at": .string(at.rfc3339), "application": .string(application), "object": .string(object),
            "message": .string(message),
        ]
        if !paths.isEmpty { map["paths"] = .list(paths.map { .string($0) }) }
        if let durationMilliseconds { map["durationMilliseconds"] = .int(durationMilliseconds) }
        return .map(map)
    }

    package init(json value: Value, at path: String) throws(ShapeError) {
        let fields = try Fields(value, at: path)
        word = try fields.string("kind")
        guard (1...64).contains(word.utf8.count), word.utf8.allSatisfy(Self.isLetter) else {
            throw fields.failure("kind", "expected 1 to 64 letters")
        }
        kind = Kind(rawValue: word) ?? .other
        at = try fields.time("at")
        application = try fields.optionalString("application") ?? ""
        object = String(try fields.optionalString("object")?.prefix(Report.textMax) ?? "")
        paths = try fields.strings("paths", limit: 1_000).map { String($0.prefix(Report.textMax)) }
        message = String(try fields.optionalString("message")?.prefix(Report.textMax) ?? "")
        durationMilliseconds = try fields.optionalInt("durationMilliseconds")
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
    }
}

/// `POST /agent/v1/report`: what has changed since the last one. Idempotent by (instance, sequence); fenced by generation.
package struct Report: Sendable, Hashable {
    package var instance: String
    /// Grows by one with every report of this instance; a repeated one is acknowledged and not counted twice.
    package var sequence: Int64
    package var applications: [ApplicationReport]
    package var events: [AgentEvent]

    package static let applicationsMax = 10_000
    package static let eventsMax = 1_000
    /// No text in a report is longer, in characters.
    package static let textMax = 2_000

    package init(instance: String, sequence: Int64, applications: [ApplicationReport], events: [AgentEvent]) {
        self.instance = instance
        self.sequence = sequence
        self.applications = applications
        self.events = events
    }

    package var json: Value {
        .map([
            "instance": .string(instance), "sequence": .int(sequence), "applications": .list(applications.map(\.json)),
            "events": .list(events.map(\.json)),
        ])
    }

    package init(json value: Value) throws(ShapeError) {
        let fields = try Fields(value)
        instance = try fields.string("instance")
        guard !instance.isEmpty, instance.utf8.count <= 64 else { throw fields.failure("instance", "expected 1 to 64 bytes") }
        sequence = try fields.int("sequence")
        applications = try fields.list("applications", limit: Self.applicationsMax) { (item, path) throws(ShapeError) in
            try ApplicationReport(json: item, at: path)
        }
        events = try fields.list("events", limit: Self.eventsMax) { (item, path) throws(ShapeError) in try AgentEvent(json: item, at: path)
        }
    }
}

/// The coordinator has stored the report of this sequence.
package struct ReportResponse: Sendable, Hashable {
    package var acknowledged: Int64

    package init(acknowledged: Int64) { self.acknowledged = acknowledged }

    package var json: Value { .map(["acknowledged": .int(acknowledged)]) }

    package init(json value: Value) throws(ShapeError) { acknowledged = try Fields(value).int("acknowledged") }
}
