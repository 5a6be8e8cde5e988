// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

/// Pushes releases one after the other, and meanwhile kills whoever the plan says.
struct CrashScenario {
    struct Kill: Sendable {
        var crash: Crash
        var release: Int
        /// How far the newest release had come, by the clusters' own logs.
        var staging: Int
        var production: Int

        var isUnfinished: Bool { production < SmallFleet.production.count }
    }

    let fleet: RunningFleet
    private var logs: ClusterLogs
    private var plan: [Crash]
    private(set) var kills: [Kill] = []
    /// Boundaries that were not reached in time, and were put off.
    private(set) var putOff = 0
    /// The releases that do not start, by how many kills went before.
    private var brokenAfter: [Int]
    private var armed: Crash?

    /// The longest that a boundary may take to be reached.
    private static let patience = Duration.seconds(20)

    init(fleet: RunningFleet, plan: [Crash]) {
        self.fleet = fleet
        self.plan = plan
        logs = ClusterLogs(folder: fleet.folder)
        brokenAfter = [plan.count / 3, plan.count * 2 / 3]
    }

    mutating func run() async throws {
        while let crash = plan.first {
            plan.removeFirst()
            if let after = brokenAfter.first, kills.count >= after {
                brokenAfter.removeFirst()
                try await pushBroken()
            }
            try await pushIfAtRest()
            try await carryOut(crash)
        }
        try await rearm(nil)
    }

