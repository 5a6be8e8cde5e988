// SPDX-License-Identifier: Apache-2.0
import Manifests
import Promotion

/// Moving an environment's agents to another image: `/api/v1/environments/{environment}/agent-upgrade`.
struct AgentUpgradeRoutes: Sendable {
    let upgrades: AgentUpgrades
    /// The image that is meant where none is named.
    let image: String?

    func add(to table: inout RouteTable) {
        let path = "/api/v1/environments/{environment}/agent-upgrade"
        table.get(path, .needs(.read, .environment), "The newest upgrade of an environment's agents", answer: .object("AgentUpgrade")) {
            call in
            let environment = try call.parameter("environment")
            guard let run = try await upgrades.read(environment) else {
                throw APIFailure.notFound("the agents of '\(environment)' have never been upgraded from here")
            }
            return .json(run.json)
        }
        table.post(
            path, .needs(.administer, .environment), "Moves the environment's agents to an image, wave by wave",
            members: [
                .optional("image", .string, "the image; by default the one that the coordinator was started with"),
                .optional("timeoutSeconds", .integer, "how long an agent may take to come back; 600 when absent"),
                .optional("reason", .string, "why"),
            ], answer: .object("AgentUpgrade")
        ) { call in
            let body = try call.json()
            guard let image = try body.optionalString("image") ?? image else {
                throw APIFailure.invalid("no 'image' is named", hint: "name one, or start the coordinator with --agent-image")
            }
            let seconds = try body.optionalInt("timeoutSeconds") ?? AgentUpgrades.timeoutSecondsDefault
            guard AgentUpgrades.timeoutSeconds.contains(seconds) else {
                throw APIFailure.invalid("'timeoutSeconds' is not between 10 and 86400")
            }
            return .json(
                try await upgrades.start(
                    call.parameter("environment"), image: image, timeoutSeconds: seconds, reason: Self.reason(body), by: call.author
                ).json)
        }
        table.post(
            "\(path)/resume", .needs(.administer, .environment), "Gives agents that have not come back time again, and goes on",
            members: [.optional("reason", .string, "why")], answer: .object("AgentUpgrade")
        ) { call in
            .json(try await upgrades.resume(call.parameter("environment"), reason: Self.reason(try call.json()), by: call.author).json)
        }
        table.post(
            "\(path)/abort", .needs(.administer, .environment), "Ends the upgrade where it is",
            members: [.optional("reason", .string, "why")],
            answer: .object("AgentUpgrade")
        ) { call in
            .json(try await upgrades.abort(call.parameter("environment"), reason: Self.reason(try call.json()), by: call.author).json)
        }
    }

    private static func reason(_ body: Fields) throws -> String {
        let reason = try body.optionalString("reason") ?? ""
        guard reason.utf8.count <= StageActions.reasonMax else {
            throw APIFailure.invalid("'reason' is longer than \(StageActions.reasonMax) bytes")
        }
        return reason
    }
}

extension AgentUpgrade {
    var json: Value {
        let (word, message): (String, String) =
            switch phase {
            case .rolling: ("rolling", "")
            case .stopped(let reason): ("stopped", reason)
            case .finished: ("finished", "")
            case .aborted(let actor, _): ("aborted", actor.reason)
            }
        return .map([
            "id": .string(id), "environment": .string(environment), "image": .string(image), "state": .string(word),
            "message": .string(message), "startedBy": .string(startedBy.name), "startedAt": Value(startedAt),
            "timeoutSeconds": .int(timeoutMilliseconds / 1_000),
            "waves": .list(
                rollout.waves.enumerated().map { index, wave in
                    .map([
                        "name": .string(wave.name), "current": .bool(index == rollout.index && !isOver),
                        "clusters": .list(wave.clusters.map(cluster)),
                    ])
                }),
        ])
    }

    private func cluster(_ cluster: Rollout.Cluster) -> Value {
        let (word, message): (String, String) =
            switch cluster.progress {
            case .pending: ("pending", "")
            case .dispatched: ("asked", remarks[cluster.name] ?? "")
            case .current: ("upgraded", "")
            case .failed(let reason): ("failed", reason)
            case .skipped: asked[cluster.name] == nil ? ("upgraded", "") : ("offline", "moves on its return")
            case .left: refusals[cluster.name].map { ("refused", $0) } ?? ("left", "has left the environment")
            }
        return .map(["name": .string(cluster.name), "state": .string(word), "message": .string(message)])
    }
}
