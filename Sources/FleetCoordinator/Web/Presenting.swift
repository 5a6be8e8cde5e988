// SPDX-License-Identifier: Apache-2.0
import Manifests
import Promotion

/// Turns what is stored into what pages show.
struct Presenting: Sendable {
    let now: Timestamp
    let about: WebServices.About
    /// The name of the account that looks.
    let user: String
    /// The token that every form of this session sends back.
    let csrf: String
    /// What they may do: nothing else is offered.
    let grants: Grants
    /// The newest event that the page knows: the stream begins after it.
    var lastEvent: Int64 = 0

    func frame(_ title: String, here: String, live: Bool = true, query: String = "", notices: [PageFrame.Notice] = []) -> PageFrame {
        PageFrame(
            title: title, isSignedIn: true,
            navigation: grants.reach(.read).isNowhere
                ? [] : PageFrame.navigation(here: here, showsAudit: grants.reach(.administer).isUnlimited), user: user,
            csrf: csrf,
            query: query, liveAddress: live ? "/api/v1/events/stream?after=\(lastEvent)" : nil, notices: notices, version: about.version)
    }

    func short(_ commit: String) -> String { String(commit.prefix(7)) }
    func ago(_ time: Timestamp) -> String { Why.ago(time, now) }
    func ago(_ time: Timestamp?) -> String { time.map { Why.ago($0, now) } ?? "" }

    static func address(_ kind: String, _ name: String) -> String { "/\(kind)/\(URLText.encode(name))" }
    static func address(_ id: StageID) -> String { "\(address("pipelines", id.pipeline))#stage-\(URLText.encode(id.environment))" }

    // MARK: - States

    func badge(_ stage: StageReading) -> Badge {
        switch stage.word {
        case .current: Badge(.current, "Current")
        case .progressing:
            switch stage.stage.promotion?.phase {
            case .recording: Badge(.progress, "Recording")
            case .verifying: Badge(.progress, "Verifying")
            case .rolling, .waiting, nil: Badge(.progress, "Rolling out")
            }
        case .waiting: Badge(.waiting, "Waiting")
        case .held: Badge(.waiting, "Held")
        case .paused: Badge(.waiting, "Paused")
        case .failed: Badge(.failed, "Failed")
        case .empty: Badge(.offline, "Empty")
        }
    }

    func badge(_ cluster: ClusterReading) -> Badge {
        if !cluster.isOnline(at: now) { return Badge(.offline, cluster.lastContact == nil ? "Never seen" : "Offline") }
        if cluster.applications.failed > 0 { return Badge(.failed, "Failed") }
        if cluster.applications.progressing > 0 { return Badge(.progress, "Progressing") }
        return cluster.paused ? Badge(.waiting, "Paused") : Badge(.current, "Current")
    }

    func badge(_ state: ApplicationState) -> Badge {
        switch state.condition {
        case .current: state.intent == "apply" ? Badge(.current, "Current") : Badge(.offline, "Removed")
        case .failed: Badge(.failed, state.observed?.phase == "held" ? "Held" : "Failed")
        case .progressing: state.observed?.phase == "waiting" ? Badge(.waiting, "Waiting") : Badge(.progress, "Progressing")
        }
    }

    func badge(_ counts: ConditionCounts) -> Badge {
        if counts.failed > 0 { return Badge(.failed, "\(counts.failed) failed") }
        if counts.progressing > 0 { return Badge(.progress, "Progressing") }
        return counts.total > 0 ? Badge(.current, "Current") : Badge(.offline, "Not deployed")
    }

    func badge(promotionState state: String) -> Badge {
        switch state {
        case "verified", "notExercised": Badge(.current, state == "verified" ? "Verified" : "Not exercised")
        case "rolling", "recording": Badge(.progress, state == "rolling" ? "Rolling out" : "Recording")
        case "failed", "refused": Badge(.failed, state == "failed" ? "Failed" : "Refused")
        case "superseded": Badge(.offline, "Superseded")
        default: Badge(.waiting, "Waiting")
        }
    }

    // MARK: - Parts

    /// What is wrong with it, in one line.
    func problem(_ state: ApplicationState) -> String {
        guard let observed = state.observed, state.condition != .current else {
            return state.observed == nil ? "not reported yet" : ""
        }
        if !state.isUpToDate { return "the agent has not reported on this release yet" }
        if observed.message.isEmpty { return observed.object.isEmpty ? "" : "\(observed.object) is \(observed.health)" }
        return observed.message
    }

