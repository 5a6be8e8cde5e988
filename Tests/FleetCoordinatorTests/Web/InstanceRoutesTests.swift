// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Manifests
import Testing

@testable import FleetCoordinator

@Suite("An application on a cluster, in the browser") struct InstanceRoutesTests {
    private static let form = (name: "Content-Type", value: "application/x-www-form-urlencoded")
    private static let page = "/clusters/s1/applications/web"
    private static let actions = "/actions/clusters/s1/applications/web"

    @Test("its forms ask the agent, with the session's own token only, and the page shows what came of it")
    func asks() async throws {
        try await ServedFleet.with { served async throws in
            let signIn = try await served.send("POST", "/sign-in", headers: [Self.form], body: Array("token=\(served.token)".utf8))
            let cookie = (name: "Cookie", value: String(try #require(signIn.headers["Set-Cookie"]).prefix { $0 != ";" }))
            func look(_ path: String = Self.page) async throws -> String { try await served.send("GET", path, headers: [cookie]).text }
            let first = try await look()
            #expect(first.contains("Nothing has been asked of the agent.") && first.contains("Sync now"))
            let token = String(try #require(first.firstMatch(of: #/name="csrf" value="([^"]+)"/#)).1)
            func post(_ action: String, _ fields: String) async throws -> ServedFleet.Answer {
                try await served.send("POST", "\(Self.actions)/\(action)", headers: [cookie, Self.form], body: Array(fields.utf8))
            }
            #expect(try await post("sync", "").status == 403)
            #expect(try await post("sync", "csrf=\(token)").headers["Location"] == "\(Self.page)?done=sync")
            #expect(try await post("dry-run", "csrf=\(token)").status == 303)
            #expect(try await post("pause-healing", "csrf=\(token)&seconds=3600").status == 422)
            #expect(try await post("pause-healing", "csrf=\(token)&seconds=3600&reason=incident+42").status == 303)
            let paused = try await look("\(Self.page)?done=pause-healing")
            #expect(paused.contains("Healing is paused until") && paused.contains("incident 42") && paused.contains("Queued"))
            #expect(try await look("/clusters/s1").contains("healing paused until"))
            #expect(try await post("resume-healing", "csrf=\(token)").status == 303)
            #expect(try await post("resume-healing", "csrf=\(token)").status == 409)

            let commands = try await served.get("/api/v1/clusters/s1/commands").json["items"]?.list ?? []
            #expect(commands.compactMap { $0["kind"]?.string } == ["dryRun", "syncNow"])
            let id = try #require(commands.first?["id"]?.string.flatMap { Generation($0) })
            let output: Value = [
                "objects": [
                    [
                        "object": "apps/Deployment shop/web", "action": "change",
                        "changes": [["path": "/spec/replicas", "before": 9, "after": "<b>6</b>"]],
                    ]
                ], "prune": [["object": "ConfigMap shop/old", "message": "deleted"]],
            ]
            let result = CommandResult(
                id: id, outcome: .done, message: "1 change", output: output, startedAt: served.fleet.time.now,
                finishedAt: served.fleet.time.now)
            _ = try await served.fleet.agents.results(CommandResults(results: [result]), cluster: "s1")
            let shown = try await look()
            #expect(shown.contains("<code>/spec/replicas</code> 9 → &lt;b&gt;6&lt;/b&gt;") && shown.contains("ConfigMap shop/old"))
            #expect(try await served.send("GET", "/clusters/p1/applications/web", headers: [cookie]).status == 404)
            #expect(try await served.send("GET", Self.page).headers["Location"] == "/sign-in")
        }
    }
}
