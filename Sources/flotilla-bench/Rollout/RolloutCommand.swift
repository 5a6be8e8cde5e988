// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FleetAgent
import Manifests

struct RolloutCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollout", abstract: "From a pushed commit to applied and acknowledged on every cluster.")

    @Option(help: "Clusters of the fleets.")
    var clusters = Sizes([10, 100])

    @Option(help: "Commits to push.")
    var commits = 5

    @OptionGroup var output: OutputOptions

    func run() async throws {
        output.show([try await RolloutBenchmark(clusters: clusters.values, commits: commits).run()])
    }
}

/// Coordinator, simulated clusters and agents in one process, speaking HTTP to each other.
struct RolloutBenchmark: Sendable {
    var clusters: [Int]
    var commits: Int

    func run() async throws -> Findings {
        var findings = Findings("rollout")
        for count in clusters {
            Terminal.progress("rollout: \(count) clusters")
            let fleet = SampleFleet(clusters: count, applications: 1, contents: .plain(configMaps: 1, services: 1, deployments: 1))
            let measured = try await LocalCoordinator.run(fleet.files) { local in
                try await LocalClusters.run(fleet.clusterNames, folder: local.folder) { clusters in
                    try await measure(fleet, local, clusters)
                }
            }
            findings.add("\(count) clusters: first deployment, healthy everywhere", measured.first, "s")
            findings.add("\(count) clusters: push to acknowledged, p50", measured.seconds.median, "s")
            findings.add("\(count) clusters: push to acknowledged, p99", measured.seconds.percentile(99), "s", budget: "< 1 for 1,000")
            findings.add("\(count) clusters: push to the last cluster, median", measured.last.median, "s")
        }
        findings.remarks.append("one wave of all clusters; the commit changes a ConfigMap, so that no Pod starts anew")
        return findings
    }

    struct Measured: Sendable {
        var first = 0.0
        /// Of every commit and cluster.
        var seconds: [Double] = []
        /// Of every commit, until the last cluster.
        var last: [Double] = []
    }

    private func measure(_ fleet: SampleFleet, _ local: LocalCoordinator, _ clusters: LocalClusters) async throws -> Measured {
        let head = try await local.repository.head()
        _ = try await eventually("first plan") { try await local.api.release(head) }
        try local.folder.write([], to: "agents/.keep")
        let agents = try await makeAgents(fleet.clusterNames, local, clusters)
        return try await alongside({ try await Self.run(agents) }, do: { try await pushCommits(fleet, local, head) })
    }

    private func makeAgents(_ names: [String], _ local: LocalCoordinator, _ clusters: LocalClusters) async throws -> [Agent] {
        var agents: [Agent] = []
        for name in names {
            agents.append(try makeAgent(name, try await local.api.enroll(name), local, clusters))
        }
        return agents
    }

    private func makeAgent(
        _ name: String, _ enrolment: CoordinatorAPI.Enrolment, _ local: LocalCoordinator, _ clusters: LocalClusters
    ) throws -> Agent {
        let token = try local.folder.write(Array(enrolment.token.utf8), to: "tokens/\(name)")
        let authorities = try local.folder.write(Array(enrolment.authorities.utf8), to: "tokens/\(name).crt")
        let configuration = AgentConfiguration(
            coordinator: enrolment.url, cluster: name,
            identification: .certificate(.init(tokenFile: token, authorityFile: authorities)), connection: try clusters.connection(name),
            stateDirectory: "\(local.folder.path)/agents/\(name)", version: "bench")
        return Agent(configuration: configuration, logger: quietLogger)
    }

    private static func run(_ agents: [Agent]) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for agent in agents { group.addTask { try await agent.run() } }
            try await group.waitForAll()
        }
    }

    private func pushCommits(_ fleet: SampleFleet, _ local: LocalCoordinator, _ head: String) async throws -> Measured {
        var measured = Measured()
        let begin = Clock.monotonic
        try await local.api.verified(head)
        measured.first = Clock.monotonic - begin
        for revision in 1...max(1, commits) {
            // The webhook counts once a second.
            try await Task.sleep(for: .milliseconds(1_500))
            let commit = try await local.repository.commit(SampleFleet.changingFile(0), fleet.changed(0, revision: revision))
            let pushed = wallTime
            try await local.repository.push(commit)
            try await local.api.callWebhook()
            let times = try await acknowledged("\(commit.id)", fleet, local).map { Double(($0 - pushed).wholeMilliseconds) / 1_000 }
            measured.seconds += times
            measured.last.append(times.max() ?? 0)
            try await local.api.verified("\(commit.id)")
        }
        return measured
    }

    /// When the coordinator had each cluster's word that it runs a release, in its own time.
    private func acknowledged(_ commit: String, _ fleet: SampleFleet, _ local: LocalCoordinator) async throws -> [Timestamp] {
        var times: [String: Timestamp] = [:]
        return try await eventually("every cluster runs \(commit)", every: .milliseconds(25)) { () -> [Timestamp]? in
            var after = ""
            repeat {
                let page = try await local.api.get("/api/v1/applications/\(SampleFleet.application(0))?limit=500&after=\(after)")["states"]
                for state in page?["items"]?.list ?? [] {
                    guard let cluster = state["cluster"]?.string, times[cluster] == nil, state["release"]?.string == commit,
                        state["state"]?.string == "current", let at = state["reportedAt"]?.string.flatMap({ Timestamp(rfc3339: $0) })
                    else { continue }
                    times[cluster] = at
                }
                after = page?["next"]?.string ?? ""
            } while !after.isEmpty
            return times.count == fleet.clusters ? Array(times.values) : nil
        }
    }
}
