// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@testable import FleetCoordinator

@Suite("Acting on stages") struct ActionRoutesTests {
    private static let production = "/api/v1/stages/shop/production"
    private static let staging = "/api/v1/stages/shop/staging"

    @Test func approvesWhatIsMeantAndNothingElse() async throws {
        try await ServedFleet.with { served async throws in
            let waiting = try await served.get(Self.production).json
            let release = try #require(waiting.at("promotion", "release")?.string)
            #expect(try await served.post("\(Self.staging)/approve").code == "nothing-waits")
            #expect(try await served.post("\(Self.production)/approve", ["release": "abcdef0"]).code == "other-release")
            #expect(try await served.post("\(Self.production)/approve", ["release": "zz"]).status == 422)
            #expect(
                try await served.post("\(Self.production)/approve", ["rendered": "sha256:00"]).code == "other-rendered-set")
            #expect(try await served.post("/api/v1/stages/shop/nothing/approve").status == 404)
            let approved = try await served.post(
                "\(Self.production)/approve", ["release": .string(String(release.prefix(7))), "reason": "ok"])
            #expect(approved.status == 200)
            #expect(approved.json.at("promotion", "phase") == "recording")
            #expect(approved.json.at("promotion", "approvals")?.list?.first?.at("by") == "administrator")
            #expect(try await served.post("\(Self.production)/approve").code == "nothing-waits")
            try await served.fleet.settle(clusters: JourneyTests.clusters, rounds: 25)
            let done = try await served.get(Self.production).json
            #expect(done.at("state") == "current" && done.at("clusters", "current") == 3)
            #expect(done.at("running", "verdict") == "verified")
        }
    }

    @Test func pausesAndResumes() async throws {
        try await ServedFleet.with { served async throws in
            #expect(try await served.post("\(Self.production)/pause").status == 422)
            let paused = try await served.post("\(Self.production)/pause", ["reason": "holidays"])
            #expect(paused.json.at("state") == "paused" && paused.json.at("paused", "reason") == "holidays")
            #expect(try await served.post("\(Self.production)/pause", ["reason": "again"]).code == "paused-already")
            let resumed = try await served.post("\(Self.production)/resume")
            #expect(resumed.json.at("state") == "waiting")
            #expect(try await served.post("\(Self.production)/resume").code == "not-stopped")
        }
    }

    @Test func rejects() async throws {
        try await ServedFleet.with { served async throws in
            let waiting = try await served.get(Self.production).json
            #expect(try await served.post("\(Self.production)/reject").status == 422)
            #expect(try await served.post("\(Self.production)/reject", ["reason": "not now"]).status == 200)
            #expect(try await served.get(Self.production).json.at("state") == "empty")
            let release = try #require(waiting.at("promotion", "release")?.string)
            // What was rejected comes back only by an override, which needs a reason.
            #expect(try await served.post("\(Self.production)/promote", ["release": .string(release)]).code == "rejected")
            #expect(
                try await served.post("\(Self.production)/promote", ["release": .string(release), "override": true]).status == 422)
            let promoted = try await served.post(
                "\(Self.production)/promote", ["release": "latest", "override": true, "reason": "checked by hand"])
            #expect(promoted.status == 200 && promoted.json.at("promotion", "phase") == "waiting")
        }
    }

    @Test func promotesOnlyWhatIsVerifiedBefore() async throws {
        try await ServedFleet.with { served async throws in
            let fleet = served.fleet
            #expect(try await served.post("\(Self.staging)/promote", ["release": "latest"]).code == "runs-already")
            #expect(try await served.post("\(Self.production)/promote", ["release": "latest"]).code == "in-progress")
            #expect(try await served.post("\(Self.production)/promote", ["release": "0123456"]).status == 404)
            #expect(try await served.post("\(Self.production)/promote", [:]).status == 422)
            try await fleet.push(
                ["environments/staging/web/web.yaml": JourneyTests.deployment("registry.example/broken:1")], message: "Break\n")
            try await fleet.settle(clusters: ["s1"], rounds: 8)
            #expect(try await served.post("\(Self.production)/promote", ["release": "latest"]).code == "not-verified")
        }
    }

    @Test func rollsBackToWhatWasVerified() async throws {
        try await ServedFleet.with { served async throws in
            let fleet = served.fleet
            #expect(try await served.post("\(Self.production)/rollback", ["reason": "x"]).code == "nothing-runs")
            #expect(try await served.post("\(Self.staging)/rollback", ["reason": "x"]).code == "no-target")
            let first = try #require(try await served.get(Self.staging).json.at("running", "release")?.string)
            try await fleet.push(
                ["environments/staging/web/web.yaml": JourneyTests.deployment("registry.example/web:2")], message: "Second\n")
            try await fleet.settle(clusters: ["s1"], rounds: 15)
            #expect(try await served.get(Self.staging).json.at("running", "subject") == "Second")
            #expect(
                try await served.post("\(Self.staging)/rollback", ["reason": "x", "to": "0123456"]).code == "not-verified")
            #expect(try await served.post("\(Self.staging)/rollback").status == 422)
            let answer = try await served.post("\(Self.staging)/rollback", ["reason": "worse", "to": .string(first)])
            #expect(answer.status == 200 && answer.json.at("promotion", "origin") == "rollback")
            #expect(answer.json.at("hold", "cause") == "rollback")
            try await fleet.settle(clusters: ["s1"], rounds: 10)
            let after = try await served.get(Self.staging).json
            #expect(after.at("running", "release")?.string == first && after.at("running", "verdict") == "verified")
            #expect(after.at("state") == "held")
            #expect(try await served.post("\(Self.staging)/rollback", ["reason": "x", "to": .string(first)]).code == "runs-already")
        }
    }
}
