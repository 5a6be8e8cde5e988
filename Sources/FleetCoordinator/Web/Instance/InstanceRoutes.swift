// SPDX-License-Identifier: Apache-2.0
import HTTPTypes
import Manifests
import PostgresClient

/// The page of an application on one cluster, and the forms that it posts.
struct InstanceRoutes: Sendable {
    let store: Store
    let time: WallTime
    let pages: Pages
    let gate: Gate
    let actions: CommandActions
    let about: WebServices.About

    static let commandsShown = 10
    private static let eventsShown = 15

    func add(to table: inout RouteTable) {
        table.get(
            "/clusters/{cluster}/applications/{application}", .page(.read, .instance), "An application on one cluster",
            answer: .text("text/html"), page)
        for action in ["sync", "dry-run", "pause-healing", "resume-healing"] {
            table.post(
                "/actions/clusters/{cluster}/applications/{application}/\(action)", .page(.operate, .instance),
                "The form '\(action)' of an application",
                answer: .nothing
            ) { call in try await act(action, call) }
        }
    }

    @Sendable private func page(_ call: Call) async throws -> Reply {
        let (cluster, application) = (try call.parameter("cluster"), try call.parameter("application"))
        let done = try call.query.text("done")
        let (lastEvent, facts) = try await store.read(as: call.reach) { session, sight -> (Int64, InstanceFacts) in
            let newest = try EventRows.newest(session)
            guard let reading = try ReadClusters.one(session, sight, cluster),
                let state = try ReadApplications.state(session, sight, application: application, cluster: cluster)
            else { throw APIFailure.notFound("there is no application '\(application)' on a cluster '\(cluster)'") }
            let commands = try CommandRows.recent(session, cluster: cluster, application: application, limit: Self.commandsShown)
            // The newest that has an answer.
            let tried = commands.first { $0.kind == "dryRun" && ($0.state == .done || $0.state == .failed) && $0.startedAt != nil }
            return (
                newest,
                InstanceFacts(
                    cluster: reading, state: state,
                    pause: try DriftPauseRows.one(session, cluster: cluster, application: application), commands: commands,
                    trial: try tried.flatMap { try CommandRows.one(session, cluster: cluster, $0.id) },
                    events: try EventRows.page(
                        session, sight, EventRows.Filter(cluster: cluster, application: application), before: nil, limit: Self.eventsShown))
            )
        }
        let presenting = Presenting(
            now: time.now, about: about, user: call.author.name, csrf: gate.csrfToken(for: call), grants: call.grants, lastEvent: lastEvent)
        return .html(pages.instance(presenting.instancePage(facts, done: done)))
    }

    private func act(_ action: String, _ call: Call) async throws -> Reply {
        let (cluster, application) = (try call.parameter("cluster"), try call.parameter("application"))
        let form = try Form(call.body)
        let reason = try form.text("reason", max: StageActions.reasonMax) ?? ""
        let by = call.author
        switch action {
        case "sync", "dry-run":
            _ = try await actions.ask(
                action == "sync" ? "syncNow" : "dryRun", parameters: ["application": .string(application)], cluster: cluster,
                expiresSeconds: nil, reason: reason, by: by, may: call.grants)
        case "pause-healing":
            guard !reason.isEmpty else { throw APIFailure.invalid("a reason is needed: it goes into the record") }
            guard let seconds = try form.text("seconds").flatMap({ Int64($0) }) else { throw APIFailure.invalid("for how long?") }
            _ = try await actions.pause(application, on: cluster, seconds: seconds, reason: reason, by: by)
        default: _ = try await actions.resume(application, on: cluster, reason: reason, by: by)
        }
        return .seeOther("\(Presenting.address(cluster: cluster, application: application))?done=\(action)")
    }
}
