// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import KubernetesAPI
import Manifests

struct DriftCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drift", abstract: "From the answer to a manual edit to the corrected object, as a watch sees it.")

    @Option(help: "Edits, each of an object of its own.")
    var edits = 200

    @Option(help: "The agent's program.")
    var agent: String?

    @OptionGroup var output: OutputOptions

    func run() async throws { output.show([try await DriftBenchmark(edits: edits, program: try AgentProcess.find(agent)).run()]) }
}

/// Edits of ConfigMaps by another client, one after the other, and a watch that waits for the agent's correction.
struct DriftBenchmark: Sendable {
    var edits: Int
    var program: String

    private static let configMaps = ResourceType(
        group: "", version: "v1", kind: "ConfigMap", plural: "configmaps", namespaced: true, verbs: ResourceType.everyVerb)

    func run() async throws -> Findings {
        let fleet = SampleFleet(clusters: 1, applications: 1, contents: .plain(configMaps: edits, services: 0, deployments: 0))
        return try await LocalCoordinator.run(fleet.files) { local in
            try await LocalClusters.run(fleet.clusterNames, folder: local.folder) { clusters in
                let head = try await local.repository.head()
                _ = try await eventually("first plan") { try await local.api.release(head) }
                let agent = try await AgentProcess.start(
                    program: program, cluster: SampleFleet.cluster(0), local: local, clusters: clusters)
                defer { agent.process.stop() }
                try await local.api.verified(head)
                try await Task.sleep(for: .seconds(5))
                return try await measure(fleet, clusters)
            }
        }
    }

    private func measure(_ fleet: SampleFleet, _ clusters: LocalClusters) async throws -> Findings {
        let client = KubernetesClient(connection: try clusters.connection(SampleFleet.cluster(0)))
        var milliseconds: [Double] = []
        let name = "web-\(fleet.number(0, 0))"
        var version =
            try await client.get(Self.configMaps, namespace: SampleFleet.namespace, name: name)
            .at("metadata", "resourceVersion")?.string ?? "0"
        for index in 0..<edits {
            let name = "web-\(fleet.number(0, index))"
            let selection = Selection(namespace: SampleFleet.namespace, fieldSelector: "metadata.name=\(name)")
            var events = try await client.watch(Self.configMaps, selection, from: version).makeAsyncIterator()
            let edited = try await client.patch(
                Self.configMaps, namespace: SampleFleet.namespace, name: name, .merge(["data": ["LOG_LEVEL": "edited"]]),
                options: WriteOptions(fieldManager: "bench"))
            let answered = Clock.monotonic
            let edit = edited.object.at("metadata", "resourceVersion")?.string ?? ""
            var isPast = false
            while true {
                guard let event = try await events.next(isolation: nil) else { throw BenchError("the watch ended before the correction") }
                guard case .modified(let object) = event else { continue }
                let seen = object.at("metadata", "resourceVersion")?.string ?? ""
                if seen == edit {
                    isPast = true
                } else if isPast, object.at("data", "LOG_LEVEL")?.string == "info" {
                    milliseconds.append((Clock.monotonic - answered) * 1_000)
                    version = seen
                    break
                }
            }
        }
        await client.shutdown()
        var findings = Findings("drift")
        findings.add("edits", Double(milliseconds.count), "edits")
        findings.add("edit to corrected, p50", milliseconds.median, "ms", budget: "<= 8 on a real API server")
        findings.add("edit to corrected, p99", milliseconds.percentile(99), "ms", budget: "<= 50 on a real API server")
        findings.remarks.append("the cluster is simulated; the agent's program: \(program)")
        return findings
    }
}
