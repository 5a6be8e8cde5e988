// SPDX-License-Identifier: Apache-2.0
import GitRepository
import Manifests
import Threads

/// The whole of what Flotilla does, seen from outside: through its API, through Git, and through the clusters' kubeconfigs.
///
/// It goes through one pipeline with a stage that releases reach first and one that they reach last. It leaves the fleet in good order, so
/// that it can be made again on the same data.
actor Tour {
    let fleet: LocalFleet
    let client: CoordinatorClient
    private let say: @Sendable (String) -> Void
    private var report = TourReport(stepCount: 0)

    /// Does a step, writes figures into the report, and says what was seen.
    private typealias Body = @Sendable (inout TourReport) async throws -> String

    init(fleet: LocalFleet, client: CoordinatorClient, say: @escaping @Sendable (String) -> Void) {
        self.fleet = fleet
        self.client = client
        self.say = say
    }

    /// Makes the tour; the first step that fails ends it.
    func run() async throws -> TourReport {
        let threads = ThreadPool(name: "tour-git", count: 1)
        defer { threads.stop() }
        let folder = "\(fleet.settings.data.path)/tour"
        try LocalFile.makeFolder(folder)
        let git = try await GitHand.open(
            at: "\(folder)/clone.git", url: fleet.repositoryURL, branch: fleet.settings.branch, threads: threads)
        let place = try await TourPlace.find(fleet: fleet, client: client)
        let people = try await TourPeople.signIn(fleet.accounts, administrator: client)
        let stages = StageHand(client: client, approver: people.approver.client, pipeline: place.pipeline)
        let access = AccessSteps(place: place, people: people, client: client)
        let changes = ChangeSteps(place: place, git: git, stages: stages)
        let outages = OutageSteps(place: place, fleet: fleet, client: client)
        let secrets = SecretSteps(place: place, fleet: fleet, git: git)

        let steps: [(name: String, body: Body)] = [
            ("First deployment reaches \(place.first)", { _ in try await changes.firstDeployment(git.head()) }),
            ("Only who may approve can", { _ in try await access.refused() }),
            ("Approved, it reaches \(place.last)", { _ in try await changes.firstApproval(git.head()) }),
            ("A commit that changes an image goes the same way", { try await changes.newImage(&$0) }),
            ("Encrypted Secrets are plain in clusters, and nowhere else", { _ in try await secrets.arrived() }),
            ("Edits in clusters are put right", { try await outages.edits(&$0) }),
            ("A broken release is stopped in \(place.first)", { _ in try await changes.brokenRelease() }),
            ("Its fix flows to \(place.last)", { _ in try await changes.fix() }),
            ("A revert pushed to \(place.last)'s branch is adopted", { _ in try await changes.revert() }),
            ("Resumed, \(place.last) takes the next release", { _ in try await changes.resume() }),
            ("Without the coordinator clusters are kept right", { try await outages.withoutCoordinator(&$0) }),
            ("The audit trail is whole, and names who decided", { _ in try await access.audited() }),
        ]
        report = TourReport(stepCount: steps.count)
        for step in steps where await !self.step(step.name, step.body) { break }
        for (cluster, process) in await fleet.agentProcesses() {
            guard let process, let memory = ProcessMemory(of: process) else { continue }
            report.agents.append(TourReport.AgentMemory(cluster: cluster, process: process, memory: memory))
        }
        await people.signOut()
        await git.close()
        return report
    }

    /// Whether it worked. A failure is reported with what the fleet and the logs say.
    private func step(_ name: String, _ body: Body) async -> Bool {
        let start = ContinuousClock.now
        var step = TourReport.Step(name: name, isGood: true, seconds: 0, detail: "")
        var seen = report
        do { step.detail = try await body(&seen) } catch {
            step.isGood = false
            step.detail = "\(error)"
        }
        report = seen
        step.seconds = (ContinuousClock.now - start).inSeconds
        report.steps.append(step)
        let seconds = TourReport.fixed(step.seconds, 1)
        say("\(step.isGood ? "ok    " : "FAILED")  \(seconds) s  \(name)\(step.detail.isEmpty ? "" : ": \(step.detail)")")
        if !step.isGood { for line in await evidence() { say("        \(line)") } }
        return step.isGood
    }

    /// The stages, the last events and the ends of the logs.
    private func evidence() async -> [String] {
        var lines: [String] = []
        if let status = try? await client.get("/status") {
            lines += StatusText(status: status).text(style: .plain).split(separator: "\n").map(String.init)
        }
        if let events = try? await client.get("/events", query: [("limit", "25")])["items"]?.list {
            lines += ["Events:"] + events.reversed().map { EventText(event: $0).line(style: .plain) }
        }
        let logs = fleet.settings.data.logs
        for name in ["coordinator", "simulator"] + (await fleet.agentProcesses().map { "agent-\($0.cluster)" }) {
            let tail = LocalFile.lastLines("\(logs)/\(name).log", 5)
            if !tail.isEmpty { lines += ["\(name).log:"] + tail }
        }
        return lines
    }
}

/// Where a tour goes: a pipeline, its first and last stage's environments, and their clusters.
struct TourPlace: Sendable {
    var pipeline: String
    /// The environments in the order of the stages.
    var environments: [String]
    var clusters: [String: [ClusterHand]]

    var first: String { environments.first ?? "" }
    var last: String { environments.last ?? "" }

    static func find(fleet: LocalFleet, client: CoordinatorClient) async throws -> TourPlace {
        let pipelines = try await client.items("/pipelines")
        guard let pipeline = pipelines.first(where: { ($0["stages"]?.list?.count ?? 0) > 1 }) else {
            throw Failure("a tour needs a pipeline with two stages, and the fleet repository declares none")
        }
        let stages = (pipeline["stages"]?.list ?? []).sorted { ($0["position"]?.int ?? 0) < ($1["position"]?.int ?? 0) }
        let environments = stages.compactMap { $0["environment"]?.string }
        var clusters: [String: [ClusterHand]] = [:]
        for cluster in try await client.items("/clusters") {
            guard let name = cluster["name"]?.string, let environment = cluster["environment"]?.string else { continue }
            let (path, context) = await fleet.kubeconfig(of: name)
            clusters[environment, default: []].append(ClusterHand(kubeconfig: path, context: context))
        }
        for environment in environments where clusters[environment] == nil {
            throw Failure("a tour needs clusters in every environment, and '\(environment)' has none")
        }
        return TourPlace(pipeline: pipeline["name"]?.string ?? "", environments: environments, clusters: clusters)
    }

    func hands(_ environment: String) -> [ClusterHand] { clusters[environment] ?? [] }

    /// The environment's Deployments that run this image.
    func workloads(_ environment: String, image: String) async throws -> [Workload] {
        var found: [Workload] = []
        for hand in hands(environment) { found += try await hand.deployments().filter { $0.tag(of: image) != nil } }
        return found
    }

    /// Whether in every cluster of the environment this tag runs, and is healthy.
    func runs(_ tag: String, of image: String, in environment: String) async throws -> Bool {
        for hand in hands(environment) {
            let workloads = try await hand.deployments().filter { $0.tag(of: image) != nil }
            guard !workloads.isEmpty, workloads.allSatisfy({ $0.tag(of: image) == tag && $0.isCurrent }) else { return false }
        }
        return true
    }
}
