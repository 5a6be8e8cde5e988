// SPDX-License-Identifier: Apache-2.0
import HTTPTypes
import Manifests
import PostgresClient
import Promotion

/// The web pages, and the forms that they post.
struct PageRoutes: Sendable {
    let store: Store
    let time: WallTime
    let pages: Pages
    let gate: Gate
    let counts: FleetCounting
    let actions: StageActions
    let about: WebServices.About
    let following: @Sendable () -> WebServices.Following

    private static let pageSize = 100
    /// Clusters that the map on the first page shows.
    private static let tilesMax = 1_000
    private static let eventsShown = 15

    func add(to table: inout RouteTable) {
        addFleet(to: &table)
        addLists(to: &table)
        addDetails(to: &table)
        addActions(to: &table)
        table.get("/assets/{asset}", .open, "Style sheet, script and icon of the pages", answer: .text("text/css"), asset)
    }

    private func presenting(_ call: Call, lastEvent: Int64 = 0) -> Presenting {
        Presenting(
            now: time.now, about: about, user: call.author.name, csrf: gate.csrfToken(for: call), grants: call.grants, lastEvent: lastEvent)
    }

    // MARK: - The fleet

    private func addFleet(to table: inout RouteTable) {
        table.get("/", .page(.read, .anywhere), "The fleet", answer: .text("text/html")) { call in
            let counts = try await counts.value(as: call.reach)
            let (lastEvent, facts) = try await store.read(as: call.reach) { session, sight in
                let newest = try EventRows.newest(session)
                let stages = try ReadStages.all(session, sight)
                var following = following()
                // Why a fetch failed names addresses and commits of the whole fleet.
                if sight.part != nil, !following.failure.isEmpty { following.failure = "an administrator sees why" }
                return (
                    newest,
                    FleetFacts(
                        counts: counts, following: following,
                        trunk: try FleetCommitRows.newest(session, valid: false)?.seen(by: sight), stages: stages,
                        latest: try ReadReleases.latest(session, sight, pipelines: Array(Set(stages.map(\.stage.id.pipeline))).sorted()),
                        clusters: try ReadClusters.page(session, sight, environment: nil, after: "", limit: Self.tilesMax),
                        unwell: try ReadApplications.unwell(session, sight, limit: 25),
                        events: try EventRows.page(session, sight, EventRows.Filter(), before: nil, limit: Self.eventsShown))
                )
            }
            return .html(pages.fleet(presenting(call, lastEvent: lastEvent).fleetPage(facts)))
        }
        table.get("/search", .page(.read, .anywhere), "Finds things by their names", answer: .text("text/html")) { call in
            let text = try call.query.text("q") ?? ""
            let found = try await store.read(as: call.reach) {
                text.isEmpty ? [] : try ReadFleet.search($0, $1, text, limit: Self.pageSize)
            }
            return .html(pages.list(presenting(call).searchList(text, found)))
        }
    }

    // MARK: - Lists

    private func addLists(to table: inout RouteTable) {
        table.get("/pipelines", .page(.read, .anywhere), "Pipelines", answer: .text("text/html")) { call in
            let after = try call.query.text("after") ?? ""
            let (lastEvent, names, stages, latest) = try await store.read(as: call.reach) { session, sight in
                let newest = try EventRows.newest(session)
                let names = try ReadStages.pipelines(session, sight, after: after, limit: Self.pageSize)
                return (
                    newest, names, try ReadStages.of(session, sight, pipelines: names.items),
                    try ReadReleases.latest(session, sight, pipelines: names.items)
                )
            }
            return .html(pages.list(presenting(call, lastEvent: lastEvent).pipelineList(names, stages: stages, latest: latest)))
        }
        table.get("/applications", .page(.read, .anywhere), "Applications", answer: .text("text/html")) { call in
            let after = try call.query.text("after") ?? ""
            let (lastEvent, applications) = try await store.read(as: call.reach) { session, sight in
                (try EventRows.newest(session), try ReadApplications.page(session, sight, after: after, limit: Self.pageSize))
            }
            return .html(pages.list(presenting(call, lastEvent: lastEvent).applicationList(applications)))
        }
        table.get("/clusters", .page(.read, .anywhere), "Clusters", answer: .text("text/html")) { call in
            let after = try call.query.text("after") ?? ""
            let environment = try call.query.text("environment")
            let now = time.now
            let (lastEvent, clusters, environments) = try await store.read(as: call.reach) { session, sight in
                (
                    try EventRows.newest(session),
                    try ReadClusters.page(session, sight, environment: environment, after: after, limit: Self.pageSize),
                    try ReadClusters.environments(session, sight, after: "", limit: Self.pageSize, at: now)
                )
            }
            let list = presenting(call, lastEvent: lastEvent).clusterList(
                clusters, environment: environment, environments: environments.items.map(\.name))
            return .html(pages.list(list))
        }
        table.get("/events", .page(.read, .anywhere), "Events", answer: .text("text/html"), events)
    }

    @Sendable private func events(_ call: Call) async throws -> Reply {
        let filter = EventRows.Filter(
            pipeline: try call.query.text("pipeline"), environment: try call.query.text("environment"),
            cluster: try call.query.text("cluster"), application: try call.query.text("application"))
        let before = try call.query.int("before")
        let (lastEvent, events) = try await store.read(as: call.reach) { session, sight in
            (try EventRows.newest(session), try EventRows.page(session, sight, filter, before: before, pageLimit: Self.pageSize))
        }
        let chosen = [
            ("pipeline", filter.pipeline), ("environment", filter.environment), ("cluster", filter.cluster),
            ("application", filter.application),
        ].compactMap { name, value in value.map { (name, $0) } }
        let suffix = chosen.map { "&\($0.0)=\(URLText.encode($0.1))" }.joined()
        let presenting = presenting(call, lastEvent: lastEvent)
        var filters = [Choice(label: "All", address: "/events", isHere: chosen.isEmpty)]
        filters += chosen.map { Choice(label: $0.1, address: "/events?\($0.0)=\(URLText.encode($0.1))", isHere: true) }
        return .html(
            pages.events(
                EventsPage(
                    page: presenting.frame("Events", here: "/events", live: before == nil),
                    heading: chosen.isEmpty ? "Events" : "Events of \(chosen.map(\.1).joined(separator: ", "))", filters: filters,
                    events: events.items.map { presenting.event($0) },
                    pager: events.next.map { [PageLinks(after: "/events?before=\($0)\(suffix)")] } ?? [])))
    }

