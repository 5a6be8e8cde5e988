// SPDX-License-Identifier: Apache-2.0
package import Manifests

/// `POST /agent/v1/poll`: what the agent has. The answer comes when something differs, or after `waitSeconds`.
package struct PollRequest: Sendable, Hashable {
    package struct Held: Sendable, Hashable {
        package var application: String
        package var generation: Generation
        package var bundle: Digest

        package init(application: String, generation: Generation, bundle: Digest) {
            self.application = application
            self.generation = generation
            self.bundle = bundle
        }
    }

    /// Random, kept in the agent's state folder: a session is (cluster, instance), and an agent that starts again goes on with its own.
    package var instance: String
    package var agentVersion: String
    /// Such as `v1.36.2`; empty until the agent has seen its API server.
    package var kubernetesVersion: String
    package var waitSeconds: Int
    package var held: [Held]
    /// The newest command that the agent has taken; `nil` from an agent that knows no commands, which is given none.
    package var lastCommand: Generation?
    /// The pauses of healing as the agent was last told them, ended ones too; `nil` from an agent that knows none.
    package var driftPauses: [DriftPause]?
    /// `nil` from an agent that knows of no upgrades.
    package var image: ImageStanding?

    package static let heldMax = 10_000
    package static let waitSecondsMax = 50

    package init(
        instance: String, agentVersion: String, kubernetesVersion: String, waitSeconds: Int, held: [Held], lastCommand: Generation? = nil,
        driftPauses: [DriftPause]? = nil, image: ImageStanding? = nil
    ) {
        self.instance = instance
        self.agentVersion = agentVersion
        self.kubernetesVersion = kubernetesVersion
        self.waitSeconds = waitSeconds
        self.held = held
        self.lastCommand = lastCommand
        self.driftPauses = driftPauses
        self.image = image
    }

    package var json: Value {
        var map: Map = [
            "instance": .string(instance), "agentVersion": .string(agentVersion), "kubernetesVersion": .string(kubernetesVersion),
            "waitSeconds": .int(Int64(waitSeconds)),
            "held": .list(
                held.map {
                    .map([
                        "application": .string($0.application), "generation": $0.generation.json, "bundle": .string($0.bundle.description),
                    ])
                }),
        ]
        if let lastCommand { map["lastCommand"] = lastCommand.json }
        if let driftPauses { map["driftPauses"] = .list(driftPauses.map(\.json)) }
        if let image { map["image"] = image.json }
        return .map(map)
    }

    package init(json value: Value) throws(ShapeError) {
        let fields = try Fields(value)
        instance = try fields.string("instance")
        guard !instance.isEmpty, instance.utf8.count <= 64 else { throw fields.failure("instance", "expected 1 to 64 bytes") }
        agentVersion = String(try fields.string("agentVersion").prefix(64))
        kubernetesVersion = String(try fields.optionalString("kubernetesVersion")?.prefix(64) ?? "")
        waitSeconds = min(max(0, Int(clamping: try fields.int("waitSeconds"))), Self.waitSecondsMax)
        held = try fields.list("held", limit: Self.heldMax) { (item, path) throws(ShapeError) in
            let one = try Fields(item, at: path)
            return Held(
                application: try one.string("application"),
                generation: try Generation(json: one.map["generation"], at: "\(path).generation"),
                bundle: try Digest(json: one.map["bundle"], at: "\(path).bundle"))
        }
        lastCommand = try fields.value("lastCommand").map { (id) throws(ShapeError) in try Generation(json: id, at: "lastCommand") }
        driftPauses =
            fields.value("driftPauses") == nil
            ? nil
            : try fields.list("driftPauses", limit: DriftPause.countMax) { (item, path) throws(ShapeError) in
                try DriftPause(json: item, at: path)
            }
        image = try fields.value("image").map { (value) throws(ShapeError) in try ImageStanding(json: value, at: "image") }
    }
}

/// A task that cannot be followed because it is not understood: of a newer coordinator, or damaged.
package struct RefusedTask: Sendable, Hashable {
    package var application: String
    package var generation: Generation
    package var bundle: Digest
    /// What is wrong with it.
    package var reason: String

    /// `nil` where not even the application and the generation can be read: then there is nothing to report on.
    init?(_ value: Value, reason: String) {
        guard let application = value["application"]?.string, let generation = value["generation"]?.string.flatMap({ Generation($0) }),
            let bundle = value["bundle"]?.string.flatMap({ Digest($0) })
        else { return nil }
        self.application = application
        self.generation = generation
        self.bundle = bundle
        self.reason = reason
    }
}

/// Only what differs from what the agent said it holds. An application that is not named stays as it is: an answer never means "nothing".
package struct PollResponse: Sendable, Hashable {
    package var tasks: [SyncTask]
    /// Those that were read in vain; each by itself, for the others are good.
    package private(set) var refused: [RefusedTask] = []
    /// The coordinator has lost count of this instance's reports (a rebuilt database): send everything again.
    package var reportEverything: Bool
    /// Newer than the last one that the agent has taken, in their order.
    package var commands: [Command]
    /// The complete list for this cluster; `nil` leaves it as it is.
    package var driftPauses: [DriftPause]?
    /// The image that the agent is to move itself to; `nil` leaves it where it is.
    package var agentImage: String?
    /// Another instance of this cluster's agent, which was refused a moment ago because this one is alive.
    package var rival: String?

    package init(
        tasks: [SyncTask], reportEverything: Bool = false, commands: [Command] = [], driftPauses: [DriftPause]? = nil,
        agentImage: String? = nil, rival: String? = nil
    ) {
        self.tasks = tasks
        self.reportEverything = reportEverything
        self.commands = commands
        self.driftPauses = driftPauses
        self.agentImage = agentImage
        self.rival = rival
    }

    package var json: Value {
        var map: Map = ["tasks": .list(tasks.map(\.json)), "reportEverything": .bool(reportEverything)]
        // Left out where they say nothing: older agents have no use for them.
        if !commands.isEmpty { map["commands"] = .list(commands.map(\.json)) }
        if let driftPauses { map["driftPauses"] = .list(driftPauses.map(\.json)) }
        if let agentImage { map["agentImage"] = .string(agentImage) }
        if let rival { map["rival"] = .string(rival) }
        return .map(map)
    }

    package init(json value: Value) throws(ShapeError) {
        let fields = try Fields(value)
        var refused: [RefusedTask] = []
        tasks = try fields.list("tasks", limit: 10_000) { (item, path) throws(ShapeError) -> SyncTask? in
            do throws(ShapeError) { return try SyncTask(json: item, at: path) } catch {
                guard let task = RefusedTask(item, reason: "\(error)") else { throw error }
                refused.append(task)
                return nil
            }
        }.compactMap(\.self)
        self.refused = refused
        reportEverything = try fields.bool("reportEverything", default: false)
        commands = try fields.list("commands", limit: 1_000) { (item, path) throws(ShapeError) in try Command(json: item, at: path) }
        driftPauses =
            fields.value("driftPauses") == nil
            ? nil
            : try fields.list("driftPauses", limit: DriftPause.countMax) { (item, path) throws(ShapeError) in
                try DriftPause(json: item, at: path)
            }
        // What is no name of an image is none: the rest of the answer counts all the same.
        agentImage = try fields.optionalString("agentImage").flatMap { AgentImage.isValid($0) ? $0 : nil }
        rival = try fields.optionalString("rival").map { String($0.prefix(64)) }
    }
}
