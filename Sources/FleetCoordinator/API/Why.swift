// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Manifests
import PostgresClient
import Promotion

/// Explains why an application on a cluster is as it is: a pure function of what is stored.
enum Why {
    struct Facts: Sendable {
        var application: String
        var cluster: String
        var now: Timestamp
        var reading: ClusterReading?
        var state: ApplicationState?
        var placement: ReadApplications.Placement?
        /// The stage that decides: the one that desired the state, else the one that will.
        var stage: StageReading?
        /// Applications that this one waits for, as they are on the cluster.
        var dependencies: [ApplicationState] = []
        var latest: ReleaseReading?
        /// Healing is paused there.
        var pause: DriftPauseReading?
    }

    enum Verdict: String, Sendable {
        case inPlace = "in place"
        case rollingOut = "rolling out"
        case waiting, held, failing
        case notSelected = "not selected"
        case unknown
    }

    struct Explanation: Sendable, Equatable {
        var verdict: Verdict
        /// The most important first.
        var lines: [String]

        func json(_ facts: Facts) -> Value {
            .map([
                "verdict": .string(verdict.rawValue), "lines": .texts(lines), "state": facts.state?.json ?? .null,
                "stage": facts.stage?.json ?? .null,
            ])
        }
    }

    /// What the reader may know of it; the rest is as if it were not there.
    static func facts(
        _ session: Session, _ sight: Sight, application: String, cluster: String, at now: Timestamp
    ) throws -> Facts {
        var facts = Facts(application: application, cluster: cluster, now: now)
        facts.reading = try ReadClusters.one(session, sight, cluster)
        facts.state = try ReadApplications.state(session, sight, application: application, cluster: cluster)
        facts.placement = try ReadApplications.placement(session, application: application, cluster: cluster)?.seen(by: sight)
        guard facts.reading != nil, facts.state != nil || facts.placement != nil || sight.part == nil else { return facts }
        facts.pause = try DriftPauseRows.one(session, cluster: cluster, application: application)
        let pipeline = facts.state?.pipeline ?? facts.placement?.pipeline
        let environment = facts.state?.environment ?? facts.placement?.environment ?? facts.reading?.environment
        if let pipeline {
            if let environment, sight.sees(pipeline, environment) {
                facts.stage = try ReadStages.one(session, StageID(pipeline: pipeline, environment: environment))
            }
            facts.latest = try ReadReleases.latest(session, sight, pipelines: [pipeline]).first
        }
        if let names = facts.state?.dependsOn, !names.isEmpty {
            facts.dependencies = try ReadApplications.states(session, sight, cluster: cluster, applications: names)
        }
        return facts
    }

    static func explain(_ facts: Facts) -> Explanation {
        guard let cluster = facts.reading else {
            return Explanation(verdict: .unknown, lines: ["no cluster '\(facts.cluster)' is declared in the fleet repository"])
        }
        var explanation: Explanation
        if let state = facts.state {
            explanation = explain(state, cluster, facts)
            if let pause = facts.pause?.pause {
                explanation.lines.append(
                    "drift is not healed until \(pause.until.rfc3339): paused by \(pause.requestedBy): \(pause.reason)")
            }
        } else {
            explanation = explainAbsent(cluster, facts)
        }
        explanation.lines += background(cluster, facts)
        return explanation
    }

    // MARK: - Something is desired

