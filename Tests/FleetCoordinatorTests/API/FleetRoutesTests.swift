// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@testable import FleetCoordinator

@Suite("Reading the fleet") struct FleetRoutesTests {
    @Test func showsTheFleetAtAGlance() async throws {
        try await ServedFleet.with { served async throws in
            let status = try await served.get("/api/v1/status").json
            #expect(status.at("trunk", "valid") == true)
            #expect(status.at("clusters", "total") == 4)
            #expect(status.at("applications", "current") == 1)
            let stages = try #require(status.at("stages")?.list)
            #expect(stages.map { $0.at("environment")?.string } == ["staging", "production"])
            #expect(stages.map { $0.at("state")?.string } == ["current", "waiting"])
            #expect(stages[0].at("clusters", "current") == 1)
            #expect(stages[0].at("running", "subject")?.string == "Begin")
            #expect(stages[1].at("after", "")?.list == nil && stages[1].at("after")?.list == ["staging"])
            #expect(stages[1].at("promotion", "phase") == "waiting")
            #expect(stages[1].at("promotion", "waitingFor") == "needs an approval")
            #expect(stages[1].at("promotion", "waves")?.list?.compactMap { $0.at("name")?.string } == ["canary", "rest"])
            #expect(stages[1].at("running") == .null)

            let pipeline = try await served.get("/api/v1/pipelines/shop").json
            #expect(pipeline.at("latestRelease", "stages", "staging") == "verified")
            #expect(pipeline.at("latestRelease", "stages", "production") == "waiting")
            #expect(try await served.get("/api/v1/pipelines/nothing").status == 404)
            #expect(try await served.get("/api/v1/stages/shop/nothing").status == 404)

            let environments = try await served.get("/api/v1/environments").json.at("items")?.list
            #expect(environments?.map { $0.at("name")?.string } == ["production", "staging"])
            #expect(environments?.first?.at("clusters") == 3)
            #expect(environments?.first?.at("pipelines")?.list == ["shop"])

            let application = try await served.get("/api/v1/applications/web").json
            #expect(application.at("pipeline") == "shop")
            let state = try #require(application.at("states", "items")?.list?.first)
            #expect(state.at("cluster") == "s1" && state.at("health") == "Current" && state.at("upToDate") == true)
            #expect(state.at("generation") == state.at("observedGeneration"))
            let cluster = try await served.get("/api/v1/clusters/s1").json
            #expect(cluster.at("online") == true && cluster.at("labels", "tier") == "staging")
            #expect(cluster.at("applicationStates")?.list?.count == 1)
        }
    }

    @Test func pagesByKey() async throws {
        try await ServedFleet.with(settled: false) { served async throws in
            let names = (1...7).map { "c\($0)" }
            try await served.declare(names)
            var seen: [String] = []
            var after = ""
            var pages = 0
            repeat {
                let page = try await served.get("/api/v1/clusters?limit=3\(after.isEmpty ? "" : "&after=\(after)")").json
                seen += page.at("items")?.list?.compactMap { $0.at("name")?.string } ?? []
                after = page.at("next")?.string ?? ""
                pages += 1
            } while !after.isEmpty && pages < 10
            #expect(seen == names && pages == 3)
            #expect(try await served.get("/api/v1/clusters?limit=0").status == 422)
            #expect(try await served.get("/api/v1/clusters?limit=501").status == 422)
            let mistyped = try await served.get("/api/v1/clusters?enviroment=staging")
            #expect(mistyped.status == 422 && mistyped.json.at("error", "hint")?.string?.contains("environment") == true)
            #expect(try await served.get("/api/v1/clusters?environment=production").json.at("items")?.list?.isEmpty == true)
        }
    }

    @Test func pagesHistoryReleasesAndEvents() async throws {
        try await ServedFleet.with { served async throws in
            for image in 2...4 {
                try await served.fleet.push(
                    ["environments/staging/web/web.yaml": JourneyTests.deployment("registry.example/web:\(image)")],
                    message: "Image \(image)\n")
                try await served.fleet.settle(clusters: ["s1"], rounds: 15)
            }
            func walk(_ path: String, _ key: String) async throws -> [String] {
                var seen: [String] = []
                var after: String?
                repeat {
                    let page = try await served.get("\(path)limit=2\(after.map { "&after=\($0)" } ?? "")")
                    #expect(page.status == 200)
                    seen += page.json.at("items")?.list?.map { "\($0.at(key)?.string ?? "\($0.at(key)?.int ?? 0)")" } ?? []
                    after = page.json.at("next")?.string
                } while after != nil && seen.count < 50
                return seen
            }
            #expect(
                try await walk("/api/v1/stages/shop/staging/history?", "subject") == ["Image 4", "Image 3", "Image 2", "Begin"])
            #expect(try await walk("/api/v1/releases?pipeline=shop&", "subject") == ["Image 4", "Image 3", "Image 2", "Begin"])
            #expect(try await served.get("/api/v1/stages/shop/staging/history?after=nonsense").status == 422)

            let newest = try await served.get("/api/v1/events?limit=1").json
            let id = try #require(newest.at("items")?.list?.first?.at("id")?.int)
            let before = try #require(newest.at("next")?.string)
            #expect(before == "\(id)")
            let older = try await served.get("/api/v1/events?limit=2&before=\(before)").json
            #expect(older.at("items")?.list?.compactMap { $0.at("id")?.int } == [id - 1, id - 2])
            let onwards = try await served.get("/api/v1/events?limit=2&after=\(id - 2)").json
            #expect(onwards.at("items")?.list?.compactMap { $0.at("id")?.int } == [id - 1, id])
        }
    }

    @Test func explains() async throws {
        try await ServedFleet.with { served async throws in
            func why(_ cluster: String, application: String = "web") async throws -> (String?, String) {
                let json = try await served.get("/api/v1/why?application=\(application)&cluster=\(cluster)").json
                let lines = json.at("lines")?.list?.compactMap(\.string) ?? []
                return (json.at("verdict")?.string, lines.joined(separator: "\n"))
            }
            var answer = try await why("s1")
            #expect(answer.0 == "in place" && answer.1.contains("applied and Current"))
            answer = try await why("p1")
            #expect(answer.0 == "waiting" && answer.1.contains("needs an approval"))
            answer = try await why("nowhere")
            #expect(answer.0 == "unknown")
            answer = try await why("s1", application: "nothing")
            #expect(answer.0 == "unknown")
            #expect(try await served.get("/api/v1/why?application=web").status == 422)
            // The release breaks in staging.
            try await served.fleet.push(
                ["environments/staging/web/web.yaml": JourneyTests.deployment("registry.example/broken:1")], message: "Break\n")
            try await served.fleet.settle(clusters: ["s1"], rounds: 10)
            answer = try await why("s1")
            #expect(answer.0 == "failing" && answer.1.contains("ImagePullBackOff"))
            #expect(try await served.get("/api/v1/stages/shop/staging").json.at("state") == "failed")
        }
    }
}
