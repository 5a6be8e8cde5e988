// SPDX-License-Identifier: Apache-2.0
import FleetModel
import Manifests
import Testing

@testable import FleetCoordinator

@Suite("Who may do what") struct AccessRoutesTests {
    private static func check(
        _ served: ServedFleet, as principal: Principal, _ query: [String: String]
    ) async throws -> Value {
        do {
            let reply = try await served.reply(try served.route("GET", "/api/v1/access/check"), [:], as: principal, query: query)
            guard case .bytes(let bytes) = reply.body else { return .null }
            return try JSON.read(bytes)
        } catch {
            guard let failure = error as? APIFailure else { throw error }
            return failure.json
        }
    }

    @Test func saysByWhichPolicy() async throws {
        try await TwoTeams.with(running: false) { served async throws in
            let stage = ["permission": "approve", "pipeline": "walrus", "environment": "arctic"]
            let mine = try await Self.check(served, as: TwoTeams.member(.approver, .pipeline), stage)
            #expect(mine["allowed"] == true && mine["place"] == "stage walrus/arctic" && mine["user"] == "mary")
            let policy = try #require(mine["policies"]?.list?.first)
            #expect(policy["name"] == "approvers-of-pipeline")
            #expect(policy["declared"] == "fleet/access/approvers-of-pipeline.yaml:3")
            let operators = try await Self.check(served, as: TwoTeams.member(.operator, .pipeline), stage)
            #expect(operators["allowed"] == false && operators["policies"] == [] && operators["roles"] == ["approver", "administrator"])
            // A place that is not seen and one that is not there answer alike.
            for (pipeline, environment) in [("zebra", "savanna"), ("nemo", "nowhere")] {
                let other = try await Self.check(
                    served, as: TwoTeams.member(.approver, .pipeline),
                    ["permission": "approve", "pipeline": pipeline, "environment": environment])
                #expect(other["allowed"] == false && other["policies"] == [])
            }
        }
    }

    @Test func tellsOfOthersToWhoReadsTheWholeFleet() async throws {
        try await TwoTeams.with(running: false) { served async throws in
            let query = ["permission": "operate", "environment": "arctic", "user": "bob", "groups": "operators-of-environment,others"]
            let asked = try await Self.check(served, as: TwoTeams.member(.viewer, .all), query)
            #expect(asked["allowed"] == true && asked["user"] == "bob")
            for limit in [TwoTeams.Limit.environment, .pipeline] {
                let refused = try await Self.check(served, as: TwoTeams.member(.administrator, limit), query)
                #expect(refused.at("error", "code") == "forbidden")
            }
            let mistyped = try await Self.check(served, as: TwoTeams.nobody, ["permission": "aprove"])
            #expect(mistyped.at("error", "hint") == "did you mean 'approve'?")
        }
    }

    @Test func listsWhatConcernsTheReader() async throws {
        try await TwoTeams.with(running: false) { served async throws in
            func names(_ principal: Principal) async throws -> [String] {
                let reply = try await served.reply(try served.route("GET", "/api/v1/access"), [:], as: principal)
                guard case .bytes(let bytes) = reply.body else { return [] }
                return try JSON.read(bytes)["items"]?.list?.compactMap { $0["name"]?.string } ?? []
            }
            #expect(try await names(.administrator).count == 12)
            #expect(try await names(TwoTeams.member(.viewer, .all)).count == 12)
            #expect(try await names(TwoTeams.member(.administrator, .pipeline)) == ["administrators-of-pipeline"])
        }
    }
}