    /// An event's stable name as people read it: `Wave finished` for `waveFinished`.
    static func words(_ kind: String) -> String {
        var text = ""
        for (index, character) in kind.enumerated() {
            if index == 0 {
                text += character.uppercased()
            } else {
                text += character.isUppercase ? " \(character.lowercased())" : "\(character)"
            }
        }
        return text
    }

    /// The name in `Name <address>`: pages need not show where people can be written to.
    func person(_ author: String) -> String {
        guard let start = author.firstIndex(of: "<") else { return author }
        let name = String(author[..<start].reversed().drop { $0.isWhitespace }.reversed())
        return name.isEmpty ? author : name
    }

    /// - Parameter isOnItsCluster: the page is the cluster's own, which need not be named again.
    func event(_ event: FleetEvent, isOnItsCluster: Bool = false) -> EventRow {
        var badges: [Badge] = []
        switch event.severity {
        case .error: badges.append(Badge(.failed, Self.words(event.kind)))
        case .warning: badges.append(Badge(.waiting, Self.words(event.kind)))
        case .info: badges.append(Badge(event.kind == "verified" ? .current : .offline, Self.words(event.kind)))
        }
        var place: [Link] = []
        if isOnItsCluster, let application = event.application {
            place.append(Link(label: application, address: Self.address("applications", application)))
        } else if let cluster = event.cluster {
            place.append(Link(label: cluster, address: Self.address("clusters", cluster)))
        } else if let pipeline = event.pipeline, let environment = event.environment {
            let id = StageID(pipeline: pipeline, environment: environment)
            place.append(Link(label: "\(id)", address: Self.address(id)))
        } else if let pipeline = event.pipeline {
            place.append(Link(label: pipeline, address: Self.address("pipelines", pipeline)))
        }
        var words = [isOnItsCluster ? nil : event.application, event.release.map { "release \($0.prefix(7))" }, event.object].compactMap {
            $0
        }
        if !event.message.isEmpty { words.append(event.message) }
        if let duration = event.durationMilliseconds { words.append("(\(duration) ms)") }
        return EventRow(
            key: "event-\(event.id)", time: event.at.rfc3339, when: ago(event.at), badges: badges, text: words.joined(separator: " · "),
            codes: event.paths, place: place, who: event.actor ?? "")
    }

    func card(_ stage: StageReading) -> StageCard {
        let running = stage.stage.running
        let next = stage.stage.promotion?.candidate.release ?? stage.stage.queued?.release
        let isMoving = next != nil && next != running?.candidate.release
        return StageCard(
            key: "stage-\(stage.stage.id)", environment: stage.stage.id.environment, address: Self.address(stage.stage.id),
            status: badge(stage), commit: running.map { short($0.candidate.release) } ?? "–",
            subject: running == nil ? "nothing runs here yet" : stage.runningSubject, nextCommit: isMoving ? next.map(short) : nil,
            bar: stage.clustersTotal > 0 ? [bar(stage)] : [], remark: remark(stage), follows: !stage.predecessors.isEmpty)
    }

    func bar(_ stage: StageReading) -> ProgressBar {
        ProgressBar(
            [(.current, stage.clustersCurrent), (stage.word == .failed ? .failed : .progress, stage.word == .current ? 0 : moving(stage))],
            of: stage.clustersTotal, summary: "\(stage.clustersCurrent) of \(stage.clustersTotal) clusters are Current")
    }

    private func moving(_ stage: StageReading) -> Int {
        guard let rollout = stage.stage.promotion?.rollout else { return 0 }
        return rollout.clusters.count {
            if case .dispatched = $0.progress { true } else if case .failed = $0.progress { true } else { false }
        }
    }

    /// Why it is as it is, in a few words.
    func remark(_ stage: StageReading) -> String {
        if let promotion = stage.stage.promotion {
            switch promotion.phase {
            case .waiting: return promotion.waitingFor.isEmpty ? "at the gates" : promotion.waitingFor
            case .recording: return "the record is being written"
            case .rolling(let rollout):
                return rollout.wave.map { "wave \($0.name), \(rollout.index + 1) of \(rollout.waves.count)" } ?? "rolling out"
            case .verifying(let until, _): return "soaks until \(until.rfc3339)"
            }
        }
        if let hold = stage.stage.hold { return hold.reason }
        if let paused = stage.stage.paused { return paused.reason.isEmpty ? "paused by \(paused.name)" : paused.reason }
        return "\(stage.clustersCurrent) of \(stage.clustersTotal) clusters"
    }
}