    private static func explain(_ state: ApplicationState, _ cluster: ClusterReading, _ facts: Facts) -> Explanation {
        let release = state.release.prefix(7)
        if state.condition == .failed, let observed = state.observed {
            let what = observed.phase == "held" ? "is held by its agent" : "fails"
            var lines = ["\(facts.application) \(what) since \(ago(observed.since, facts.now)): \(said(observed))"]
            lines.append("release \(release) is desired (generation \(state.generation)), \(counts(observed))")
            return Explanation(verdict: .failing, lines: lines)
        }
        if state.condition == .current {
            let since = state.observed.map { " since \(ago($0.since, facts.now))" } ?? ""
            let inPlace =
                state.intent == "apply"
                ? "release \(release) is applied and Current\(since)"
                : "no release has \(facts.application) any more; its objects are gone\(since)"
            if let next = next(state, facts) { return Explanation(verdict: next.verdict, lines: [next.line, inPlace]) }
            return Explanation(verdict: .inPlace, lines: [inPlace])
        }
        if !cluster.isOnline(at: facts.now) {
            return Explanation(
                verdict: .waiting,
                lines: ["the agent of \(cluster.name) \(lastHeard(cluster, facts.now)); it will get release \(release) when it is back"])
        }
        guard let observed = state.observed, state.isUpToDate else {
            return Explanation(
                verdict: .rollingOut,
                lines: ["release \(release) was given to the agent as generation \(state.generation), which has not reported on it yet"])
        }
        let unready = facts.dependencies.filter { $0.condition != .current }
        if observed.phase == "waiting" {
            let names = unready.map { "\($0.application) (\($0.observed?.health ?? "not reported"))" }
            let line = names.isEmpty ? said(observed) : "waits for \(names.joined(separator: ", "))"
            return Explanation(verdict: .waiting, lines: [line, "release \(release) is applied after that"])
        }
        var lines = ["release \(release) is \(observed.phase == "syncing" ? "being applied" : "applied"), \(counts(observed))"]
        if !observed.message.isEmpty || !observed.object.isEmpty { lines.append(said(observed)) }
        return Explanation(verdict: .rollingOut, lines: lines)
    }

    /// What newer thing has not come here, and why.
    private static func next(_ state: ApplicationState, _ facts: Facts) -> (verdict: Verdict, line: String)? {
        guard let stage = facts.stage?.stage, let promotion = stage.promotion else { return nil }
        let release = promotion.candidate.release.prefix(7)
        guard promotion.candidate.strategy.clusters.contains(facts.cluster) else { return nil }
        switch promotion.phase {
        case .waiting, .recording: return coming(promotion, stage)
        case .rolling, .verifying:
            // It has it already where the record that desires it is this promotion's.
            guard state.commit != promotion.commit else { return nil }
            guard let wave = promotion.waves.first(where: { $0.clusters.contains { $0.name == facts.cluster } }) else { return nil }
            return (.rollingOut, "release \(release) is rolling out in \(stage.id); this cluster is in wave '\(wave.name)' (\(wave.state))")
        }
    }

    private static func coming(_ promotion: Promotion, _ stage: Stage) -> (verdict: Verdict, line: String) {
        let release = promotion.candidate.release.prefix(7)
        if case .recording = promotion.phase {
            return (.rollingOut, "release \(release) is being recorded on the branch of \(stage.id)")
        }
        let isHeld = promotion.waitingFor.hasPrefix("held")
        return (isHeld ? .held : .waiting, "release \(release) waits before \(stage.id): \(promotion.waitingFor)")
    }

    // MARK: - Nothing is desired

