// SPDX-License-Identifier: Apache-2.0
import Foundation
import Manifests
import Testing

/// The verbs that ask a cluster's agent, through the real programs.
@Suite("Commands from a shell", .serialized) struct ClusterCommandTests {
    @Test("sync, dry run, get, logs, run-job and a pause of healing, over a real fleet", .timeLimit(.minutes(5)))
    func verbs() async throws {
        try await withTemporaryFolder { folder in
            let fleet = try await RunningFleet(folder: folder)
            do {
                try await fleet.start()
                try await use(fleet, folder)
            } catch {
                Issue.record("\(error)\n\(fleet.logTails())")
            }
            await fleet.stop()
        }
    }

    private func use(_ fleet: RunningFleet, _ folder: String) async throws {
        func flotilla(_ arguments: String...) async throws -> ProgramResult {
            try await run(
                try PackageFolder.program("flotilla"),
                arguments + ["--server", fleet.server, "--token-file", "\(folder)/data/admin-token"])
        }
        try await eventually("staging runs the first release", within: .seconds(60)) {
            try? await fleet.get("/api/v1/stages/shop/staging")["state"] == "current" ? () : nil
        }
        let sync = try await flotilla("sync", "web", "--cluster", "staging-1", "--wait")
        #expect(sync.code == 0 && sync.output.contains("web on staging-1: Current"), "\(sync.errors)")

        let same = try await flotilla("dry-run", "web", "--cluster", "staging-1")
        #expect(same.code == 0 && same.output.contains("unchanged"), "\(same.errors)")

        let list = try await flotilla("get", "deploy", "--cluster", "staging-1", "-n", "shop")
        #expect(list.code == 0 && list.output.contains("web"), "\(list.errors)")
        let one = try await flotilla("get", "deployment", "web", "--cluster", "staging-1", "-n", "shop", "-o", "json")
        #expect(try JSON.read(one.output).at("spec", "replicas") == 2)

        let logs = try await flotilla("logs", "--cluster", "staging-1", "-n", "shop", "deployment/web", "--tail", "10")
        #expect(logs.code == 0 && logs.output.contains("registry.example/web"), "\(logs.errors)")
        let nothing = try await flotilla("logs", "--cluster", "staging-1", "-n", "shop", "nothing")
        #expect(nothing.code == 1 && nothing.errors.contains("there is no pod 'nothing' in namespace shop"))

        let manifest =
            "apiVersion: batch/v1\nkind: Job\nmetadata: {name: smoke, namespace: shop}\nspec: {template: {spec: "
            + "{restartPolicy: Never, containers: [{name: main, image: x/smoke}]}}}\n"
        try Data(manifest.utf8).write(to: URL(fileURLWithPath: "\(folder)/job.yaml"))
        let refused = try await flotilla("run-job", "--cluster", "staging-1", "--file", "\(folder)/job.yaml")
        #expect(refused.code == 1 && refused.errors.contains("--allow-jobs shop"), "\(refused.errors)")

        let paused = try await flotilla("pause", "web", "--cluster", "staging-1", "--drift", "--for", "1h", "--reason", "incident 42")
        #expect(paused.code == 0 && paused.output.contains("not healed until"), "\(paused.errors)")
        let resumed = try await flotilla("resume", "web", "--cluster", "staging-1", "--drift")
        #expect(resumed.code == 0 && resumed.output.contains("healed again"), "\(resumed.errors)")
        let again = try await flotilla("resume", "web", "--cluster", "staging-1", "--drift")
        #expect(again.code == 1 && again.errors.contains("is not paused"))

        // What was begun when the agent was killed is not run again, and what it was not given yet comes afterwards.
        try await fleet.killAgent("staging-1")
        let after = try await flotilla("sync", "web", "--cluster", "staging-1", "--reason", "after a crash")
        #expect(after.code == 0, "\(after.errors)")
        let elsewhere = try await flotilla("sync", "nothing", "--cluster", "staging-1")
        #expect(elsewhere.code == 1 && elsewhere.errors.contains("is not on cluster 'staging-1'"))
        let kinds =
            try await fleet.get("/api/v1/events?cluster=staging-1&limit=500")["items"]?.list?.compactMap { $0["kind"]?.string } ?? []
        #expect(kinds.contains("commandAsked") && kinds.contains("commandDone") && kinds.contains("driftPaused"))
    }
}