    // MARK: - One thing

    private func addDetails(to table: inout RouteTable) {
        table.get("/pipelines/{pipeline}", .page(.read, .pipeline), "One pipeline", answer: .text("text/html")) { call in
            let name = try call.parameter("pipeline")
            let done = try call.query.text("done")
            let facts = try await store.read(as: call.reach) { session, sight in
                let newest = try EventRows.newest(session)
                let stages = try ReadStages.of(session, sight, pipelines: [name])
                return (
                    lastEvent: newest, stages: stages, latest: try ReadReleases.latest(session, sight, pipelines: [name]).first,
                    history: try ReadStages.recent(session, sight, pipeline: name, limit: 30),
                    applications: try ReadApplications.names(session, pipeline: name)
                )
            }
            guard !facts.stages.isEmpty else { throw APIFailure.notFound("there is no pipeline '\(name)'") }
            return .html(
                pages.pipeline(
                    presenting(call, lastEvent: facts.lastEvent).pipelinePage(
                        name, stages: facts.stages, latest: facts.latest, history: facts.history, applications: facts.applications,
                        done: done)))
        }
        table.get("/clusters/{cluster}", .page(.read, .cluster), "One cluster", answer: .text("text/html")) { call in
            let name = try call.parameter("cluster")
            let (lastEvent, cluster, states, commands, pauses, events) = try await store.read(as: call.reach) { session, sight in
                (
                    try EventRows.newest(session), try ReadClusters.one(session, sight, name),
                    try ReadApplications.states(session, sight, cluster: name),
                    try CommandRows.page(session, sight, cluster: name, before: nil, limit: InstanceRoutes.commandsShown).items,
                    try DriftPauseRows.of(session, sight, cluster: name),
                    try EventRows.page(session, sight, EventRows.Filter(cluster: name), before: nil, limit: Self.eventsShown)
                )
            }
            guard let cluster else { throw APIFailure.notFound("there is no cluster '\(name)'") }
            return .html(
                pages.cluster(
                    presenting(call, lastEvent: lastEvent).clusterPage(
                        cluster, states: states, commands: commands, pauses: pauses, events: events)))
        }
        table.get("/applications/{application}", .page(.read, .application), "One application", answer: .text("text/html")) { call in
            let name = try call.parameter("application")
            let after = try call.query.text("after") ?? ""
            let (lastEvent, application, states, events) = try await store.read(as: call.reach) { session, sight in
                (
                    try EventRows.newest(session), try ReadApplications.one(session, sight, name),
                    try ReadApplications.states(session, sight, application: name, after: after, limit: Self.pageSize),
                    try EventRows.page(session, sight, EventRows.Filter(application: name), before: nil, limit: Self.eventsShown)
                )
            }
            guard let application else { throw APIFailure.notFound("there is no application '\(name)'") }
            return .html(
                pages.application(
                    presenting(call, lastEvent: lastEvent).applicationPage(application, states: states, events: events)))
        }
    }

    // MARK: - Actions

    private func addActions(to table: inout RouteTable) {
        let forms: [(String, Permission)] = [
            ("approve", .approve), ("reject", .approve), ("pause", .operate), ("resume", .operate), ("rollback", .operate),
        ]
        for (action, permission) in forms {
            table.post(
                "/actions/stages/{pipeline}/{environment}/\(action)", .page(permission, .stage), "The form '\(action)' of a stage",
                answer: .nothing
            ) { call in
                let id = try call.stage()
                let form = try Form(call.body)
                let reason = try form.text("reason", max: StageActions.reasonMax) ?? ""
                let author = call.author
                guard ["approve", "resume"].contains(action) || !reason.isEmpty else {
                    throw APIFailure.invalid("a reason is needed: it goes into the record")
                }
                switch action {
                case "approve": try await actions.approve(id, release: nil, rendered: form.text("rendered"), reason: reason, by: author)
                case "reject": try await actions.reject(id, release: nil, rendered: form.text("rendered"), reason: reason, by: author)
                case "pause": try await actions.pause(id, reason: reason, by: author)
                case "resume": try await actions.resume(id, reason: reason, by: author)
                default: try await actions.rollback(id, to: form.text("to"), reason: reason, by: author)
                }
                let page = Presenting.address("pipelines", id.pipeline)
                return .seeOther("\(page)?done=\(action)#stage-\(URLText.encode(id.environment))")
            }
        }
    }

    // MARK: - Files

    @Sendable private func asset(_ call: Call) async throws -> Reply {
        guard let asset = WebAsset.named(try call.parameter("asset")) else { throw APIFailure.notFound("there is no such file") }
        let tag = "\"\(Digest.sha256(asset.bytes).hex.prefix(32))\""
        let headers: HTTPFields = [.contentType: asset.contentType, .eTag: tag, .cacheControl: "no-cache"]
        guard call.headers[.ifNoneMatch] != tag else { return Reply(.notModified, headers: headers) }
        return Reply(headers: headers, body: .bytes(asset.bytes))
    }
}
