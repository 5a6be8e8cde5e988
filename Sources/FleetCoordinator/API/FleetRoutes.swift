// SPDX-License-Identifier: Apache-2.0
import Manifests
import PostgresClient
import Promotion

/// Reading the fleet: `/api/v1`, without what changes anything.
struct FleetRoutes: Sendable {
    let store: Store
    let time: WallTime
    let version: String
    let counts: FleetCounting

    func add(to table: inout RouteTable) {
        table.get("/api/v1/status", .needs(.read, .anywhere), "The fleet at a glance", answer: .object("Status"), status)
        addPipelines(to: &table)
        addClusters(to: &table)
        addApplications(to: &table)
    }

    // MARK: - Status

    @Sendable private func status(_ call: Call) async throws -> Reply {
        let counts = try await counts.value(as: call.reach)
        let (trunk, inForce, stages, lastEvent) = try await store.read(as: call.reach) { session, sight in
            (
                try FleetCommitRows.newest(session, valid: false)?.seen(by: sight), try FleetCommitRows.newest(session, valid: true),
                try ReadStages.all(session, sight), try EventRows.newest(session)
            )
        }
        var map: Map = ["version": .string(version), "ready": true]
        map["trunk"] =
            trunk.map { commit in
                .map([
                    "commit": .string(commit.commit), "subject": .string(commit.subject), "author": .string(commit.author),
                    "seenAt": Value(commit.seenAt), "valid": .bool(commit.valid), "diagnostics": .texts(commit.diagnostics),
                ])
            } ?? .null
        map["inForce"] = inForce.map { .map(["commit": .string($0.commit)]) } ?? .null
        map["stages"] = .list(stages.map(\.json))
        map["clusters"] = .map([
            "total": .int(counts.clusters), "online": .int(counts.online), "offline": .int(counts.clusters - counts.online),
        ])
        map["applications"] = counts.applications.json
        map["lastEvent"] = .int(lastEvent)
        return .json(.map(map))
    }

    // MARK: - Pipelines, stages, releases

    private func addPipelines(to table: inout RouteTable) {
        table.get(
            "/api/v1/pipelines", .needs(.read, .anywhere), "Pipelines by name, with their stages", query: RouteTable.paging,
            answer: .list(of: "Pipeline")
        ) { call in
            let limit = try call.query.limit()
            let after = try call.query.text("after") ?? ""
            let (names, stages, latest) = try await store.read(as: call.reach) { session, sight in
                let names = try ReadStages.pipelines(session, sight, after: after, limit: limit)
                return (
                    names, try ReadStages.of(session, sight, pipelines: names.items),
                    try ReadReleases.latest(session, sight, pipelines: names.items)
                )
            }
            return .json(names.json { Self.pipeline($0, stages, latest) })
        }
        table.get("/api/v1/pipelines/{pipeline}", .needs(.read, .pipeline), "One pipeline", answer: .object("Pipeline")) { call in
            let name = try call.parameter("pipeline")
            let (stages, latest) = try await store.read(as: call.reach) { session, sight in
                (try ReadStages.of(session, sight, pipelines: [name]), try ReadReleases.latest(session, sight, pipelines: [name]))
            }
            guard !stages.isEmpty else { throw APIFailure.notFound("there is no pipeline '\(name)'") }
            return .json(Self.pipeline(name, stages, latest))
        }
        table.get("/api/v1/stages/{pipeline}/{environment}", .needs(.read, .stage), "One stage", answer: .object("Stage")) { call in
            let id = try call.stage()
            guard let stage = try await store.database.read({ try ReadStages.one($0, id) }) else {
                throw APIFailure.notFound("there is no stage '\(id)'")
            }
            return .json(stage.json)
        }
        table.get(
            "/api/v1/stages/{pipeline}/{environment}/history", .needs(.read, .stage), "The stage's promotions, newest first",
            query: RouteTable.paging, answer: .list(of: "HistoryEntry")
        ) { call in
            let id = try call.stage()
            let limit = try call.query.limit()
            let after = try call.query.text("after")
            let page = try await store.database.read { session -> Page<HistoryReading>? in
                guard try ReadStages.one(session, id) != nil else { throw APIFailure.notFound("there is no stage '\(id)'") }
                return try ReadStages.history(session, id, after: after, limit: limit)
            }
            guard let page else { throw APIFailure.invalid("'after' is no key of this list") }
            return .json(page.json(\.json))
        }
        table.get(
            "/api/v1/releases", .needs(.read, .anywhere), "Releases, newest first",
            query: [.optional("pipeline", .string, "only releases of this pipeline")] + RouteTable.paging, answer: .list(of: "Release")
        ) { call in
            let limit = try call.query.limit()
            let pipeline = try call.query.text("pipeline")
            let before = try call.query.int("after")
            let page = try await store.read(as: call.reach) {
                try ReadReleases.page($0, $1, pipeline: pipeline, before: before, limit: limit)
            }
            return .json(page.json(\.json))
        }
    }

