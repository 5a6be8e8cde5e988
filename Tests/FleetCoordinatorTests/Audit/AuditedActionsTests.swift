// SPDX-License-Identifier: Apache-2.0
import GitRepository
import Manifests
import PostgresClient
import Promotion
import Testing

@testable import FleetCoordinator

@Suite("What Git and the coordinator do is audited", .serialized) struct AuditedActionsTests {
    @Test("commits taken into force, records, human heads and refusals are audited with who is said to have made them")
    func journey() async throws {
        let fleet = try await TestFleet(files: JourneyTests.files(approvals: 0))
        try await fleet.settle(clusters: JourneyTests.clusters, rounds: 40)
        var trail = try await fleet.store.auditTrail()
        #expect(trail.map(\.action) == ["fleet.accept", "stage.record", "stage.record"])
        #expect(trail.first?.actor.contains("Ada Developer") == true && trail.first?.means == "git, unsigned")
        #expect(trail.dropFirst().map(\.target) == ["shop/staging", "shop/production"])
        #expect(trail.dropFirst().allSatisfy { $0.actor == "coordinator" && $0.commit?.count == 40 })
        // Nothing runs in a cluster whose commit the trail does not name.
        let commits = try await fleet.store.database.read {
            try $0.query("select distinct record_commit from desired").map { try $0.text("record_commit") }
        }
        #expect(!commits.isEmpty && commits.allSatisfy { commit in trail.contains { $0.commit == commit } })

        var mark = trail.last?.sequence ?? 0
        try await fleet.push(["fleet/clusters/p9.yaml": "kind: Nonsense\n"], message: "Break the fleet\n")
        try await fleet.settle(clusters: JourneyTests.clusters, rounds: 3)
        trail = try await fleet.store.auditTrail(after: mark)
        #expect(trail.map(\.action) == ["fleet.refuse"] && trail.first?.outcome == "refused")
        #expect(try AuditLink.state(trail.first?.after)?.at("git", "title") == "Break the fleet")

        mark += 1
        let branch = "flotilla/shop/production"
        let head = try #require(try await fleet.mirror.head(of: branch))
        let pushed = try await fleet.push(
            ["environments/production/web/web.yaml": JourneyTests.deployment("registry.example/web:7")], message: "By hand\n",
            branch: branch)
        try await fleet.settle(clusters: JourneyTests.clusters, rounds: 5)
        trail = try await fleet.store.auditTrail(after: mark)
        #expect(trail.first?.action == "stage.adopt" && trail.first?.reason == "By hand" && trail.first?.commit == "\(pushed)")
        #expect(try AuditLink.state(trail.first?.before)?.at("running", "commit") == .string("\(head)"))
        #expect(try AuditLink.state(trail.first?.after)?.at("running", "commit") == .string("\(pushed)"))
        await fleet.store.database.close()
        await fleet.mirror.close()
    }
}