    /// Pushes a last release, and waits until it is everywhere.
    mutating func finish(within limit: Duration) async throws {
        try await fleet.repository.pushRelease()
        let release = await fleet.repository.release
        let deadline = ContinuousClock.now + limit
        while try await !isAtRest() {
            guard ContinuousClock.now < deadline else {
                let stages = try? await fleet.get("/api/v1/status")["stages"]
                throw Program.Failure(
                    description: "release \(release) did not get everywhere within \(limit): \(logs.web)\n"
                        + "\(stages.map { JSON.text($0, pretty: true) } ?? "no answer")\n\(fleet.logTails())")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        let fleet = fleet
        try await eventually("every stage is current, and nothing is under way", within: .seconds(30), every: .milliseconds(200)) {
            () -> Void? in
            let stages = try? await fleet.get("/api/v1/status")["stages"]?.list
            guard let stages, stages.count == 2 else { return nil }
            let isCurrent = stages.allSatisfy { stage in
                stage["state"]?.string == "current" && stage["promotion"]?.isNull ?? true && stage["hold"]?.isNull ?? true
                    && stage.at("running", "verdict")?.string == "verified"
            }
            return isCurrent ? () : nil
        }
        // The journal is written in batches.
        try await eventually("the journal has the last decision", within: .seconds(20), every: .milliseconds(200)) {
            try await fleet.repository.isVerifiedInProduction() ? () : nil
        }
    }

    // MARK: Crashing

    private mutating func carryOut(_ crash: Crash) async throws {
        switch crash {
        case .coordinator(let boundary, _):
            try await rearm(crash)
            // A plan is made of a new release only: while the one before is on its way.
            if boundary.hasPrefix("plan.") { try await fleet.repository.pushRelease() }
            try await awaitBoundary(crash)
        case .coordinatorAnywhere(let moment):
            try await rearm(nil)
            try await wait(for: moment)
            try await note(crash)
            await fleet.coordinator?.killNow()
            try await startCoordinator(armedFor: next)
        case .agent(let cluster, let moment):
            try await wait(for: moment)
            try await note(crash)
            try await fleet.killAgent(cluster)
        case .postgres(let moment):
            try await wait(for: moment)
            try await note(crash)
            try await fleet.killPostgres()
        }
    }

    /// Waits for the coordinator to kill itself; where it has no reason to, gives it a release.
    private mutating func awaitBoundary(_ crash: Crash) async throws {
        let deadline = ContinuousClock.now + Self.patience
        while ContinuousClock.now < deadline {
            if let end = await fleet.coordinator?.end {
                guard end == .signal(9) else {
                    throw Program.Failure(description: "the coordinator ended by itself: \(end)\n\(fleet.logTails())")
                }
                try await note(crash)
                try await startCoordinator(armedFor: next)
                return
            }
            try await pushIfAtRest()
            try await Task.sleep(for: .milliseconds(10))
        }
        // Not reached: a crash anywhere instead, and the boundary again later.
        putOff += 1
        guard putOff < 20 else {
            throw Program.Failure(description: "\(crash.boundary) is not reached, \(putOff) were not\n\(fleet.logTails())")
        }
        try await note(.coordinatorAnywhere(.milliseconds(0)))
        await fleet.coordinator?.killNow()
        plan.append(crash)
        try await startCoordinator(armedFor: next)
    }

    /// Lets the coordinator run, armed as given: kills it first where it is armed otherwise. It never starts without work to do.
    private mutating func rearm(_ crash: Crash?) async throws {
        let end = await fleet.coordinator?.end
        // An armed one may have reached its boundary already.
        if armed == crash, crash != nil || end == nil { return }
        try await pushIfAtRest()
        if end == nil {
            try await note(.coordinatorAnywhere(.milliseconds(0)))
            await fleet.coordinator?.killNow()
        } else if let armed {
            try await note(armed)
        }
        try await startCoordinator(armedFor: crash)
    }

    private mutating func startCoordinator(armedFor crash: Crash?) async throws {
        try await pushIfAtRest()
        var point: String?
        if case .coordinator(let name, let times) = crash { point = "\(name):\(times)" }
        armed = crash
        try await fleet.startCoordinator(crashAt: point)
    }

    /// What to arm a coordinator for that has to be started anyway.
    private var next: Crash? { if case .coordinator = plan.first { plan.first } else { nil } }

    /// Lets a rollout go on, without letting it end.
    private mutating func wait(for moment: Crash.Moment) async throws {
        let limit: Duration
        var wanted = Int.max
        switch moment {
        case .milliseconds(let count): limit = .milliseconds(count)
        case .production(let count): (limit, wanted) = (Self.patience, count)
        }
        let end = ContinuousClock.now + limit
        try await pushIfAtRest()
        while ContinuousClock.now < end {
            if logs.have(SmallFleet.production, await fleet.repository.image()) >= wanted { break }
            try await Task.sleep(for: .milliseconds(10))
            try await pushIfAtRest()
        }
    }

    private mutating func note(_ crash: Crash) async throws {
        try logs.read()
        let image = await fleet.repository.image()
        kills.append(
            Kill(
                crash: crash, release: await fleet.repository.release, staging: logs.settled(SmallFleet.staging, with: image),
                production: logs.settled(SmallFleet.production, with: image)))
    }

    // MARK: Releasing

    /// Whether every production cluster is ready with the newest release.
    private mutating func isAtRest() async throws -> Bool {
        try logs.read()
        return logs.settled(SmallFleet.production, with: await fleet.repository.image()) == SmallFleet.production.count
    }

    private mutating func pushIfAtRest() async throws {
        if try await isAtRest() { try await fleet.repository.pushRelease() }
    }

    /// A release that does not start, and, once a staging cluster has it, one that does.
    private mutating func pushBroken() async throws {
        try await rearm(nil)
        try await fleet.repository.pushRelease(broken: true)
        let image = await fleet.repository.image()
        let deadline = ContinuousClock.now + .seconds(60)
        while logs.have(SmallFleet.staging, image) == 0 {
            guard ContinuousClock.now < deadline else {
                throw Program.Failure(description: "no staging cluster got \(image): \(logs.web)\n\(fleet.logTails())")
            }
            try await Task.sleep(for: .milliseconds(20))
            try logs.read()
        }
        try await fleet.repository.pushRelease()
    }

    /// A line for each boundary: how often, and how far the releases had come.
    func table() -> String {
        var rows: [String: [Kill]] = [:]
        for kill in kills { rows[kill.crash.boundary, default: []].append(kill) }
        let lines = rows.sorted { $0.key < $1.key }.map { boundary, kills in
            let places = kills.map {
                "r\($0.release) \($0.staging)/\(SmallFleet.staging.count)+\($0.production)/\(SmallFleet.production.count)"
            }
            return "  \(boundary.padding(to: 34)) \(String(kills.count).padding(to: 3)) \(places.joined(separator: ", "))"
        }
        return "  \("boundary".padding(to: 34)) kills, each with the newest release and the clusters ready with it (staging+production)\n"
            + lines.joined(separator: "\n")
    }
}
