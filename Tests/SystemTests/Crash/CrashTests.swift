// SPDX-License-Identifier: Apache-2.0
import Foundation
import Manifests
import Testing
import Threads

@Suite("A fleet of real processes", .serialized) struct RunningFleetTests {
    @Test("whoever is killed in the middle of a rollout, nothing is lost and nothing happens twice", .timeLimit(.minutes(12)))
    func crashes() async throws {
        let seed = CrashPlan.seed()
        var random = SeededRandom(seed: seed)
        let boundaries = try CrashPlan.boundaries()
        #expect(boundaries.count >= 10)
        let plan = CrashPlan.make(boundaries: boundaries, using: &random)
        try await withFleet("seed \(seed)") { fleet in
            let began = ContinuousClock.now
            let watcher = BranchWatcher(
                repository: fleet.repository.remote,
                branches: ["staging", "production"].map { "flotilla/\(SmallFleet.pipeline)/\($0)" })
            defer { _ = watcher.stop() }
            try await fleet.start()
            var scenario = CrashScenario(fleet: fleet, plan: plan)
            try await scenario.run()
            try await scenario.finish(within: .seconds(120))
            let kills = scenario.kills
            let unfinished = kills.filter(\.isUnfinished)
            let broken = await fleet.repository.broken
            let releases = await fleet.repository.release
            await fleet.stop()

            let logs = try ClusterLogs(folder: fleet.folder).everything()
            let pushedAt = watcher.stop()
            let remote = fleet.repository.remote
            let history = try await onThread {
                var evidence = GitEvidence(repository: remote, shape: SmallFleet.shape, pushedAt: pushedAt)
                return try evidence.history()
            }
            var checker = Checker(shape: SmallFleet.shape, history: history, observations: logs)
            checker.isAtRest = true
            let verdict = checker.verdict()
            print(
                """
                Crash tests, seed \(seed) (FLOTILLA_SEED=\(seed) repeats the plan): \(kills.count) kills, \(unfinished.count) of them within an \
                unfinished rollout; \(releases) releases, of which \(broken.count) do not start; \(ContinuousClock.now - began)
                \(scenario.table())
                Verdict of the checker, from \(logs.values.reduce(0) { $0 + $1.count }) log lines and \
                \(history.stages.values.reduce(0) { $0 + $1.records.count }) records:
                \(verdict)
                """)
            #expect(unfinished.count >= 40)
            for boundary in boundaries {
                #expect(unfinished.contains { $0.crash.boundary == "coordinator at \(boundary)" }, "\(boundary) was not hit")
            }
            for victim in ["agent anywhere", "PostgreSQL anywhere"] { #expect(unfinished.contains { $0.crash.boundary == victim }) }
            #expect(verdict.isClean, "\(verdict)")
            for rule in Verdict.Rule.allCases { #expect(verdict.judged[rule, default: 0] > 0, "\(rule) judged nothing") }
            for release in broken {
                let image = SmallFleet.image(release, broken: true)
                let got = { (clusters: [String]) in clusters.contains { Self.applied(image, in: logs[$0] ?? []) } }
                #expect(got(SmallFleet.staging), "\(image) should have been tried in staging")
                #expect(!got(SmallFleet.production), "\(image) reached production")
            }
        }
    }

    @Test("an idle fleet asks its clusters for nothing, and a manual edit is healed by one request", .timeLimit(.minutes(5)))
    func idle() async throws {
        try await withFleet("idle") { fleet in
            try await fleet.start()
            var logs = ClusterLogs(folder: fleet.folder)
            let image = await fleet.repository.image()
            try await eventually("everything is deployed", within: .seconds(90), every: .milliseconds(100)) {
                try logs.read()
                return logs.settled(RunningFleet.clusters, with: image) == RunningFleet.clusters.count ? () : nil
            }
            try await eventually("the rollout is over", within: .seconds(30), every: .milliseconds(100)) {
                let stages = try await fleet.get("/api/v1/status")["stages"]?.list ?? []
                return stages.allSatisfy { $0["state"]?.string == "current" && $0["promotion"]?.isNull ?? true } ? () : nil
            }
            // What follows a rollout (parents, reports, the copy of the agent's state) comes to an end.
            try await Task.sleep(for: .seconds(15))
            for cluster in RunningFleet.clusters { _ = try logs.news(cluster) }
            try await Task.sleep(for: .seconds(60))
            for cluster in RunningFleet.clusters {
                let asked = Self.requests(try logs.news(cluster)).filter { !Self.isIdle($0) }
                #expect(asked.isEmpty, "\(cluster): \(asked)")
            }
            try await Self.edit(fleet)
            let edited = SmallFleet.production[1]
            var after: [Observation] = []
            try await eventually("the edit is healed", within: .seconds(20), every: .milliseconds(50)) {
                after += try logs.news(edited)
                return Self.writes(after).isEmpty ? nil : ()
            }
            // Nothing follows.
            try await Task.sleep(for: .seconds(4))
            after += try logs.news(edited)
            #expect(Self.changes(after).count == 1, "\(Self.changes(after))")
            let writes = Self.writes(after)
            #expect(writes.map(\.object) == [ObjectIdentity(group: "apps", kind: "Deployment", namespace: "shop", name: "web")])
            for cluster in RunningFleet.clusters where cluster != edited { #expect(Self.changes(try logs.news(cluster)).isEmpty) }
        }
    }

    // MARK: What they need

    private static func applied(_ image: String, in observations: [Observation]) -> Bool {
        observations.contains {
            if case .write(let write) = $0.what { return write.images.contains(image) }
            return false
        }
    }

    private static func writes(_ observations: [Observation]) -> [Observation.Write] {
        observations.filter(\.isAgents).compactMap { if case .write(let write) = $0.what { write } else { nil } }
    }

    /// Whatever the agent asked to be changed, its own lease aside.
    private static func changes(_ observations: [Observation]) -> [Observation] {
        observations.filter(\.isAgents).filter { observation in
            switch observation.what {
            case .write, .deletion: true
            case .request(let verb, let resource): !["get", "list", "watch"].contains(verb) && resource != "leases"
            case .workload: false
            }
        }
    }

    private static func requests(_ observations: [Observation]) -> [Observation] {
        observations.filter { if case .workload = $0.what { false } else { $0.isAgents } }
    }

    /// A watch, or the renewal of a lease.
    private static func isIdle(_ observation: Observation) -> Bool {
        guard case .request(let verb, let resource) = observation.what else { return false }
        return verb == "watch" || resource == "leases"
    }

    /// Scales `web` by hand.
    private static func edit(_ fleet: RunningFleet) async throws {
        try await ManualEdit(kubeconfig: "\(fleet.folder)/kubeconfigs/\(SmallFleet.production[1]).yaml").scale(
            "/apis/apps/v1/namespaces/shop/deployments/web", to: 5)
    }

    private func withFleet(_ name: String, _ body: (RunningFleet) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("flotilla-crash-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        // PostgreSQL may run as another user, who must be able to come this far.
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder)
        let fleet = try await RunningFleet(folder: folder)
        do {
            try await body(fleet)
        } catch {
            let tails = fleet.logTails()
            await fleet.stop()
            if ProcessInfo.processInfo.environment["FLOTILLA_KEEP"] == nil { try? FileManager.default.removeItem(atPath: folder) }
            Issue.record("\(name): \(error)\n\(tails)")
            return
        }
        await fleet.stop()
        if ProcessInfo.processInfo.environment["FLOTILLA_KEEP"] == nil { try? FileManager.default.removeItem(atPath: folder) }
    }

    private func onThread<T: Sendable>(_ body: @Sendable @escaping () throws -> T) async throws -> T {
        let thread = ThreadExecutor(name: "judge")
        defer { thread.stop() }
        return try await thread.run(body)
    }
}
