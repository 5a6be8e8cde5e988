// SPDX-License-Identifier: Apache-2.0
import FleetModel
// SPDX-License-Identifier: Apache-2.0
import Manifests
import PostgresClient
import Promotion
import Testing

@testable import FleetCoordinator

@Suite("Policies in force") struct PolicyBeforeTests {
    private static let stage = StageID(pipeline: "shop", environment: "production")

    private static func author(_ name: String) -> Author {
        Author(name: name, principal: Principal(name: name, displayName: name, means: .token("t1")))
    }

    private static func files() -> [String: String] {
        var files = JourneyTests.files()
        files["fleet/access/root.yaml"] = TwoTeams.policy("root", "{user: root}", .administrator)
        files["fleet/access/approvers.yaml"] = TwoTeams.policy("approvers", "{user: old}", .approver)
        return files
    }

    private func approve(_ fleet: TestFleet, as name: String) async throws -> String {
        do {
            try await StageActions(engine: fleet.engine).approve(
                Self.stage, release: nil, rendered: nil, reason: "", by: Self.author(name))
            return "approved"
        } catch { return (error as? APIFailure)?.code ?? "\(error)" }
    }

    @Test func nobodyGrantsThemselvesTheRightWithTheReleaseThatNeedsIt() async throws {
        let fleet = try await TestFleet(files: Self.files())
        try await fleet.settle(clusters: JourneyTests.clusters, rounds: 12)
        #expect(try await fleet.stage("shop/production")?.promotion?.waitingFor == "needs an approval")
        var changes = JourneyTests.images("registry.example/web:2")
        changes["fleet/access/approvers.yaml"] = TwoTeams.policy("approvers", "{user: old}, {user: new}", .approver)
        try await fleet.push(changes, message: "Let myself approve this\n")
        try await fleet.settle(clusters: JourneyTests.clusters, rounds: 12)
        #expect(try await approve(fleet, as: "new") == "judged-by-policies-before")
        let permits = Permits(store: fleet.store, time: fleet.time.wall, listensOnLoopback: true)
        let new = Principal(name: "new", displayName: "new", means: .token("t1"))
        #expect(try await permits.grants(of: .person(new)).allows(.approve, .stages([Spot.Stage(Self.stage)])))
        // With the next commit the new policies are those before it, wherever in their file they stand.
        changes = JourneyTests.images("registry.example/web:3")
        changes["fleet/access/approvers.yaml"] =
            "# Approvers\n" + TwoTeams.policy("approvers", "{user: old}, {user: new}", .approver)
        try await fleet.push(changes, message: "Something else\n")
        try await fleet.settle(clusters: JourneyTests.clusters, rounds: 12)
        #expect(try await approve(fleet, as: "new") == "approved")
    }

    @Test func whoCouldBeforeStillDecides() async throws {
        let fleet = try await TestFleet(files: Self.files())
        try await fleet.settle(clusters: JourneyTests.clusters, rounds: 12)
        var changes = JourneyTests.images("registry.example/web:2")
        changes["fleet/access/approvers.yaml"] = TwoTeams.policy("approvers", "{user: old}, {user: new}", .approver)
        try await fleet.push(changes, message: "One more\n")
        try await fleet.settle(clusters: JourneyTests.clusters, rounds: 12)
        #expect(try await approve(fleet, as: "old") == "approved")
    }

    @Test func aRestartWithoutGitNeitherOpensNorShuts() async throws {
        let fleet = try await TestFleet(files: Self.files())
        try await fleet.follower.round()
        let again = try await Store.open(fleet.store.database, now: fleet.time.now)
        let permits = Permits(store: again, time: fleet.time.wall, listensOnLoopback: false)
        let old = Principal(name: "old", displayName: "old", means: .token("t1"))
        let other = Principal(name: "other", displayName: "other", means: .token("t1"))
        #expect(try await permits.grants(of: .person(old)).allows(.approve, .fleet))
        #expect(try await permits.grants(of: .person(old)).rules.map(\.place) == ["fleet/access/approvers.yaml:3"])
        #expect(try await permits.grants(of: .person(other)) == Grants([], for: other))
        // An invalid commit does not come into force: the last policies stay.
        try await fleet.push(["fleet/access/approvers.yaml": "apiVersion: flotilla.dev/v1alpha1\nkind: AccessPolicy\n"], message: "Break\n")
        try await fleet.follower.round()
        fleet.time.advance(by: .seconds(5))
        #expect(try await permits.grants(of: .person(old)).allows(.approve, .fleet))
        // Another coordinator notices within two seconds.
        try await fleet.push(
            ["fleet/access/approvers.yaml": TwoTeams.policy("approvers", "{user: other}", .approver)], message: "Another one\n")
        try await fleet.follower.round()
        fleet.time.advance(by: .seconds(2))
        #expect(try await !permits.grants(of: .person(old)).allows(.read, .anywhere))
        #expect(try await permits.grants(of: .person(other)).allows(.approve, .fleet))
    }

    @Test func beforeThereIsAFleetOnlyTheAdministratorMay() async throws {
        let store = try await Store.open(try await TestDatabase.shared.make(), now: Timestamp(seconds: 1))
        let permits = Permits(store: store, time: HandTime().wall, listensOnLoopback: true)
        #expect(try await !permits.grants(of: .person(TwoTeams.nobody)).allows(.read, .anywhere))
        #expect(try await permits.grants(of: .person(.administrator)).allows(.administer, .fleet))
        await store.database.close()
    }
}
