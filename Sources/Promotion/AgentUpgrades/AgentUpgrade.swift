// SPDX-License-Identifier: Apache-2.0
package import Manifests

/// The move of an environment's agents to another image, wave by wave.
///
/// A cluster's agent is asked to move itself; it has come back once it is heard to run the image. One that has not come back in time stops
/// the run until a person resumes or aborts it. One that cannot move itself stays as it is and holds nobody up.
package struct AgentUpgrade: Sendable, Equatable, Codable {
    package enum Phase: Sendable, Equatable, Codable {
        case rolling
        /// Nobody else is asked until a person says so.
        case stopped(reason: String)
        case finished(at: Timestamp)
        case aborted(by: Actor, at: Timestamp)
    }

    package enum Event: Sendable, Equatable {
        /// The answer to `Effect.inspect`.
        case inspected(wave: Int, offline: Set<String>)
        /// An agent was heard.
        case heard(cluster: String, AgentSighting)
        /// The cluster has left the environment.
        case left(cluster: String)
        case resumed(by: Actor)
        case aborted(by: Actor)
        case tick
    }

    package enum Effect: Sendable, Equatable {
        /// Find out which of these are offline, then say `inspected`.
        case inspect(wave: Int, clusters: [String])
        /// Ask these clusters' agents to move.
        case ask([String])
        case announce(Announcement)
    }

    /// Something that people want to know.
    package struct Announcement: Sendable, Equatable {
        package enum Kind: String, Sendable, CaseIterable {
            case agentUpgradeStarted, agentUpgradeWave, agentUpgraded, agentUpgradeRefused, agentUpgradeStopped, agentUpgradeResumed,
                agentUpgradeAborted, agentUpgradeFinished
        }

        package var kind: Kind
        package var cluster: String?
        package var message: String
    }

    package let id: String
    package let environment: String
    package let image: String
    package let startedBy: Actor
    package let startedAt: Timestamp
    /// How long an agent may take from being asked to being heard with the new image.
    package let timeoutMilliseconds: Int64
    package let offlineAfterMilliseconds: Int64
    package private(set) var phase: Phase
    package private(set) var rollout: Rollout
    /// When each cluster was asked; also those that get it on their return.
    package private(set) var asked: [String: Timestamp]
    /// Why agents do not move, by cluster.
    package private(set) var refusals: [String: String]
    /// What was heard last of those that were asked and have not come back.
    package private(set) var remarks: [String: String]

    /// Begins a run; the effects are to be carried out as those of `step`.
    /// - Parameter strategy: the environment's clusters in its waves; its gates and its threshold do not count.
    package static func begin(
        id: String, environment: String, image: String, strategy: Strategy, timeoutMilliseconds: Int64, by actor: Actor, at now: Timestamp
    ) -> (AgentUpgrade, [Effect]) {
        var strategy = strategy
        strategy.failureThreshold = 1
        strategy.minimumClusters = 1
        var run = AgentUpgrade(
            id: id, environment: environment, image: image, startedBy: actor, startedAt: now, timeoutMilliseconds: timeoutMilliseconds,
            offlineAfterMilliseconds: strategy.offlineAfterMilliseconds, phase: .rolling, rollout: Rollout(strategy), asked: [:],
            refusals: [:], remarks: [:])
        var effects: [Effect] = [
            .announce(
                Announcement(
                    kind: .agentUpgradeStarted,
                    message: "to \(image), \(strategy.clusters.count) clusters in \(strategy.waves.count) waves"))
        ]
        run.beginWave(&effects)
        run.advance(at: now, &effects)
        return (run, effects)
    }

    /// Clusters whose agents are to be told the image: those that were asked and neither came back nor refused.
    package var wanting: [String] {
        if case .aborted = phase { return [] }
        return rollout.clusters.filter { asked[$0.name] != nil && $0.progress != .current && $0.progress != .left }.map(\.name).sorted()
    }

    /// When time alone moves the run on.
    package var deadline: Timestamp? {
        guard phase == .rolling else { return nil }
        let timeouts = rollout.clusters.compactMap { cluster in
            cluster.progress == .dispatched ? asked[cluster.name].map { $0 + .milliseconds(timeoutMilliseconds) } : nil
        }
        return (timeouts + [rollout.deadline].compactMap { $0 }).min()
    }

    package var isOver: Bool {
        switch phase {
        case .rolling, .stopped: false
        case .finished, .aborted: true
        }
    }

    /// Applies `event` and returns the effects to run, in order. An event that does not fit the phase changes nothing.
    package mutating func step(_ event: Event, at now: Timestamp) -> [Effect] {
        var effects: [Effect] = []
        switch (event, phase) {
        case (.inspected(let wave, let offline), .rolling):
            guard wave == rollout.index else { return [] }
            rollout.inspected(notCurrent: [], offline: offline, at: now)
            let skipped = rollout.wave?.clusters.filter { $0.progress == .skipped }.map(\.name) ?? []
            if !skipped.isEmpty { ask(skipped, at: now, &effects) }
        case (.heard(let cluster, let sighting), _): hear(cluster, sighting, &effects)
        case (.left(let cluster), _): rollout.leave(cluster)
        case (.resumed(let actor), .stopped):
            phase = .rolling
            // They are given as much time again; one that has come back meanwhile is not among them.
            for failure in rollout.failures {
                rollout.observe(failure.cluster, .progressing)
                asked[failure.cluster] = now
            }
            let reason = actor.reason.isEmpty ? "" : ": \(actor.reason)"
            effects.append(.announce(Announcement(kind: .agentUpgradeResumed, message: "by \(actor.name)\(reason)")))
        case (.aborted(let actor), .rolling), (.aborted(let actor), .stopped):
            phase = .aborted(by: actor, at: now)
            let reason = actor.reason.isEmpty ? "" : ": \(actor.reason)"
            effects.append(
                .announce(
                    Announcement(
                        kind: .agentUpgradeAborted, message: "by \(actor.name)\(reason); agents that have moved stay where they are")))
        case (.tick, .rolling): break
        case (.inspected, _), (.resumed, _), (.aborted, _), (.tick, _): return []
        }
        advance(at: now, &effects)
        return effects
    }

    private mutating func hear(_ cluster: String, _ sighting: AgentSighting, _ effects: inout [Effect]) {
        guard asked[cluster] != nil, let progress = rollout.clusters.first(where: { $0.name == cluster })?.progress else { return }
        switch sighting {
        case .runs(let running, let version, let isTooNew) where running == image:
            if isTooNew {
                let reason = "its agent \(version) is newer than the coordinator: upgrade the coordinator first"
                if progress != .failed(reason: reason) { rollout.observe(cluster, .failed(reason: reason)) }
                return
            }
            guard progress != .current, progress != .left else { return }
            remarks[cluster] = nil
            effects.append(.announce(Announcement(kind: .agentUpgraded, cluster: cluster, message: "runs \(image) (\(version))")))
            if progress == .skipped { asked[cluster] = nil } else { rollout.observe(cluster, .current) }
        case .runs(let running, let version, _): remarks[cluster] = "its agent \(version) still runs \(running)"
        case .refuses(let reason):
            guard refusals[cluster] != reason else { return }
            refusals[cluster] = reason
            effects.append(.announce(Announcement(kind: .agentUpgradeRefused, cluster: cluster, message: reason)))
            if progress != .current { rollout.leave(cluster) }
        }
    }

    // MARK: Moving on

    private mutating func advance(at now: Timestamp, _ effects: inout [Effect]) {
        guard phase == .rolling else { return }
        expire(at: now)
        if rollout.hasFailed {
            let reason = rollout.failures.map { "\($0.cluster): \($0.reason)" }.joined(separator: "; ")
            phase = .stopped(reason: reason)
            effects.append(.announce(Announcement(kind: .agentUpgradeStopped, cluster: rollout.failures.first?.cluster, message: reason)))
            return
        }
        while !rollout.isOver {
            let taken = rollout.takeNext()
            if !taken.isEmpty { ask(taken, at: now, &effects) }
            if rollout.takeInspection(at: now), let wave = rollout.wave {
                effects.append(.inspect(wave: rollout.index, clusters: wave.clusters.map(\.name)))
            }
            let index = rollout.index
            _ = rollout.advance(at: now)
            guard rollout.index != index else { return }
            beginWave(&effects)
        }
        phase = .finished(at: now)
        effects.append(.announce(Announcement(kind: .agentUpgradeFinished, message: summary)))
    }

    private mutating func beginWave(_ effects: inout [Effect]) {
        guard let wave = rollout.wave else { return }
        effects.append(
            .announce(
                Announcement(kind: .agentUpgradeWave, message: "wave \(wave.name): \(wave.clusters.map(\.name).joined(separator: ", "))")))
        effects.append(.inspect(wave: rollout.index, clusters: wave.clusters.map(\.name)))
    }

    private mutating func ask(_ clusters: [String], at now: Timestamp, _ effects: inout [Effect]) {
        for cluster in clusters { asked[cluster] = now }
        effects.append(.ask(clusters))
    }

    private mutating func expire(at now: Timestamp) {
        let late = rollout.clusters.filter { cluster in
            cluster.progress == .dispatched && asked[cluster.name].map { $0 + .milliseconds(timeoutMilliseconds) <= now } ?? false
        }.map(\.name)
        for cluster in late {
            let remark = remarks[cluster].map { "; \($0)" } ?? "; it has not been heard since it was asked"
            rollout.observe(
                cluster, .failed(reason: "has not come back with \(image) within \(timeoutMilliseconds / 1_000) s\(remark)"))
        }
    }

    /// What came of a finished run, in words.
    private var summary: String {
        var parts = ["\(rollout.currentCount) clusters run \(image)"]
        let skipped = rollout.clusters.filter { $0.progress == .skipped && asked[$0.name] != nil }.map(\.name)
        if !skipped.isEmpty { parts.append("offline, moved on their return: \(skipped.joined(separator: ", "))") }
        if !refusals.isEmpty { parts.append("left as they are: \(refusals.keys.sorted().joined(separator: ", "))") }
        return parts.joined(separator: "; ")
    }
}

/// What an agent says of the image that it runs.
package enum AgentSighting: Sendable, Equatable {
    /// - Parameters:
    ///   - image: as its pod names it.
    ///   - isTooNew: whether its version is newer than the coordinator's.
    case runs(image: String, version: String, isTooNew: Bool)
    /// It cannot move itself, and why.
    case refuses(reason: String)
}