    private static func pipeline(_ name: String, _ stages: [StageReading], _ latest: [ReleaseReading]) -> Value {
        .map([
            "name": .string(name), "stages": .list(stages.filter { $0.stage.id.pipeline == name }.map(\.json)),
            "latestRelease": latest.first { $0.pipeline == name }?.json ?? .null,
        ])
    }

    // MARK: - Clusters and environments

    private func addClusters(to table: inout RouteTable) {
        table.get(
            "/api/v1/environments", .needs(.read, .anywhere), "Environments by name", query: RouteTable.paging,
            answer: .list(of: "Environment")
        ) { call in
            let limit = try call.query.limit()
            let after = try call.query.text("after") ?? ""
            let now = time.now
            let page = try await store.read(as: call.reach) { try ReadClusters.environments($0, $1, after: after, limit: limit, at: now) }
            return .json(page.json(\.json))
        }
        table.get(
            "/api/v1/clusters", .needs(.read, .anywhere), "Clusters by name",
            query: [.optional("environment", .string, "only clusters of this environment")] + RouteTable.paging,
            answer: .list(of: "Cluster")
        ) { call in
            let limit = try call.query.limit()
            let after = try call.query.text("after") ?? ""
            let environment = try call.query.text("environment")
            let now = time.now
            let page = try await store.read(as: call.reach) {
                try ReadClusters.page($0, $1, environment: environment, after: after, limit: limit)
            }
            return .json(page.json { .map($0.json(at: now)) })
        }
        table.get(
            "/api/v1/clusters/{cluster}", .needs(.read, .cluster), "One cluster and what runs there", answer: .object("ClusterDetail")
        ) { call in
            let name = try call.parameter("cluster")
            let (cluster, states) = try await store.read(as: call.reach) { session, sight in
                (try ReadClusters.one(session, sight, name), try ReadApplications.states(session, sight, cluster: name))
            }
            guard let cluster else { throw APIFailure.notFound("there is no cluster '\(name)'") }
            var map = cluster.json(at: time.now)
            map["applicationStates"] = .list(states.map(\.json))
            return .json(.map(map))
        }
    }

    // MARK: - Applications

    private func addApplications(to table: inout RouteTable) {
        table.get(
            "/api/v1/applications", .needs(.read, .anywhere), "Applications by name", query: RouteTable.paging,
            answer: .list(of: "Application")
        ) { call in
            let limit = try call.query.limit()
            let after = try call.query.text("after") ?? ""
            let page = try await store.read(as: call.reach) { try ReadApplications.page($0, $1, after: after, limit: limit) }
            return .json(page.json { .map($0.json) })
        }
        table.get(
            "/api/v1/applications/{application}", .needs(.read, .application), "One application and its clusters, by name",
            query: RouteTable.paging, answer: .object("ApplicationDetail")
        ) { call in
            let name = try call.parameter("application")
            let limit = try call.query.limit()
            let after = try call.query.text("after") ?? ""
            let (application, states) = try await store.read(as: call.reach) { session, sight in
                (
                    try ReadApplications.one(session, sight, name),
                    try ReadApplications.states(session, sight, application: name, after: after, limit: limit)
                )
            }
            guard let application else { throw APIFailure.notFound("there is no application '\(name)'") }
            var map = application.json
            map["states"] = states.json(\.json)
            return .json(.map(map))
        }
        table.get(
            "/api/v1/why", .needs(.read, .anywhere), "Why an application on a cluster is as it is",
            query: [.required("application", .string, "the application"), .required("cluster", .string, "the cluster")],
            answer: .object("Explanation")
        ) { call in
            let application = try call.query.required("application")
            let cluster = try call.query.required("cluster")
            let now = time.now
            let facts = try await store.read(as: call.reach) {
                try Why.facts($0, $1, application: application, cluster: cluster, at: now)
            }
            return .json(Why.explain(facts).json(facts))
        }
    }
}

extension Call {
    func stage() throws(APIFailure) -> StageID {
        StageID(pipeline: try parameter("pipeline"), environment: try parameter("environment"))
    }
}