    private static func explainAbsent(_ cluster: ClusterReading, _ facts: Facts) -> Explanation {
        let name = facts.application
        guard let placement = facts.placement else {
            if let latest = facts.latest, !latest.error.isEmpty {
                return Explanation(verdict: .unknown, lines: ["the newest release cannot be planned: \(latest.error)"])
            }
            return Explanation(verdict: .unknown, lines: ["no planned release has an application '\(name)'"])
        }
        guard placement.environment != nil else {
            guard let environment = cluster.environment else {
                return Explanation(
                    verdict: .notSelected, lines: ["\(cluster.name) belongs to no environment: no clusterSelector matches its labels"])
            }
            let line =
                facts.stage == nil
                ? "pipeline \(placement.pipeline) has no stage for environment \(environment), to which \(cluster.name) belongs"
                : "the clusterSelector of \(name) does not choose \(cluster.name) in \(environment)"
            return Explanation(verdict: .notSelected, lines: [line])
        }
        guard let stage = facts.stage?.stage else {
            return Explanation(
                verdict: .unknown, lines: ["the stage of \(cluster.name) in pipeline \(placement.pipeline) is not there yet"])
        }
        if let promotion = stage.promotion {
            switch promotion.phase {
            case .waiting, .recording:
                let coming = coming(promotion, stage)
                return Explanation(verdict: coming.verdict, lines: [coming.line])
            case .rolling, .verifying:
                let wave = promotion.waves.first { $0.clusters.contains { $0.name == facts.cluster } }
                let place = wave.map { "this cluster is in wave '\($0.name)' (\($0.state))" } ?? "this cluster joins afterwards"
                return Explanation(
                    verdict: .rollingOut,
                    lines: ["release \(promotion.candidate.release.prefix(7)) is rolling out in \(stage.id); \(place)"])
            }
        }
        if let hold = stage.hold { return Explanation(verdict: .held, lines: ["\(stage.id) is held: \(hold.reason)"]) }
        let missing = facts.stage?.predecessors ?? []
        let line =
            missing.isEmpty
            ? "\(stage.id) has not been offered a release with \(name) yet"
            : "no release with \(name) has been verified in \(missing.joined(separator: ", ")) yet"
        return Explanation(verdict: .waiting, lines: [line])
    }

    // MARK: - What else to know

    private static func background(_ cluster: ClusterReading, _ facts: Facts) -> [String] {
        var lines: [String] = []
        if let stage = facts.stage?.stage {
            if let paused = stage.paused {
                lines.append("\(stage.id) is paused by \(paused.name)" + (paused.reason.isEmpty ? "" : ": \(paused.reason)"))
            }
            if let hold = stage.hold {
                lines.append("\(stage.id) is held since \(ago(hold.at, facts.now)) by \(hold.by): \(hold.reason)")
            }
            if let queued = stage.queued { lines.append("release \(queued.release.prefix(7)) waits behind the one in progress") }
        }
        if let latest = facts.latest, !latest.error.isEmpty {
            lines.append("the newest release \(latest.release.prefix(7)) cannot be planned: \(latest.error)")
        }
        if cluster.paused { lines.append("\(cluster.name) is declared as paused") }
        if !cluster.declared { lines.append("\(cluster.name) has left the fleet: what it runs is healed, nothing new comes") }
        if facts.state != nil, !cluster.isOnline(at: facts.now) {
            lines.append("the agent of \(cluster.name) \(lastHeard(cluster, facts.now)): what is shown is what it said last")
        }
        return lines
    }

    private static func said(_ observed: ApplicationState.Observed) -> String {
        if observed.message.isEmpty { return observed.object.isEmpty ? "no reason was given" : "\(observed.object) is \(observed.health)" }
        return observed.object.isEmpty || observed.message.contains(observed.object)
            ? observed.message : "\(observed.object): \(observed.message)"
    }

    private static func counts(_ observed: ApplicationState.Observed) -> String {
        "\(observed.objectsCurrent) of \(observed.objectsTotal) objects are Current"
    }

    private static func lastHeard(_ cluster: ClusterReading, _ now: Timestamp) -> String {
        cluster.lastContact.map { "was last heard \(ago($0, now))" } ?? "has never been heard"
    }

    /// `12 s ago`, `3 min ago`, `5 h ago`, `9 d ago`.
    static func ago(_ time: Timestamp, _ now: Timestamp) -> String {
        let seconds = max(0, (now.milliseconds - time.milliseconds) / 1_000)
        return switch seconds {
        case ..<120: "\(seconds) s ago"
        case ..<7_200: "\(seconds / 60) min ago"
        case ..<172_800: "\(seconds / 3_600) h ago"
        default: "\(seconds / 86_400) d ago"
        }
    }
}
