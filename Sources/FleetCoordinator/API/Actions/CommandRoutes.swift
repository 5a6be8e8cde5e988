// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import HTTPTypes
import Manifests
import PostgresClient

/// Commands to a cluster's agent, and pauses of healing: `/api/v1/clusters/{cluster}`.
struct CommandRoutes: Sendable {
    let store: Store
    let actions: CommandActions

    static let bodyMax = 256 << 10

    func add(to table: inout RouteTable) {
        let commands = "/api/v1/clusters/{cluster}/commands"
        table.post(
            commands, .needs(.operate, .partOfCluster), "Asks the cluster's agent to do something once",
            members: [
                .required("kind", .string, Command.Kind.names.joined(separator: ", ")),
                .required("parameters", .object, "what the kind needs; see the reference"),
                .optional("reason", .string, "why"),
                .optional("expiresSeconds", .integer, "how long the agent may take to fetch it; 600 when absent"),
            ], bodyMax: Self.bodyMax, answer: .object("Command")
        ) { call in
            let body = try call.json()
            let asked = try await actions.ask(
                body.string("kind"), parameters: .map(body.object("parameters").map), cluster: call.parameter("cluster"),
                expiresSeconds: body.optionalInt("expiresSeconds"), reason: Self.reason(body), by: call.author, may: call.grants)
            return .json(asked.json(withOutput: false), status: .created)
        }
        table.get(
            commands, .needs(.read, .cluster), "The cluster's commands, newest first, without what came of them", query: RouteTable.paging,
            answer: .list(of: "Command")
        ) { call in
            let cluster = try call.parameter("cluster")
            let limit = try call.query.limit()
            let before = try call.query.text("after").map { text in
                guard let id = Generation(text) else { throw APIFailure.invalid("'after' is no command's identifier") }
                return id
            }
            let page = try await store.read(as: call.reach) { session, sight in
                guard try ReadClusters.one(session, sight, cluster) != nil else {
                    throw APIFailure.notFound("there is no cluster '\(cluster)'")
                }
                return try CommandRows.page(session, sight, cluster: cluster, before: before, limit: limit)
            }
            return .json(page.json { $0.json(withOutput: false) })
        }
        table.get("\(commands)/{command}", .needs(.read, .cluster), "One command, with what came of it", answer: .object("Command")) {
            call in
            let cluster = try call.parameter("cluster")
            let name = try call.parameter("command")
            guard let id = Generation(name),
                let command = try await store.read(as: call.reach, { try CommandRows.one($0, $1, cluster: cluster, id) })
            else { throw APIFailure.notFound("cluster '\(cluster)' has no command '\(name)'") }
            return .json(command.json(withOutput: true))
        }
        addPauses(to: &table)
    }

    private func addPauses(to table: inout RouteTable) {
        let pause = "/api/v1/clusters/{cluster}/applications/{application}/drift-pause"
        table.put(
            pause, .needs(.operate, .instance), "Stops healing of an application on one cluster for a while; it ends by itself",
            members: [
                .required("seconds", .integer, "how long, 60 to \(DriftPause.secondsMax)"), .required("reason", .string, "why"),
            ], answer: .object("DriftPause")
        ) { call in
            let body = try call.json()
            let reason = try Self.reason(body)
            guard reason.contains(where: { !$0.isWhitespace }) else {
                throw APIFailure.invalid("a 'reason' is needed: it goes into the record")
            }
            let paused = try await actions.pause(
                call.parameter("application"), on: call.parameter("cluster"), seconds: body.int("seconds"), reason: reason,
                by: call.author)
            return .json(paused.json)
        }
        table.get(pause, .needs(.read, .instance), "The pause of an application on one cluster", answer: .object("DriftPause")) { call in
            let (cluster, application) = (try call.parameter("cluster"), try call.parameter("application"))
            guard
                let found = try await store.database.read({ try DriftPauseRows.one($0, cluster: cluster, application: application) })
            else { throw APIFailure.notFound("healing of '\(application)' on '\(cluster)' is not paused") }
            return .json(found.json)
        }
        table.delete(
            pause, .needs(.operate, .instance), "Heals the application again", members: [.optional("reason", .string, "why")],
            answer: .object("DriftPause")
        ) { call in
            let ended = try await actions.resume(
                call.parameter("application"), on: call.parameter("cluster"), reason: Self.reason(call.json()),
                by: call.author)
            return .json(ended.json)
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
