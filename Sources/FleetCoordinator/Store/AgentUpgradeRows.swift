// SPDX-License-Identifier: Apache-2.0
import Manifests
import PostgresClient
import Promotion

/// Rows of `agent_upgrades` and `agent_images`: the runs that move agents to other images, and whom they ask.
enum AgentUpgradeRows {
    /// The image that a cluster's agent is to move to, and the environment whose run asks for it.
    struct Wanted: Sendable, Equatable {
        var environment: String
        var image: String
    }

    /// What a cluster's agent said last of itself.
    struct Sighting: Sendable {
        var cluster: String
        var image: String
        var version: String
    }

    static func wanted(_ session: Session, cluster: String) throws -> Wanted? {
        try session.query("select environment, image from agent_images where cluster = $1", [.text(cluster)]).first.map {
            Wanted(environment: try $0.text("environment"), image: try $0.text("image"))
        }
    }

    /// The environment's newest run.
    static func read(_ session: Session, environment: String) throws -> AgentUpgrade? {
        try session.query("select state::text as state from agent_upgrades where environment = $1", [.text(environment)]).first.map {
            try StateCoding.decode(AgentUpgrade.self, from: try $0.text("state"))
        }
    }

    /// The same, locked until the transaction ends.
    static func lock(_ session: Session, environment: String) throws -> AgentUpgrade? {
        try session.query("select state::text as state from agent_upgrades where environment = $1 for update", [.text(environment)])
            .first.map { try StateCoding.decode(AgentUpgrade.self, from: try $0.text("state")) }
    }

    /// Stores a run, and asks exactly those whom it wants to ask.
    static func save(_ session: Session, _ run: AgentUpgrade) throws {
        _ = try session.execute(
            """
            insert into agent_upgrades (environment, state, deadline) values ($1, $2::jsonb, $3)
            on conflict (environment) do update set state = excluded.state, deadline = excluded.deadline
            """,
            [.text(run.environment), .json(try StateCoding.encode(run)), run.deadline.map { .int($0.milliseconds) } ?? .null])
        let wanting = run.wanting
        _ = try session.execute(
            "delete from agent_images where environment = $1 and not (cluster = any($2))", [.text(run.environment), .textArray(wanting)])
        guard !wanting.isEmpty else { return }
        _ = try session.execute(
            """
            insert into agent_images (cluster, environment, image) select cluster, $1, $2 from unnest($3::text[]) as c (cluster)
            on conflict (cluster) do update set environment = excluded.environment, image = excluded.image
            """, [.text(run.environment), .text(run.image), .textArray(wanting)])
    }

    static func due(_ session: Session, at now: Timestamp) throws -> [String] {
        try session.query(
            "select environment from agent_upgrades where deadline <= $1 order by environment", [.int(now.milliseconds)]
        ).map { try $0.text("environment") }
    }

    static func nextDeadline(_ session: Session) throws -> Timestamp? {
        try session.query("select min(deadline) as next from agent_upgrades where deadline is not null").first?.optionalInt64("next")
            .map { Timestamp(milliseconds: $0) }
    }

    static func sightings(_ session: Session, clusters: [String]) throws -> [Sighting] {
        try session.query(
            "select name, agent_image, agent_version from clusters where name = any($1) order by name", [.textArray(clusters)]
        ).map { Sighting(cluster: try $0.text("name"), image: try $0.text("agent_image"), version: try $0.text("agent_version")) }
    }

    /// Those of `clusters` that are no longer declared in the environment.
    static func left(_ session: Session, environment: String, _ clusters: [String]) throws -> [String] {
        let rows = try session.query(
            "select name from clusters where name = any($1) and declared and environment = $2", [.textArray(clusters), .text(environment)])
        let present = Set(try rows.map { try $0.text("name") })
        return clusters.filter { !present.contains($0) }
    }
}
